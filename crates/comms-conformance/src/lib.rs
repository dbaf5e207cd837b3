#![doc = include_str!("../README.md")]

pub mod channel;
#[cfg(feature = "repository")]
pub mod database;
pub mod inbound;
pub mod line;
#[cfg(feature = "repository")]
pub mod repository;
pub mod script;
#[cfg(feature = "simulator")]
pub mod simulated;
pub mod source;
mod suite;

pub use channel::channel;
pub use inbound::inbound;
#[cfg(feature = "repository")]
pub use repository::repository;
pub use source::source;
pub use suite::{Case, Report, Verdict, Violation};
