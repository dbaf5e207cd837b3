//! What Pub/Sub pushes.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use super::{Extra, HistoryId};

/// The envelope of a push.
///
/// *See [Pub/Sub docs/Push subscriptions](https://cloud.google.com/pubsub/docs/push)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Envelope {
    /// The message.
    pub message: PubSubMessage,
    /// `projects/{project}/subscriptions/{subscription}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// How often it was delivered, where a dead-letter topic is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_attempt: Option<u64>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A message of Pub/Sub. Every name comes in two ways of writing at once; the other one stands in `extra`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PubSubMessage {
    /// The content, as base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Tells it from every other: a repetition has the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// When it was published, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_time: Option<String>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What Gmail says in a push: something changed in this mailbox. What, the history tells, **from the cursor that is kept**: the
/// history beyond this id is empty, and a push may come before the history shows what it means, late, twice, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The mailbox.
    pub email_address: String,
    /// The change.
    pub history_id: HistoryId,
}

impl PubSubMessage {
    /// The content, where it is Gmail's.
    #[must_use]
    pub fn notification(&self) -> Option<Notification> {
        let data = self.data.as_deref()?;
        let standard: String = data
            .chars()
            .map(|c| match c {
                '-' => '+',
                '_' => '/',
                c => c,
            })
            .collect();
        serde_json::from_slice(&BASE64.decode(standard).ok()?).ok()
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
