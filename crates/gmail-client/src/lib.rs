#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
mod auth;
#[cfg(feature = "channel")]
mod channel;
mod client;
mod config;
pub mod error;
pub mod limits;
pub mod model;
pub mod oauth;
#[cfg(feature = "jwt")]
pub mod webhook;

#[cfg(all(feature = "channel", feature = "jwt"))]
pub use channel::GmailInbound;
#[cfg(feature = "channel")]
pub use channel::{GmailChannel, Mail, MailFile, MailQuery};
pub use client::{Client, ClientBuilder};
pub use comms_http::{Clock, Error, ErrorKind, Outcome, Result, RetryPolicy, Secret, SystemClock, Transport};
pub use comms_mime as mime;
pub use config::Config;
pub use model::message::NewMessage;
