//! What changed in a mailbox.

use serde::{Deserialize, Serialize};

use super::{Extra, HistoryId, message::Message, open_enum};

open_enum! {
    /// A kind of change.
    pub enum HistoryType {
        /// A message came, or was sent or drafted.
        MessageAdded = "messageAdded",
        /// A message was deleted for good.
        MessageDeleted = "messageDeleted",
        /// A message gained labels.
        LabelAdded = "labelAdded",
        /// A message lost labels.
        LabelRemoved = "labelRemoved",
    }
}

/// One change. Of its messages only ids and labels are here; some are gone by the time they are read.
///
/// *See [Gmail docs/History](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.history)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct HistoryRecord {
    /// Its place in the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<HistoryId>,
    /// All messages that it concerns; a record may hold nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Messages that came, were sent or drafted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages_added: Vec<MessageChange>,
    /// Messages that were deleted for good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages_deleted: Vec<MessageChange>,
    /// Messages that gained labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels_added: Vec<LabelsChange>,
    /// Messages that lost labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels_removed: Vec<LabelsChange>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A message that was added or deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageChange {
    /// The message: ids and labels.
    pub message: Message,
}

/// A message that gained or lost labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelsChange {
    /// The message: ids and the labels that it has now.
    pub message: Message,
    /// Those that it gained or lost.
    pub label_ids: Vec<String>,
}
