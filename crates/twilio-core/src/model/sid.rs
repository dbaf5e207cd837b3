//! Twilio's ids: two letters and 32 hexadecimal digits.
//!
//! *See [Twilio docs/SID](https://www.twilio.com/docs/glossary/what-is-a-sid)*

/// Whether a text is an id with this prefix, for instance `CA`: the prefix and 32 hexadecimal digits.
#[must_use]
pub fn is(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The first id with this prefix in the path of an address. Files are fetched by these ids from the configured API, never from an
/// address that somebody else wrote.
///
/// ```
/// use twilio_core::model::sid;
///
/// let url = "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings/\
///            RE00000000000000000000000000000002.mp3?Download=true";
/// assert_eq!(sid::find(url, "RE"), Some("RE00000000000000000000000000000002"));
/// assert_eq!(sid::find(url, "ME"), None);
/// ```
#[must_use]
pub fn find<'a>(url: &'a str, prefix: &str) -> Option<&'a str> {
    let path = url.split(['?', '#']).next()?;
    path.split('/').map(|segment| segment.split('.').next().unwrap_or_default()).find(|segment| is(prefix, segment))
}
