//! How far a mailbox has been read, as a cursor.

use comms_core::Cursor;
use serde::{Deserialize, Serialize};

use crate::model::HistoryId;

/// Where the next look begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(super) enum Place {
    /// In the history.
    History {
        /// After this.
        after: HistoryId,
        /// When everything before it had been read, in seconds since 1970: what is listed anew where Google has forgotten the history.
        seen: i64,
    },
    /// In a list of messages.
    List(Listing),
}

/// A list of the messages since a time, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Listing {
    /// Where the history is gone on with, once the list has ended: what happens meanwhile stands there.
    pub(super) then: HistoryId,
    /// When the list was begun.
    pub(super) began: i64,
    /// Since when.
    pub(super) since: i64,
    /// Whether the mailbox has never been read before: its messages are none that came in now.
    pub(super) first: bool,
    /// Which page comes next; the first where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
    /// How many of that page have been read.
    #[serde(default)]
    pub(super) done: usize,
}

impl Place {
    /// `None` for what this version does not understand: the mailbox is then read as if for the first time, and what is known already
    /// changes nothing.
    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_str(&cursor.0).ok()
    }

    pub(super) fn cursor(&self) -> Cursor {
        // A value of plain fields cannot fail to be written; an empty cursor would begin anew, which loses nothing.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}
