//! The reference passes every suite, and for each case there is something broken that it catches.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod bites;
mod channel;
mod inbound;
#[cfg(feature = "repository")]
mod repository;
mod source;
