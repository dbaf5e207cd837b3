#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
pub mod api;
#[cfg(feature = "client")]
mod auth;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "client")]
mod client;
mod config;
#[cfg(feature = "client")]
pub mod error;
pub mod limits;
pub mod model;
#[cfg(feature = "client")]
pub mod session;
pub mod webhook;

#[cfg(feature = "channel")]
pub use channel::{CallEnded, ESCALATION_TOOL, ElevenLabsAgent, ElevenLabsInbound};
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, SessionSlot};
#[cfg(feature = "client")]
pub use comms_http::RetryPolicy;
pub use comms_http::{Clock, Error, ErrorKind, Outcome, Result, Secret, SystemClock, Transport};
pub use config::Config;
pub use model::initiation::ClientData;

/// The provider's name in errors.
pub(crate) const PROVIDER: &str = "elevenlabs";
