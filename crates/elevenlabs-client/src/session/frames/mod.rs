//! What is said over the WebSocket, each frame as a type.

mod client;
mod error;
mod server;

pub use client::{ClientFrame, FileInput, Score, TypedText, UserText};
pub use error::{ErrorType, ServerError};
pub use server::{
    AgentResponse, AgentTool, Audio, ClientToolCall, ContextUsage, Correction, Interruption, Metadata, PartKind, Ping,
    ReasoningPart, ResponsePart, ServerFrame, Typing, UserTranscript, VadScore,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What else a frame says that this version does not know.
pub type Extra = Map<String, Value>;

/// The number of an event. The contract says a number; some frames bring it as text, some leave it out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventId {
    /// As the contract has it.
    Number(i64),
    /// As some frames have it.
    Text(String),
}

impl EventId {
    /// The number, however it was written.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// Whether both name one event: `3` and `"3"` do.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self == other || self.number().is_some_and(|number| other.number() == Some(number))
    }
}

impl From<i64> for EventId {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
