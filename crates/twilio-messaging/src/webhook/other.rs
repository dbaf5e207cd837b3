//! What goes wrong in an account, and what its event streams say.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use twilio_core::Params;

/// Why Twilio called the fallback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong at the first address, for instance `11200`.
    pub code: String,
    /// The first address.
    pub url: Option<String>,
}

impl Fault {
    /// Inbound messages have an error only where they come to the fallback address.
    pub(super) fn of(params: &Params) -> Option<Self> {
        Some(Self { code: params.get("ErrorCode")?.to_owned(), url: params.get("ErrorUrl").map(str::to_owned) })
    }
}

/// Something went wrong in the account: a webhook failed, TwiML could not be read …
///
/// *See [Twilio docs/Debugging event webhooks](https://www.twilio.com/docs/usage/troubleshooting/debugging-event-webhooks)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Alert {
    /// Its id, `NO…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The account above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_account_sid: Option<String>,
    /// When it happened: ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// `ERROR` or `WARNING`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// `application/json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_type: Option<String>,
    /// What happened, as text: see [`details`](Self::details).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Parameters that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Alert {
    /// What happened: `error_code`, `resource_sid`, `webhook` …
    #[must_use]
    pub fn details(&self) -> Option<Value> {
        serde_json::from_str(self.payload.as_deref()?).ok()
    }
}

/// An event of Event Streams, as CloudEvents 1.0 writes it.
///
/// *See [Twilio docs/Event delivery](https://www.twilio.com/docs/events/event-delivery)*
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CloudEvent {
    /// What happened, for instance `com.twilio.messaging.message.delivered`.
    pub kind: Option<String>,
    /// Its id, `EZ…`.
    pub id: Option<String>,
    /// When it happened: ISO 8601.
    pub time: Option<String>,
    /// The whole element, as it came.
    pub raw: Value,
}

impl CloudEvent {
    pub(super) fn of(raw: &Value) -> Self {
        let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
        Self { kind: text("type"), id: text("id"), time: text("time"), raw: raw.clone() }
    }
}
