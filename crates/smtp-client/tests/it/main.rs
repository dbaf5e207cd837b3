//! Behaviour of the client of mail servers.
#![cfg_attr(feature = "channel", expect(clippy::unwrap_used, reason = "a test stops where its set-up fails"))]

#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "channel")]
mod channel_conformance;
mod config;
mod dialogue;
mod encryption;
