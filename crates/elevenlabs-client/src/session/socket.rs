//! The seam between a session and the network.

use std::fmt;

use async_trait::async_trait;
use comms_http::Result;
use http::HeaderMap;
use url::Url;

use super::ending::Close;

/// Opens WebSockets.
#[async_trait]
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// Opens one, in [`CONNECT_WITHIN`](crate::limits::CONNECT_WITHIN) at most.
    ///
    /// # Errors
    /// What the error table says of an answer that is no WebSocket; `Transport` and `NotSent` where there is no answer.
    async fn connect(&self, call: Handshake) -> Result<Box<dyn Socket>>;
}

/// An open WebSocket.
#[async_trait]
pub trait Socket: fmt::Debug + Send + 'static {
    /// Says something.
    ///
    /// # Errors
    /// `Transport` where the connection is gone.
    async fn send(&mut self, text: String) -> Result<()>;

    /// Waits for what comes next. Waiting may be given up at any moment, and nothing is lost by that. After the close it gives the close
    /// again.
    async fn next(&mut self) -> Incoming;

    /// Closes in order: 1000.
    async fn close(&mut self);
}

/// What came over a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text.
    Text(String),
    /// The end.
    Closed(Close),
}

/// What a WebSocket is opened with.
#[derive(Clone)]
pub struct Handshake {
    /// Where; a signed address is a credential, and `Debug` does not print it.
    pub url: Url,
    /// Further headers, the key among them.
    pub headers: HeaderMap,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.url.host_str().unwrap_or_default(), self.url.path())
    }
}
