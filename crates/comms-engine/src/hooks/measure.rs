//! What is measured of outgoing webhooks. Addresses and ids are never labels.

use std::time::Duration;

use comms_core::history::{HookOutcome, HookReason, HookStats};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use time::OffsetDateTime;

use crate::metrics::{HOOK_ATTEMPTS, HOOK_ENDPOINTS, HOOK_GIVEN_UP, HOOK_OLDEST_SECONDS, HOOK_PENDING, HOOK_SECONDS};

pub(crate) fn describe() {
    describe_counter!(HOOK_ATTEMPTS, "Attempts to deliver an outgoing webhook by outcome");
    describe_histogram!(HOOK_SECONDS, Unit::Seconds, "How long an endpoint took to answer an outgoing webhook");
    describe_counter!(HOOK_GIVEN_UP, "Endpoints of outgoing webhooks that were given up");
    describe_gauge!(HOOK_PENDING, "Deliveries of outgoing webhooks that wait");
    describe_gauge!(HOOK_OLDEST_SECONDS, Unit::Seconds, "For how long the oldest delivery has waited");
    describe_gauge!(HOOK_ENDPOINTS, "Endpoints of outgoing webhooks that fail or were given up");
}

pub(super) fn attempt(outcome: HookOutcome, took: Duration) {
    let outcome = match outcome {
        HookOutcome::Delivered => "delivered",
        HookOutcome::Again(_) => "again",
        HookOutcome::Failed => "failed",
        HookOutcome::Gone => "gone",
    };
    counter!(HOOK_ATTEMPTS, "outcome" => outcome).increment(1);
    histogram!(HOOK_SECONDS).record(took.as_secs_f64());
}

pub(super) fn given_up(reason: HookReason) {
    counter!(HOOK_GIVEN_UP, "reason" => reason.as_str()).increment(1);
}

pub(crate) fn depth(stats: &HookStats, now: OffsetDateTime) {
    let count = |number: i64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    gauge!(HOOK_PENDING).set(count(stats.pending));
    gauge!(HOOK_OLDEST_SECONDS).set(stats.oldest_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0)));
    gauge!(HOOK_ENDPOINTS, "state" => "failing").set(count(stats.failing));
    gauge!(HOOK_ENDPOINTS, "state" => "disabled").set(count(stats.disabled));
}
