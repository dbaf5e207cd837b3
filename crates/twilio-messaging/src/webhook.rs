//! Webhooks: verified first, then read.
//!
//! Twilio signs the address *as it called it* together with the parameters. [`Verifier::verify`] is the only way to a [`Verified`],
//! and that the only way to what the webhook says: no event without a proof.
//!
//! ```
//! use comms_http::{Secret, WebhookRequest};
//! use twilio_messaging::webhook::{Params, SIGNATURE_HEADER, Verifier, Webhook, sign};
//!
//! let (account, token) = ("AC00000000000000000000000000000001", Secret::from("an invented token"));
//! let verifier = Verifier::new(account, token.clone())?;
//!
//! let url = "https://example.org/webhook/sms";
//! let body = "AccountSid=AC00000000000000000000000000000001&Body=hola&From=%2B34600000000&\
//!             MessageSid=SM00000000000000000000000000000001&NumMedia=0&To=%2B15005550006";
//! # let signature = sign(&token, url, Params::parse(body.as_bytes()).iter());
//! let request = WebhookRequest::post(url, body)
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .header(SIGNATURE_HEADER, &signature);
//! let Webhook::Inbound(message) = Webhook::of(&verifier.verify(&request)?) else { panic!("a message") };
//! assert_eq!(message.from.as_ref().and_then(|from| from.phone()), Some("+34600000000"));
//! assert_eq!(message.body.as_deref(), Some("hola"));
//!
//! assert!(verifier.verify(&WebhookRequest::post(url, body)).is_err());
//! # Ok::<(), twilio_messaging::Error>(())
//! ```
//!
//! Answer with [`EMPTY_RESPONSE`] as `text/xml` and status 200, as soon as the webhook is stored: Twilio waits 15 seconds and
//! delivers once, unless the address says otherwise. Reports may come twice and in any order.
//!
//! *See [Twilio docs/Webhook security](https://www.twilio.com/docs/usage/webhooks/webhooks-security)*

mod inbound;
mod other;
mod status;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
pub use twilio_core::{
    Params,
    webhook::{SIGNATURE_HEADER, Verified, Verifier, sign},
};

pub use self::{
    inbound::{FromPlace, InboundMedia, InboundMessage, MessageType, OptOutType, Referral, ToPlace, WhatsApp, keyword},
    other::{Alert, CloudEvent, Fault},
    status::{ChannelEvent, StatusCallback},
};
use crate::model::message::MessageStatus;

/// The answer to a webhook of messages that says nothing to the writer: TwiML, media type `text/xml`.
pub const EMPTY_RESPONSE: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;

/// What a webhook of messages says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Webhook {
    /// Somebody wrote to us.
    Inbound(Box<InboundMessage>),
    /// What became of a message of ours.
    Status(Box<StatusCallback>),
    /// Somebody wrote to us, and the first address that Twilio called failed.
    Fallback(Box<InboundMessage>, Fault),
    /// Something went wrong in the account.
    Alert(Box<Alert>),
    /// Events of Event Streams.
    Events(Vec<CloudEvent>),
    /// What this version does not know, as it came: parameters by their names, or JSON.
    Other(Value),
}

impl Webhook {
    /// Reads a verified webhook. Whatever it says, nothing of it is lost.
    #[must_use]
    pub fn of(verified: &Verified) -> Self {
        match verified.body() {
            Some(body) => Self::of_body(body),
            None => Self::of_params(verified.params()),
        }
    }

    /// Reads a request that was verified, now or before it was stored.
    #[cfg(feature = "channel")]
    pub(crate) fn of_request(params: &Params, body: &[u8]) -> Self {
        if params.is_empty() && !body.is_empty() {
            return Self::of_body(body);
        }
        Self::of_params(params)
    }

    /// JSON, or what was meant to be.
    fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(json) => Self::of_json(&json),
            Err(_) => Self::Other(Value::String(String::from_utf8_lossy(body).into_owned())),
        }
    }

    /// Reads the parameters of a webhook that was verified before.
    #[must_use]
    pub fn of_params(params: &Params) -> Self {
        let named = present(params);
        let has = |name: &str| named.contains_key(name);
        if has("Payload") && has("PayloadType") && has("Level") {
            return read(named, Self::Alert);
        }
        let with_sid = ["MessageSid", "SmsSid", "SmsMessageSid"].into_iter().any(has);
        if !with_sid || has("CallSid") {
            return Self::Other(Value::Object(params.to_map()));
        }
        if is_report(&named) {
            return read(named, Self::Status);
        }
        if !has("From") {
            return Self::Other(Value::Object(params.to_map()));
        }
        match Fault::of(params) {
            Some(fault) => read(named, |message| Self::Fallback(message, fault)),
            None => read(named, Self::Inbound),
        }
    }

    /// Reads the JSON of a webhook that was verified before.
    #[must_use]
    pub fn of_json(json: &Value) -> Self {
        let is_event = |value: &Value| value.get("specversion").is_some() && value.get("type").is_some();
        let elements = match json {
            Value::Array(elements) if !elements.is_empty() && elements.iter().any(is_event) => elements.as_slice(),
            single if is_event(single) => std::slice::from_ref(single),
            _ => return Self::Other(json.clone()),
        };
        Self::Events(elements.iter().map(CloudEvent::of).collect())
    }
}

/// The parameters that say something, by name. One that is repeated with the same value says it once.
fn present(params: &Params) -> Map<String, Value> {
    let is_blank = |value: &Value| value.as_str().is_some_and(str::is_empty);
    let mut named = params.to_map();
    for value in named.values_mut() {
        if let Value::Array(values) = value {
            let mut seen = Vec::new();
            values.retain(|value| {
                !is_blank(value) && !seen.contains(value) && {
                    seen.push(value.clone());
                    true
                }
            });
            if values.len() < 2 {
                *value = values.pop().unwrap_or_else(|| Value::String(String::new()));
            }
        }
    }
    named.retain(|_, value| !is_blank(value));
    named
}

/// Whether the parameters report on a message of ours. Reports of old have `SmsStatus` alone, and no text.
fn is_report(named: &Map<String, Value>) -> bool {
    let word = |name: &str| named.get(name).and_then(Value::as_str).map(MessageStatus::from);
    let arrives = |word: &MessageStatus| matches!(word, MessageStatus::Receiving | MessageStatus::Received);
    match (word("MessageStatus"), word("SmsStatus")) {
        (Some(word), _) => !arrives(&word),
        (None, Some(word)) => !arrives(&word) && !named.contains_key("Body") && !named.contains_key("NumMedia"),
        (None, None) => false,
    }
}

/// Reads what has a type here; where a known parameter is repeated with different values, it is kept as it came.
fn read<T: DeserializeOwned>(named: Map<String, Value>, known: impl FnOnce(Box<T>) -> Webhook) -> Webhook {
    match serde_json::from_value(Value::Object(named.clone())) {
        Ok(read) => known(Box::new(read)),
        Err(_) => Webhook::Other(Value::Object(named)),
    }
}
