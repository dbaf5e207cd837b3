//! What a client of messages needs to know: the account, and the senders.

use comms_http::{Error, Result, setting};
use serde::Deserialize;
use twilio_core::model::sid;

use crate::Address;

/// The settings of one account and its senders. `Debug` hides the secrets.
///
/// ```
/// use twilio_messaging::{Config, Sender, Address};
///
/// let config = Config::from_lookup(|name| match name {
///     "TWILIO_ACCOUNT_SID" => Some("AC00000000000000000000000000000001".into()),
///     "TWILIO_AUTH_TOKEN" => Some("an-invented-token".into()),
///     "TWILIO_PHONE_NUMBER" => Some("+15005550006".into()),
///     "TWILIO_WHATSAPP_FROM" => Some("whatsapp:+15005550006".into()),
///     _ => None,
/// });
/// assert_eq!(config.sms_sender()?, Some(Sender::from("+15005550006")));
/// assert_eq!(config.whatsapp_sender()?, Some(Sender::from("whatsapp:+15005550006")));
/// # Ok::<(), twilio_messaging::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The account: `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN` and so on.
    pub account: twilio_core::Config,
    /// `TWILIO_PHONE_NUMBER`: what SMS are sent from: a number, a short code or an alphanumeric sender.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// `TWILIO_MESSAGING_SERVICE_SID`, `MG…`: chooses the sender of SMS. It goes before the number.
    #[serde(default)]
    pub messaging_service_sid: Option<String>,
    /// `TWILIO_WHATSAPP_NUMBER` or `TWILIO_WHATSAPP_FROM`: what WhatsApp messages are sent from, with or without `whatsapp:`.
    #[serde(default)]
    pub whatsapp_number: Option<String>,
    /// `TWILIO_STATUS_CALLBACK`: where Twilio reports what becomes of messages. It stays the number's or service's own where absent.
    #[serde(default)]
    pub status_callback: Option<String>,
}

/// What a message is sent from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A number, short code, alphanumeric sender, or an address on a channel.
    Address(Address),
    /// A Messaging Service, `MG…`, which chooses one of its senders.
    Service(String),
}

impl Sender {
    /// Its name: an address without the prefix of its channel, or `MG…`.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Address(address) => address.id(),
            Self::Service(sid) => sid,
        }
    }

    /// Whether it sends on WhatsApp.
    #[must_use]
    pub fn is_whatsapp(&self) -> bool {
        matches!(self, Self::Address(address) if address.is_whatsapp())
    }
}

impl From<&str> for Sender {
    fn from(text: &str) -> Self {
        if sid::is("MG", text) { Self::Service(text.to_owned()) } else { Self::Address(Address::from(text)) }
    }
}

impl From<Address> for Sender {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl Config {
    /// The settings of an account; set the senders.
    #[must_use]
    pub fn new(account: twilio_core::Config) -> Self {
        Self { account, phone_number: None, messaging_service_sid: None, whatsapp_number: None, status_callback: None }
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
            messaging_service_sid: value(MESSAGING_SERVICE_SID),
            whatsapp_number: value(WHATSAPP_NUMBER).or_else(|| value(WHATSAPP_FROM)),
            status_callback: value(STATUS_CALLBACK),
            account: twilio_core::Config::from_lookup(&lookup),
        }
    }

    /// What SMS are sent from; `None` where nothing is set.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is wrong.
    pub fn sms_sender(&self) -> Result<Option<Sender>> {
        if let Some(sid) = &self.messaging_service_sid {
            return if sid::is("MG", sid) {
                Ok(Some(Sender::Service(sid.clone())))
            } else {
                Err(bad(MESSAGING_SERVICE_SID, "must be MG and 32 hexadecimal digits"))
            };
        }
        let Some(number) = &self.phone_number else {
            return Ok(None);
        };
        match Address::from(number.as_str()) {
            address @ (Address::Phone(_) | Address::Digits(_)) => Ok(Some(Sender::Address(address))),
            Address::Name(name) if is_alphanumeric_sender(&name) => Ok(Some(Sender::Address(Address::Name(name)))),
            _ => {
                Err(bad(PHONE_NUMBER, "must be a number such as +15005550006, a short code or an alphanumeric sender"))
            }
        }
    }

    /// What WhatsApp messages are sent from; `None` where nothing is set.
    ///
    /// # Errors
    /// `Config` where it is not a number.
    pub fn whatsapp_sender(&self) -> Result<Option<Sender>> {
        let Some(number) = &self.whatsapp_number else {
            return Ok(None);
        };
        let address = Address::whatsapp(number);
        if address.phone().is_none() {
            return Err(bad(WHATSAPP_NUMBER, "must be a number such as whatsapp:+15005550006"));
        }
        Ok(Some(Sender::Address(address)))
    }

    /// Checks everything that is set.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn check(&self) -> Result<()> {
        self.account.check()?;
        self.sms_sender()?;
        self.whatsapp_sender()?;
        let callback = self.status_callback.as_deref();
        callback.map_or(Ok(()), |url| {
            crate::model::new_message::check_callback(url).map_err(|error| bad(STATUS_CALLBACK, error.message()))
        })
    }
}

const PHONE_NUMBER: &str = "TWILIO_PHONE_NUMBER";
const MESSAGING_SERVICE_SID: &str = "TWILIO_MESSAGING_SERVICE_SID";
const WHATSAPP_NUMBER: &str = "TWILIO_WHATSAPP_NUMBER";
const WHATSAPP_FROM: &str = "TWILIO_WHATSAPP_FROM";
const STATUS_CALLBACK: &str = "TWILIO_STATUS_CALLBACK";

fn bad(name: &'static str, what: &str) -> Error {
    setting::wrong(name, what).provider(twilio_core::PROVIDER)
}

/// Up to eleven letters, digits and spaces, one of them a letter.
///
/// *See [Twilio docs/Alphanumeric sender ID](https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id)*
fn is_alphanumeric_sender(text: &str) -> bool {
    const LONGEST: usize = 11;
    let allowed = |c: char| c.is_ascii_alphanumeric() || " +-_&".contains(c);
    text.len() <= LONGEST && text.chars().all(allowed) && text.chars().any(|c| c.is_ascii_alphabetic())
}
