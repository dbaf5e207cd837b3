//! The sends of one number at Meta's 80 a second, by the time at which the simulator saw them.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

pub(super) const PLAN: Plan =
    Plan { name: "pacing", targets: &[Target { figure: "pacing.error_percent", bound: AtMost(2.0) }] };
