//! The tests of twilio-voice.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "channel")]
mod channel_conformance;
mod config;
#[cfg(feature = "channel")]
mod events;
#[cfg(feature = "channel")]
mod respond;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod stories;
#[cfg(feature = "client")]
mod support;
mod token;
mod twiml;
mod vectors;
#[cfg(feature = "client")]
mod webhook;
#[cfg(feature = "channel")]
mod webhook_conformance;
