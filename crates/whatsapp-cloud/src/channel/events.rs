//! From the updates of a webhook to events.

use comms_core::{
    AccountId, Address, AddressKind, Batch, Event, EventKey, EventKind, InboundMessage, MessageOrigin, Party,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    contents::{self, Mapped},
    people::identity_change,
};
use crate::{
    client::PROVIDER,
    model::webhook::{
        Contacts, HistoryMessage, HistoryThread, Message, MessageContent, Notification, Notifications, Timestamp,
        Update,
    },
};

/// One event for each update, in their order.
pub(super) fn batch(all: Notifications) -> Batch {
    let mut unreadable = 0_usize;
    let mut events = Vec::new();
    for notification in all.notifications {
        let (about, updates) = About::of(notification);
        for update in updates {
            unreadable += usize::from(matches!(update, Update::Unreadable { .. }));
            events.push(about.event(update));
        }
    }
    let problem = all
        .problem
        .or_else(|| (unreadable > 0).then(|| format!("{unreadable} updates could not be read and are kept raw")));
    Batch { events, problem, ..Batch::default() }
}

/// What the updates of one notification have in common.
pub(super) struct About {
    pub(super) account: AccountId,
    pub(super) field: String,
    pub(super) time: Option<Timestamp>,
    /// Our own number as it is shown, digits only.
    number: String,
    contacts: Contacts,
}

impl About {
    fn of(notification: Notification) -> (Self, Vec<Update>) {
        let metadata = notification.metadata.unwrap_or_default();
        let account = match metadata.phone_number_id {
            Some(id) => AccountId::of(PROVIDER, &id),
            None => AccountId::of("waba", &notification.waba_id.unwrap_or_default()),
        };
        let about = Self {
            account,
            field: notification.field,
            time: notification.time,
            number: digits(&metadata.display_phone_number.unwrap_or_default()),
            contacts: notification.contacts,
        };
        (about, notification.updates)
    }

    fn event(&self, update: Update) -> Event {
        match update {
            Update::Message(message) => self.message(*message),
            Update::Echo(message) => {
                let party = self.party(message.to_user_id.as_deref(), message.to.as_deref());
                self.written(*message, MessageOrigin::Echo, party)
            }
            Update::History(history) => self.history(*history),
            Update::Status(status) => self.status(*status),
            Update::Preference(preference) => self.preference(&preference),
            Update::UserId(update) => self.user_id(*update),
            Update::Other { name, value } => self.other(name, value),
            Update::Unreadable { name, raw } => self.unknown(name, raw),
        }
    }

    fn message(&self, message: Message) -> Event {
        if let Some(MessageContent::System(system)) = message.content.as_deref()
            && let Some(change) = identity_change(&message, system)
        {
            let subject = message.id.clone();
            let kind = EventKind::Identity(change);
            return self.make(subject.clone(), EventKey::new(subject), message.timestamp, kind);
        }
        let party = self.party(message.from_user_id.as_deref(), message.from.as_deref());
        self.written(message, MessageOrigin::Counterpart, party)
    }

    fn history(&self, history: HistoryMessage) -> Event {
        let HistoryMessage { mut message, thread, chunk } = history;
        let ours = self.is_ours(&message, &thread);
        let (user, phone) = if ours {
            (message.to_user_id.as_deref(), message.to.as_deref())
        } else {
            (message.from_user_id.as_deref(), message.from.as_deref())
        };
        let context = thread.context.unwrap_or_default();
        let named = thread.id.as_deref();
        let by_number = named.filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
        let by_user = named.filter(|_| by_number.is_none());
        let mut party = self
            .party(context.user_id.as_deref().or(by_user).or(user), context.wa_id.as_deref().or(by_number).or(phone));
        party.username = party.username.or(context.username);
        keep(&mut message.extra, "history", chunk);
        keep(&mut message.extra, "thread", Value::Object(thread.extra));
        let origin = if ours { MessageOrigin::HistoryEcho } else { MessageOrigin::History };
        self.written(message, origin, party)
    }

    /// Whether we wrote a message of an import: it is from our number, or not from the thread's user.
    fn is_ours(&self, message: &Message, thread: &HistoryThread) -> bool {
        match (&message.from, &thread.id) {
            (Some(from), _) if !self.number.is_empty() && digits(from) == self.number => true,
            (Some(from), Some(user)) => from != user && message.from_user_id.as_ref() != Some(user),
            _ => message.to.is_some() || message.to_user_id.is_some(),
        }
    }

    /// A message, whoever wrote it.
    fn written(&self, mut message: Message, origin: MessageOrigin, party: Party) -> Event {
        let Mapped { content, rest } = contents::of_message(&mut message);
        let key = match message.kind.as_str() {
            // The media itself comes later under the same id.
            "media_placeholder" => EventKey::new(format!("{}:media_placeholder", message.id)),
            _ => EventKey::new(message.id.as_str()),
        };
        let mut extra = message.extra;
        keep(&mut extra, &message.kind, rest);
        let mut reply_to = None;
        if let Some(mut context) = message.context {
            reply_to = context.id.take();
            keep(&mut extra, "context", json(&context));
        }
        keep(&mut extra, "referral", json(&message.referral));
        keep(&mut extra, "errors", json(&message.errors));
        keep(&mut extra, "group_id", json(&message.group_id));
        if !self.field.contains("message") && self.field != "history" {
            keep(&mut extra, "field", json(&self.field));
        }
        let kind = EventKind::Message(Box::new(InboundMessage {
            origin,
            reply_to,
            extra: object_or_null(extra),
            ..InboundMessage::new(party, content)
        }));
        self.make(message.id, key, message.timestamp, kind)
    }

    /// Somebody with this user id and phone number; what else the webhook says of them is added.
    pub(super) fn party(&self, user_id: Option<&str>, phone: Option<&str>) -> Party {
        let contact = [user_id, phone].into_iter().flatten().find_map(|id| self.contacts.find(id));
        let known_user = contact.and_then(|contact| contact.user_id.as_deref());
        let known_phone = contact.and_then(|contact| contact.wa_id.as_deref());
        let profile = contact.and_then(|contact| contact.profile.as_ref());
        Party {
            addresses: user_id
                .or(known_user)
                .map(user)
                .into_iter()
                .chain(phone.or(known_phone).map(Address::from_wa_id))
                .collect(),
            name: profile.and_then(|profile| profile.name.clone()),
            username: profile.and_then(|profile| profile.username.clone()),
        }
    }

    pub(super) fn make(&self, subject: String, key: EventKey, time: Option<Timestamp>, kind: EventKind) -> Event {
        Event { account: self.account.clone(), subject, key, occurred_at: time.map(Timestamp::to_utc), kind }
    }
}

pub(super) fn user(id: impl Into<String>) -> Address {
    Address::verbatim(AddressKind::WhatsAppUser, id)
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// As JSON. The wire types have text for keys, so that writing them cannot fail.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Adds what is worth keeping: nothing empty, and nothing over what came under that name.
pub(super) fn keep(extra: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !empty {
        extra.entry(name).or_insert(value);
    }
}

pub(super) fn object_or_null(extra: Map<String, Value>) -> Value {
    if extra.is_empty() { Value::Null } else { Value::Object(extra) }
}
