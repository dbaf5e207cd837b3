//! A thousand mailboxes at the simulator's Google, on PostgreSQL.

use super::{
    Plan,
    figures::{Bound::AtMost, Target},
};

pub(super) const PLAN: Plan = Plan {
    name: "mailboxes",
    targets: &[
        Target { figure: "mailboxes.tokens", bound: AtMost(1_000.0) },
        Target { figure: "mailboxes.peak_mb", bound: AtMost(200.0) },
        Target { figure: "mailboxes.most_sockets", bound: AtMost(128.0) },
    ],
};
