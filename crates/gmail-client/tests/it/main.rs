//! Behaviour of the Gmail client.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod api;
mod config;
mod errors;
mod model;
mod oauth;
#[cfg(feature = "jwt")]
mod service_account;
mod support;
mod tokens;
#[cfg(feature = "jwt")]
mod webhook;
