#![doc = include_str!("../README.md")]

pub mod channel;
pub mod inbound;
#[cfg(feature = "repository")]
pub mod repository;
mod suite;

pub use channel::channel;
pub use inbound::inbound;
pub use suite::{Case, Report, Verdict, Violation};
