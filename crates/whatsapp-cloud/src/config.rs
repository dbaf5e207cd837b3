//! What a client needs to know of one WhatsApp number.

use comms_http::{
    Result, Secret,
    setting::{self, check_secret, missing, wrong},
};
use serde::Deserialize;
use url::Url;

use crate::limits;

/// The settings of one WhatsApp number. `Debug` hides the secrets.
///
/// It is plain data: [`ClientBuilder::build`](crate::ClientBuilder::build) checks it, and its errors name the variable.
///
/// ```
/// use whatsapp_cloud::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "WHATSAPP_ACCESS_TOKEN" => Some("an-invented-token".into()),
///     "WHATSAPP_PHONE_NUMBER_ID" => Some("106540352242922".into()),
///     _ => None,
/// });
/// assert_eq!(config.api_version, "v26.0");
/// assert!(!format!("{config:?}").contains("an-invented-token"));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// `WHATSAPP_ACCESS_TOKEN`: the token of a system user, which does not expire.
    pub access_token: Secret,
    /// `WHATSAPP_PHONE_NUMBER_ID`: the id of the number, which is not the number.
    pub phone_number_id: String,
    /// `WHATSAPP_BUSINESS_ACCOUNT_ID`: for templates, numbers and webhook subscriptions.
    #[serde(default)]
    pub business_account_id: Option<String>,
    /// `WHATSAPP_VERIFY_TOKEN`: what Meta repeats when it checks the webhook address.
    #[serde(default)]
    pub verify_token: Option<Secret>,
    /// `WHATSAPP_APP_SECRET`: signs the webhooks.
    #[serde(default)]
    pub app_secret: Option<Secret>,
    /// `WHATSAPP_APP_SECRET_PREVIOUS`: still accepted for webhooks while the secret is being changed.
    #[serde(default)]
    pub app_secret_previous: Option<Secret>,
    /// `WHATSAPP_APP_ID`: for uploads, for inspecting and exchanging tokens.
    #[serde(default)]
    pub app_id: Option<String>,
    /// `WHATSAPP_API_BASE`: where the Graph API is, `https://graph.facebook.com` unless set.
    #[serde(default = "api_base")]
    pub api_base: String,
    /// `WHATSAPP_API_VERSION`: `v26.0` unless set.
    #[serde(default = "api_version")]
    pub api_version: String,
}

impl Config {
    /// The settings of a number, everything else by default.
    pub fn new(access_token: impl Into<Secret>, phone_number_id: impl Into<String>) -> Self {
        Self {
            access_token: access_token.into(),
            phone_number_id: phone_number_id.into(),
            business_account_id: None,
            verify_token: None,
            app_secret: None,
            app_secret_previous: None,
            app_id: None,
            api_base: api_base(),
            api_version: api_version(),
        }
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
            access_token: secret(ACCESS_TOKEN).unwrap_or_default(),
            phone_number_id: value(PHONE_NUMBER_ID).unwrap_or_default(),
            business_account_id: value(BUSINESS_ACCOUNT_ID),
            verify_token: secret(VERIFY_TOKEN),
            app_secret: secret(APP_SECRET),
            app_secret_previous: secret(APP_SECRET_PREVIOUS),
            app_id: value(APP_ID),
            api_base: value(API_BASE).unwrap_or_else(api_base),
            api_version: value(API_VERSION).unwrap_or_else(api_version),
        }
    }

    /// Checks everything and returns the address that all calls start from.
    pub(crate) fn check(&self) -> Result<Url> {
        check_secret(ACCESS_TOKEN, &self.access_token)?;
        check_id(PHONE_NUMBER_ID, &self.phone_number_id)?;
        for (name, id) in [(BUSINESS_ACCOUNT_ID, &self.business_account_id), (APP_ID, &self.app_id)] {
            id.as_deref().map_or(Ok(()), |id| check_id(name, id))?;
        }
        for (name, secret) in [
            (VERIFY_TOKEN, &self.verify_token),
            (APP_SECRET, &self.app_secret),
            (APP_SECRET_PREVIOUS, &self.app_secret_previous),
        ] {
            secret.as_ref().map_or(Ok(()), |secret| check_secret(name, secret))?;
        }
        if !is_version(&self.api_version) {
            return Err(wrong(API_VERSION, "must look like v26.0"));
        }
        setting::base_url(API_BASE, &self.api_base)
    }
}

const ACCESS_TOKEN: &str = "WHATSAPP_ACCESS_TOKEN";
const PHONE_NUMBER_ID: &str = "WHATSAPP_PHONE_NUMBER_ID";
const BUSINESS_ACCOUNT_ID: &str = "WHATSAPP_BUSINESS_ACCOUNT_ID";
const VERIFY_TOKEN: &str = "WHATSAPP_VERIFY_TOKEN";
const APP_SECRET: &str = "WHATSAPP_APP_SECRET";
const APP_SECRET_PREVIOUS: &str = "WHATSAPP_APP_SECRET_PREVIOUS";
const APP_ID: &str = "WHATSAPP_APP_ID";
const API_BASE: &str = "WHATSAPP_API_BASE";
const API_VERSION: &str = "WHATSAPP_API_VERSION";

fn api_base() -> String {
    limits::API_BASE.to_owned()
}

fn api_version() -> String {
    limits::API_VERSION.to_owned()
}

fn check_id(name: &'static str, id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(missing(name));
    }
    if !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong(name, "must be an id of digits, without spaces or signs"));
    }
    Ok(())
}

fn is_version(version: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    version
        .strip_prefix('v')
        .and_then(|number| number.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}
