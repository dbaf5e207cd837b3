//! What the history of a mailbox asks for: messages to be read, and changes to be told.

use std::collections::HashSet;

use comms_core::{Change, Event, EventKey, EventKind};
use comms_http::Result;
use serde_json::json;

use super::{GmailChannel, SENT, source::NOT_OURS};
use crate::{
    api::history::{HistoryFilter, Since},
    model::{HistoryId, history::HistoryRecord, message::Message},
};

/// What is told of when a message gains or loses it.
const TOLD: [&str; 3] = [UNREAD, "TRASH", "SPAM"];
/// A message has it until its owner has read it.
const UNREAD: &str = "UNREAD";
/// What is told of a message that has lost a label.
const REMOVED: &str = "labels_removed";
/// Messages that are read in one round.
const A_ROUND: usize = 50;

/// What a record of the history asks for.
pub(super) enum Task {
    Read(String),
    Tell(Box<Event>),
}

/// Whether anything comes after the records that were taken.
pub(super) enum Rest {
    Some,
    /// Nothing: the mailbox stands here.
    None(Option<HistoryId>),
}

impl Task {
    /// The message that is to be read.
    pub(super) fn wants(&self) -> Option<&str> {
        match self {
            Self::Read(id) => Some(id),
            Self::Tell(_) => None,
        }
    }
}

impl GmailChannel {
    /// The records after a place, about as many as a round reads messages; `None` where Google has forgotten them.
    pub(super) async fn records(&self, after: HistoryId) -> Result<Option<(Vec<HistoryRecord>, Rest)>> {
        let filter = HistoryFilter { page_size: Some(100), ..HistoryFilter::default() };
        let (mut records, mut page): (Vec<HistoryRecord>, Option<String>) = (Vec::new(), None);
        loop {
            let changes = match self.client().history().page(after, &filter, page.as_deref()).await? {
                Since::Changes(changes) => changes,
                Since::Expired => return Ok(None),
            };
            records.extend(changes.records);
            // A round ends at a record: the next one begins after its id, and needs no page that may have ended by then.
            let cut = enough(&records);
            if cut < records.len() && records[..cut].iter().any(|record| record.id > Some(after)) {
                records.truncate(cut);
                return Ok(Some((records, Rest::Some)));
            }
            match changes.next {
                None => return Ok(Some((records, Rest::None(changes.history_id)))),
                next => page = next,
            }
        }
    }

    pub(super) fn tasks(&self, records: &[HistoryRecord]) -> Vec<(usize, Task)> {
        let mut seen = HashSet::new();
        let mut tasks = Vec::new();
        for (at, record) in records.iter().enumerate() {
            let read = to_read(record).filter(|id| seen.insert((*id).to_owned()));
            tasks.extend(read.map(|id| (at, Task::Read(id.to_owned()))).collect::<Vec<_>>());
            tasks.extend(self.told(record).into_iter().map(|event| (at, Task::Tell(Box::new(event)))));
        }
        tasks
    }

    /// What happened to messages that stay where they are, or are gone.
    fn told(&self, record: &HistoryRecord) -> Vec<Event> {
        let tell = |message: &Message, change: &str, labels: &[String]| {
            let place = record.id.map_or_else(String::new, |id| id.to_string());
            let mut value =
                json!({ "message": message.id, "thread": message.thread_id, "change": change, "labels": labels });
            if change == REMOVED && labels.iter().any(|label| label == UNREAD) {
                value[Change::READ] = true.into();
            }
            Event {
                account: self.account.clone(),
                subject: message.id.clone(),
                key: EventKey::new(format!("{place}:{}:{change}", message.id)),
                occurred_at: None,
                kind: EventKind::Changed(Change { field: "mailbox".to_owned(), value }),
            }
        };
        let deleted = record.messages_deleted.iter().filter(|change| !change.message.has_label("DRAFT"));
        let mut events: Vec<Event> = deleted.map(|change| tell(&change.message, "deleted", &[])).collect();
        for (word, changes) in [("labels_added", &record.labels_added), (REMOVED, &record.labels_removed)] {
            for change in changes {
                let labels: Vec<String> =
                    change.label_ids.iter().filter(|label| TOLD.contains(&label.as_str())).cloned().collect();
                if !labels.is_empty() {
                    events.push(tell(&change.message, word, &labels));
                }
            }
        }
        events
    }
}

/// How many records hold about as many messages as a round reads, at least one.
fn enough(records: &[HistoryRecord]) -> usize {
    let mut messages = 0;
    let within = records.iter().take_while(|record| {
        let before = messages;
        messages += to_read(record).count();
        before == 0 || messages <= A_ROUND
    });
    within.count()
}

/// The messages of a record that are to be read: those that came, were sent, or came out of spam or trash.
fn to_read(record: &HistoryRecord) -> impl Iterator<Item = &str> {
    let ours = |message: &Message| !NOT_OURS.iter().any(|label| message.has_label(label));
    let added = record.messages_added.iter().map(|change| &change.message);
    let sent = record.labels_added.iter().filter(|change| change.label_ids.iter().any(|label| label == SENT));
    let back = record
        .labels_removed
        .iter()
        .filter(|change| change.label_ids.iter().any(|label| NOT_OURS.contains(&label.as_str())));
    let moved = sent.chain(back).map(|change| &change.message);
    added.chain(moved).filter(move |message| ours(message)).map(|message| message.id.as_str())
}
