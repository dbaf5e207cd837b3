//! Whom a message is from or to, as Twilio writes it: not always a phone number.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One end of a message: a number, a short code, a name, or somebody on another channel (`whatsapp:`, `messenger:`, `rcs:`).
///
/// Whatever Twilio writes can be read and is written again byte for byte; nothing is assumed to be a phone number.
///
/// ```
/// use twilio_messaging::Address;
///
/// assert_eq!(Address::from("+34600000000"), Address::Phone("+34600000000".into()));
/// assert_eq!(Address::from("whatsapp:+34600000000").phone(), Some("+34600000000"));
/// // Somebody on WhatsApp who hides their number.
/// let hidden = Address::from("whatsapp:ES.1349120865530274");
/// assert_eq!((hidden.phone(), hidden.user_id()), (None, Some("ES.1349120865530274")));
/// assert_eq!(hidden.to_wire(), "whatsapp:ES.1349120865530274");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An E.164 number with its plus sign.
    Phone(String),
    /// Digits alone: a short code, or a number as an operator passed it on.
    Digits(String),
    /// An alphanumeric sender, or whatever else stands without a prefix.
    Name(String),
    /// A phone number on WhatsApp, without the prefix.
    WhatsApp(String),
    /// A business-scoped user id on WhatsApp (`CC.xxxx`), without the prefix: opaque, sent back as it came.
    WhatsAppUser(String),
    /// A page-scoped id on Facebook Messenger, without the prefix.
    Messenger(String),
    /// An address on RCS, without the prefix.
    Rcs(String),
    /// Somebody on a channel that this version does not know, prefix included.
    Other(String),
}

const WHATSAPP: &str = "whatsapp:";
const MESSENGER: &str = "messenger:";
const RCS: &str = "rcs:";

impl Address {
    /// A number on WhatsApp, whether it is written with `whatsapp:` or without.
    pub fn whatsapp(number: impl AsRef<str>) -> Self {
        let number = number.as_ref().trim();
        on_whatsapp(number.strip_prefix(WHATSAPP).unwrap_or(number))
    }

    /// The address as Twilio writes it.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self {
            Self::WhatsApp(id) | Self::WhatsAppUser(id) => format!("{WHATSAPP}{id}"),
            Self::Messenger(id) => format!("{MESSENGER}{id}"),
            Self::Rcs(id) => format!("{RCS}{id}"),
            Self::Phone(id) | Self::Digits(id) | Self::Name(id) | Self::Other(id) => id.clone(),
        }
    }

    /// The address without the prefix of its channel.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Phone(id)
            | Self::Digits(id)
            | Self::Name(id)
            | Self::WhatsApp(id)
            | Self::WhatsAppUser(id)
            | Self::Messenger(id)
            | Self::Rcs(id)
            | Self::Other(id) => id,
        }
    }

    /// The phone number, where it is one: with a plus sign, on whatever channel.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        match self {
            Self::Phone(id) | Self::WhatsApp(id) | Self::Rcs(id) if is_e164(id) => Some(id),
            _ => None,
        }
    }

    /// WhatsApp's business-scoped user id, where it is one.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::WhatsAppUser(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it is on WhatsApp.
    #[must_use]
    pub fn is_whatsapp(&self) -> bool {
        matches!(self, Self::WhatsApp(_) | Self::WhatsAppUser(_))
    }

    /// The address with its middle hidden, for logs.
    #[must_use]
    pub fn masked(&self) -> String {
        const SHOWN: usize = 3;
        let id: Vec<char> = self.id().chars().collect();
        let hidden = |at: usize| id.len() <= 2 * SHOWN || (at >= SHOWN && at < id.len() - SHOWN);
        let masked: String = id.iter().enumerate().map(|(at, c)| if hidden(at) { '*' } else { *c }).collect();
        let whole = self.to_wire();
        format!("{}{masked}", &whole[..whole.len() - self.id().len()])
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        if let Some(id) = text.strip_prefix(WHATSAPP) {
            return on_whatsapp(id);
        }
        if let Some(id) = text.strip_prefix(MESSENGER) {
            return Self::Messenger(id.to_owned());
        }
        if let Some(id) = text.strip_prefix(RCS) {
            return Self::Rcs(id.to_owned());
        }
        let text = text.to_owned();
        if is_e164(&text) {
            Self::Phone(text)
        } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            Self::Digits(text)
        } else if text.contains(':') {
            Self::Other(text)
        } else {
            Self::Name(text)
        }
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Address {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for Address {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}

/// Numbers begin with a plus sign or a digit; everything else there is a user id.
fn on_whatsapp(id: &str) -> Address {
    if id.is_empty() || id.starts_with(|c: char| c == '+' || c.is_ascii_digit()) {
        Address::WhatsApp(id.to_owned())
    } else {
        Address::WhatsAppUser(id.to_owned())
    }
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.masked())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_wire())
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}
