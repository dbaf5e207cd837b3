//! The mailbox itself.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Extra, HistoryId, number::millis};

/// A mailbox.
///
/// *See [Gmail docs/Profile](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Profile {
    /// Its address.
    pub email_address: String,
    /// The last change of it: where a sync begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_id: Option<HistoryId>,
    /// How many messages it has.
    pub messages_total: u64,
    /// How many conversations.
    pub threads_total: u64,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which changes are to be pushed, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchRequest {
    /// `projects/{project}/topics/{topic}`, in the project of the OAuth client.
    pub topic_name: String,
    /// Only changes of messages with one of these labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_ids: Vec<String>,
    /// `include` or `exclude` those labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_filter_behavior: Option<&'static str>,
}

impl WatchRequest {
    /// All changes, to this topic.
    pub fn new(topic_name: impl Into<String>) -> Self {
        Self { topic_name: topic_name.into(), label_ids: Vec::new(), label_filter_behavior: None }
    }

    /// Only changes of messages with one of these labels.
    #[must_use]
    pub fn only(mut self, labels: &[&str]) -> Self {
        self.label_ids = labels.iter().map(|&label| label.to_owned()).collect();
        self.label_filter_behavior = Some("include");
        self
    }
}

/// A watch that stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Watch {
    /// What changed until then is not pushed.
    pub history_id: Option<HistoryId>,
    /// When it ends, in milliseconds since 1970.
    #[serde(with = "millis")]
    pub expiration: Option<i64>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Watch {
    /// When it ends.
    #[must_use]
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.expiration?) * 1_000_000).ok()
    }
}
