//! What a client needs to know of one Twilio account.

use comms_http::{Error, Result, Secret, setting};
use serde::Deserialize;
use url::Url;

use crate::{Credentials, PROVIDER, limits, model::sid, webhook::Verifier};

/// The settings of one Twilio account. `Debug` hides the secrets.
///
/// It is plain data: [`credentials`](Self::credentials), [`verifier`](Self::verifier) and the builder of a client check what they
/// need, and their errors name the variable.
///
/// ```
/// use twilio_core::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "TWILIO_ACCOUNT_SID" => Some("AC00000000000000000000000000000001".into()),
///     "TWILIO_AUTH_TOKEN" => Some("an-invented-token".into()),
///     "TWILIO_EDGE" => Some("dublin".into()),
///     _ => None,
/// });
/// // An edge without a region is a way into the United States, not a place where data stays.
/// assert_eq!(config.host("api")?, "api.dublin.us1.twilio.com");
/// assert!(!format!("{config:?}").contains("an-invented-token"));
/// # Ok::<(), twilio_core::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// `TWILIO_ACCOUNT_SID`: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// `TWILIO_AUTH_TOKEN`: signs the webhooks; calls too where there is no API key.
    #[serde(default)]
    pub auth_token: Option<Secret>,
    /// `TWILIO_AUTH_TOKEN_PREVIOUS`: still accepted for webhooks while the token is being changed.
    #[serde(default)]
    pub auth_token_previous: Option<Secret>,
    /// `TWILIO_API_KEY_SID`: `SK` and 32 hexadecimal digits; calls and access tokens are made with it.
    #[serde(default)]
    pub api_key_sid: Option<String>,
    /// `TWILIO_API_KEY_SECRET`: the secret of the API key.
    #[serde(default)]
    pub api_key_secret: Option<Secret>,
    /// `TWILIO_REGION`: where data is processed, for instance `ie1`; `us1` unless set.
    #[serde(default)]
    pub region: Option<String>,
    /// `TWILIO_EDGE`: where calls enter Twilio's network, for instance `dublin`.
    #[serde(default)]
    pub edge: Option<String>,
    /// `TWILIO_API_BASE`: one address for all products instead of Twilio's hosts, for instance a simulator.
    #[serde(default)]
    pub api_base: Option<String>,
}

impl Config {
    /// The settings of an account that calls with its auth token, everything else by default.
    pub fn new(account_sid: impl Into<String>, auth_token: impl Into<Secret>) -> Self {
        Self {
            account_sid: account_sid.into(),
            auth_token: Some(auth_token.into()),
            auth_token_previous: None,
            api_key_sid: None,
            api_key_secret: None,
            region: None,
            edge: None,
            api_base: None,
        }
    }

    /// The same settings with an API key, which calls are then made with.
    #[must_use]
    pub fn with_api_key(mut self, key_sid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.api_key_sid = Some(key_sid.into());
        self.api_key_secret = Some(secret.into());
        self
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
        let secret = |name| value(name).map(Secret::from);
        Self {
            account_sid: value(ACCOUNT_SID).unwrap_or_default(),
            auth_token: secret(AUTH_TOKEN),
            auth_token_previous: secret(AUTH_TOKEN_PREVIOUS),
            api_key_sid: value(API_KEY_SID),
            api_key_secret: secret(API_KEY_SECRET),
            region: value(REGION),
            edge: value(EDGE),
            api_base: value(API_BASE),
        }
    }

    /// Checks everything that is set.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn check(&self) -> Result<()> {
        check_sid(ACCOUNT_SID, "AC", &self.account_sid)?;
        for (name, secret) in [
            (AUTH_TOKEN, &self.auth_token),
            (AUTH_TOKEN_PREVIOUS, &self.auth_token_previous),
            (API_KEY_SECRET, &self.api_key_secret),
        ] {
            secret.as_ref().map_or(Ok(()), |secret| check_secret(name, secret))?;
        }
        match (&self.api_key_sid, &self.api_key_secret) {
            (None, None) => {}
            (Some(sid), Some(_)) => check_sid(API_KEY_SID, "SK", sid)?,
            (Some(_), None) => return Err(missing(API_KEY_SECRET)),
            (None, Some(_)) => return Err(missing(API_KEY_SID)),
        }
        match &self.api_base {
            Some(base) => check_base(base).map(|_| ()),
            None => self.host("api").map(|_| ()),
        }
    }

    /// Who calls: the API key where there is one, else the account with its auth token.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn credentials(&self) -> Result<Credentials> {
        self.check()?;
        match (&self.api_key_sid, &self.api_key_secret, &self.auth_token) {
            (Some(sid), Some(secret), _) => Ok(Credentials::api_key(sid, secret.clone())),
            (_, _, Some(token)) => Ok(Credentials::auth_token(&self.account_sid, token.clone())),
            _ => Err(missing(AUTH_TOKEN)),
        }
    }

    /// Checks webhooks with the auth token, and with the previous one while the token is being changed.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong. An API key does not verify webhooks.
    pub fn verifier(&self) -> Result<Verifier> {
        self.check()?;
        let token = self.auth_token.clone().ok_or_else(|| missing(AUTH_TOKEN))?;
        let verifier = Verifier::new(&self.account_sid, token)?;
        match &self.auth_token_previous {
            Some(previous) => verifier.previous_token(previous.clone()),
            None => Ok(verifier),
        }
    }

    /// The host of a product, for instance `api`: `{product}.twilio.com`, with edge and region where they are set.
    ///
    /// An edge alone means region `us1`. A region alone has no host of its own any more: it gets the edge in the same place.
    ///
    /// # Errors
    /// `Config` for a name that no host may hold, and for a region whose edge is not known here.
    ///
    /// *See [Twilio docs/Regions](https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region)*
    pub fn host(&self, product: &str) -> Result<String> {
        for (name, value) in [(REGION, &self.region), (EDGE, &self.edge)] {
            if value.as_deref().is_some_and(|value| !is_label(value)) {
                return Err(bad(name, "must be one word of a host name, for instance ie1 or dublin"));
            }
        }
        match (self.edge.as_deref(), self.region.as_deref()) {
            (None, None) => Ok(format!("{product}.twilio.com")),
            (Some(edge), region) => Ok(format!("{product}.{edge}.{}.twilio.com", region.unwrap_or(limits::REGION))),
            (None, Some(region)) => {
                let known = limits::EDGES.iter().find(|(name, _)| *name == region);
                let (_, edge) =
                    known.ok_or_else(|| bad(EDGE, &format!("is not set, and the edge of {region} is not known")))?;
                Ok(format!("{product}.{edge}.{region}.twilio.com"))
            }
        }
    }

    /// The address that calls to a product start from.
    #[cfg_attr(not(feature = "client"), expect(dead_code, reason = "only calls start from it"))]
    pub(crate) fn base(&self, product: &str) -> Result<Url> {
        match &self.api_base {
            Some(base) => check_base(base),
            None => {
                let host = self.host(product)?;
                Url::parse(&format!("https://{host}")).map_err(|_| bad(EDGE, "does not make an address"))
            }
        }
    }
}

const ACCOUNT_SID: &str = "TWILIO_ACCOUNT_SID";
const AUTH_TOKEN: &str = "TWILIO_AUTH_TOKEN";
const AUTH_TOKEN_PREVIOUS: &str = "TWILIO_AUTH_TOKEN_PREVIOUS";
const API_KEY_SID: &str = "TWILIO_API_KEY_SID";
const API_KEY_SECRET: &str = "TWILIO_API_KEY_SECRET";
const REGION: &str = "TWILIO_REGION";
const EDGE: &str = "TWILIO_EDGE";
const API_BASE: &str = "TWILIO_API_BASE";

fn missing(name: &'static str) -> Error {
    setting::missing(name).provider(PROVIDER)
}

fn bad(name: &'static str, what: &str) -> Error {
    setting::wrong(name, what).provider(PROVIDER)
}

fn check_secret(name: &'static str, secret: &Secret) -> Result<()> {
    setting::check_secret(name, secret).map_err(|error| error.provider(PROVIDER))
}

fn check_sid(name: &'static str, prefix: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(missing(name));
    }
    if !sid::is(prefix, text) {
        return Err(bad(name, &format!("must be {prefix} and 32 hexadecimal digits")));
    }
    Ok(())
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn check_base(base: &str) -> Result<Url> {
    setting::base_url(API_BASE, base).map_err(|error| error.provider(PROVIDER))
}
