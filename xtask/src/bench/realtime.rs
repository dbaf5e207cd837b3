//! 2,000 WebSocket clients of one server: from a webhook that is sent to each client that hears of it.

use super::Plan;

/// The plan of this toolkit names no number for it.
pub(super) const PLAN: Plan = Plan { name: "realtime", targets: &[] };
