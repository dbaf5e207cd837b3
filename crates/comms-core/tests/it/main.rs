//! The domain model, as its users see it.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod address;
mod capabilities;
mod content;
mod event;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod history;
mod id;
mod status;
