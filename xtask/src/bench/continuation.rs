//! 200 people who write to an agent at once, which takes three seconds for each answer.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

/// The agent's three seconds, the wait for a whole burst, and half a second for everything else. The wait for a whole answer is not in it; what
/// is beyond all three waits is judged by itself.
pub(super) const PLAN: Plan = Plan {
    name: "continuation",
    targets: &[
        Target { figure: "continuation.200.p99_ms", bound: AtMost(5_000.0) },
        Target { figure: "continuation.200.p99_beyond_ms", bound: AtMost(500.0) },
        Target { figure: "continuation.200.server_mb", bound: AtMost(200.0) },
    ],
};
