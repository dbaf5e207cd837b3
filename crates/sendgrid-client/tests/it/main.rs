//! Behaviour of the client of SendGrid.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod channel;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod channel_conformance;
mod config;
#[cfg(feature = "client")]
mod errors;
mod events;
mod inbound;
#[cfg(feature = "channel")]
mod inbound_conformance;
mod mail;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod simulator;
mod support;
mod webhook;
