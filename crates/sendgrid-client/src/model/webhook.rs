//! What became of a mail, as SendGrid tells it.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

/// An event.
///
/// SendGrid writes one and the same field as a text here and as a number there, and puts the caller's own arguments among its fields:
/// what is of the wrong kind counts as absent, and [`raw`](Self::raw) holds all of it.
///
/// *See [SendGrid docs/Event webhook](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event)*
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventType,
    /// Whom the mail was for.
    pub email: Option<String>,
    /// When it happened.
    pub at: Option<OffsetDateTime>,
    /// What tells it from every other: it may come several times.
    pub id: Option<String>,
    /// SendGrid's id of the mail and its recipient.
    pub message_id: Option<String>,
    /// The mail's `Message-ID`.
    pub smtp_id: Option<String>,
    /// From whom the mail was: where another program passes an event on.
    pub from_email: Option<String>,
    /// Words that statistics are kept by.
    pub categories: Vec<String>,
    /// Why it did not arrive.
    pub reason: Option<String>,
    /// The enhanced status code, `5.1.1`.
    pub status: Option<String>,
    /// What the mail server said.
    pub response: Option<String>,
    /// Which attempt was put off.
    pub attempt: Option<u32>,
    /// `bounce`, or `blocked`: refused for now.
    pub bounce_type: Option<String>,
    /// `Invalid Address`, `Reputation` …
    pub classification: Option<String>,
    /// The link that was followed.
    pub url: Option<String>,
    /// The group that was left or joined.
    pub group: Option<i64>,
    /// Whether a mail program opened it by itself, before anybody read it.
    pub machine_open: bool,
    /// Everything else, the caller's own arguments among it.
    pub other: Map<String, Value>,
    /// The element as it came.
    pub raw: Value,
}

/// What happened to a mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// Taken, and ready to be delivered.
    Processed,
    /// Not sent: the address is suppressed, is none …
    Dropped,
    /// The recipient's server took it.
    Delivered,
    /// The recipient's server wants it later.
    Deferred,
    /// The recipient's server refused it.
    Bounce,
    /// Opened.
    Open,
    /// A link was followed.
    Click,
    /// Reported as spam.
    SpamReport,
    /// Unsubscribed from everything.
    Unsubscribe,
    /// Left a group.
    GroupUnsubscribe,
    /// Joined a group again.
    GroupResubscribe,
    /// Of the account, not of a mail: its mails are held back, or go out again.
    AccountStatusChange,
    /// Any other.
    Other(String),
}

/// The words, SendGrid's first; then those of programs that pass its events on.
const WORDS: [(EventType, &[&str]); 12] = [
    (EventType::Processed, &["processed"]),
    (EventType::Dropped, &["dropped"]),
    (EventType::Delivered, &["delivered"]),
    (EventType::Deferred, &["deferred"]),
    (EventType::Bounce, &["bounce", "bounced", "blocked"]),
    (EventType::Open, &["open", "opened"]),
    (EventType::Click, &["click", "clicked"]),
    (EventType::SpamReport, &["spamreport", "spam_report"]),
    (EventType::Unsubscribe, &["unsubscribe", "unsubscribed"]),
    (EventType::GroupUnsubscribe, &["group_unsubscribe"]),
    (EventType::GroupResubscribe, &["group_resubscribe"]),
    (EventType::AccountStatusChange, &["account_status_change"]),
];

impl EventType {
    /// SendGrid's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => WORDS.iter().find(|(kind, _)| kind == known).map_or("", |(_, words)| words[0]),
        }
    }
}

impl From<&str> for EventType {
    fn from(word: &str) -> Self {
        let found = WORDS.iter().find(|(_, words)| words.iter().any(|known| word.eq_ignore_ascii_case(known)));
        found.map_or_else(|| Self::Other(word.to_owned()), |(kind, _)| kind.clone())
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The fields that have one of their own here.
const KNOWN: [&str; 22] = [
    "event",
    "event_type",
    "email",
    "to_email",
    "timestamp",
    "sg_event_id",
    "event_id",
    "sg_message_id",
    "message_id",
    "smtp-id",
    "from_email",
    "category",
    "reason",
    "status",
    "response",
    "attempt",
    "type",
    "bounce_classification",
    "url",
    "asm_group_id",
    "sg_machine_open",
    "subject",
];

impl Event {
    /// Reads an element; `None` for one that does not say what happened.
    #[must_use]
    pub fn read(raw: &Value) -> Option<Self> {
        let fields = raw.as_object()?;
        let first = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
        let said = |names: &[&str]| first(names).and_then(text).filter(|text| !text.is_empty());
        let word = first(&["event", "event_type"])?.as_str()?;
        let other = fields.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        Some(Self {
            kind: EventType::from(word),
            email: said(&["email", "to_email"]),
            at: first(&["timestamp"]).and_then(number).and_then(instant),
            id: said(&["sg_event_id", "event_id"]),
            message_id: said(&["sg_message_id", "message_id"]),
            smtp_id: said(&["smtp-id"]).map(|id| id.trim_matches(['<', '>']).to_owned()),
            from_email: said(&["from_email"]),
            categories: first(&["category"]).map(texts).unwrap_or_default(),
            reason: said(&["reason"]),
            status: said(&["status"]),
            response: said(&["response"]),
            attempt: first(&["attempt"]).and_then(number).and_then(|number| u32::try_from(number).ok()),
            bounce_type: said(&["type"]),
            classification: said(&["bounce_classification"]),
            url: said(&["url"]),
            group: first(&["asm_group_id"]).and_then(number),
            machine_open: first(&["sg_machine_open"]).is_some_and(is_true),
            other: other.map(|(name, value)| (name.clone(), value.clone())).collect(),
            raw: raw.clone(),
        })
    }

    /// An argument of the caller's own.
    #[must_use]
    pub fn custom_arg(&self, name: &str) -> Option<&str> {
        self.other.get(name)?.as_str()
    }

    /// The id under which the mail was taken (`X-Message-Id`): what stands before SendGrid's own mark. Some events have the mark alone.
    ///
    /// ```
    /// use sendgrid_client::webhook::Event;
    /// use serde_json::json;
    ///
    /// let of = |id: &str| Event::read(&json!({"event": "delivered", "sg_message_id": id})).unwrap();
    /// assert_eq!(of("wrfRRvF7Q0GgwUo2CvDmEA.filter0425p1mdw1.13037.5716.0").mail_id(), Some("wrfRRvF7Q0GgwUo2CvDmEA"));
    /// assert_eq!(of("filter0199p1las1.4745.5717FB6F5.0").mail_id(), None);
    /// ```
    #[must_use]
    pub fn mail_id(&self) -> Option<&str> {
        let id = self.message_id.as_deref()?;
        let is_mark = |part: &str| part.starts_with("filter") || part.starts_with("recvd");
        let mark = id.split('.').position(is_mark);
        match mark {
            Some(0) => None,
            Some(parts) => {
                let length = id.split('.').take(parts).map(|part| part.len() + 1).sum::<usize>();
                id.get(..length - 1)
            }
            None => Some(id),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        // Seconds with a fraction have been seen.
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 1e15).map(|n| n as i64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true") || value.as_i64() == Some(1)
}

/// Seconds since 1970; milliseconds where that would be thousands of years away.
fn instant(number: i64) -> Option<OffsetDateTime> {
    const FAR: i64 = 100_000_000_000;
    let seconds = if number > FAR { number / 1_000 } else { number };
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}
