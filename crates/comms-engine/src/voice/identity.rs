//! The names under which browsers are rung: a user of an organisation as letters, digits and underscores, and back.

use comms_core::{Address, AddressKind, Error, OrganizationId, UserId};

use crate::{Engine, EngineError};

/// The longest identity of a browser. See [Twilio docs/Access tokens](https://www.twilio.com/docs/iam/access-tokens).
pub(crate) const MAX_IDENTITY: usize = 121;

/// How providers mark that an address is a browser.
const SCHEME: &str = "client:";

/// Stands between organisation and user: an escape is an underscore with two digits behind it, never with another one.
const SEPARATOR: &str = "__";

impl Engine {
    /// The identity of a user's browser: what a token for it carries, and what is rung. For the first organisation
    /// ([`Settings::first_organization`](crate::Settings::first_organization)) just the user's id, for the others
    /// organisation and user.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where it would be empty, or longer than 121 characters.
    pub fn voice_identity(&self, organization: &OrganizationId, user: &UserId) -> Result<Address, EngineError> {
        let first = self.settings().first_organization.as_ref();
        encode(first, organization, user).map(browser).ok_or_else(|| {
            let reason = "this user's id cannot be written as the identity of a browser";
            EngineError::Refused(Error::invalid(reason).field("identity"))
        })
    }

    /// Whose browser it is; `None` for what [`voice_identity`](Self::voice_identity) never gives.
    #[must_use]
    pub fn voice_user(&self, browser: &Address) -> Option<(OrganizationId, UserId)> {
        if browser.kind() != AddressKind::VoiceClient {
            return None;
        }
        let identity = browser.value();
        decode(self.settings().first_organization.as_ref(), identity.strip_prefix(SCHEME).unwrap_or(identity))
    }
}

/// A browser that is written as such: `client:<identity>`.
pub(crate) fn written_browser(text: &str) -> Option<Address> {
    let identity = text.strip_prefix(SCHEME).filter(|identity| identity.len() <= MAX_IDENTITY)?;
    Some(browser(identity.to_owned()))
}

fn browser(identity: String) -> Address {
    Address::verbatim(AddressKind::VoiceClient, identity)
}

fn encode(first: Option<&OrganizationId>, organization: &OrganizationId, user: &UserId) -> Option<String> {
    let mut identity = String::new();
    if first != Some(organization) {
        escape(organization.as_str(), &mut identity)?;
        identity.push_str(SEPARATOR);
    }
    escape(user.as_str(), &mut identity)?;
    (identity.len() <= MAX_IDENTITY).then_some(identity)
}

/// Only what [`encode`] gives: one user has one identity and no second spelling of it.
fn decode(first: Option<&OrganizationId>, identity: &str) -> Option<(OrganizationId, UserId)> {
    let (organization, user) = match split(identity) {
        Some((organization, user)) => (unescape(organization)?.into(), unescape(user)?.into()),
        None => (first?.clone(), unescape(identity)?.into()),
    };
    let canonical = encode(first, &organization, &user)?;
    (canonical == identity).then_some((organization, user))
}

/// At the separator: the first underscore that is followed by another one and is no part of an escape.
fn split(identity: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = identity.get(from..)?.find('_').map(|at| from + at) {
        if let Some(user) = identity.get(at..)?.strip_prefix(SEPARATOR) {
            return Some((&identity[..at], user));
        }
        from = at + 3;
    }
    None
}

/// Letters and digits as they are, every other byte as an underscore and two hexadecimal digits. `None` for nothing.
fn escape(text: &str, out: &mut String) -> Option<()> {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push('_');
            out.push_str(&hex::encode([byte]));
        }
    }
    (!text.is_empty()).then_some(())
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'_' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
