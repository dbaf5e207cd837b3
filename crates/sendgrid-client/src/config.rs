//! What a client needs to know of a SendGrid account and its sender.

use comms_http::{
    Result, Secret,
    setting::{self, check_secret},
};
use serde::Deserialize;
use url::Url;

use crate::{PROVIDER, limits, model::person::Person, webhook::Verifier};

/// The settings of an account. `Debug` hides the secrets.
///
/// It is plain data: [`ClientBuilder::build`](crate::ClientBuilder::build) checks it, and its errors name the variable.
///
/// ```
/// use sendgrid_client::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "SENDGRID_API_KEY" => Some("SG.an-invented-key".into()),
///     "SENDGRID_FROM_EMAIL" => Some("ventas@example.org".into()),
///     _ => None,
/// });
/// assert_eq!(config.sender()?.unwrap().email, "ventas@example.org");
/// assert!(!format!("{config:?}").contains("an-invented-key"));
/// # Ok::<(), sendgrid_client::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// `SENDGRID_API_KEY`: a key with the right *Mail Send*, and what else is used.
    pub api_key: Secret,
    /// `SENDGRID_FROM_EMAIL`: the sender that SendGrid has verified.
    pub from_email: Option<String>,
    /// `SENDGRID_FROM_NAME`: the sender's name.
    pub from_name: Option<String>,
    /// `SENDGRID_WEBHOOK_KEY`: the public keys that webhooks are verified with, as SendGrid shows them. Several, divided by commas,
    /// while one is exchanged.
    pub webhook_key: Option<String>,
    /// `SENDGRID_ON_BEHALF_OF`: the subuser in whose name calls are made.
    pub on_behalf_of: Option<String>,
    /// `SENDGRID_API_BASE`: where the API is, `https://api.sendgrid.com` unless set; `https://api.eu.sendgrid.com` for subusers of the
    /// European Union.
    pub api_base: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            from_email: None,
            from_name: None,
            webhook_key: None,
            on_behalf_of: None,
            api_base: limits::API_BASE.to_owned(),
        }
    }
}

impl Config {
    /// The settings of an account, everything else by default.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), ..Self::default() }
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
            api_key: value(API_KEY).map(Secret::from).unwrap_or_default(),
            from_email: value(FROM_EMAIL),
            from_name: value(FROM_NAME),
            webhook_key: value(WEBHOOK_KEY),
            on_behalf_of: value(ON_BEHALF_OF),
            api_base: value(API_BASE).unwrap_or(base.api_base),
        }
    }

    /// The same account for subusers of the European Union.
    #[must_use]
    pub fn european_union(mut self) -> Self {
        self.api_base = limits::EU_API_BASE.to_owned();
        self
    }

    /// What mails are sent from; `None` where nothing is set.
    ///
    /// # Errors
    /// `Config` where it is no address.
    pub fn sender(&self) -> Result<Option<Person>> {
        let Some(email) = &self.from_email else { return Ok(None) };
        let person = Person { email: email.clone(), name: self.from_name.clone() };
        person.check("from").map_err(|error| setting::wrong(FROM_EMAIL, error.message()).provider(PROVIDER))?;
        Ok(Some(person))
    }

    /// What webhooks are verified with; `None` where no key is set.
    ///
    /// # Errors
    /// `Config` where it is no key of SendGrid's.
    pub fn verifier(&self) -> Result<Option<Verifier>> {
        let Some(keys) = &self.webhook_key else { return Ok(None) };
        let verifier = Verifier::new(keys.split([',', ' ', '\n']).filter(|key| !key.is_empty()));
        verifier.map(Some).map_err(|error| setting::wrong(WEBHOOK_KEY, error.message()).provider(PROVIDER))
    }

    /// Checks everything that is set and returns the address that all calls start from.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn check(&self) -> Result<Url> {
        let named = |error: comms_http::Error| error.provider(PROVIDER);
        check_secret(API_KEY, &self.api_key).map_err(named)?;
        self.sender()?;
        self.verifier()?;
        setting::base_url(API_BASE, &self.api_base).map_err(named)
    }
}

const API_KEY: &str = "SENDGRID_API_KEY";
const FROM_EMAIL: &str = "SENDGRID_FROM_EMAIL";
const FROM_NAME: &str = "SENDGRID_FROM_NAME";
const WEBHOOK_KEY: &str = "SENDGRID_WEBHOOK_KEY";
const ON_BEHALF_OF: &str = "SENDGRID_ON_BEHALF_OF";
const API_BASE: &str = "SENDGRID_API_BASE";
