//! What of a webhook is signed, and how it is written for that.

use std::collections::{BTreeMap, BTreeSet};

use comms_http::{Secret, WebhookRequest, signature};
use http::{Method, header::CONTENT_TYPE};

use crate::{Params, callback};

/// The parameter of the address that holds the hash of a body that is not a form.
const HASH: &str = "bodySHA256";

/// Signs as Twilio does: the address, then each name and its values, by name. For tests and simulators.
///
/// ```
/// use twilio_core::{Secret, webhook::sign};
///
/// // The example of Twilio's page on webhook security.
/// let token = Secret::from("12345");
/// let form = [
///     ("CallSid", "CA1234567890ABCDE"),
///     ("Caller", "+12349013030"),
///     ("Digits", "1234"),
///     ("From", "+12349013030"),
///     ("To", "+18005551212"),
/// ];
/// let signature = sign(&token, "https://mycompany.com/myapp.php?foo=1&bar=2", form);
/// assert_eq!(signature, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
/// ```
///
/// *See [Twilio docs/Webhooks security](https://www.twilio.com/docs/usage/webhooks/webhooks-security)*
#[must_use]
pub fn sign<'a>(auth_token: &Secret, url: &str, params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    signature::hmac_sha1_base64(auth_token, format!("{url}{}", joined(params)).as_bytes())
}

/// What the signature of a webhook covers.
#[derive(Clone, Debug)]
pub(crate) enum Signed {
    /// The address and these parameters.
    Form(Params),
    /// The address alone: there is no body to speak of.
    Address,
    /// The address alone, which holds the hash of the body.
    Hash,
}

impl Signed {
    /// How a request is signed, by its method and what its body says it is.
    pub(crate) fn of(request: &WebhookRequest) -> Self {
        if matches!(request.method, Method::GET | Method::HEAD) {
            return Self::Address;
        }
        let media_type = media_type(request);
        let form = match media_type.as_deref() {
            Some("application/x-www-form-urlencoded") => true,
            Some(json) if json == "application/json" || json.ends_with("+json") => false,
            Some(_) => request.body.is_empty(),
            None => !callback::query(&request.url).has(HASH),
        };
        if form { Self::Form(Params::parse(&request.body)) } else { Self::Hash }
    }

    /// The texts that may have been signed: one for each way in which Twilio may have written the port.
    pub(crate) fn readings(&self, url: &str) -> Vec<String> {
        let form = self.form();
        let mut readings: Vec<String> = addresses(url).into_iter().map(|address| address + &form).collect();
        readings.dedup();
        readings
    }

    /// Whether the hash in the address is that of the body, where the signature itself does not cover the body.
    ///
    /// An address that promises a body must have it whatever the request says it is: else a webhook could be repeated with its
    /// body cut off.
    pub(crate) fn hash_holds(&self, request: &WebhookRequest) -> bool {
        let query = callback::query(&request.url);
        match query.raw(HASH) {
            Some(_) if !self.form().is_empty() => true,
            Some(hash) => signature::constant_time_eq(hash, &signature::sha256_hex(&request.body)),
            None => !matches!(self, Self::Hash),
        }
    }

    fn form(&self) -> String {
        match self {
            Self::Form(params) => joined(params.iter()),
            Self::Address | Self::Hash => String::new(),
        }
    }
}

/// Each name and its values, without anything between them: names in the order of their code points, the values of one name in
/// theirs, equal ones once.
fn joined<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in params {
        sorted.entry(name).or_default().insert(value);
    }
    let mut joined = String::new();
    for (name, values) in sorted {
        for value in values {
            joined.push_str(name);
            joined.push_str(value);
        }
    }
    joined
}

/// The address as it is, with its port removed, with the default port added.
fn addresses(url: &str) -> Vec<String> {
    let mut addresses = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return addresses };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let path = &rest[authority.len()..];
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    // The colons of an IPv6 address are inside of its brackets.
    let after_host = authority.rfind(']').filter(|at| *at >= host_at).unwrap_or(host_at);
    match authority[after_host..].find(':') {
        Some(colon) => {
            let host = &authority[..after_host + colon];
            addresses.push(format!("{scheme}://{host}{path}"));
        }
        None => {
            let port = match scheme.to_ascii_lowercase().as_str() {
                "https" | "wss" => "443",
                "http" | "ws" => "80",
                _ => return addresses,
            };
            addresses.push(format!("{scheme}://{authority}:{port}{path}"));
        }
    }
    addresses
}

/// The media type of the body, in lower case, without parameters.
fn media_type(request: &WebhookRequest) -> Option<String> {
    let value = request.headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}
