//! What a client needs to know of one number.

use comms_http::{Error, Result, setting};
use serde::Deserialize;
use twilio_core::{PROVIDER, model::sid};
use url::Url;

/// The settings of one number: those of its account, and its own. `Debug` hides the secrets.
///
/// It is plain data: [`check`](Self::check) looks at all of it, as the builder of a client does, and its errors name the variable.
///
/// ```
/// use twilio_voice::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "TWILIO_ACCOUNT_SID" => Some("AC00000000000000000000000000000001".into()),
///     "TWILIO_AUTH_TOKEN" => Some("an-invented-token".into()),
///     "TWILIO_PHONE_NUMBER" => Some("+15005550006".into()),
///     _ => None,
/// });
/// config.check()?;
/// assert_eq!(config.shown_number(), Some("+15005550006"));
/// assert!(!format!("{config:?}").contains("an-invented-token"));
/// # Ok::<(), twilio_voice::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The account: SID, auth token, API key, region. The API key also signs access tokens.
    pub twilio: twilio_core::Config,
    /// `TWILIO_PHONE_NUMBER`: the number of the account that calls and is called, in E.164.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// `TWILIO_CALLER_ID`: the number that is shown instead, one of the account's or verified there.
    #[serde(default)]
    pub caller_id: Option<String>,
    /// `TWILIO_TWIML_APP_SID`: the TwiML application of calls from a browser (`AP…`).
    #[serde(default)]
    pub twiml_app_sid: Option<String>,
    /// `TWILIO_VOICE_CALLBACK_URL`: our own address that Twilio calls back, as the world sees it. Parameters are appended.
    #[serde(default)]
    pub callback_url: Option<String>,
}

impl Config {
    /// The settings of an account, with no number yet.
    #[must_use]
    pub fn new(twilio: twilio_core::Config) -> Self {
        Self { twilio, phone_number: None, caller_id: None, twiml_app_sid: None, callback_url: None }
    }

    /// The same settings for this number.
    #[must_use]
    pub fn phone_number(mut self, number: impl Into<String>) -> Self {
        self.phone_number = Some(number.into());
        self
    }

    /// The same settings that show this number.
    #[must_use]
    pub fn caller_id(mut self, number: impl Into<String>) -> Self {
        self.caller_id = Some(number.into());
        self
    }

    /// The same settings for browsers of this TwiML application.
    #[must_use]
    pub fn twiml_app_sid(mut self, sid: impl Into<String>) -> Self {
        self.twiml_app_sid = Some(sid.into());
        self
    }

    /// The same settings with the address that Twilio calls back.
    #[must_use]
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.callback_url = Some(url.into());
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
        Self {
            phone_number: value(PHONE_NUMBER),
            caller_id: value(CALLER_ID),
            twiml_app_sid: value(TWIML_APP_SID),
            callback_url: value(CALLBACK_URL),
            twilio: twilio_core::Config::from_lookup(lookup),
        }
    }

    /// The number that calls show: the caller id, else the number itself.
    #[must_use]
    pub fn shown_number(&self) -> Option<&str> {
        self.caller_id.as_deref().or(self.phone_number.as_deref())
    }

    /// Checks everything that is set.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn check(&self) -> Result<()> {
        self.twilio.check()?;
        for (name, number) in [(PHONE_NUMBER, &self.phone_number), (CALLER_ID, &self.caller_id)] {
            if number.as_deref().is_some_and(|number| !is_e164(number)) {
                return Err(bad(name, "must be a number with its country code, for instance +15005550006"));
            }
        }
        if self.twiml_app_sid.as_deref().is_some_and(|sid| !sid::is("AP", sid)) {
            return Err(bad(TWIML_APP_SID, "must be AP and 32 hexadecimal digits"));
        }
        self.callback_url.as_deref().map_or(Ok(()), check_address)
    }
}

const PHONE_NUMBER: &str = "TWILIO_PHONE_NUMBER";
const CALLER_ID: &str = "TWILIO_CALLER_ID";
const TWIML_APP_SID: &str = "TWILIO_TWIML_APP_SID";
const CALLBACK_URL: &str = "TWILIO_VOICE_CALLBACK_URL";

fn bad(name: &'static str, what: &str) -> Error {
    setting::wrong(name, what).provider(PROVIDER)
}

/// The number, which a channel cannot be without.
#[cfg(feature = "channel")]
pub(crate) fn missing_number() -> Error {
    bad(PHONE_NUMBER, "is not set")
}

/// The address that Twilio calls back, where a call needs it.
#[cfg(feature = "channel")]
pub(crate) fn missing_callback() -> Error {
    bad(CALLBACK_URL, "is not set")
}

fn is_e164(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Twilio calls no host with an underscore. Checked only: what is sent is the text itself, since its letters are signed.
pub(crate) fn check_address(address: &str) -> Result<()> {
    let url = Url::parse(address).map_err(|_| bad(CALLBACK_URL, "is not an address"))?;
    match url.host_str() {
        Some(host) if matches!(url.scheme(), "https" | "http") && !host.contains('_') => Ok(()),
        _ => Err(bad(CALLBACK_URL, "must be an http(s) address whose host has no underscore")),
    }
}
