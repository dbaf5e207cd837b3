//! One mailbox: messages, labels, drafts, and the history of all changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bytes::Bytes;
use time::OffsetDateTime;

use super::mime::Entity;

/// Where histories begin.
const FIRST_HISTORY_ID: u64 = 4_000_000;

/// The labels that every mailbox has.
pub(crate) const SYSTEM_LABELS: [&str; 14] = [
    "INBOX",
    "SENT",
    "DRAFT",
    "SPAM",
    "TRASH",
    "UNREAD",
    "STARRED",
    "IMPORTANT",
    "CHAT",
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
];

/// A message in a mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub id: String,
    pub thread_id: String,
    pub labels: BTreeSet<String>,
    pub raw: Bytes,
    pub entity: Entity,
    /// Milliseconds since 1970.
    pub internal_ms: i64,
    pub arrived: OffsetDateTime,
    /// The last change of it.
    pub history_id: u64,
}

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Deleted,
    LabelsAdded(Vec<String>),
    LabelsRemoved(Vec<String>),
}

/// An entry of the history.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub id: u64,
    pub at: OffsetDateTime,
    pub change: Change,
    pub message_id: String,
    pub thread_id: String,
    /// The labels after the change.
    pub labels: BTreeSet<String>,
}

/// A label of the user's own, or the changed looks of a system label.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub id: String,
    pub name: String,
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// A watch that stands.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub topic: String,
    pub labels: Vec<String>,
    pub exclude: bool,
    pub expires: OffsetDateTime,
    pub last_push: Option<OffsetDateTime>,
}

/// A mailbox.
#[derive(Clone, Debug)]
pub(crate) struct MailBox {
    pub messages: HashMap<String, Mail>,
    pub history: VecDeque<Record>,
    pub labels: Vec<Label>,
    /// Drafts and their messages.
    pub drafts: BTreeMap<String, String>,
    pub watch: Option<Watch>,
    pub last_history: u64,
    /// What is before it is forgotten.
    pub oldest_history: u64,
    /// The minute that is counted, and the units in it.
    pub units: (i64, u32),
    pub sends: VecDeque<OffsetDateTime>,
    /// Changes that nobody was told of yet: id and labels.
    pub unpublished: Vec<(u64, BTreeSet<String>)>,
    /// What each sendAs address was changed to.
    pub send_as: HashMap<String, serde_json::Map<String, serde_json::Value>>,
    by_message_id: HashMap<String, String>,
}

impl Default for MailBox {
    fn default() -> Self {
        Self {
            messages: HashMap::new(),
            history: VecDeque::new(),
            labels: Vec::new(),
            drafts: BTreeMap::new(),
            watch: None,
            last_history: FIRST_HISTORY_ID,
            oldest_history: FIRST_HISTORY_ID,
            units: (0, 0),
            sends: VecDeque::new(),
            unpublished: Vec::new(),
            send_as: HashMap::new(),
            by_message_id: HashMap::new(),
        }
    }
}

impl Mail {
    pub(crate) fn new(id: &str, thread_id: &str, raw: Bytes, labels: &[&str], now: OffsetDateTime) -> Self {
        Self {
            id: id.to_owned(),
            thread_id: thread_id.to_owned(),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            entity: Entity::parse(&raw),
            raw,
            internal_ms: i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default(),
            arrived: now,
            history_id: 0,
        }
    }

    pub(crate) fn has(&self, label: &str) -> bool {
        self.labels.contains(label)
    }

    /// The `Message-ID`, without its brackets.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.entity.header("Message-ID").map(bare)
    }
}

impl MailBox {
    /// Takes a message in.
    pub(crate) fn add(&mut self, mut mail: Mail, now: OffsetDateTime) {
        if let Some(id) = mail.message_id() {
            self.by_message_id.insert(id.to_owned(), mail.id.clone());
        }
        mail.history_id = self.record(&mail, Change::Added, now);
        self.messages.insert(mail.id.clone(), mail);
    }

    /// Deletes a message for good; whether it was there.
    pub(crate) fn remove(&mut self, id: &str, now: OffsetDateTime) -> bool {
        let Some(mail) = self.messages.remove(id) else { return false };
        self.drafts.retain(|_, message| message != id);
        self.record(&mail, Change::Deleted, now);
        true
    }

    /// Changes the labels of a message; `false` where there is none.
    pub(crate) fn relabel(&mut self, id: &str, add: &[String], remove: &[String], now: OffsetDateTime) -> bool {
        let Some(mut mail) = self.messages.remove(id) else { return false };
        let gained: Vec<String> = add.iter().filter(|label| !mail.labels.contains(*label)).cloned().collect();
        let lost: Vec<String> = remove.iter().filter(|label| mail.labels.contains(*label)).cloned().collect();
        mail.labels.extend(gained.iter().cloned());
        mail.labels.retain(|label| !lost.contains(label));
        if !gained.is_empty() {
            mail.history_id = self.record(&mail, Change::LabelsAdded(gained), now);
        }
        if !lost.is_empty() {
            mail.history_id = self.record(&mail, Change::LabelsRemoved(lost), now);
        }
        self.messages.insert(id.to_owned(), mail);
        true
    }

    /// Notes a change and returns its id: growing, with gaps.
    fn record(&mut self, mail: &Mail, change: Change, now: OffsetDateTime) -> u64 {
        self.last_history += 1 + self.last_history * 7 % 13;
        self.unpublished.push((self.last_history, mail.labels.clone()));
        self.history.push_back(Record {
            id: self.last_history,
            at: now,
            change,
            message_id: mail.id.clone(),
            thread_id: mail.thread_id.clone(),
            labels: mail.labels.clone(),
        });
        self.last_history
    }

    /// Forgets all but the last `keep` changes.
    pub(crate) fn forget_history(&mut self, keep: usize) {
        while self.history.len() > keep {
            if let Some(forgotten) = self.history.pop_front() {
                self.oldest_history = forgotten.id;
            }
        }
        if keep == 0 {
            self.oldest_history = self.last_history;
        }
    }

    /// The messages of a thread, oldest first.
    pub(crate) fn thread(&self, id: &str) -> Vec<&Mail> {
        let mut mails: Vec<&Mail> = self.messages.values().filter(|mail| mail.thread_id == id).collect();
        mails.sort_by_key(|mail| (mail.internal_ms, mail.history_id));
        mails
    }

    /// The thread that a message belongs to by what it answers and its subject.
    pub(crate) fn thread_of(&self, entity: &Entity) -> Option<String> {
        let subject = base_subject(entity.header("Subject").unwrap_or_default());
        let mut answered = references(entity);
        answered.reverse();
        answered.iter().find_map(|id| {
            let mail = self.messages.get(self.by_message_id.get(id)?)?;
            let same = base_subject(mail.entity.header("Subject").unwrap_or_default()) == subject;
            same.then(|| mail.thread_id.clone())
        })
    }

    /// All messages, newest first.
    pub(crate) fn newest_first(&self) -> Vec<&Mail> {
        let mut mails: Vec<&Mail> = self.messages.values().collect();
        mails.sort_by_key(|mail| std::cmp::Reverse((mail.internal_ms, mail.history_id)));
        mails
    }

    /// Whether a label exists.
    pub(crate) fn knows_label(&self, id: &str) -> bool {
        SYSTEM_LABELS.contains(&id) || self.labels.iter().any(|label| label.id == id)
    }
}

/// What a message answers, the first of the conversation first.
pub(crate) fn references(entity: &Entity) -> Vec<String> {
    let ids = ["References", "In-Reply-To"].into_iter().filter_map(|name| entity.header(name));
    ids.flat_map(str::split_whitespace).map(|id| bare(id).to_owned()).collect()
}

/// A subject without what answers and forwards put before it.
pub(crate) fn base_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((prefix, after)) = rest.split_once(':') {
        let known = ["re", "fwd", "fw", "rv", "aw", "res", "enc"];
        if !known.contains(&prefix.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest.to_lowercase()
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}
