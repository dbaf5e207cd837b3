#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
#[cfg(feature = "client")]
pub mod api;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "client")]
mod client;
mod config;
pub mod limits;
pub mod model;
pub mod segments;
pub mod webhook;

pub use address::Address;
#[cfg(feature = "channel")]
pub use channel::{TwilioMessagingChannel, TwilioMessagingInbound};
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder};
#[cfg(feature = "client")]
pub use comms_http::RetryPolicy;
pub use comms_http::{Clock, Error, ErrorKind, Outcome, Result, Secret, SystemClock, Transport};
pub use config::{Config, Sender};
pub use model::new_message::NewMessage;
pub use segments::Segments;
