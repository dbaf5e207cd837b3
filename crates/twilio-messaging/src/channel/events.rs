//! From what a webhook says to events.

use std::collections::BTreeSet;

use comms_core::{AccountId, Batch, Change, Event, EventKey, EventKind, InboundMessage as Message, OptChange};
use comms_http::WebhookRequest;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use twilio_core::{Params, callback};

use super::{
    accounts,
    contents::{self, Mapped},
};
use crate::{
    Address,
    webhook::{Alert, CloudEvent, Fault, InboundMessage, OptOutType, Webhook},
};

/// What an opt-out covers.
const SCOPE: &str = "messages";

/// The parameters of our own in the address: they are not Twilio's to say.
pub(super) const OURS: [&str; 3] = ["account", "message", "step"];

/// One event for each thing that the webhook says. The request was verified, now or before it was stored.
pub(super) fn batch(request: &WebhookRequest, known: &BTreeSet<AccountId>) -> Batch {
    let query = callback::query(&request.url);
    let of = |name| query.get(name).map(str::to_owned);
    let about = About { account: of("account").map(AccountId::new), message: of("message"), known };
    let params = Params::of_request(request);
    let events = match Webhook::of_request(&params, &request.body) {
        Webhook::Inbound(message) => about.message(&message),
        Webhook::Fallback(message, fault) => {
            let mut events = about.message(&message);
            events.push(about.fault(&message, &fault));
            events
        }
        Webhook::Status(report) => vec![about.status(&report)],
        Webhook::Alert(alert) => vec![about.alert(&alert)],
        Webhook::Events(events) => events.iter().map(|event| about.cloud_event(event)).collect(),
        Webhook::Other(Value::Object(fields)) if fields.is_empty() => Vec::new(),
        Webhook::Other(raw) => vec![about.other(raw)],
    };
    let problem = events.is_empty().then(|| "the webhook says nothing".to_owned());
    // It was proved by the token of the account that it names; JSON, which names none, by that of any.
    let speaker = params.get("AccountSid").map(|sid| AccountId::of(accounts::PARENT, sid));
    Batch { events, problem, speaker, ..Batch::default() }
}

/// What the webhook's address says, and which accounts are ours.
pub(super) struct About<'a> {
    account: Option<AccountId>,
    pub(super) message: Option<String>,
    known: &'a BTreeSet<AccountId>,
}

impl About<'_> {
    fn message(&self, message: &InboundMessage) -> Vec<Event> {
        let account = self.account_of(message);
        let party = accounts::writer(message);
        let opt = self.opt(&account, message);
        let Mapped { content, mut rest } = contents::of_message(message);
        OURS.iter().for_each(|name| drop(rest.remove(*name)));
        let kind = EventKind::Message(Box::new(Message {
            reply_to: message.whatsapp.original_replied_message_sid.clone(),
            extra: object_or_null(rest),
            ..Message::new(party, content)
        }));
        let event = self.make(account, message.sid(), EventKey::new(message.sid()), None, kind);
        std::iter::once(event).chain(opt).collect()
    }

    /// Who wrote a keyword does not, or does again, want to be written to. The message itself is an event of its own.
    fn opt(&self, account: &AccountId, message: &InboundMessage) -> Option<Event> {
        let opted_in = match message.opt_out()? {
            OptOutType::Stop => false,
            OptOutType::Start => true,
            _ => return None,
        };
        let kind = EventKind::Opt(OptChange {
            party: accounts::writer(message),
            opted_in,
            scope: SCOPE.to_owned(),
            raw: json!({ "Body": message.body, "OptOutType": message.opt_out_type }),
        });
        Some(self.make(account.clone(), message.sid(), EventKey::new(message.sid()), None, kind))
    }

    /// Our first address failed: an operator wants to know.
    fn fault(&self, message: &InboundMessage, fault: &Fault) -> Event {
        let key = EventKey::new(format!("{}:{}", message.sid(), fault.code));
        let value = json!({ "MessageSid": message.sid(), "ErrorCode": fault.code, "ErrorUrl": fault.url });
        let kind = EventKind::Changed(Change { field: "webhook_fault".to_owned(), value });
        self.make(self.account_of(message), message.sid(), key, None, kind)
    }

    fn alert(&self, alert: &Alert) -> Event {
        let mut value = serde_json::to_value(alert).unwrap_or_default();
        if let Some(details) = alert.details() {
            value["Payload"] = details;
        }
        let key = alert.sid.as_ref().map_or_else(|| EventKey::of_value(&value), EventKey::new);
        let subject = alert.sid.clone().unwrap_or_else(|| key.to_string());
        let account = accounts::parent(alert.account_sid.as_deref());
        let at = alert.timestamp.as_deref().and_then(instant);
        self.make(account, &subject, key, at, EventKind::Changed(Change { field: "debugger".to_owned(), value }))
    }

    fn cloud_event(&self, event: &CloudEvent) -> Event {
        let key = event.id.as_ref().map_or_else(|| EventKey::of_value(&event.raw), EventKey::new);
        let subject = event.id.clone().unwrap_or_else(|| key.to_string());
        let account_sid = event.raw.pointer("/data/accountSid").and_then(Value::as_str);
        let name = event.kind.clone().unwrap_or_default();
        let raw = event.raw.clone();
        let kind = if name.starts_with("com.twilio.") {
            EventKind::Changed(Change { field: name, value: raw })
        } else {
            EventKind::Unknown { name, raw }
        };
        let at = event.time.as_deref().and_then(instant);
        self.make(accounts::parent(account_sid), &subject, key, at, kind)
    }

    fn other(&self, raw: Value) -> Event {
        let text = |name: &str| raw.get(name).and_then(Value::as_str);
        let key = EventKey::of_value(&raw);
        let subject = ["MessageSid", "SmsSid", "CallSid", "Sid"].into_iter().find_map(text).unwrap_or(key.as_str());
        let name = if raw.get("CallSid").is_some() { "call" } else { "webhook" };
        let account = self.account.clone().unwrap_or_else(|| match (text("To"), text("From")) {
            (Some(to), Some(_)) => accounts::of_address(&Address::from(to)),
            _ => accounts::parent(text("AccountSid")),
        });
        let (subject, name) = (subject.to_owned(), name.to_owned());
        self.make(account, &subject, key, None, EventKind::Unknown { name, raw })
    }

    fn account_of(&self, message: &InboundMessage) -> AccountId {
        self.account(message.to.as_ref(), message.messaging_service_sid.as_deref(), &message.account_sid)
    }

    /// The account that our address stands for. What the webhook's own address says goes before; a Messaging Service goes before
    /// its number where it is the one that is registered.
    pub(super) fn account(
        &self,
        ours: Option<&Address>,
        service: Option<&str>,
        account_sid: &Option<String>,
    ) -> AccountId {
        if let Some(account) = &self.account {
            return account.clone();
        }
        let number = ours.map(accounts::of_address);
        let service = service.map(|sid| AccountId::of(accounts::SMS, sid));
        match (number, service) {
            (Some(number), Some(service)) => {
                let registered = self.known.contains(&service) && !self.known.contains(&number);
                if registered { service } else { number }
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => accounts::parent(account_sid.as_deref()),
        }
    }

    pub(super) fn make(
        &self,
        account: AccountId,
        subject: &str,
        key: EventKey,
        occurred_at: Option<OffsetDateTime>,
        kind: EventKind,
    ) -> Event {
        Event { account, subject: subject.to_owned(), key, occurred_at, kind }
    }
}

fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn object_or_null(fields: Map<String, Value>) -> Value {
    if fields.is_empty() { Value::Null } else { Value::Object(fields) }
}
