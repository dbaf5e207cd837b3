//! Behaviour of the WhatsApp client.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod api;
mod builders;
mod config;
mod errors;
mod media;
mod support;
mod tokens;
mod validation;
mod vectors;
mod webhook;
mod webhook_events;
mod webhook_isolation;
mod webhook_support;
mod webhook_vectors;
