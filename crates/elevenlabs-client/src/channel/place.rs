//! How far the calls of a workspace were read.

use std::collections::{BTreeSet, VecDeque};

use comms_core::Cursor;
use serde::{Deserialize, Serialize};

/// Conversations that are remembered as seen: those of the overlap, as many as there may be.
const SEEN: usize = 1_000;

/// A list knows when conversations began, and we want to know when they ended. So it is read by beginnings, what is new waits in a queue, and
/// each is asked for until it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The latest beginning that was seen, in seconds after 1970.
    pub(super) after: i64,
    /// The list that is being read: from when on, and its next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) list: Option<List>,
    /// What was seen, and when it began; the latest last.
    #[serde(default)]
    seen: VecDeque<(String, i64)>,
    /// What has not ended, or was not asked for yet.
    #[serde(default)]
    pub(super) waiting: Vec<Waiting>,
}

/// A list that is being read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct List {
    /// Beginnings after this second.
    pub(super) since: i64,
    /// The next page.
    pub(super) page: String,
    /// Whether it is the very first one.
    #[serde(default)]
    pub(super) first: bool,
}

/// A conversation that is asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The conversation's id, `conv_…`.
    pub(super) id: String,
    /// When it is asked for next, in seconds after 1970.
    pub(super) due: i64,
    /// When it was first seen: it is not asked for ever.
    pub(super) first: i64,
}

impl Place {
    /// From this second on.
    pub(super) fn from(now: i64) -> Self {
        Self { after: now, list: None, seen: VecDeque::new(), waiting: Vec::new() }
    }

    /// What a cursor says; `None` where it says nothing that this version knows.
    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_str(&cursor.0).ok()
    }

    /// The cursor of this place.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Remembers a conversation that began then; whether it is new.
    pub(super) fn see(&mut self, id: &str, began: i64) -> bool {
        if self.seen.iter().any(|(seen, _)| seen == id) {
            return false;
        }
        self.seen.push_back((id.to_owned(), began));
        while self.seen.len() > SEEN {
            self.seen.pop_front();
        }
        true
    }

    /// Forgets those that began before this second: they are not listed any more.
    pub(super) fn forget(&mut self, before: i64) {
        self.seen.retain(|(_, began)| *began >= before);
    }

    /// Asks for a conversation, at this second.
    pub(super) fn wait(&mut self, id: &str, due: i64, now: i64) {
        self.waiting.push(Waiting { id: id.to_owned(), due, first: now });
    }

    /// Those that are to be asked for now, the longest due first.
    pub(super) fn due(&self, now: i64, most: usize) -> Vec<String> {
        let mut due: Vec<_> = self.waiting.iter().filter(|waiting| waiting.due <= now).collect();
        due.sort_by_key(|waiting| (waiting.due, waiting.first));
        due.into_iter().take(most).map(|waiting| waiting.id.clone()).collect()
    }

    /// Whether a conversation was first seen before this second.
    pub(super) fn is_older(&self, id: &str, than: i64) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id && waiting.first < than)
    }

    /// Asks for these no more.
    pub(super) fn drop(&mut self, ids: &BTreeSet<String>) {
        self.waiting.retain(|waiting| !ids.contains(&waiting.id));
    }

    /// Asks for these later, and no more for those that never end.
    pub(super) fn postpone(&mut self, ids: &BTreeSet<String>, due: i64, oldest: i64) {
        for waiting in self.waiting.iter_mut().filter(|waiting| ids.contains(&waiting.id)) {
            waiting.due = due;
        }
        self.waiting.retain(|waiting| waiting.first >= oldest || !ids.contains(&waiting.id));
    }
}
