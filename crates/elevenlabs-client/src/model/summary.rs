//! Conversations in short: as lists show them, and what they were about.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    conversation::{CallSuccessful, ConversationStatus, Direction, Role},
    lenient,
};

/// A conversation, as lists show it.
///
/// *See [ElevenLabs docs/List conversations](https://elevenlabs.io/docs/api-reference/conversations/list)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationItem {
    /// Its id: `conv_…`.
    pub conversation_id: String,
    /// The agent's id: `agent_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_id: String,
    /// The agent's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_name: Option<String>,
    /// When it began, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub start_time_unix_secs: Option<i64>,
    /// How long it lasted, in seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    pub call_duration_secs: Option<i64>,
    /// Turns with words.
    #[serde(default, deserialize_with = "lenient::number")]
    pub message_count: Option<i64>,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: ConversationStatus,
    /// Whether it reached what the agent is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_successful: Option<CallSuccessful>,
    /// What it was about, where that was asked for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub transcript_summary: Option<String>,
    /// The same in few words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_summary_title: Option<String>,
    /// The kind of program that began it, for instance `twilio`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_initiation_source: Option<String>,
    /// Which way it went, where it was a call.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub direction: Option<Direction>,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A conversation in short: what it was about, and its words where they are not too many.
///
/// *See [ElevenLabs docs/Get conversation summary](https://elevenlabs.io/docs/api-reference/conversations/get-summary)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Its id: `conv_…`.
    pub conversation_id: String,
    /// The agent's id: `agent_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_id: String,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: ConversationStatus,
    /// What it was about, in few words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_summary_title: Option<String>,
    /// What it was about.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub transcript_summary: Option<String>,
    /// Whether it reached what the agent is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_successful: Option<CallSuccessful>,
    /// Turns with words.
    #[serde(default, deserialize_with = "lenient::number")]
    pub message_count: Option<i64>,
    /// The words; empty where there are more than were asked for.
    #[serde(default, deserialize_with = "lenient::list")]
    pub messages: Vec<SummaryMessage>,
    /// Whether the words were left out because they are too many.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub messages_omitted: bool,
}

/// One turn's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SummaryMessage {
    /// Who speaks.
    pub role: Role,
    /// The words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
}
