//! Ids and numbers in Twilio's forms.

use crate::core::Core;

/// A fresh SID: two letters and 32 hexadecimal digits.
pub(crate) fn sid(core: &Core, prefix: &str) -> String {
    format!("{prefix}{}", core.fresh().simple())
}

/// Whether this is a telephone number in the international form: `+` and 7 to 15 digits.
pub(crate) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether this is a sender's name: up to 11 characters, one of them a letter.
pub(crate) fn is_alphanumeric_sender(text: &str) -> bool {
    text.len() <= 11
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_+&".contains(&byte))
}

/// Whether this is a user id of WhatsApp: two letters, a point, letters and digits.
pub(crate) fn is_user_id(text: &str) -> bool {
    text.split_once('.').is_some_and(|(country, rest)| {
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && !rest.is_empty()
            && rest.len() <= 128
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The country of a number, as far as tests need it.
pub(crate) fn country(number: &str) -> &'static str {
    const CODES: [(&str, &str); 8] = [
        ("+1", "US"),
        ("+34", "ES"),
        ("+44", "GB"),
        ("+49", "DE"),
        ("+52", "MX"),
        ("+54", "AR"),
        ("+57", "CO"),
        ("+972", "IL"),
    ];
    let found = CODES.iter().rev().find(|(code, _)| number.starts_with(code));
    found.map_or("", |(_, country)| country)
}

/// `(305) 141-6799` for a number of North America, the number itself for others, the identity for a browser.
pub(crate) fn formatted(address: &str) -> String {
    if let Some(identity) = address.strip_prefix("client:") {
        return identity.to_owned();
    }
    match address.strip_prefix("+1") {
        Some(rest) if rest.len() == 10 && rest.is_ascii() => format!("({}) {}-{}", &rest[..3], &rest[3..6], &rest[6..]),
        _ => address.to_owned(),
    }
}
