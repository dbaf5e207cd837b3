//! 500 webhooks a second for minutes. Each is timed from when it was to be sent, whatever kept it from being sent.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

pub(super) const PLAN: Plan = Plan {
    name: "steady",
    targets: &[
        Target { figure: "steady.*.p50_ms", bound: AtMost(10.0) },
        Target { figure: "steady.*.p99_ms", bound: AtMost(100.0) },
        Target { figure: "steady.*.peak_mb", bound: AtMost(200.0) },
    ],
};
