//! Behaviour of the client of ElevenLabs.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(feature = "client")]
mod calls;
mod config;
#[cfg(feature = "client")]
mod errors;
mod initiation;
mod models;
#[cfg(feature = "client")]
mod session;
mod signatures;
#[cfg(feature = "client")]
mod slots;
mod support;
mod webhooks;
