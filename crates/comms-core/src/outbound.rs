//! What is sent, and what the provider answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Address, Content, MessageId, Status};

/// A message to be sent. Sending it is the channel's only task: pacing, repeats and storage are the engine's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outbound {
    /// Our id: travels with the message where the provider can carry it, and comes back in its status.
    pub id: MessageId,
    /// To whom.
    pub to: Address,
    /// What.
    pub content: Content,
    /// The provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

impl Outbound {
    /// A new message.
    #[must_use]
    pub fn new(to: Address, content: Content) -> Self {
        Self { id: MessageId::new(), to, content, reply_to: None }
    }
}

/// The provider took a message. Whether it arrives is told later, by status events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's id of the message.
    pub provider_id: String,
    /// `Accepted` or what the provider says beyond it.
    pub status: Status,
    /// The recipient as the provider knows them: more addresses than we wrote to, perhaps.
    pub recipient: Vec<Address>,
    /// The rest of the answer, where it is worth keeping.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

/// A message of unknown outcome, looked for at the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Our id.
    pub id: MessageId,
    /// The provider's, where it is known.
    pub provider_id: Option<String>,
    /// To whom it was.
    pub to: Address,
    /// When the attempt began.
    pub attempted_at: OffsetDateTime,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The provider has it.
    Found(Receipt),
    /// The provider proves that it does not have it: repeating is safe.
    NotFound,
    /// No proof either way.
    CannotTell,
}
