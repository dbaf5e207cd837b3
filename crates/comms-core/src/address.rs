//! How a person is reached. Not always by a phone number.

use std::fmt;

use comms_http::{Error, ErrorKind, Outcome, Result};
use serde::{Deserialize, Serialize};

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AddressKind {
    /// An E.164 number with its plus sign.
    Phone,
    /// WhatsApp's business-scoped user id, `CC.xxxx`: opaque, sent back byte for byte.
    WhatsAppUser,
    /// A Messenger page-scoped id.
    Psid,
    /// An e-mail address, its domain in lower case.
    Email,
    /// A browser or app identity of the voice SDK.
    VoiceClient,
    /// A WhatsApp group.
    Group,
    /// Anything else that a provider names a party by.
    Other,
}

impl AddressKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Phone, Self::WhatsAppUser, Self::Psid, Self::Email, Self::VoiceClient, Self::Group, Self::Other];
}

/// One address of one person.
///
/// ```
/// use comms_core::{Address, AddressKind};
///
/// let address = Address::phone("+34 600 00 00 00", None)?;
/// assert_eq!(address.value(), "+34600000000");
/// assert_eq!(address.masked(), "+346*****000");
/// assert_eq!(Address::parse_recipient("ES.1349120865530274", None)?.kind(), AddressKind::WhatsAppUser);
/// # Ok::<(), comms_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    kind: AddressKind,
    value: String,
}

impl Address {
    /// An address taken from a provider as it stands, without a check.
    pub fn verbatim(kind: AddressKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// A phone number. Spaces, dots, dashes and brackets are accepted; a national number needs `region` (`ES`, `MX` …).
    ///
    /// # Errors
    /// `InvalidRecipient` for what is not a possible number, or national without a region.
    pub fn phone(number: &str, region: Option<&str>) -> Result<Self> {
        let refuse = || {
            Error::new(
                ErrorKind::InvalidRecipient,
                Outcome::Rejected,
                "not a phone number: write it with its country code, for instance +34 600 000 000",
            )
        };
        // The parser would read letters as the keys of a telephone, and so reach somebody else.
        if number.chars().any(char::is_alphabetic) {
            return Err(refuse());
        }
        let value = e164(number, region).ok_or_else(refuse)?;
        // It reads some odd inputs as what it then reads otherwise, or not at all: no number is known under two names.
        if e164(&value, None).as_ref() != Some(&value) {
            return Err(refuse());
        }
        Ok(Self::verbatim(AddressKind::Phone, value))
    }

    /// An e-mail address: its domain in lower case, in whichever letters it was given; the part before the `@` as it stands.
    ///
    /// ```
    /// # use comms_core::Address;
    /// assert_eq!(Address::email(" Ana.Perez@Example.COM ")?.value(), "Ana.Perez@example.com");
    /// assert!(Address::email("ana@example.com\r\nBcc: all@example.org").is_err());
    /// # Ok::<(), comms_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidRecipient` for what no mail can be sent to.
    pub fn email(text: &str) -> Result<Self> {
        let text = text.trim_matches(' ');
        let parts = text.rsplit_once('@').filter(|(local, domain)| is_local_part(local) && is_domain(domain));
        let Some((local, domain)) = parts.filter(|_| text.len() <= LONGEST_EMAIL) else {
            let why = "not an e-mail address: write it as ana@example.com";
            return Err(Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, why));
        };
        Ok(Self::verbatim(AddressKind::Email, format!("{local}@{}", domain.to_lowercase())))
    }

    /// A phone number as WhatsApp writes it: digits with country code and without plus sign.
    #[must_use]
    pub fn from_wa_id(wa_id: &str) -> Self {
        Self::verbatim(AddressKind::Phone, format!("+{}", wa_id.trim_start_matches('+')))
    }

    /// A recipient as a person or a frontend writes it: a WhatsApp user id (`CC.xxxx`) or a phone number.
    ///
    /// # Errors
    /// `InvalidRecipient` for neither.
    pub fn parse_recipient(text: &str, region: Option<&str>) -> Result<Self> {
        let text = text.trim();
        if is_whatsapp_user(text) {
            return Ok(Self::verbatim(AddressKind::WhatsAppUser, text));
        }
        Self::phone(text, region)
    }

    /// What kind of address it is.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        self.kind
    }

    /// The address itself: the key of an identity within an account.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The address with its middle hidden, for logs.
    #[must_use]
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.value.chars().collect();
        let (head, tail) = (4, 3);
        if chars.len() <= head + tail {
            return "*".repeat(chars.len());
        }
        chars.iter().enumerate().map(|(at, c)| if at < head || at >= chars.len() - tail { *c } else { '*' }).collect()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.kind, self.masked())
    }
}

/// The number in E.164. Validity tables lag behind numbering plans: length decides, as it does at the providers.
fn e164(number: &str, region: Option<&str>) -> Option<String> {
    let region = region.and_then(|code| code.parse().ok());
    let parsed = phonenumber::parse(region, number.trim()).ok()?;
    let digits = parsed.national().to_string().len();
    let value = parsed.format().mode(phonenumber::Mode::E164).to_string();
    ((4..=15).contains(&digits) && value.len() <= 16).then_some(value)
}

/// The longest e-mail address, in bytes: what fits into a command of SMTP.
const LONGEST_EMAIL: usize = 254;
/// The longest part before its `@`.
const LONGEST_LOCAL_PART: usize = 64;
/// The longest part of a domain between two dots.
const LONGEST_LABEL: usize = 63;

/// What stands before the `@`: words with single dots between them. What needs quotation marks is written to by nobody.
fn is_local_part(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || (!c.is_ascii() && is_mark(c)) || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.len() <= LONGEST_LOCAL_PART && text.split('.').all(|word| !word.is_empty() && word.chars().all(plain))
}

fn is_domain(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || (!c.is_ascii() && (c.is_alphanumeric() || is_mark(c)));
    text.split('.').all(|label| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| letter(c) || c == '-')
    })
}

/// Marks that belong to the letter before them: accents, and what joins consonants in the scripts of India.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{94d}' | '\u{9cd}' | '\u{bcd}')
}

/// `CC.` and up to 128 alphanumerics, or `CC.ENT.` for a parent id.
fn is_whatsapp_user(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Other spellings under which the same subscriber may be known, for look-ups only: a number is never rewritten.
///
/// Brazil: mobile numbers with and without the ninth digit. Mexico: `+52` and `+521`. Argentina: `+54` and `+549`.
///
/// ```
/// assert_eq!(comms_core::phone_variants("+5215512345678"), ["+525512345678"]);
/// assert!(comms_core::phone_variants("+34600000000").is_empty());
/// ```
#[must_use]
pub fn phone_variants(e164: &str) -> Vec<String> {
    let digits = e164.strip_prefix('+').unwrap_or(e164);
    let variant = if let Some(rest) = digits.strip_prefix("521").filter(|r| r.len() == 10) {
        Some(format!("+52{rest}"))
    } else if let Some(rest) = digits.strip_prefix("52").filter(|r| r.len() == 10) {
        Some(format!("+521{rest}"))
    } else if let Some(rest) = digits.strip_prefix("549").filter(|r| r.len() == 10) {
        Some(format!("+54{rest}"))
    } else if let Some(rest) = digits.strip_prefix("54").filter(|r| r.len() == 10) {
        Some(format!("+549{rest}"))
    } else {
        digits.strip_prefix("55").and_then(brazilian_variant)
    };
    variant.into_iter().collect()
}

/// Only mobile numbers have the ninth digit: they begin with 6 to 9.
fn brazilian_variant(national: &str) -> Option<String> {
    let (area, number) = national.split_at_checked(2)?;
    match number.as_bytes() {
        [b'9', b'6'..=b'9', ..] if number.len() == 9 => Some(format!("+55{area}{}", &number[1..])),
        [b'6'..=b'9', ..] if number.len() == 8 => Some(format!("+55{area}9{number}")),
        _ => None,
    }
}
