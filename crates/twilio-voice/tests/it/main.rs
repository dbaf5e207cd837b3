//! The tests of twilio-voice.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod token;
mod twiml;
mod vectors;
