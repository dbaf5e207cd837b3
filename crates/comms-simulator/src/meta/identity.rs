//! Who is on the other side: numbers, user ids, names.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    config::{Customer, MetaConfig, Phone},
    error::GraphError,
};

/// The shortest run of digits that is taken for a number with its country code.
const SHORTEST_INTERNATIONAL: usize = 11;

/// The countries whose calling code the double knows, to make user ids that look right.
const COUNTRIES: &[(&str, &str)] = &[
    ("1", "US"),
    ("33", "FR"),
    ("34", "ES"),
    ("39", "IT"),
    ("44", "GB"),
    ("49", "DE"),
    ("52", "MX"),
    ("54", "AR"),
    ("55", "BR"),
    ("57", "CO"),
    ("91", "IN"),
    ("351", "PT"),
];

/// The recipient of a send.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    /// As the caller wrote it.
    pub input: String,
    pub customer: Customer,
    /// Whether it was addressed by user id.
    pub by_user_id: bool,
    /// Whether it is a group.
    pub group: bool,
}

/// Digits only, with a country code.
///
/// Meta accepts `+`, `-`, brackets and spaces. Without `+` it prepends the business's own country code; the double does
/// so where the digits are too few to hold one.
pub(crate) fn normalise(to: &str, phone: &Phone) -> Result<String, GraphError> {
    let invalid = || GraphError::invalid("Recipient phone number is not valid");
    let allowed = |c: char| c.is_ascii_digit() || "+-() ".contains(c);
    if !to.chars().all(allowed) || to.trim_start().rfind('+').is_some_and(|at| at > 0) {
        return Err(invalid());
    }
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    let complete = to.trim_start().starts_with('+') || digits.len() >= SHORTEST_INTERNATIONAL;
    let number = if complete { digits } else { format!("{}{digits}", phone.country_code) };
    if (7..=15).contains(&number.len()) { Ok(number) } else { Err(invalid()) }
}

/// Whether a text has the form of a user id: a country, a dot, up to 128 letters and digits.
pub(crate) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl Customer {
    /// What stands for the person in the double's memory.
    pub(crate) fn key(&self) -> String {
        self.wa_id.clone().unwrap_or_else(|| self.user_id())
    }

    /// The user id, made from the number where none is set.
    pub(crate) fn user_id(&self) -> String {
        if let Some(user_id) = &self.user_id {
            return user_id.clone();
        }
        let number = self.wa_id.as_deref().unwrap_or_default();
        let country = COUNTRIES
            .iter()
            .filter(|(code, _)| number.starts_with(code))
            .max_by_key(|(code, _)| code.len())
            .map_or("ZZ", |(_, country)| country);
        let digest = Sha256::digest(number.as_bytes());
        let digits = digest.iter().take(20).map(|byte| char::from(b'0' + byte % 10));
        format!("{country}.{}", digits.collect::<String>())
    }

    /// The element of `contacts` in a webhook.
    pub(crate) fn contact(&self, with_user_id: bool) -> Value {
        let mut profile = Map::new();
        if let Some(name) = &self.name {
            profile.insert("name".to_owned(), json!(name));
        }
        if let Some(username) = &self.username {
            profile.insert("username".to_owned(), json!(username));
        }
        let mut contact = Map::from_iter([("profile".to_owned(), Value::Object(profile))]);
        if let Some(wa_id) = &self.wa_id {
            contact.insert("wa_id".to_owned(), json!(wa_id));
        }
        if with_user_id || self.wa_id.is_none() {
            contact.insert("user_id".to_owned(), json!(self.user_id()));
        }
        Value::Object(contact)
    }
}

impl MetaConfig {
    /// The person whom a number reaches.
    pub(crate) fn by_number(&self, number: &str) -> Customer {
        let reached = |customer: &&Customer| {
            customer.wa_id.as_deref() == Some(number) || customer.aliases.iter().any(|alias| alias == number)
        };
        let found = self.customers.iter().find(reached).cloned();
        found.unwrap_or_else(|| Customer::new(number))
    }

    /// The person with this user id.
    pub(crate) fn by_user_id(&self, user_id: &str) -> Customer {
        let mut known = self.customers.iter();
        let found = known.find(|customer| customer.user_id() == user_id);
        found.cloned().unwrap_or_else(|| Customer::hidden(user_id))
    }
}
