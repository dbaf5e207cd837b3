//! The tests of twilio-voice.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(feature = "client")]
mod support;
mod token;
mod twiml;
mod vectors;
