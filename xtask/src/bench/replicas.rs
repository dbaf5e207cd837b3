//! Two servers on one database beside one: what they take, and how soon a client of one hears of what the other took.

use super::Plan;

/// The load, the database and two servers share the cores: more servers are not faster here, and no number is wanted.
pub(super) const PLAN: Plan = Plan { name: "replicas", targets: &[] };
