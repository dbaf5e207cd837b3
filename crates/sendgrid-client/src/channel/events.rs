//! What becomes of our mails.

use comms_core::{
    Address, Batch, Change, Event as Told, EventKey, EventKind, OptChange, Party, Problem, Status, StatusUpdate,
};
use comms_http::ErrorKind;
use serde_json::{Value, json};

use super::{OUR_ACCOUNT, OUR_ID, OUR_RECIPIENT, accounts, accounts::Accounts};
use crate::{
    PROVIDER,
    webhook::{Element, Event, EventType},
};

/// What unsubscribing from everything, and a report of spam, cover.
const EVERYTHING: &str = "messages";
/// What leaving a group covers: mails of that kind, never an answer to a person.
const GROUP: &str = "marketing_messages";

/// What stands elsewhere in the event.
const ELSEWHERE: [&str; 12] = [
    "event",
    "event_type",
    "email",
    "to_email",
    "timestamp",
    "sg_event_id",
    "sg_message_id",
    "message_id",
    "smtp-id",
    OUR_ID,
    OUR_ACCOUNT,
    OUR_RECIPIENT,
];

/// One event or two for each element: what became of the mail, and what its reader wants from now on.
pub(super) fn batch(elements: &[Element], ours: &Accounts) -> Batch {
    let mut events = Vec::new();
    for element in elements {
        match element {
            Element::Event(event) => events.extend(told(event, ours)),
            Element::Strange(raw) => events.push(strange("event", raw, ours)),
        }
    }
    Batch { events, ..Batch::default() }
}

fn told(event: &Event, ours: &Accounts) -> Vec<Told> {
    let about = About { event, ours };
    match &event.kind {
        EventType::AccountStatusChange => vec![about.account_changed()],
        EventType::Other(word) => vec![strange(word, &event.raw, ours)],
        // Of nobody's mail that could be named.
        _ if about.subject().is_none() && event.email.is_none() => vec![strange(event.kind.as_str(), &event.raw, ours)],
        _ => std::iter::once(about.status()).chain(about.opt()).collect(),
    }
}

/// What is not understood, as it came.
fn strange(name: &str, raw: &Value, ours: &Accounts) -> Told {
    let key = EventKey::of_value(raw);
    let kind = EventKind::Unknown { name: name.to_owned(), raw: raw.clone() };
    Told { account: ours.first(), subject: key.to_string(), key, occurred_at: None, kind }
}

struct About<'a> {
    event: &'a Event,
    ours: &'a Accounts,
}

impl About<'_> {
    fn make(&self, subject: &str, kind: EventKind) -> Told {
        Told { account: self.account(), subject: subject.to_owned(), key: self.key(), occurred_at: self.event.at, kind }
    }

    /// The account that sent the mail: it travels with it, and SendGrid has signed that it came back.
    fn account(&self) -> comms_core::AccountId {
        let own = self.event.custom_arg(OUR_ACCOUNT).map(comms_core::AccountId::from);
        let own = own.filter(|account| account.provider() == PROVIDER);
        own.or_else(|| Some(self.ours.of(self.event.from_email.as_deref()?))).unwrap_or_else(|| self.ours.first())
    }

    /// SendGrid's id of the event; where another program passes one on without it, what it says.
    fn key(&self) -> EventKey {
        self.event.id.as_ref().map_or_else(|| EventKey::of_value(&self.event.raw), EventKey::new)
    }

    /// The id under which the mail was taken; where an event has another, ours.
    fn subject(&self) -> Option<&str> {
        let ours = self.event.custom_arg(OUR_ID);
        self.event.mail_id().or(ours).or(self.event.message_id.as_deref()).or(self.event.smtp_id.as_deref())
    }

    fn status(&self) -> Told {
        let event = self.event;
        let update = StatusUpdate {
            recipient: self.party(),
            problem: problem(event),
            correlation: event.custom_arg(OUR_ID).map(str::to_owned),
            extra: self.rest(),
            ..StatusUpdate::new(self.meaning(), event.kind.as_str())
        };
        let key = self.key();
        let subject = self.subject().unwrap_or(key.as_str());
        self.make(subject, EventKind::Status(Box::new(update)))
    }

    /// What an event means for the mail; what became of a copy is kept, and means nothing for it.
    fn meaning(&self) -> Option<Status> {
        let event = self.event;
        if let (Some(whose), Some(email)) = (event.custom_arg(OUR_RECIPIENT), &event.email)
            && whose != accounts::fingerprint(email)
        {
            return None;
        }
        Some(match event.kind {
            EventType::Processed | EventType::Deferred => Status::Accepted,
            EventType::Delivered | EventType::SpamReport => Status::Delivered,
            // A program that fetches images for everybody has read nothing.
            EventType::Open if event.machine_open => Status::Delivered,
            EventType::Open | EventType::Click => Status::Read,
            EventType::Bounce | EventType::Dropped => Status::Failed,
            _ => return None,
        })
    }

    fn opt(&self) -> Option<Told> {
        let (opted_in, scope) = match self.event.kind {
            EventType::SpamReport | EventType::Unsubscribe => (false, EVERYTHING),
            EventType::GroupUnsubscribe => (false, GROUP),
            EventType::GroupResubscribe => (true, GROUP),
            _ => return None,
        };
        self.event.email.as_ref()?;
        let change = OptChange { party: self.party(), opted_in, scope: scope.to_owned(), raw: self.event.raw.clone() };
        let key = self.key();
        Some(self.make(self.subject().unwrap_or(key.as_str()), EventKind::Opt(change)))
    }

    fn account_changed(&self) -> Told {
        let change = Change { field: self.event.kind.as_str().to_owned(), value: self.event.raw.clone() };
        let key = self.key();
        self.make(key.as_str(), EventKind::Changed(change))
    }

    fn party(&self) -> Party {
        let address = self.event.email.as_deref().map(known);
        address.map(Party::of).unwrap_or_default()
    }

    /// Everything else, and the mail's own id under the name by which answers find their conversation.
    fn rest(&self) -> Value {
        let mut rest = self.event.raw.as_object().cloned().unwrap_or_default();
        ELSEWHERE.iter().for_each(|name| drop(rest.remove(*name)));
        if let Some(id) = &self.event.smtp_id {
            rest.insert("message_id".to_owned(), json!(id));
        }
        if rest.is_empty() { Value::Null } else { Value::Object(rest) }
    }
}

pub(super) fn known(email: &str) -> Address {
    comms_core::Correspondent::new(email).known_as()
}

fn problem(event: &Event) -> Option<Problem> {
    let refused = event.kind == EventType::Bounce;
    if !refused && event.kind != EventType::Dropped {
        return None;
    }
    let reason = event.reason.clone().or_else(|| event.response.clone());
    let blocked = event.bounce_type.as_deref() == Some("blocked");
    Some(Problem {
        code: event
            .status
            .clone()
            .or_else(|| event.bounce_type.clone())
            .unwrap_or_else(|| event.kind.as_str().to_owned()),
        kind: match reason.as_deref().unwrap_or_default() {
            // Refused for a reason that has nothing to do with the address.
            _ if blocked => ErrorKind::Provider,
            _ if refused => ErrorKind::InvalidRecipient,
            reason => dropped(reason),
        },
        message: reason.unwrap_or_else(|| format!("SendGrid says {}", event.kind)),
    })
}

/// Why a mail was not sent, by SendGrid's words.
fn dropped(reason: &str) -> ErrorKind {
    let reason = reason.to_lowercase();
    let says = |words: &str| reason.contains(words);
    if says("unsubscribed") || says("spam reporting") || says("group unsubscribe") {
        ErrorKind::OptedOut
    } else if says("bounced") || says("invalid") && !says("header") {
        ErrorKind::InvalidRecipient
    } else if says("quota") || says("package") || says("disabled") {
        ErrorKind::Config
    } else {
        ErrorKind::InvalidRequest
    }
}
