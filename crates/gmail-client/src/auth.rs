//! Credentials on a request.

use std::sync::Arc;

use comms_http::{Error, ExposeSecret, Request, Result, Secret};
use http::{HeaderValue, header::AUTHORIZATION};

use crate::oauth::TokenProvider;

/// Where the token of each call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) token: Arc<dyn TokenProvider>,
}

impl Credentials {
    /// Puts the current token on the request, and says which it was.
    pub(crate) async fn authorize(&self, request: &mut Request) -> Result<Secret> {
        let token = self.token.token().await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Error::config("the access token holds a character that no header may hold"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        Ok(token)
    }
}
