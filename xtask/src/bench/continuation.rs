//! 200 people who write to an agent at once, which takes three seconds for each answer.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

/// The agent's three seconds, the wait for a whole burst, and half a second for everything else.
pub(super) const PLAN: Plan = Plan {
    name: "continuation",
    targets: &[
        Target { figure: "continuation.200.p99_ms", bound: AtMost(5_000.0) },
        Target { figure: "continuation.200.server_mb", bound: AtMost(200.0) },
    ],
};
