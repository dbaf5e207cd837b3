//! Providers that are asked instead of telling.

use std::fmt;

use async_trait::async_trait;
use comms_http::Result;
use serde::{Deserialize, Serialize};

use crate::Batch;

/// How far a source has been read. Opaque; stored together with the batch that it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A mailbox or list that is polled.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// What is new since `cursor`, and where to go on. The batch and the cursor are to be committed together.
    ///
    /// # Errors
    /// As the provider's calls.
    async fn pull(&self, cursor: Option<Cursor>) -> Result<(Batch, Cursor)>;
}
