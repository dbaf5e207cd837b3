//! What is not about one of our calls, and what is not understood.

use comms_core::{AccountId, Change, EventKey, EventKind};
use serde_json::{Value, json};

use super::{
    events::{Reading, json as written},
    marks::Marks,
};
use crate::webhook::{Debugger, Fallback, Webhook};

impl Reading {
    /// The request that failed elsewhere, and that it failed.
    pub(super) fn fallback(&mut self, fallback: Fallback) {
        let first = self.batch.events.len();
        if self.marks == Marks::default() && !may_be_a_browsers(&fallback.of) {
            // The fallback address is one for all calls: where this one stood, the failed address says.
            self.marks = Marks::of_url(&fallback.error_url);
        }
        self.read(*fallback.of);
        let code = fallback.error_code.unwrap_or_default();
        let raw = json!({ "ErrorCode": code, "ErrorUrl": fallback.error_url });
        let about = self.batch.events.get(first).map(|event| (event.account.clone(), event.subject.clone()));
        let (account, subject) = about.unwrap_or_else(|| (self.marked_or_above(None), String::new()));
        let key = format!("{subject}:fallback:{}", EventKey::of_value(&raw));
        self.push(account, &subject, key, None, EventKind::Unknown { name: "fallback".to_owned(), raw });
    }

    /// An entry of the debugger.
    pub(super) fn logged(&mut self, entry: Debugger) {
        let value = written(&entry);
        let account = self.marked_or_above(entry.account_sid.as_deref());
        let key = entry.sid.clone().unwrap_or_else(|| EventKey::of_value(&value).to_string());
        let at = entry.timestamp.as_ref().and_then(|time| time.at());
        let subject = entry.sid.unwrap_or_else(|| account.external_id().to_owned());
        self.push(account, &subject, key, at, EventKind::Changed(Change { field: "debugger".to_owned(), value }));
    }

    /// An event of Event Streams.
    pub(super) fn streamed(&mut self, event: Value) {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let account_sid = event.pointer("/data/accountSid").and_then(Value::as_str);
        let account = self.marked_or_above(account_sid);
        let key = text("id").unwrap_or_else(|| EventKey::of_value(&event).to_string());
        let (name, subject) = (text("type").unwrap_or_default(), text("source").unwrap_or_default());
        let at = text("time").and_then(|time| twilio_core::model::Date::from(time.as_str()).at());
        self.push(account, &subject, key, at, EventKind::Unknown { name, raw: event });
    }

    /// Kept as it came.
    pub(super) fn unknown(&mut self, webhook: Webhook) {
        let raw = written(&webhook);
        if is_nothing(&raw) {
            self.batch.problem = Some("the webhook says nothing".to_owned());
            return;
        }
        let text = |name: &str| raw.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
        let account: AccountId = self.marked_or_above(text("AccountSid"));
        let subject = text("CallSid").unwrap_or(account.external_id()).to_owned();
        let key = EventKey::of_value(&raw).to_string();
        self.push(account, &subject, key, None, EventKind::Unknown { name: webhook.name().to_owned(), raw });
    }
}

/// Whether a browser's own parameters may stand in it, of whatever name: then none of them is believed to be Twilio's.
fn may_be_a_browsers(webhook: &Webhook) -> bool {
    let from = written(webhook);
    from.get("From").and_then(Value::as_str).is_none_or(|from| from.starts_with("client:"))
}

fn is_nothing(raw: &Value) -> bool {
    match raw {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
