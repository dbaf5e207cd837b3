//! Behaviour of the client of Twilio's messages.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod address;
#[cfg(feature = "client")]
mod api;
#[cfg(feature = "channel")]
mod channel;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod channel_conformance;
mod config;
#[cfg(feature = "channel")]
mod events;
#[cfg(feature = "channel")]
mod inbound_conformance;
mod messages;
mod segments;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod simulator;
mod support;
mod vectors;
mod webhook;
