//! Providers that are asked instead of telling.

use std::fmt;

use async_trait::async_trait;
use comms_http::Result;
use serde::{Deserialize, Serialize};

use crate::Batch;

/// How far a source has been read. Opaque; stored after the batch that it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A mailbox or list that is polled.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// What is new since `cursor`, and where to go on; without one, from where the source begins. A part is enough: it is asked again at
    /// once while there is more and the cursor moves on. The batch is stored first and then the cursor, so that events of the same cursor may
    /// come twice, under the same keys.
    ///
    /// # Errors
    /// As the provider's calls.
    async fn pull(&self, cursor: Option<Cursor>) -> Result<(Batch, Cursor)>;
}
