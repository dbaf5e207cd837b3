//! Behaviour of the WhatsApp client.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod api;
mod builders;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "channel")]
mod channel_conformance;
mod config;
mod errors;
mod media;
#[cfg(feature = "rustls-ring")]
mod simulator;
mod support;
mod tokens;
mod validation;
mod vectors;
#[cfg(feature = "channel")]
mod webhook;
#[cfg(feature = "channel")]
mod webhook_conformance;
#[cfg(feature = "channel")]
mod webhook_events;
#[cfg(feature = "channel")]
mod webhook_isolation;
#[cfg(feature = "channel")]
mod webhook_support;
#[cfg(feature = "channel")]
mod webhook_vectors;
