//! Credentials on a request: HTTP Basic.

use base64::{Engine, engine::general_purpose::STANDARD};
use comms_http::{Error, ExposeSecret, Request, Result, Secret};
use http::{HeaderValue, header::AUTHORIZATION};

/// Who calls: the account itself with its auth token, or an API key. `Debug` hides the secret.
///
/// An API key can be revoked alone. A standard one cannot touch accounts and keys, and no key verifies webhooks: that takes the
/// auth token.
///
/// *See [Twilio docs/API keys](https://www.twilio.com/docs/iam/api-keys)*
#[derive(Clone, Debug)]
pub struct Credentials {
    user: String,
    secret: Secret,
}

impl Credentials {
    /// The account (`AC…`) with its auth token.
    pub fn auth_token(account_sid: impl Into<String>, auth_token: impl Into<Secret>) -> Self {
        Self { user: account_sid.into(), secret: auth_token.into() }
    }

    /// An API key (`SK…`) with its secret.
    pub fn api_key(key_sid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { user: key_sid.into(), secret: secret.into() }
    }

    /// The SID that calls: `AC…` or `SK…`.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Puts the credentials on a request.
    ///
    /// # Errors
    /// `Config` where they hold a character that no header may hold.
    pub fn authorize(&self, request: &mut Request) -> Result<()> {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.secret.expose_secret()));
        let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
            .map_err(|_| Error::config("the credentials hold a character that no header may hold"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}
