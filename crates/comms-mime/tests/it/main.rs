//! Behaviour of messages in and out.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "model")]
mod files;
mod html;
mod incoming;
mod outgoing;
mod quote;
mod replies;
mod reports;
mod vectors;
