//! The tests of twilio-voice.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(feature = "channel")]
mod channel;
mod config;
#[cfg(feature = "channel")]
mod events;
#[cfg(feature = "channel")]
mod respond;
#[cfg(feature = "client")]
mod support;
mod token;
mod twiml;
mod vectors;
#[cfg(feature = "client")]
mod webhook;
#[cfg(feature = "channel")]
mod webhook_conformance;
