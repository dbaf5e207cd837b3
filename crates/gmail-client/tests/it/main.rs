//! Behaviour of the Gmail client.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod api;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "channel")]
mod channel_conformance;
mod config;
mod errors;
#[cfg(feature = "channel")]
mod mapping;
mod model;
mod oauth;
#[cfg(feature = "jwt")]
mod service_account;
#[cfg(all(feature = "jwt", feature = "rustls-ring"))]
mod simulator;
#[cfg(feature = "channel")]
mod source;
mod support;
mod tokens;
#[cfg(feature = "jwt")]
mod webhook;
