#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod caller;
mod clock;
#[cfg(feature = "client")]
mod download;
mod error;
#[cfg(feature = "client")]
mod guard;
mod multipart;
mod open;
#[cfg(feature = "client")]
mod paging;
#[cfg(feature = "client")]
mod reqwest_transport;
mod resource;
#[cfg(feature = "client")]
mod retry;
pub mod setting;
pub mod signature;
pub mod standard_webhooks;
mod transport;
mod webhook;

#[cfg(feature = "client")]
pub use caller::{Caller, Effect, Failure, Operation};
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "client")]
pub use download::{Download, DownloadLimits, DownloadNames};
pub use error::{Error, ErrorKind, Outcome, Result};
#[cfg(feature = "client")]
pub use guard::{AllowList, GuardedTransport, Lookup, SystemLookup, is_public};
pub use multipart::{Multipart, Part};
#[cfg(feature = "client")]
pub use paging::{Page, pages};
#[cfg(feature = "client")]
pub use reqwest_transport::ReqwestTransport;
#[cfg(feature = "client")]
pub use retry::RetryPolicy;
pub use secrecy::ExposeSecret;
pub use transport::{Body, ByteStream, Request, Response, Transport};
pub use webhook::WebhookRequest;

#[doc(hidden)]
pub use serde as __serde;

/// A credential that hides itself: `Debug` prints `[REDACTED]`, memory is wiped on drop.
///
/// Read it with [`ExposeSecret::expose_secret`], only where it is put on the wire.
pub type Secret = secrecy::SecretString;
