#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
#[cfg(feature = "channel")]
mod channel;
mod client;
mod config;
mod error;
pub mod limits;
pub mod model;
mod wire;

pub use auth::{Credentials, Mechanism};
#[cfg(feature = "channel")]
pub use channel::SmtpChannel;
pub use client::Client;
pub use comms_http::{Error, ErrorKind, Outcome, Result, Secret};
pub use config::{Config, Security};
pub use model::mail::Mail;
