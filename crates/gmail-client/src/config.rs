//! What a client needs to know of a Google project, and of one mailbox.

use comms_http::{
    Result, Secret,
    setting::{self, check_secret, missing, wrong},
};
use serde::Deserialize;
use url::Url;

use crate::limits;

/// The settings of a Google project and of one mailbox. `Debug` hides the secrets.
///
/// It is plain data: [`ClientBuilder::build`](crate::ClientBuilder::build) and [`OAuth::new`](crate::oauth::OAuth::new) check
/// what they need of it, and their errors name the variable.
///
/// ```
/// use gmail_client::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "GOOGLE_CLIENT_ID" => Some("1234-abcd.apps.googleusercontent.com".into()),
///     "GOOGLE_CLIENT_SECRET" => Some("an-invented-secret".into()),
///     _ => None,
/// });
/// assert_eq!(config.user, "me");
/// assert!(!format!("{config:?}").contains("an-invented-secret"));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// `GOOGLE_CLIENT_ID`: the OAuth client of the project.
    pub client_id: String,
    /// `GOOGLE_CLIENT_SECRET`: its secret.
    pub client_secret: Secret,
    /// `GOOGLE_REDIRECT_URI`: where Google sends the browser after the consent, as registered with the client.
    pub redirect_uri: Option<String>,
    /// `GMAIL_REFRESH_TOKEN`: the grant of the mailbox. Absent where tokens come from a
    /// [`TokenProvider`](crate::oauth::TokenProvider).
    pub refresh_token: Option<Secret>,
    /// `GMAIL_USER`: the mailbox, `me` (the owner of the token) unless set.
    pub user: String,
    /// `GMAIL_API_BASE`: where the API is, `https://gmail.googleapis.com` unless set.
    pub api_base: String,
    /// `GOOGLE_AUTH_URI`: the consent page.
    pub auth_uri: String,
    /// `GOOGLE_TOKEN_URI`: where codes and refresh tokens become access tokens.
    pub token_uri: String,
    /// `GOOGLE_REVOKE_URI`: where a grant is ended.
    pub revoke_uri: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: Secret::default(),
            redirect_uri: None,
            refresh_token: None,
            user: OWNER.to_owned(),
            api_base: limits::API_BASE.to_owned(),
            auth_uri: limits::AUTH_URI.to_owned(),
            token_uri: limits::TOKEN_URI.to_owned(),
            revoke_uri: limits::REVOKE_URI.to_owned(),
        }
    }
}

impl Config {
    /// The settings of an OAuth client, everything else by default.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into(), ..Self::default() }
    }

    /// Reads the environment: see the fields for the names. An empty value counts as absent.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source of named values.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| lookup(name).filter(|value| !value.is_empty());
        let base = Self::default();
        Self {
            client_id: value(CLIENT_ID).unwrap_or_default(),
            client_secret: value(CLIENT_SECRET).map(Secret::from).unwrap_or_default(),
            redirect_uri: value(REDIRECT_URI),
            refresh_token: value(REFRESH_TOKEN).map(Secret::from),
            user: value(USER).unwrap_or(base.user),
            api_base: value(API_BASE).unwrap_or(base.api_base),
            auth_uri: value(AUTH_URI).unwrap_or(base.auth_uri),
            token_uri: value(TOKEN_URI).unwrap_or(base.token_uri),
            revoke_uri: value(REVOKE_URI).unwrap_or(base.revoke_uri),
        }
    }

    /// Checks the mailbox and returns the address that all its calls start from.
    pub(crate) fn check_mailbox(&self) -> Result<Url> {
        if self.user != OWNER && !self.user.contains('@') {
            return Err(wrong(USER, "must be `me` or an e-mail address"));
        }
        setting::base_url(API_BASE, &self.api_base)
    }

    /// Checks the OAuth client and its addresses.
    pub(crate) fn check_oauth(&self) -> Result<Endpoints> {
        if self.client_id.is_empty() {
            return Err(missing(CLIENT_ID));
        }
        if self.client_id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong(CLIENT_ID, "holds a space or a line break"));
        }
        check_secret(CLIENT_SECRET, &self.client_secret)?;
        if let Some(token) = &self.refresh_token {
            check_secret(REFRESH_TOKEN, token)?;
        }
        let redirect = self.redirect_uri.as_deref().map(|uri| {
            Url::parse(uri).map_err(|_| wrong(REDIRECT_URI, "is not an address"))?;
            Ok(uri.to_owned())
        });
        Ok(Endpoints {
            auth: setting::base_url(AUTH_URI, &self.auth_uri)?,
            token: setting::base_url(TOKEN_URI, &self.token_uri)?,
            revoke: setting::base_url(REVOKE_URI, &self.revoke_uri)?,
            redirect: redirect.transpose()?,
        })
    }
}

/// The addresses of Google's OAuth 2, checked.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    pub(crate) auth: Url,
    pub(crate) token: Url,
    pub(crate) revoke: Url,
    /// As it was written: it is compared with the registered one letter by letter.
    pub(crate) redirect: Option<String>,
}

/// Whoever the token belongs to.
const OWNER: &str = "me";

const CLIENT_ID: &str = "GOOGLE_CLIENT_ID";
const CLIENT_SECRET: &str = "GOOGLE_CLIENT_SECRET";
pub(crate) const REDIRECT_URI: &str = "GOOGLE_REDIRECT_URI";
pub(crate) const REFRESH_TOKEN: &str = "GMAIL_REFRESH_TOKEN";
const USER: &str = "GMAIL_USER";
const API_BASE: &str = "GMAIL_API_BASE";
const AUTH_URI: &str = "GOOGLE_AUTH_URI";
const TOKEN_URI: &str = "GOOGLE_TOKEN_URI";
const REVOKE_URI: &str = "GOOGLE_REVOKE_URI";
