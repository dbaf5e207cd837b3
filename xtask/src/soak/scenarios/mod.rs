//! The scenarios: a file for each, and one line in the list.

mod load;
mod order;
mod round;
mod webhooks;

use super::scenario::Scenario;

/// What is run, in this order.
pub(super) const SCENARIOS: &[Scenario] = &[
    webhooks::ON_SQLITE,
    webhooks::ON_POSTGRES,
    webhooks::HASTY,
    webhooks::UNKEYED,
    order::ANY_ORDER,
    order::FIRST_SIGHT,
];
