//! What a process needs: the time until it answers, memory before and under load, the size of the program.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

pub(super) const PLAN: Plan = Plan {
    name: "footprint",
    // The size is that of the benches' profile, which links in a hurry: what is released is smaller, and is looked at by hand.
    targets: &[
        Target { figure: "footprint.*.start_ms", bound: AtMost(1_000.0) },
        Target { figure: "footprint.*.first_start_ms", bound: AtMost(1_000.0) },
        Target { figure: "footprint.*.idle_mb", bound: AtMost(40.0) },
        Target { figure: "footprint.*.loaded_mb", bound: AtMost(200.0) },
    ],
};
