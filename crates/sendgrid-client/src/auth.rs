//! Credentials on a request.

use comms_http::{ExposeSecret, Request, Result, Secret};
use http::{HeaderName, header::AUTHORIZATION};

/// The header that names a subuser.
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("on-behalf-of");

/// The key, and in whose name it calls.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) api_key: Secret,
    pub(crate) on_behalf_of: Option<String>,
}

impl Credentials {
    /// Puts them on the request.
    pub(crate) fn authorize(&self, request: Request) -> Result<Request> {
        let request = request.header(AUTHORIZATION, &format!("Bearer {}", self.api_key.expose_secret()))?;
        match &self.on_behalf_of {
            Some(subuser) => request.header(ON_BEHALF_OF, subuser),
            None => Ok(request),
        }
    }
}
