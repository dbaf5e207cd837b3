//! Behaviour of the ground floor that providers rely on.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod caller;
#[cfg(feature = "client")]
mod download;
#[cfg(feature = "rustls-ring")]
mod guard;
mod signature;
mod standard_webhooks;
mod webhook;
