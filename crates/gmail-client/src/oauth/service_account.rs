//! Service accounts: a key of the project instead of a person's consent, for the mailboxes of a Workspace domain whose administrator
//! has delegated them.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use comms_http::{
    Caller, Clock, Error, ExposeSecret, Operation, Request, Result, RetryPolicy, Secret, Transport, setting,
};
use http::Method;
use jwt_simple::prelude::{Claims, Duration as JwtDuration, RS256KeyPair, RSAKeyPairLike, UnixTimeStamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{FORM, Grant, RefreshingToken, answer, token::Mint};
use crate::{client::PROVIDER, error, limits};

const ASSERT: Operation = Operation::repeatable("oauth.assert");

/// The key file of a service account, as the Google Cloud console gives it. `Debug` hides the key.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ServiceAccountKey {
    /// The account's address.
    pub client_email: String,
    /// The private key, as PEM.
    pub private_key: Secret,
    /// The id of the key.
    #[serde(default)]
    pub private_key_id: Option<String>,
    /// Where assertions become access tokens.
    #[serde(default = "token_uri")]
    pub token_uri: String,
}

impl ServiceAccountKey {
    /// Reads a key file.
    ///
    /// # Errors
    /// `Config` for what is not one. The text is not repeated.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json)
            .map_err(|_| Error::config("not the key file of a service account").provider(PROVIDER))
    }
}

/// Access tokens of a service account for mailboxes of its domain.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use gmail_client::{Client, oauth::{ServiceAccount, scope}};
/// # fn run(account: ServiceAccount, client: Client) {
/// let token = account.mailbox("ana@example.org", &[scope::MODIFY]);
/// let client = client.for_mailbox("ana@example.org", Arc::new(token));
/// # }
/// ```
///
/// *See [Google docs/Service accounts](https://developers.google.com/identity/protocols/oauth2/service-account)*
#[derive(Clone)]
pub struct ServiceAccount {
    caller: Caller,
    key: Arc<RS256KeyPair>,
    email: Arc<str>,
    token_uri: Url,
}

impl ServiceAccount {
    /// The account of this key, over this transport.
    ///
    /// # Errors
    /// `Config` where the key or the address cannot be used.
    pub fn new(
        key: &ServiceAccountKey,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        retry: RetryPolicy,
    ) -> Result<Self> {
        let pem = key.private_key.expose_secret();
        // The reason is not kept: it might quote the key.
        let mut pair = RS256KeyPair::from_pem(pem).map_err(|_| {
            Error::config("the private key is not an RSA key in PEM").provider(PROVIDER).field("private_key")
        })?;
        if let Some(id) = &key.private_key_id {
            pair = pair.with_key_id(id);
        }
        Ok(Self {
            caller: Caller::new(PROVIDER, transport, clock, retry, error::classify_oauth),
            key: Arc::new(pair),
            email: key.client_email.as_str().into(),
            token_uri: setting::base_url("token_uri", &key.token_uri).map_err(|error| error.provider(PROVIDER))?,
        })
    }

    /// Tokens for one mailbox. The administrator must have delegated exactly these scopes; `openid` and
    /// [`EMAIL`](super::scope::EMAIL) must not be among them.
    #[must_use]
    pub fn mailbox(&self, address: &str, scopes: &[&str]) -> RefreshingToken {
        let delegated = Delegated { account: self.clone(), subject: address.into(), scopes: scopes.join(" ").into() };
        RefreshingToken::over(Arc::new(delegated), Secret::default())
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

/// A service account on behalf of one mailbox.
#[derive(Clone, Debug)]
struct Delegated {
    account: ServiceAccount,
    subject: Arc<str>,
    scopes: Arc<str>,
}

#[derive(Serialize, Deserialize)]
struct Scope {
    scope: String,
}

impl Delegated {
    fn assertion(&self) -> Result<Secret> {
        let now = self.account.caller.clock().now().unix_timestamp();
        let life = JwtDuration::from_secs(limits::ASSERTION_LIFE.as_secs());
        let mut claims = Claims::with_custom_claims(Scope { scope: self.scopes.to_string() }, life)
            .with_issuer(&*self.account.email)
            .with_subject(&*self.subject)
            .with_audience(self.account.token_uri.as_str());
        // The crate takes the machine's clock.
        let issued = UnixTimeStamp::from_secs(u64::try_from(now).unwrap_or_default());
        (claims.issued_at, claims.expires_at) = (Some(issued), Some(issued + life));
        claims.invalid_before = None;
        let signed = self.account.key.sign(claims);
        signed.map(Secret::from).map_err(|_| Error::config("the private key does not sign").field("private_key"))
    }
}

#[async_trait]
impl Mint for Delegated {
    async fn mint(&self, _refresh: &Secret) -> Result<Grant> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", self.assertion()?.expose_secret())
            .finish();
        let request = Request::new(Method::POST, self.account.token_uri.clone()).bytes(FORM, form)?;
        let answer = answer::read(&self.account.caller.bytes(ASSERT, request).await?)?;
        Ok(Grant::of(&answer, self.account.caller.clock().now()))
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.account.caller.clock()
    }

    fn refuses_for_good(&self) -> bool {
        false
    }
}

fn token_uri() -> String {
    limits::TOKEN_URI.to_owned()
}
