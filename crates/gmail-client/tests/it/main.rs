//! Behaviour of the Gmail client.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod api;
mod batch;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "channel")]
mod channel_conformance;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod channel_over_http;
mod config;
mod errors;
#[cfg(feature = "channel")]
mod mapping;
mod model;
mod oauth;
#[cfg(all(feature = "channel", feature = "jwt"))]
mod pushes;
#[cfg(feature = "channel")]
mod reports;
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
