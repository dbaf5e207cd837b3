//! Behaviour of the client of ElevenLabs.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

#[cfg(feature = "client")]
mod api;
#[cfg(feature = "client")]
mod calls;
#[cfg(feature = "channel")]
mod channel;
mod config;
#[cfg(feature = "client")]
mod errors;
#[cfg(feature = "channel")]
mod inbound_conformance;
mod initiation;
mod models;
#[cfg(feature = "channel")]
mod poller;
#[cfg(feature = "channel")]
mod replies;
#[cfg(feature = "client")]
mod session;
mod signatures;
#[cfg(all(feature = "channel", feature = "rustls-ring"))]
mod simulator;
#[cfg(feature = "client")]
mod slots;
mod support;
mod webhooks;
