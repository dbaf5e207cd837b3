//! From the updates of a webhook to events.

use comms_core::{
    AccountId, Address, AddressKind, Batch, Change, Event, EventKey, EventKind, IdentityChange,
    InboundMessage, MessageOrigin, OptChange, Party, Problem, Status, StatusUpdate,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::{self, Mapped};
use crate::{
    client::PROVIDER,
    error::classify_code,
    model::{
        error_object::ErrorObject,
        webhook::{
            self, Contacts, HistoryMessage, HistoryThread, Message, MessageContent, Notification,
            Notifications, System, Timestamp, Update, UserIdUpdate, UserPreference,
        },
    },
};

/// The fields of an account that are known to this version: what they say is a change, anything else is unknown.
const FIELDS: [&str; 32] = [
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "business_username_updates",
    "calls",
    "errors",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "groups",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "state_sync",
    "template_category_update",
    "template_correct_category_detection",
    "user_preferences",
];

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
    let problem = all.problem.or_else(|| {
        (unreadable > 0).then(|| format!("{unreadable} updates could not be read and are kept raw"))
    });
    Batch { events, problem }
}

/// What the updates of one notification have in common.
struct About {
    account: AccountId,
    field: String,
    time: Option<Timestamp>,
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
        let HistoryMessage {
            mut message,
            thread,
            chunk,
        } = history;
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
        let mut party = self.party(
            context.user_id.as_deref().or(by_user).or(user),
            context.wa_id.as_deref().or(by_number).or(phone),
        );
        party.username = party.username.or(context.username);
        keep(&mut message.extra, "history", chunk);
        keep(&mut message.extra, "thread", Value::Object(thread.extra));
        let origin = if ours {
            MessageOrigin::HistoryEcho
        } else {
            MessageOrigin::History
        };
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
            party,
            content,
            reply_to,
            extra: object_or_null(extra),
        }));
        self.make(message.id, key, message.timestamp, kind)
    }

    fn status(&self, status: webhook::Status) -> Event {
        let in_group = status.recipient_type.as_deref() == Some("group")
            || status.recipient_participant_id.is_some()
            || status.recipient_participant_user_id.is_some();
        let (user, phone) = if in_group {
            (&status.recipient_participant_user_id, &status.recipient_participant_id)
        } else {
            (&status.recipient_user_id, &status.recipient_id)
        };
        let mut recipient = self.party(user.as_deref(), phone.as_deref());
        let mut extra = status.extra;
        if let (true, Some(group)) = (in_group, &status.recipient_id) {
            if recipient.addresses.is_empty() {
                recipient = Party::of(Address::verbatim(AddressKind::Group, group.as_str()));
            }
            keep(&mut extra, "group_id", json(group));
        }
        let first = status.errors.as_ref().and_then(|errors| errors.first());
        // A word may be reported once for each recipient, and for each reason.
        let whom = user.as_ref().or(phone.as_ref()).or(status.recipient_id.as_ref());
        let mut key = format!(
            "{}:{}:{}",
            status.id,
            status.status,
            whom.map_or("", String::as_str)
        );
        if let Some(code) = first.and_then(|error| error.code) {
            key.push_str(&format!(":{code}"));
        }
        let problem = first.map(problem);
        keep(&mut extra, "conversation", json(&status.conversation));
        keep(&mut extra, "pricing", json(&status.pricing));
        keep(&mut extra, "errors", json(&status.errors));
        keep(&mut extra, "recipient_type", json(&status.recipient_type));
        let kind = EventKind::Status(Box::new(StatusUpdate {
            status: meaning(&status.status),
            provider_status: status.status,
            recipient,
            problem,
            correlation: status.biz_opaque_callback_data,
            extra: object_or_null(extra),
        }));
        self.make(status.id, EventKey::new(key), status.timestamp, kind)
    }

    fn preference(&self, preference: &UserPreference) -> Event {
        let raw = json(preference);
        let opted_in = match preference.value.as_deref() {
            Some("stop") => false,
            Some("resume") => true,
            _ => return self.other("user_preferences".to_owned(), raw),
        };
        let key = EventKey::of_value(&raw);
        let party = self.party(preference.user_id.as_deref(), preference.wa_id.as_deref());
        let subject = party
            .primary()
            .map_or_else(|| key.as_str().to_owned(), |a| a.value().to_owned());
        let kind = EventKind::Opt(OptChange {
            party,
            opted_in,
            scope: preference
                .category
                .clone()
                .unwrap_or_else(|| "marketing_messages".to_owned()),
            raw,
        });
        self.make(subject, key, preference.timestamp, kind)
    }

    fn user_id(&self, update: UserIdUpdate) -> Event {
        let raw = json(&update);
        let ids = update.user_id.unwrap_or_default();
        let Some(current) = ids.current else {
            return self.other("user_id_update".to_owned(), raw);
        };
        let key = EventKey::of_value(&raw);
        let kind = EventKind::Identity(IdentityChange {
            previous: ids.previous.map(user),
            previous_aliases: Vec::new(),
            current: self.party(Some(&current), update.wa_id.as_deref()),
            reason: "user_id_update".to_owned(),
            raw,
        });
        self.make(current, key, update.timestamp, kind)
    }

    /// Something without a type of its own: a change of a field that is known, or unknown.
    fn other(&self, name: String, value: Value) -> Event {
        if !FIELDS.contains(&name.as_str()) {
            return self.unknown(name, value);
        }
        let (subject, key, time, value) = self.identify(&name, value);
        // A list says less than its field: `groups` stands in four of them.
        let field = if name != "errors" && FIELDS.contains(&self.field.as_str()) {
            self.field.clone()
        } else {
            name
        };
        self.make(subject, key, time, EventKind::Changed(Change { field, value }))
    }

    fn unknown(&self, name: String, raw: Value) -> Event {
        let (subject, key, time, raw) = self.identify(&name, raw);
        self.make(subject, key, time, EventKind::Unknown { name, raw })
    }

    /// Subject, key and time of an element that has no id which tells it from all others.
    ///
    /// Where it carries no time of its own, that of its entry belongs to the key: a number may be flagged twice in a year.
    fn identify(&self, name: &str, value: Value) -> (String, EventKey, Option<Timestamp>, Value) {
        let own = value.get("timestamp").and_then(Timestamp::of);
        let subject = ["id", "wacid", "group_id", "message_template_id", "display_phone_number", "phone_number"]
            .iter()
            .find_map(|name| match value.get(name) {
                Some(Value::String(id)) => Some(id.clone()),
                Some(Value::Number(id)) => Some(id.to_string()),
                _ => None,
            })
            .unwrap_or_else(|| self.account.external_id().to_owned());
        let mut whole = Map::new();
        whole.insert("name".to_owned(), name.into());
        whole.insert("field".to_owned(), self.field.as_str().into());
        if own.is_none() {
            whole.insert("time".to_owned(), json(&self.time));
        }
        whole.insert("value".to_owned(), value);
        let whole = Value::Object(whole);
        let key = EventKey::of_value(&whole);
        let value = match whole {
            Value::Object(mut whole) => whole.remove("value").unwrap_or_default(),
            _ => Value::Null,
        };
        (subject, key, own.or(self.time), value)
    }

    /// Somebody with this user id and phone number; what else the webhook says of them is added.
    fn party(&self, user_id: Option<&str>, phone: Option<&str>) -> Party {
        let contact = [user_id, phone]
            .into_iter()
            .flatten()
            .find_map(|id| self.contacts.find(id));
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

    fn make(
        &self,
        subject: String,
        key: EventKey,
        time: Option<Timestamp>,
        kind: EventKind,
    ) -> Event {
        Event {
            account: self.account.clone(),
            subject,
            key,
            occurred_at: time.map(Timestamp::to_utc),
            kind,
        }
    }
}

/// What a system message says of somebody's number or id; `None` for other news.
fn identity_change(message: &Message, system: &System) -> Option<IdentityChange> {
    let reason = system.kind.as_deref()?;
    if !matches!(reason, "user_changed_number" | "user_changed_user_id") {
        return None;
    }
    let number = system.wa_id.as_ref().or(system.new_wa_id.as_ref());
    let from = message.from.as_ref();
    // A change of the id alone leaves the number as it is.
    let current_number = number.or(from.filter(|_| reason == "user_changed_user_id"));
    let previous_user = system
        .previous_user_id
        .as_ref()
        .or(message.from_user_id.as_ref())
        .filter(|id| Some(*id) != system.user_id.as_ref());
    let mut previous = previous_user
        .map(user)
        .into_iter()
        .chain(from.filter(|from| Some(*from) != current_number).map(|from| Address::from_wa_id(from)));
    let addresses: Vec<Address> = system
        .user_id
        .as_ref()
        .map(user)
        .into_iter()
        .chain(current_number.map(|number| Address::from_wa_id(number)))
        .collect();
    if addresses.is_empty() {
        return None;
    }
    Some(IdentityChange {
        previous: previous.next(),
        previous_aliases: previous.collect(),
        current: Party {
            addresses,
            ..Party::default()
        },
        reason: reason.to_owned(),
        raw: json(message),
    })
}

/// What a word means; words for which the model has no state are kept and change nothing.
fn meaning(word: &str) -> Option<Status> {
    Some(match word {
        "accepted" => Status::Accepted,
        "sent" => Status::Sent,
        "delivered" => Status::Delivered,
        "read" | "played" => Status::Read,
        "failed" => Status::Failed,
        _ => return None,
    })
}

fn problem(error: &ErrorObject) -> Problem {
    Problem {
        code: error.code.map(|code| code.to_string()).unwrap_or_default(),
        message: error.reason(),
        kind: classify_code(error.code.unwrap_or_default()).0,
    }
}

fn user(id: impl Into<String>) -> Address {
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
fn keep(extra: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !empty {
        extra.entry(name).or_insert(value);
    }
}

fn object_or_null(extra: Map<String, Value>) -> Value {
    if extra.is_empty() {
        Value::Null
    } else {
        Value::Object(extra)
    }
}
