//! Conversations.

use serde::{Deserialize, Serialize};

use super::{Extra, HistoryId, message::Message};

/// A conversation.
///
/// *See [Gmail docs/Thread](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Thread {
    /// By it the thread is read, and a message is put into it.
    pub id: String,
    /// The beginning of its last message, escaped as HTML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub snippet: String,
    /// The last change of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_id: Option<HistoryId>,
    /// Its messages, the oldest first; none in a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}
