//! The scenarios: a file for each, and one line in the list.

mod continuation;
mod controls;
mod cursor;
mod database_faults;
mod failpoints;
mod load;
mod mixed;
mod order;
mod provider_faults;
mod realtime;
mod replicas;
mod round;
mod webhooks;

use super::scenario::Scenario;

/// What is run, in this order.
pub(super) const SCENARIOS: &[Scenario] = &[
    webhooks::ON_SQLITE,
    webhooks::ON_POSTGRES,
    mixed::MIXED,
    failpoints::FAILPOINTS,
    continuation::CONTINUATION,
    replicas::REPLICAS,
    cursor::ORDERED,
    order::ANY_ORDER,
    order::FIRST_SIGHT,
    realtime::REALTIME,
    database_faults::DATABASE_FAULTS,
    provider_faults::PROVIDER_FAULTS,
    webhooks::HASTY,
    webhooks::UNKEYED,
    controls::CARELESS,
    controls::UNRANKED,
    continuation::REHEARD,
    cursor::UNLOCKED,
];
