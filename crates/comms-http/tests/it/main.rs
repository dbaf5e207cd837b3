//! Behaviour of the ground floor that providers rely on.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod caller;
mod signature;
mod webhook;
