//! Signatures of [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
//! `webhook-id`, `webhook-timestamp` and `webhook-signature` over id, time and body.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use secrecy::SecretSlice;
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

use crate::{Error, ExposeSecret, Result, Secret};

/// The header with the id of what is told: the same however often it is sent.
pub const ID: HeaderName = HeaderName::from_static("webhook-id");
/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The header with the signatures, separated by spaces: one for each key that is valid.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// By how much the clocks of both sides may differ.
pub const TOLERANCE: Duration = Duration::minutes(5);

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";
/// The lengths that the specification permits, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A symmetric key: `whsec_` and its bytes in base64.
///
/// ```
/// use comms_http::{Secret, standard_webhooks::SigningKey};
///
/// let key = SigningKey::parse(&Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))?;
/// let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
/// assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// # Ok::<(), comms_http::Error>(())
/// ```
pub struct SigningKey(SecretSlice<u8>);

impl SigningKey {
    /// A key of these bytes.
    ///
    /// # Errors
    /// `Config` where they are fewer than 24 or more than 64.
    pub fn of_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes: Vec<u8> = bytes.into();
        if !LENGTHS.contains(&bytes.len()) {
            return Err(Error::config("the key of a webhook has 24 to 64 bytes"));
        }
        Ok(Self(bytes.into()))
    }

    /// Reads a key, with or without `whsec_`.
    ///
    /// # Errors
    /// `Config` for what is no base64 of 24 to 64 bytes.
    pub fn parse(text: &Secret) -> Result<Self> {
        let text = text.expose_secret();
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text));
        // The cause would name a character of the secret.
        Self::of_bytes(bytes.map_err(|_| Error::config("the key of a webhook is no base64"))?)
    }

    /// The key as a receiver is given it.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::from(format!("{PREFIX}{}", STANDARD.encode(self.0.expose_secret())))
    }

    /// One signature: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mac = self.mac(id, timestamp, body).finalize().into_bytes();
        format!("{VERSION},{}", STANDARD.encode(mac))
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of every length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

/// Checks a webhook that was received, as whoever sent it with one of these keys signed it. Returns its id: whoever has seen that
/// id has seen the webhook.
///
/// # Errors
/// `InvalidSignature` where a header is absent, the time is more than [`TOLERANCE`] from `now`, or no signature is right.
pub fn verify(keys: &[SigningKey], headers: &HeaderMap, body: &[u8], now: OffsetDateTime) -> Result<String> {
    let text = |name: HeaderName| {
        let value = headers.get(&name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| Error::invalid_signature(format!("header {name} is absent")))
    };
    let (id, timestamp, signatures) = (text(ID)?, text(TIMESTAMP)?, text(SIGNATURE)?);
    let sent = timestamp.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let sent = sent.ok_or_else(|| Error::invalid_signature("the time of the webhook cannot be read"))?;
    if (now - sent).abs() > TOLERANCE {
        return Err(Error::invalid_signature("the webhook is too old, or a clock is wrong"));
    }
    let given = signatures.split(' ').filter_map(|one| one.strip_prefix(VERSION)?.strip_prefix(','));
    let given: Vec<Vec<u8>> = given.filter_map(|one| STANDARD.decode(one).ok()).collect();
    let right =
        |key: &SigningKey| given.iter().any(|one| key.mac(id, sent.unix_timestamp(), body).verify_slice(one).is_ok());
    if keys.iter().any(right) {
        return Ok(id.to_owned());
    }
    Err(Error::invalid_signature("no signature of the webhook is right"))
}
