//! Credentials on a request.

use std::sync::Arc;

use comms_http::{Error, ExposeSecret, Request, Result, Secret, signature};
use http::{HeaderValue, header::AUTHORIZATION};

use crate::token::TokenProvider;

/// The token and, where the app demands it, its proof.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) token: Arc<dyn TokenProvider>,
    /// The app secret, where each call carries `appsecret_proof`.
    pub(crate) proof: Option<Secret>,
}

/// The word before the token. Resumable uploads have their own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
    Bearer,
    OAuth,
}

impl Credentials {
    /// Puts the current token on the request, and the proof of it.
    pub(crate) async fn authorize(&self, scheme: Scheme, request: &mut Request) -> Result<()> {
        let token = self.token.token().await?;
        if let Some(secret) = &self.proof {
            let proof = signature::hmac_sha256_hex(secret, token.expose_secret().as_bytes());
            request.url.query_pairs_mut().append_pair("appsecret_proof", &proof);
        }
        put(scheme, &token, request)
    }

    /// Puts the current token on a request that goes to a media host, which knows no proof.
    pub(crate) async fn authorize_download(&self, request: &mut Request) -> Result<()> {
        put(Scheme::Bearer, &self.token.token().await?, request)
    }
}

/// Puts a token on the request.
pub(crate) fn put(scheme: Scheme, token: &Secret, request: &mut Request) -> Result<()> {
    let value = match scheme {
        Scheme::Bearer => format!("Bearer {}", token.expose_secret()),
        Scheme::OAuth => format!("OAuth {}", token.expose_secret()),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| Error::config("the access token holds a character that no header may hold"))?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(())
}
