//! Credentials on a request.

use comms_http::{ExposeSecret, Request, Result, Secret};
use http::HeaderName;

/// The header that carries the key, in requests and when a WebSocket is opened.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("xi-api-key");

/// The key.
#[derive(Clone, Debug)]
pub(crate) struct Credentials(pub(crate) Secret);

impl Credentials {
    /// Puts it on the request.
    pub(crate) fn authorize(&self, request: Request) -> Result<Request> {
        request.header(API_KEY, self.0.expose_secret())
    }
}
