#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
pub mod api;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "client")]
mod client;
mod config;
pub mod error;
pub mod limits;
pub mod model;
pub mod token;
pub mod twiml;
pub mod webhook;

#[cfg(feature = "channel")]
pub use channel::{TwilioVoiceChannel, TwilioVoiceInbound};
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder};
pub use config::Config;
pub use twilio_core::{Clock, Error, ErrorKind, Outcome, Result, Secret, SystemClock, Transport};
#[cfg(feature = "client")]
pub use twilio_core::{Operation, RetryPolicy};
