//! Behaviour of messages in and out.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod html;
mod incoming;
mod outgoing;
mod quote;
mod replies;
mod reports;
mod vectors;
