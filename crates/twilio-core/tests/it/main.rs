//! Behaviour of the ground of the Twilio clients.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
mod callback;
mod config;
#[cfg(feature = "client")]
mod download;
#[cfg(feature = "client")]
mod errors;
mod model;
#[cfg(feature = "client")]
mod paging;
mod params;
mod signature;
#[cfg(feature = "client")]
mod support;
#[cfg(feature = "client")]
mod vectors;
