//! What a provider tells us.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{AccountId, Address, Content, Links, Media, Status, UserId};

/// One thing that a provider told us. Identified by (`account`, kind, `key`), whatever repetition or batch it comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The account that it concerns.
    pub account: AccountId,
    /// The provider's id of the thing: a message, a call, a template. Empty where who tells of it does not know that id, and names ours.
    pub subject: String,
    /// Tells it from every other event of its kind.
    pub key: EventKey,
    /// When it happened, by the provider's clock.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub occurred_at: Option<OffsetDateTime>,
    /// What happened.
    pub kind: EventKind,
}

/// The key of an event within its account and kind.
///
/// A message is its own id; a status is message, status and recipient; an event id of the provider where there is one;
/// else a hash of the element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(String);

impl EventKey {
    /// A key that the provider gave.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// A key made of the element itself: equal elements are the same event, in whatever order their fields are.
    #[must_use]
    pub fn of_value(value: &Value) -> Self {
        use sha2::{Digest, Sha256};
        // serde_json's map keeps its keys sorted, so that writing it is canonical.
        let digest = Sha256::digest(value.to_string().as_bytes());
        Self(hex::encode(digest))
    }

    /// A key made of bytes that could not be read.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A message came, or was sent from elsewhere. Boxed: it is far larger than the rest.
    Message(Box<InboundMessage>),
    /// A message or call of ours moved on.
    Status(Box<StatusUpdate>),
    /// A call was recorded, or its voicemail.
    Recording(Box<Recording>),
    /// Somebody changed their number or id.
    Identity(IdentityChange),
    /// Somebody opted out or in.
    Opt(OptChange),
    /// Something of the account changed: a template, the quality of a number, its name …
    Changed(Change),
    /// What is not (yet) understood, as it came.
    Unknown {
        /// The provider's name of it, where it has one.
        name: String,
        /// The element.
        raw: Value,
    },
}

impl EventKind {
    /// The name of the kind: part of the event's identity.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Status(_) => "status",
            Self::Recording(_) => "recording",
            Self::Identity(_) => "identity",
            Self::Opt(_) => "opt",
            Self::Changed(_) => "changed",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Who wrote a message that a webhook tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageOrigin {
    /// The other party, to us.
    #[default]
    Counterpart,
    /// Our own account, from another app or device: it belongs in the history as outbound.
    Echo,
    /// An import of older messages: one from the other party.
    History,
    /// An import of older messages: one of our own.
    HistoryEcho,
}

/// A message, as a provider tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Who wrote it.
    #[serde(default)]
    pub origin: MessageOrigin,
    /// The other party, whoever wrote it.
    pub party: Party,
    /// What it says.
    pub content: Content,
    /// The provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// What else the provider says: referral, forwarded, errors, group …, in its own names. `null` where nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
    /// How far it has come, for a call; `None` = `Received` or `Sent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Which of our users wrote or called, for an [`Echo`](MessageOrigin::Echo) whose author is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<UserId>,
    /// What it belongs to, where its author said so; else it is found out.
    #[serde(default, skip_serializing_if = "Links::is_empty")]
    pub links: Links,
}

impl InboundMessage {
    /// A message from the other party, with nothing beside it.
    #[must_use]
    pub fn new(party: Party, content: Content) -> Self {
        Self {
            origin: MessageOrigin::Counterpart,
            party,
            content,
            reply_to: None,
            extra: Value::Null,
            status: None,
            problem: None,
            author: None,
            links: Links::default(),
        }
    }
}

/// A person as a webhook names them. Every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Party {
    /// Every address that was given, the most lasting first (a user id before a phone number).
    pub addresses: Vec<Address>,
    /// The name that they show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The handle that they chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Party {
    /// A party with one address.
    #[must_use]
    pub fn of(address: Address) -> Self {
        Self { addresses: vec![address], ..Self::default() }
    }

    /// The most lasting address.
    #[must_use]
    pub fn primary(&self) -> Option<&Address> {
        self.addresses.first()
    }
}

/// A report on a message or call of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// What it means; `None` for a word that is not (yet) understood: it is kept and changes nothing.
    pub status: Option<Status>,
    /// The provider's word, verbatim.
    pub provider_status: String,
    /// Whom it concerns; to be read only, never a key.
    #[serde(default)]
    pub recipient: Party,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Our own message id, where the provider carries it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What else the provider says: prices, conversation …
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
    /// How long the parties talked, in seconds. Several reports may differ by a second: the longest counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// Who or what answered, in the provider's words, for instance `human`, `machine_start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
}

impl StatusUpdate {
    /// A report that says no more than this.
    pub fn new(status: Option<Status>, provider_status: impl Into<String>) -> Self {
        Self {
            status,
            provider_status: provider_status.into(),
            recipient: Party::default(),
            problem: None,
            correlation: None,
            extra: Value::Null,
            duration_seconds: None,
            answered_by: None,
        }
    }
}

/// A recording of a call: becomes an attachment of the call's record. The event's subject is the provider's id of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The sound.
    pub media: Media,
    /// How long it is, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// What else the provider says.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

/// Why something failed, in the provider's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The provider's code, verbatim.
    pub code: String,
    /// What it says.
    pub message: String,
    /// How the code table classifies it.
    pub kind: comms_http::ErrorKind,
}

/// Somebody is now known under another address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityChange {
    /// Under what they were known; may be unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Address>,
    /// Under what else they were known, where the provider names several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous_aliases: Vec<Address>,
    /// Under what they are known now.
    pub current: Party,
    /// The provider's word for the change.
    pub reason: String,
    /// The element as it came.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
}

/// Somebody does not, or does again, want to be written to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptChange {
    /// Who.
    pub party: Party,
    /// Whether they may be written to from now on.
    pub opted_in: bool,
    /// What it covers in the provider's words, for instance `marketing_messages`.
    pub scope: String,
    /// The element as it came.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
}

/// Something of an account changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The provider's name of what changed, for instance `message_template_status_update`.
    pub field: String,
    /// The new value, as it came.
    pub value: Value,
}

impl Change {
    /// What a source sets in a change of a message that the owner of the mailbox has read, in the mailbox itself.
    pub const READ: &str = "read";

    /// Whether it says that the owner of a mailbox has read the message of its event.
    ///
    /// ```
    /// # use comms_core::Change;
    /// let change = |value| Change { field: "mailbox".to_owned(), value };
    /// assert!(change(serde_json::json!({ "read": true })).is_read());
    /// assert!(!change(serde_json::Value::Null).is_read());
    /// ```
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.value.get(Self::READ).and_then(Value::as_bool).unwrap_or(false)
    }
}
