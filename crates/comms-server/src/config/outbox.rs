//! The queue of messages: how long, how often, how many at once.

use std::{
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

use serde::Deserialize;

/// How messages wait, are tried again, and are given up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboxSettings {
    /// Seconds that one attempt may take; after it the outcome is unknown.
    pub send_timeout_seconds: NonZeroU16,
    /// First attempts that are under way at once in this process.
    pub sends_at_once: NonZeroU16,
    /// Messages of the queue that are sent at once by this process.
    pub at_once: NonZeroU16,
    /// Minutes after which a message is not tried any more.
    pub deadline_minutes: NonZeroU32,
    /// Seconds that a message that is tried again holds those behind it in its conversation.
    pub hold_seconds: u32,
    /// Seconds before the second attempt; each further one doubles it.
    pub backoff_min_seconds: NonZeroU16,
    /// The longest wait between two attempts, in seconds.
    pub backoff_max_seconds: NonZeroU32,
    /// Failures of the provider in a row after which an account is stopped.
    pub breaker_failures: NonZeroU16,
    /// Seconds until a stopped account is tried again; each further wait doubles it.
    pub breaker_first_seconds: NonZeroU16,
    /// The longest of these waits, in seconds.
    pub breaker_max_seconds: NonZeroU32,
}

const fn small(count: u16) -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(count.saturating_sub(1))
}

const fn large(count: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(count.saturating_sub(1))
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            send_timeout_seconds: small(45),
            sends_at_once: small(256),
            at_once: small(192),
            deadline_minutes: large(60),
            hold_seconds: 60,
            backoff_min_seconds: small(2),
            backoff_max_seconds: large(300),
            breaker_failures: small(5),
            breaker_first_seconds: small(10),
            breaker_max_seconds: large(300),
        }
    }
}

impl OutboxSettings {
    /// Lays them over the rules of the engine.
    pub fn apply(&self, rules: &mut comms_engine::Settings) {
        let seconds = |count: u32| Duration::from_secs(count.into());
        rules.send_timeout = seconds(self.send_timeout_seconds.get().into());
        rules.sends_at_once = self.sends_at_once.get().into();
        rules.outbox_at_once = self.at_once.get();
        rules.message_deadline = Duration::from_secs(60 * u64::from(self.deadline_minutes.get()));
        rules.hold = seconds(self.hold_seconds);
        rules.retry_base = seconds(self.backoff_min_seconds.get().into());
        rules.retry_cap = seconds(self.backoff_max_seconds.get());
        rules.breaker_failures = self.breaker_failures.get().into();
        rules.breaker_first = seconds(self.breaker_first_seconds.get().into());
        rules.breaker_cap = seconds(self.breaker_max_seconds.get());
    }
}
