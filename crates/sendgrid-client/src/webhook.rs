//! Webhooks: who sent them, and what they say. Events, and inbound mail.
//!
//! SendGrid signs with ECDSA over P-256: the time that it names, followed by the body, byte for byte. So the body must not have been parsed
//! and written again before it is verified.

mod form;
mod mail;

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use comms_http::{
    Clock, Error, ExposeSecret, Result, Secret, SystemClock, WebhookRequest, signature::constant_time_eq,
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value;

pub use crate::model::webhook::{Event, EventType};
pub use mail::{Envelope, InboundFile, InboundMail};

use crate::{PROVIDER, limits};

/// The header that holds the signature.
pub const SIGNATURE_HEADER: &str = "x-twilio-email-event-webhook-signature";
/// The header that holds the time, which is signed too.
pub const TIMESTAMP_HEADER: &str = "x-twilio-email-event-webhook-timestamp";

/// What stands before the point of a P-256 key in DER (`SubjectPublicKeyInfo`).
const KEY_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point: 4, then both coordinates.
const POINT: usize = 65;
/// Fewer digits are none of SendGrid's times, but one of which the last ones were moved into the body: nothing stands between them.
const SHORTEST_TIME: usize = 10;
/// More digits are no time at all.
const LONGEST_TIME: usize = 13;

/// Checks who sent a webhook.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<[u8; POINT]>,
    token: Option<Secret>,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Accepts what is signed with one of these keys, as SendGrid shows them: each webhook and each policy has its own, and while one
    /// is exchanged there are two.
    ///
    /// # Errors
    /// `Config` where there is none, or one is no P-256 key in base64.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let keys: Vec<_> = keys.into_iter().map(key).collect::<Result<_>>()?;
        if keys.is_empty() {
            return Err(Error::config("no key is given").provider(PROVIDER).field("key"));
        }
        Ok(Self { keys, token: None, tolerance: limits::TOLERANCE, clock: Arc::new(SystemClock) })
    }

    /// Accepts what carries this token (`Authorization: Bearer …`) and nothing else: for a relay of one's own that cannot sign as SendGrid
    /// does.
    ///
    /// # Errors
    /// `Config` where it is empty: anybody could tell us anything.
    pub fn only_bearer(token: impl Into<Secret>) -> Result<Self> {
        let verifier =
            Self { keys: Vec::new(), token: None, tolerance: limits::TOLERANCE, clock: Arc::new(SystemClock) };
        verifier.bearer(token)
    }

    /// Accepts, where nothing is signed, what carries this token as well.
    ///
    /// # Errors
    /// `Config` where it is empty.
    pub fn bearer(mut self, token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        comms_http::setting::check_secret("token", &token).map_err(|error| error.provider(PROVIDER))?;
        self.token = Some(token);
        Ok(self)
    }

    /// Refuses signatures older than this; [`limits::TOLERANCE`] unless set.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Reads the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the signature over time and body, or the token.
    ///
    /// # Errors
    /// `InvalidSignature` where it is absent, repeated, malformed, too old or wrong. Answer 401.
    pub fn verify(&self, request: &WebhookRequest) -> Result<Verified> {
        // What claims to be signed must be: a token beside it does not mend it.
        if request.headers.contains_key(SIGNATURE_HEADER) {
            self.check_signature(request)?;
        } else {
            self.check_token(request)?;
        }
        let content_type = request.header_str("content-type").unwrap_or_default().to_owned();
        Ok(Verified { content_type, body: request.body.clone() })
    }

    fn check_signature(&self, request: &WebhookRequest) -> Result<()> {
        let signature = request.header_str(SIGNATURE_HEADER).and_then(|text| STANDARD.decode(text).ok());
        let signature = signature.ok_or_else(|| refused("the signature is repeated or no base64"))?;
        let time = request.header_str(TIMESTAMP_HEADER).unwrap_or_default();
        if !(SHORTEST_TIME..=LONGEST_TIME).contains(&time.len()) || !time.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused("the time is absent, repeated or no time"));
        }
        let mut signed = Vec::with_capacity(time.len() + request.body.len());
        signed.extend_from_slice(time.as_bytes());
        signed.extend_from_slice(&request.body);
        let holds = |key: &[u8; POINT]| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.as_slice());
            key.verify(&signed, &signature).is_ok()
        };
        if !self.keys.iter().any(holds) {
            return Err(refused("the signature is none of a key that is known"));
        }
        self.check_age(time)
    }

    fn check_age(&self, time: &str) -> Result<()> {
        let then: i64 = time.parse().map_err(|_| refused("the time is no time"))?;
        let age = self.clock.now().unix_timestamp().saturating_sub(then);
        let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        if age > seconds(self.tolerance) || age < -seconds(limits::CLOCK_SKEW) {
            return Err(refused("the signature is too old, or from the future"));
        }
        Ok(())
    }

    fn check_token(&self, request: &WebhookRequest) -> Result<()> {
        let token = self.token.as_ref().ok_or_else(|| refused("the signature is absent"))?;
        let (scheme, given) =
            request.header_str("authorization").and_then(|value| value.split_once(' ')).unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") && constant_time_eq(token.expose_secret(), given.trim()) {
            return Ok(());
        }
        Err(refused("neither a signature nor the token is there"))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys.len())
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// A webhook whose sender is proved. Only [`Verifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    content_type: String,
    body: Bytes,
}

impl Verified {
    /// What it says.
    #[must_use]
    pub fn parse(&self) -> Webhook {
        Webhook::read(&self.content_type, &self.body)
    }
}

/// What a webhook says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Webhook {
    /// What became of mails, each by itself.
    Events(Vec<Element>),
    /// A mail that came.
    Mail(Box<InboundMail>),
    /// Neither; why.
    Unreadable(String),
}

/// An element of a webhook with events.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// An event.
    Event(Box<Event>),
    /// What is none, as it came.
    Strange(Value),
}

impl Webhook {
    /// Reads a webhook that was verified when it was stored: a form with files is inbound mail, anything else is to be JSON with events. One
    /// event without a list around it, as other programs pass them on, is a list of one.
    #[must_use]
    pub fn read(content_type: &str, body: &Bytes) -> Self {
        if content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
            return InboundMail::read(content_type, body)
                .map_or_else(Self::Unreadable, |mail| Self::Mail(Box::new(mail)));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Array(elements)) if elements.is_empty() => Self::Unreadable("the list is empty".to_owned()),
            Ok(Value::Array(elements)) => Self::Events(elements.into_iter().map(element).collect()),
            Ok(object @ Value::Object(_)) => Self::Events(vec![element(object)]),
            Ok(_) => Self::Unreadable("the body is neither a list of events nor an event".to_owned()),
            Err(error) => Self::Unreadable(format!("the body is not JSON: {error}")),
        }
    }
}

fn element(value: Value) -> Element {
    match Event::read(&value) {
        Some(event) => Element::Event(Box::new(event)),
        None => Element::Strange(value),
    }
}

fn key(text: &str) -> Result<[u8; POINT]> {
    let wrong = || {
        let what = "must be the public key that SendGrid shows: base64 that begins with MFkwEwYHKoZIzj0C";
        Error::config(what).provider(PROVIDER).field("key")
    };
    let der = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
    let point: [u8; POINT] = der.strip_prefix(&KEY_HEAD).and_then(|point| point.try_into().ok()).ok_or_else(wrong)?;
    if point[0] == 4 { Ok(point) } else { Err(wrong()) }
}

fn refused(why: &str) -> Error {
    Error::invalid_signature(why).provider(PROVIDER)
}
