//! Conversations: calls, and texts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{initiation::ClientData, lenient};

comms_http::open_enum! {
    /// How far a conversation is.
    ///
    /// *See [ElevenLabs docs/Get conversation](https://elevenlabs.io/docs/api-reference/conversations/get)*
    pub enum ConversationStatus {
        /// Nobody has spoken yet.
        Initiated = "initiated",
        /// It goes on.
        InProgress = "in-progress",
        /// It has ended and is being looked through.
        Processing = "processing",
        /// It has ended, and what was found is there.
        Done = "done",
        /// It came to nothing.
        Failed = "failed",
    }
}

impl Default for ConversationStatus {
    /// A name that nobody has.
    fn default() -> Self {
        Self::Other(String::new())
    }
}

comms_http::open_enum! {
    /// Which way a call goes.
    pub enum Direction {
        /// The person called.
        Inbound = "inbound",
        /// The agent called.
        Outbound = "outbound",
    }
}

comms_http::open_enum! {
    /// What became of a call on the telephone.
    pub enum CallResult {
        /// Somebody answered.
        Answered = "answered",
        /// A machine answered.
        Voicemail = "voicemail",
        /// The line was engaged.
        Busy = "busy",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// It could not be connected.
        Failed = "failed",
    }
}

comms_http::open_enum! {
    /// Whether a conversation reached what the agent is for, as ElevenLabs judges it.
    pub enum CallSuccessful {
        /// It did.
        Success = "success",
        /// It did not.
        Failure = "failure",
        /// It could not be told.
        Unknown = "unknown",
    }
}

comms_http::open_enum! {
    /// Who speaks.
    pub enum Role {
        /// The person.
        User = "user",
        /// The agent.
        Agent = "agent",
    }
}

/// A conversation with all that is known of it.
///
/// *See [ElevenLabs docs/Get conversation](https://elevenlabs.io/docs/api-reference/conversations/get)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conversation {
    /// Its id: `conv_…`.
    pub conversation_id: String,
    /// The agent's id: `agent_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_id: String,
    /// The agent's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_name: Option<String>,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: ConversationStatus,
    /// The person, in the words of who began the conversation.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub user_id: Option<String>,
    /// When, how long, by which telephone.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub metadata: Metadata,
    /// What was found in it; absent while it is not done.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub analysis: Option<Analysis>,
    /// What the agent was told when it began.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_initiation_client_data: Option<ClientData>,
    /// What was said, in order. Empty where it was deleted, or left out of a webhook.
    #[serde(default, deserialize_with = "lenient::list")]
    pub transcript: Vec<Turn>,
    /// Whether there is a recording.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_audio: bool,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Conversation {
    /// ElevenLabs' summary of it.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        filled(self.analysis.as_ref()?.transcript_summary.as_deref())
    }

    /// Whether the transcript was deleted, by the retention that the agent has.
    #[must_use]
    pub fn is_transcript_deleted(&self) -> bool {
        self.metadata.deletion_settings.deleted_transcript_at_time_unix_secs.is_some()
            || self.metadata.deletion_settings.deleted_logs_at_time_unix_secs.is_some()
    }

    /// Whether nothing was spoken in it.
    #[must_use]
    pub fn is_text_only(&self) -> bool {
        self.metadata.text_only == Some(true)
    }

    /// When it began.
    #[must_use]
    pub fn started_at(&self) -> Option<OffsetDateTime> {
        at(self.metadata.start_time_unix_secs)
    }

    /// The other party's number, where it was a call.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        filled(self.metadata.phone_call.as_ref()?.external_number.as_deref())
    }

    /// Which program began it, in its own words.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        let named = self.conversation_initiation_client_data.as_ref().and_then(|data| data.source_info.as_ref());
        let named = named.and_then(|info| info.source.as_deref());
        filled(named.or(self.metadata.conversation_initiation_source.as_deref()))
    }
}

/// When, how long, by which telephone.
///
/// *See [ElevenLabs docs/Get conversation](https://elevenlabs.io/docs/api-reference/conversations/get)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// When it began, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub start_time_unix_secs: Option<i64>,
    /// How long it lasted, in seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    pub call_duration_secs: Option<i64>,
    /// What it cost, in credits.
    #[serde(default, deserialize_with = "lenient::number")]
    pub cost: Option<i64>,
    /// The telephone, where it was a call.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_call: Option<PhoneCall>,
    /// The batch that it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub batch_call: Option<BatchCallReference>,
    /// Why it ended, in ElevenLabs' words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub termination_reason: Option<String>,
    /// What went wrong, where it failed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub error: Option<ConversationError>,
    /// Whether nothing was spoken.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub text_only: Option<bool>,
    /// The language that was mostly spoken, for instance `es`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub main_language: Option<String>,
    /// The kind of program that began it, for instance `twilio`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_initiation_source: Option<String>,
    /// What of it was deleted.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub deletion_settings: DeletionSettings,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The telephone of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhoneCall {
    /// What carried it: `twilio`, `sip_trunking`, …
    #[serde(default, rename = "type", deserialize_with = "lenient::or_default")]
    pub kind: Option<String>,
    /// Which way it went.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub direction: Option<Direction>,
    /// The agent's number by its id: `phnum_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_number_id: Option<String>,
    /// The agent's number.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_number: Option<String>,
    /// The person's number.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub external_number: Option<String>,
    /// Twilio's id of the call, or that of whatever carried it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_sid: Option<String>,
    /// What became of it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_result: Option<CallResult>,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Which call of a batch a conversation was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchCallReference {
    /// The batch: `btcal_…`.
    pub batch_call_id: String,
    /// Its recipient: `rcpt_…`.
    pub batch_call_recipient_id: String,
}

/// What went wrong in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationError {
    /// A code, mostly that with which the connection was closed.
    #[serde(default, deserialize_with = "lenient::number")]
    pub code: Option<i64>,
    /// Why, in ElevenLabs' words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub reason: Option<String>,
}

/// What of a conversation was deleted, in seconds after 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletionSettings {
    /// When it will be.
    #[serde(default, deserialize_with = "lenient::number")]
    pub deletion_time_unix_secs: Option<i64>,
    /// When everything was.
    #[serde(default, deserialize_with = "lenient::number")]
    pub deleted_logs_at_time_unix_secs: Option<i64>,
    /// When the recording was.
    #[serde(default, deserialize_with = "lenient::number")]
    pub deleted_audio_at_time_unix_secs: Option<i64>,
    /// When the transcript was.
    #[serde(default, deserialize_with = "lenient::number")]
    pub deleted_transcript_at_time_unix_secs: Option<i64>,
}

/// What was found in a conversation.
///
/// *See [ElevenLabs docs/Conversation analysis](https://elevenlabs.io/docs/eleven-agents/customization/agent-analysis)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Analysis {
    /// Whether it reached what the agent is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_successful: Option<CallSuccessful>,
    /// What it was about.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub transcript_summary: Option<String>,
    /// The same in few words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_summary_title: Option<String>,
    /// What the agent was to find out, by name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub data_collection_results: Map<String, Value>,
    /// What it is judged by, by name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub evaluation_criteria_results: Map<String, Value>,
}

/// One turn of a conversation: words, tools, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// The words; absent where only tools were used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: Option<String>,
    /// Tools that the agent used.
    #[serde(default, deserialize_with = "lenient::list")]
    pub tool_calls: Vec<ToolCall>,
    /// What they answered.
    #[serde(default, deserialize_with = "lenient::list")]
    pub tool_results: Vec<ToolResult>,
    /// How long after the beginning, in seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    pub time_in_call_secs: Option<i64>,
    /// `audio` or `text`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub source_medium: Option<String>,
}

/// A tool that the agent used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The name that it has among the agent's tools.
    pub tool_name: String,
    /// Which use of it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub request_id: Option<String>,
    /// What it was given: JSON in a text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub params_as_json: Option<String>,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// The tool's name.
    pub tool_name: String,
    /// Which use of it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub request_id: Option<String>,
    /// The answer.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub result_value: Option<String>,
    /// Whether it went wrong.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_error: bool,
}

/// A time of the API.
pub(crate) fn at(seconds: Option<i64>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds?).ok()
}

/// An empty text is none.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
