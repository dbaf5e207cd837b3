//! Who listens to what happens.

use std::{
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

use serde::Deserialize;

/// How many signs of life may go by without one of the client's.
pub const SILENT_BEATS: u32 = 2;

/// Streams of events: how many, and how they are kept alive.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealtimeSettings {
    /// Seconds between two signs of life of a quiet stream. Proxies close what is silent for longer than they like.
    pub heartbeat_seconds: NonZeroU16,
    /// Streams that one user, or the other back ends of an organisation together, may have open at once.
    pub connections_per_user: NonZeroU32,
    /// Streams of everybody in this process.
    pub connections: NonZeroU32,
    /// Events that wait for one stream; one more ends it, and its client comes back with its cursor.
    pub queue: NonZeroU16,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self {
            heartbeat_seconds: NonZeroU16::MIN.saturating_add(14),
            connections_per_user: NonZeroU32::MIN.saturating_add(19),
            connections: NonZeroU32::MIN.saturating_add(4_999),
            queue: NonZeroU16::MIN.saturating_add(511),
        }
    }
}

impl RealtimeSettings {
    /// Between two signs of life of a quiet stream.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds.get().into())
    }

    /// For how long a client may take nothing of what it is sent.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.heartbeat() * SILENT_BEATS
    }
}
