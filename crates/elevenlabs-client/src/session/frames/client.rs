//! What we say.

use serde::{Deserialize, Serialize};

use super::EventId;
use crate::ClientData;

/// A frame from us to ElevenLabs. Audio is left out: these sessions are in writing.
///
/// *See [ElevenLabs docs/Agent WebSockets](https://elevenlabs.io/docs/eleven-agents/api-reference/eleven-agents/websocket)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientFrame {
    /// The first frame: overrides, variables, who the other party is.
    ConversationInitiationClientData(Box<ClientData>),
    /// What the agent has to know. It does not answer to it.
    ContextualUpdate {
        /// The text, for a model to read.
        text: String,
        /// Of several updates with one id the last counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context_id: Option<String>,
    },
    /// What the person says.
    UserMessage(UserText),
    /// The person is there: timers of silence begin anew.
    UserActivity {},
    /// The answer to a [`Ping`](super::Ping).
    Pong {
        /// The ping's.
        event_id: EventId,
    },
    /// What a tool of ours gave.
    ClientToolResult {
        /// The call that asked for it.
        tool_call_id: String,
        /// What it gave, or what went wrong. It is text, always: an object is written as JSON into it.
        result: String,
        /// Whether it went wrong.
        is_error: bool,
    },
    /// Whether a tool of an MCP server may be used.
    McpToolApprovalResult {
        /// The call that asks.
        tool_call_id: String,
        /// The verdict.
        is_approved: bool,
    },
    /// What the person thinks of an answer.
    Feedback {
        /// The answer's.
        event_id: EventId,
        /// The verdict.
        score: Option<Score>,
    },
    /// A text with a file that was uploaded before.
    MultimodalMessage {
        /// What is said with the file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<TypedText>,
        /// The file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileInput>,
    },
}

/// A text of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserText {
    /// What the person wrote.
    #[serde(default)]
    pub text: Option<String>,
    /// The row of buttons that it was tapped in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich_content_id: Option<String>,
}

impl UserText {
    /// A text that was typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), rich_content_id: None }
    }
}

/// A [`UserText`] inside of another frame, which names its type there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TypedText {
    /// The only one.
    UserMessage(UserText),
}

/// A file by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileInput {
    /// The only one.
    FileInput {
        /// What the upload gave.
        file_id: String,
    },
}

/// A verdict on an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Good.
    Like,
    /// Bad.
    Dislike,
}

impl ClientFrame {
    /// What the person says.
    pub fn message(text: impl Into<String>) -> Self {
        Self::UserMessage(UserText::new(text))
    }

    /// What the agent has to know; of several with one id the last counts.
    pub fn context(id: Option<&str>, text: impl Into<String>) -> Self {
        Self::ContextualUpdate { text: text.into(), context_id: id.map(str::to_owned) }
    }
}
