//! From the body of a webhook to its updates.

use std::collections::HashMap;

use serde_json::{Value, value::RawValue};

use super::{
    Contact, HistoryMessage, HistoryThread, Message, Metadata, Status, Timestamp, UserIdUpdate, UserPreference,
    member::Member,
    raw::{Members, elements, kept, object, read, value},
};

/// Everything that one webhook says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Notifications {
    /// One for each change of each entry, in their order.
    pub notifications: Vec<Notification>,
    /// Why the body is not a webhook at all; what stands in it is not repeated.
    pub problem: Option<String>,
}

/// One change: what one field of one business account says about one of its numbers or itself.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// The id of the business account.
    pub waba_id: Option<String>,
    /// When it happened; absent for messages and statuses, which carry their own time.
    pub time: Option<Timestamp>,
    /// The field that was subscribed to, for instance `messages`.
    pub field: String,
    /// Which of our numbers it is for; absent where it concerns the whole account.
    pub metadata: Option<Metadata>,
    /// The users that it names.
    pub contacts: Contacts,
    /// What it says.
    pub updates: Vec<Update>,
}

/// One thing that a webhook says. See the [module](super) for what counts as one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Update {
    /// A message of a user.
    Message(Box<Message>),
    /// A message of the business, sent from another app.
    Echo(Box<Message>),
    /// A message of an import.
    History(Box<HistoryMessage>),
    /// A report on a message of ours.
    Status(Box<Status>),
    /// A user's decision about messages of one category.
    Preference(Box<UserPreference>),
    /// A user's new id.
    UserId(Box<UserIdUpdate>),
    /// Something that has no type here: a call, a group, a template, an error, the name of the field where the whole value
    /// is meant.
    Other {
        /// The list that it stood in, or the field.
        name: String,
        /// The element as it came.
        value: Value,
    },
    /// Something that is not what its place promises.
    Unreadable {
        /// The list or field that it stood in.
        name: String,
        /// The element as it came; as text where it is no value that can be held.
        raw: Value,
    },
}

/// The users that a notification names, found by any of their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contacts {
    list: Vec<Contact>,
    /// Only where there are many.
    places: HashMap<String, usize>,
}

impl Contacts {
    /// How many are looked through before an index pays.
    const FEW: usize = 8;

    fn new(list: Vec<Contact>) -> Self {
        let mut places = HashMap::new();
        if list.len() > Self::FEW {
            for (place, contact) in list.iter().enumerate() {
                for id in [&contact.user_id, &contact.wa_id].into_iter().flatten() {
                    places.entry(id.clone()).or_insert(place);
                }
            }
        }
        Self { list, places }
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Contact] {
        &self.list
    }

    /// The one with this phone number or user id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Contact> {
        if self.list.len() > Self::FEW {
            return self.list.get(*self.places.get(id)?);
        }
        self.list.iter().find(|contact| contact.wa_id.as_deref() == Some(id) || contact.user_id.as_deref() == Some(id))
    }
}

impl Notifications {
    /// Reads the body of a webhook. Nothing in it makes the whole fail.
    pub(crate) fn read(body: &[u8]) -> Self {
        // Bytes that are no UTF-8 spoil the text that they stand in, not the webhook.
        let text = String::from_utf8_lossy(body);
        let mut all = Self::default();
        match Members::of(&text) {
            Some(envelope) => match envelope.list("entry") {
                Some(entries) => {
                    for entry in entries {
                        read_entry(entry, &mut all.notifications);
                    }
                }
                None => all.problem = Some("there is no list of entries".to_owned()),
            },
            None => all.problem = Some("the body is not a JSON object".to_owned()),
        }
        all
    }
}

fn read_entry(raw: &RawValue, out: &mut Vec<Notification>) {
    let entry = Members::of(raw.get());
    let about = Notification {
        waba_id: entry.as_ref().and_then(|entry| entry.read("id")),
        time: entry.as_ref().and_then(|entry| entry.read("time")),
        ..Notification::default()
    };
    match entry.and_then(|entry| entry.list("changes")) {
        Some(changes) => out.extend(changes.into_iter().map(|change| read_change(change, about.clone()))),
        None => out.push(about.with(unreadable("entry", raw))),
    }
}

fn read_change(raw: &RawValue, about: Notification) -> Notification {
    let Some(change) = Members::of(raw.get()) else {
        return about.with(unreadable("change", raw));
    };
    let field: String = change.read("field").unwrap_or_default();
    let about = Notification { field, ..about };
    let Some(raw_value) = change.get("value") else {
        let name = about.field.clone();
        return about.with(unreadable(&name, raw));
    };
    match Members::of(raw_value.get()) {
        Some(value) => read_value(raw_value, &value, about),
        None => {
            let name = about.field.clone();
            about.with(unreadable(&name, raw_value))
        }
    }
}

fn read_value(raw: &RawValue, members: &Members<'_>, about: Notification) -> Notification {
    let mut notification = Notification {
        metadata: members.read("metadata"),
        contacts: Contacts::new(
            members
                .list("contacts")
                .map(|contacts| contacts.into_iter().filter_map(read).collect())
                .unwrap_or_default(),
        ),
        ..about
    };
    let with_errors = notification.metadata.is_some();
    let mut rest = Vec::new();
    for (name, raw) in members.iter() {
        match List::named(name, with_errors).zip(elements(raw)) {
            Some((list, elements)) => {
                for element in elements {
                    list.read(name, element, &notification.field, &mut notification.updates);
                }
            }
            None if !matches!(name, "messaging_product" | "metadata" | "contacts") => {
                rest.push((name, raw));
            }
            None => {}
        }
    }
    let name = notification.field.clone();
    if notification.updates.is_empty() {
        notification.updates.push(other(name, raw));
    } else if !rest.is_empty() {
        let value = Value::Object(object(rest.into_iter()));
        notification.updates.push(Update::Other { name, value });
    }
    notification
}

impl Notification {
    fn with(mut self, update: Update) -> Self {
        self.updates.push(update);
        self
    }
}

/// A list whose elements are updates.
#[derive(Clone, Copy)]
enum List {
    Messages,
    Echoes,
    Statuses,
    History,
    Preferences,
    UserIds,
    Others,
}

impl List {
    fn named(name: &str, with_errors: bool) -> Option<Self> {
        Some(match name {
            "messages" => Self::Messages,
            "message_echoes" => Self::Echoes,
            "statuses" => Self::Statuses,
            "history" => Self::History,
            "user_preferences" => Self::Preferences,
            "user_id_update" => Self::UserIds,
            "calls" | "groups" | "state_sync" | "automatic_events" => Self::Others,
            "errors" if with_errors => Self::Others,
            _ => return None,
        })
    }

    fn read(self, name: &str, raw: &RawValue, field: &str, out: &mut Vec<Update>) {
        match self {
            // The media of an import come later, as messages of their own.
            Self::Messages if field == "history" => {
                let alone = |message| {
                    Update::History(Box::new(HistoryMessage {
                        message,
                        thread: HistoryThread::default(),
                        chunk: Value::Null,
                    }))
                };
                out.push(typed(name, raw, alone));
            }
            Self::Messages => out.push(typed(name, raw, |it| Update::Message(Box::new(it)))),
            Self::Echoes => out.push(typed(name, raw, |it| Update::Echo(Box::new(it)))),
            Self::Statuses => out.push(typed(name, raw, |it| Update::Status(Box::new(it)))),
            Self::Preferences => out.push(typed(name, raw, |it| Update::Preference(Box::new(it)))),
            Self::UserIds => out.push(typed(name, raw, |it| Update::UserId(Box::new(it)))),
            Self::Others => out.push(other(name.to_owned(), raw)),
            Self::History => read_chunk(name, raw, out),
        }
    }
}

/// A part of an import: threads of messages, or an error, or nothing but its place in the whole.
fn read_chunk(name: &str, raw: &RawValue, out: &mut Vec<Update>) {
    let before = out.len();
    if let Some(members) = Members::of(raw.get()) {
        let chunk = members.get("metadata").map(kept).unwrap_or_default();
        for thread in members.list("threads").unwrap_or_default() {
            read_thread(name, thread, &chunk, out);
        }
    }
    if out.len() == before {
        out.push(other(name.to_owned(), raw));
    }
}

fn read_thread(name: &str, raw: &RawValue, chunk: &Value, out: &mut Vec<Update>) {
    let Some(members) = Members::of(raw.get()) else {
        return out.push(unreadable(name, raw));
    };
    let known = object(members.iter().filter(|(name, _)| *name != "messages"));
    let thread = HistoryThread::read(Value::Object(known)).unwrap_or_default();
    for message in members.list("messages").unwrap_or_default() {
        out.push(typed(name, message, |message| {
            Update::History(Box::new(HistoryMessage { message, thread: thread.clone(), chunk: chunk.clone() }))
        }));
    }
}

/// The element as `T`; what it came as where it is none.
fn typed<T: Member>(name: &str, raw: &RawValue, make: impl FnOnce(T) -> Update) -> Update {
    match value(raw) {
        Ok(value) if T::fits(&value) => match T::read(value) {
            Some(read) => make(read),
            None => unreadable(name, raw),
        },
        Ok(raw) | Err(raw) => Update::Unreadable { name: name.to_owned(), raw },
    }
}

fn other(name: String, raw: &RawValue) -> Update {
    match value(raw) {
        Ok(value) => Update::Other { name, value },
        Err(raw) => Update::Unreadable { name, raw },
    }
}

fn unreadable(name: &str, raw: &RawValue) -> Update {
    Update::Unreadable { name: name.to_owned(), raw: kept(raw) }
}
