//! What an address that Twilio calls back carries: parameters of ours, which its signature covers.
//!
//! ```
//! use twilio_core::callback;
//!
//! let url = callback::with("https://example.com/voz#rc=2", &[("account", "twilio-voice:+15005550006"), ("step", "1")]);
//! assert_eq!(url, "https://example.com/voz?account=twilio-voice%3A%2B15005550006&step=1#rc=2");
//! assert_eq!(callback::query(&url).get("account"), Some("twilio-voice:+15005550006"));
//! ```

use std::fmt::Write as _;

use crate::Params;

/// Appends query parameters to `url`, each percent-encoded, and leaves everything else of it as it is: what is signed is the
/// address letter by letter. A fragment, in which Twilio reads its connection overrides, stays at the end.
///
/// *See [Twilio docs/Connection overrides](https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)*
#[must_use]
pub fn with(url: &str, parameters: &[(&str, &str)]) -> String {
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (url, None),
    };
    let mut whole = address.to_owned();
    let mut separator = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        whole.push_str(separator);
        encode(name, &mut whole);
        whole.push('=');
        encode(value, &mut whole);
        separator = "&";
    }
    if let Some(fragment) = fragment {
        whole.push('#');
        whole.push_str(fragment);
    }
    whole
}

/// The query parameters of an address, decoded.
///
/// They prove nothing by themselves: read them from a [`Verified`](crate::webhook::Verified) webhook or from a stored one.
#[must_use]
pub fn query(url: &str) -> Params {
    let address = url.split_once('#').map_or(url, |(address, _)| address);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    Params::parse(query.as_bytes())
}

/// Percent-encodes all but the characters that no one rewrites on the way.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}
