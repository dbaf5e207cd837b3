#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
pub mod callback;
#[cfg(feature = "client")]
mod client;
mod config;
pub mod error;
mod form;
pub mod limits;
pub mod model;
#[cfg(feature = "client")]
mod paging;
mod params;
#[cfg(feature = "client")]
mod redirect;
pub mod webhook;

pub use auth::Credentials;
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, Product};
pub use comms_http::{Clock, Error, ErrorKind, Outcome, Result, Secret, SystemClock, Transport};
#[cfg(feature = "client")]
pub use comms_http::{Operation, RetryPolicy};
pub use config::Config;
pub use form::Form;
pub use params::{Params, Taker};

/// The provider's name in errors.
pub const PROVIDER: &str = "twilio";
