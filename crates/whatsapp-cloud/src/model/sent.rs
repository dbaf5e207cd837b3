//! What the send endpoint answers.

use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};

/// Meta took the message. Whether it arrives is told later, by status webhooks.
///
/// *See [WhatsApp docs/Send messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The recipient.
    #[serde(default)]
    pub contacts: Vec<SentContact>,
    /// The message.
    #[serde(default)]
    pub messages: Vec<SentMessage>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Sent {
    /// The id of the message (`wamid…`), under which its status webhooks come. Never empty in what
    /// [`send`](crate::api::Messages::send) returns.
    #[must_use]
    pub fn id(&self) -> &str {
        self.messages.first().map_or("", |message| &message.id)
    }

    /// What Meta says of the message beyond its id; only for templates.
    #[must_use]
    pub fn status(&self) -> Option<&MessageStatus> {
        self.messages.first()?.message_status.as_ref()
    }
}

/// The recipient as Meta knows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentContact {
    /// The recipient as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The phone number as WhatsApp writes it; absent where the message went to a user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// The business-scoped user id; absent where the message went to a phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The message as Meta took it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentMessage {
    /// `wamid.…`, by which every state and answer refers to it.
    pub id: String,
    /// The group it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// What Meta does with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_status: Option<MessageStatus>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What Meta does with a template message that it took.
    pub enum MessageStatus {
        /// It is being sent.
        Accepted = "accepted",
        /// It is held until the template's quality is known.
        HeldForQualityAssessment = "held_for_quality_assessment",
        /// The template is paused.
        Paused = "paused",
    }
}
