#![doc = include_str!("../README.md")]

mod config;
mod control;
mod core;
mod courier;
mod double;
pub mod elevenlabs;
pub mod faults;
pub mod google;
mod http;
pub mod ledger;
pub mod meta;
pub mod sendgrid;
mod server;
pub mod signing;
pub mod smtp;
pub mod twilio;
mod works;

pub use config::{Config, WebhookPolicy};
pub use faults::{Fault, FaultRule, When};
pub use ledger::Ledger;
pub use server::Simulator;

/// Why the simulator refuses what it was asked to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No phone number of the configuration has this id.
    #[error("no phone number has the id {0:?}")]
    UnknownPhone(String),
    /// The access token of a browser is not good, with Twilio's code for it.
    #[error("access token refused ({code}): {reason}")]
    Token {
        /// 20101 to 20107, 20157.
        code: i64,
        /// What is wrong.
        reason: String,
    },
    /// There is nowhere to send webhooks to.
    #[error("no callback URL is set")]
    NoCallback,
    /// The settings do not make sense.
    #[error("{0}")]
    Invalid(String),
}
