//! Google's OAuth 2: consent, code, refresh, revocation.
//!
//! A mailbox is connected in three steps. [`OAuth::begin`] makes the address of the consent page; the state and the verifier
//! that it gives are kept by who began it. Google sends the browser back with a state and a code: where the state is the kept
//! one, [`OAuth::exchange`] makes a [`Grant`] of the code. People can untick single permissions on the consent page, so
//! [`Grant::require`] says whether what is needed was given.
//!
//! ```
//! use std::sync::Arc;
//! use comms_http::{RetryPolicy, SystemClock};
//! use gmail_client::{Config, oauth::{Consent, OAuth, scope}};
//! # #[derive(Debug)] struct Nowhere;
//! # #[async_trait::async_trait] impl comms_http::Transport for Nowhere {
//! #     async fn execute(&self, _: comms_http::Request) -> comms_http::Result<comms_http::Response> { unreachable!() } }
//! # let transport = Arc::new(Nowhere);
//!
//! let mut config = Config::new("1234.apps.googleusercontent.com", "an-invented-secret");
//! config.redirect_uri = Some("https://example.org/email/oauth/callback".into());
//! let oauth = OAuth::new(&config, transport, Arc::new(SystemClock), RetryPolicy::default())?;
//! let begun = oauth.begin(&Consent::new(&[scope::SEND, scope::MODIFY]).login_hint("ana@example.org"))?;
//! assert!(begun.url.as_str().contains("code_challenge_method=S256"));
//! assert!(begun.url.as_str().contains("access_type=offline"));
//! # Ok::<(), gmail_client::Error>(())
//! ```
//!
//! *See [Google docs/OAuth 2.0 for web servers](https://developers.google.com/identity/protocols/oauth2/web-server)*

use std::{fmt, pin::Pin, sync::Arc};

use comms_http::{
    Caller, Clock, Error, ErrorKind, ExposeSecret, Operation, Outcome, Request, Result, RetryPolicy, Secret, Transport,
    setting,
};
use http::Method;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};
use time::OffsetDateTime;
use url::Url;

mod answer;
mod grant;
pub mod scope;
#[cfg(feature = "jwt")]
mod service_account;
mod token;

pub use grant::{AccessToken, Grant, Scopes};
#[cfg(feature = "jwt")]
pub use service_account::{ServiceAccount, ServiceAccountKey};
pub use token::{RefreshingToken, StaticToken, TokenProvider};

use crate::{
    client::PROVIDER,
    config::{Config, Endpoints, REDIRECT_URI},
    error,
};
use answer::TokenAnswer;

const EXCHANGE: Operation = Operation::once("oauth.exchange");
const REFRESH: Operation = Operation::repeatable("oauth.refresh");
const REVOKE: Operation = Operation::repeatable("oauth.revoke");

/// The crate's client, for Google's answers.
type Inner = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The OAuth client of a Google project. Cheap to clone.
#[derive(Clone)]
pub struct OAuth {
    caller: Caller,
    inner: Arc<Inner>,
    endpoints: Endpoints,
}

/// What is asked of the owner of a mailbox.
#[derive(Clone, Debug)]
pub struct Consent {
    scopes: Vec<String>,
    login_hint: Option<String>,
    incremental: bool,
}

impl Consent {
    /// Asks for these scopes, beside all that the owner has given this client before.
    #[must_use]
    pub fn new(scopes: &[&str]) -> Self {
        Self { scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(), login_hint: None, incremental: true }
    }

    /// Proposes this address to the owner.
    #[must_use]
    pub fn login_hint(mut self, address: impl Into<String>) -> Self {
        self.login_hint = Some(address.into());
        self
    }

    /// Asks for these scopes alone: what was given before is not part of the new grant.
    #[must_use]
    pub fn only(mut self) -> Self {
        self.incremental = false;
        self
    }
}

/// A consent that has begun. Keep `state` and `verifier` with whoever began it: they are worth what the grant is worth until it
/// is concluded.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser is sent.
    pub url: Url,
    /// Comes back with the code. Where it does not, or is another's, nothing may be exchanged.
    pub state: Secret,
    /// Proves that who exchanges the code is who asked for it (PKCE).
    pub verifier: Secret,
}

impl OAuth {
    /// The OAuth client that `config` names, over this transport.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn new(
        config: &Config,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        retry: RetryPolicy,
    ) -> Result<Self> {
        let endpoints = config.check_oauth().map_err(|error| error.provider(PROVIDER))?;
        let inner = oauth2::Client::new(ClientId::new(config.client_id.clone()))
            .set_client_secret(ClientSecret::new(config.client_secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(endpoints.auth.clone()))
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()));
        Ok(Self {
            caller: Caller::new(PROVIDER, transport, clock, retry, error::classify_oauth),
            inner: Arc::new(inner),
            endpoints,
        })
    }

    /// Makes the address of the consent page, with a fresh state and a PKCE challenge. It always asks anew, because Google gives a
    /// refresh token with a consent that was asked for only.
    ///
    /// # Errors
    /// `Config` where `GOOGLE_REDIRECT_URI` is not set.
    ///
    /// *See [Google docs/Redirect to Google's OAuth 2.0 server](https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient)*
    pub fn begin(&self, consent: &Consent) -> Result<Begun> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .inner
            .authorize_url(CsrfToken::new_random)
            .set_redirect_uri(std::borrow::Cow::Owned(self.redirect()?))
            .set_pkce_challenge(challenge)
            .add_scopes(consent.scopes.iter().cloned().map(Scope::new))
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent");
        if consent.incremental {
            request = request.add_extra_param("include_granted_scopes", "true");
        }
        if let Some(hint) = &consent.login_hint {
            request = request.add_extra_param("login_hint", hint.clone());
        }
        let (url, state) = request.url();
        Ok(Begun { url, state: state.into_secret().into(), verifier: verifier.into_secret().into() })
    }

    /// Makes a grant of the code that the browser brought back. A code works once and for some minutes.
    ///
    /// # Errors
    /// `Unauthenticated` for a code that has ended, was used, or belongs to another verifier; `Config` where the client itself is
    /// refused.
    ///
    /// *See [Google docs/Exchange authorization code](https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code)*
    pub async fn exchange(&self, code: &str, verifier: &Secret) -> Result<Grant> {
        let redirect = self.redirect()?;
        let http = self.http(EXCHANGE);
        let answer = self
            .inner
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .request_async(&http)
            .await;
        Ok(Grant::of(&answer.map_err(|error| plain(EXCHANGE, error))?, self.now()))
    }

    /// Makes a fresh access token of a refresh token. Google may give a new refresh token with it: keep that one from then on.
    ///
    /// # Errors
    /// `Unauthenticated` with code `invalid_grant` where the grant has ended: the mailbox must be connected again.
    ///
    /// *See [Google docs/Refreshing an access token](https://developers.google.com/identity/protocols/oauth2/web-server#offline)*
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Grant> {
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let http = self.http(REFRESH);
        let answer = self.inner.exchange_refresh_token(&token).request_async(&http).await;
        Ok(Grant::of(&answer.map_err(|error| plain(REFRESH, error))?, self.now()))
    }

    /// Ends a grant at Google, for all that the project uses it for (its Calendar too): with a refresh token all its access tokens
    /// end. A token that has ended already is no error.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Google docs/Revoking a token](https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke)*
    pub async fn revoke(&self, token: &Secret) -> Result<()> {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose_secret()).finish();
        let request = Request::new(Method::POST, self.endpoints.revoke.clone()).bytes(FORM, form)?;
        match self.caller.bytes(REVOKE, request).await {
            Err(error) if error.provider_code() == Some("invalid_token") => Ok(()),
            result => result.map(drop),
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.caller.clock().now()
    }

    fn redirect(&self) -> Result<RedirectUrl> {
        let uri = self.endpoints.redirect.clone().ok_or_else(|| setting::missing(REDIRECT_URI))?;
        RedirectUrl::new(uri).map_err(|_| setting::wrong(REDIRECT_URI, "is not an address"))
    }

    /// The OAuth crate's way to the network: our transport, with our table of errors and our repeats. It owns what it needs, so
    /// that its futures live by themselves.
    fn http(&self, operation: Operation) -> impl Fn(HttpRequest) -> Pending + Send + Sync + use<> {
        let caller = self.caller.clone();
        move |request| {
            let caller = caller.clone();
            Box::pin(async move { answer::post(&caller, operation, request).await })
        }
    }
}

type Pending = Pin<Box<dyn Future<Output = Result<HttpResponse>> + Send>>;

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("token_uri", &self.endpoints.token.as_str()).finish_non_exhaustive()
    }
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The OAuth crate's error as ours. What the endpoint refused has become one of ours in the transport already.
fn plain(operation: Operation, error: RequestTokenError<Error, BasicErrorResponse>) -> Error {
    match error {
        RequestTokenError::Request(error) => error,
        // Neither its body nor its description is repeated: an answer to this question holds tokens.
        _ => Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer is not what the provider documents")
            .provider(PROVIDER)
            .operation(operation.name),
    }
}
