//! Webhooks at 200 a second: without, and with hostile mails that are posted and read at the same time.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

pub(super) const PLAN: Plan = Plan {
    name: "hostile",
    targets: &[
        Target { figure: "hostile.*.*.ratio", bound: AtMost(2.0) },
        Target { figure: "hostile.*.peak_mb", bound: AtMost(400.0) },
    ],
};
