//! The queue, drained over forty numbers into the simulator, which answers within 1 ms and within 100 ms.

use super::{
    Plan,
    figures::{Bound::AtLeast, Target},
};

pub(super) const PLAN: Plan =
    Plan { name: "outbox", targets: &[Target { figure: "outbox.*.per_second", bound: AtLeast(500.0) }] };
