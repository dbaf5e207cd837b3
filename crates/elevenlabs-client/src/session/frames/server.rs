//! What ElevenLabs says.

use comms_http::{Error, ErrorKind, Outcome, Result, open_enum};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EventId, Extra, ServerError};
use crate::PROVIDER;

/// Declares the frames: variant, payload, `type`, and the field that has the payload.
macro_rules! server_frames {
    ($( $(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal in $field:literal, )+) => {
        /// A frame from ElevenLabs to us.
        ///
        /// *See [ElevenLabs docs/Agent WebSockets](https://elevenlabs.io/docs/eleven-agents/api-reference/eleven-agents/websocket)*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum ServerFrame {
            $( $(#[$doc])* $variant($payload), )+
            /// A frame that this version does not know, or of which it cannot read what it has to say.
            Other(Value),
        }

        impl ServerFrame {
            /// The frame's `type`; empty for one without.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $name, )+
                    Self::Other(value) => value.get("type").and_then(Value::as_str).unwrap_or_default(),
                }
            }

            /// The frame as JSON.
            #[must_use]
            pub fn to_value(&self) -> Value {
                match self {
                    $( Self::$variant(payload) => wrap($name, $field, serde_json::to_value(payload)), )+
                    Self::Other(value) => value.clone(),
                }
            }

            fn typed(value: &Value) -> Option<Self> {
                match value.get("type")?.as_str()? {
                    $( $name => {
                        let payload = value.get($field).cloned().unwrap_or_default();
                        serde_json::from_value(payload).ok().map(Self::$variant)
                    } )+
                    _ => None,
                }
            }
        }
    };
}

server_frames! {
    /// The session is open.
    Metadata(Metadata) = "conversation_initiation_metadata" in "conversation_initiation_metadata_event",
    /// Something that the agent said, whole.
    AgentResponse(AgentResponse) = "agent_response" in "agent_response_event",
    /// What the agent said was otherwise.
    Correction(Correction) = "agent_response_correction" in "agent_response_correction_event",
    /// A piece of what the agent is saying.
    Part(ResponsePart) = "agent_chat_response_part" in "text_response_part",
    /// A piece of what the agent is thinking.
    Reasoning(ReasoningPart) = "agent_reasoning_response_part" in "reasoning_response_part",
    /// The agent asks for something from a tool of ours.
    ToolCall(ClientToolCall) = "client_tool_call" in "client_tool_call",
    /// A tool of the agent begins.
    ToolRequest(AgentTool) = "agent_tool_request" in "agent_tool_request",
    /// A tool of the agent has ended.
    ToolResponse(AgentTool) = "agent_tool_response" in "agent_tool_response",
    /// The same with what it gave.
    ToolResponseFull(AgentTool) = "agent_tool_response_full_payload" in "agent_tool_response_full_payload",
    /// To be answered with a [`Pong`](super::ClientFrame::Pong).
    Ping(Ping) = "ping" in "ping_event",
    /// The agent stopped speaking.
    Interruption(Interruption) = "interruption" in "interruption_event",
    /// What the person was heard to say.
    UserTranscript(UserTranscript) = "user_transcript" in "user_transcription_event",
    /// What the person may be saying.
    TentativeUserTranscript(UserTranscript) = "tentative_user_transcript" in "tentative_user_transcription_event",
    /// A piece of sound.
    Audio(Audio) = "audio" in "audio_event",
    /// How likely somebody speaks.
    VadScore(VadScore) = "vad_score" in "vad_score_event",
    /// How much of the model's memory is in use.
    ContextUsage(ContextUsage) = "context_usage" in "context_usage_event",
    /// The agent is, or is no longer, writing.
    Typing(Typing) = "agent_typing" in "agent_typing_event",
    /// What was said is not permitted.
    Guardrail(Value) = "guardrail_triggered" in "guardrail_triggered_event",
    /// The session ends, and why.
    Error(ServerError) = "error" in "error_event",
}

fn wrap(name: &str, field: &str, payload: serde_json::Result<Value>) -> Value {
    let mut frame = Map::new();
    frame.insert("type".to_owned(), Value::String(name.to_owned()));
    match payload {
        Ok(Value::Null) | Err(_) => {}
        Ok(payload) => {
            frame.insert(field.to_owned(), payload);
        }
    }
    Value::Object(frame)
}

impl ServerFrame {
    /// Reads a frame. A type that is not known, and one whose payload is not what is documented, are [`Other`](Self::Other).
    ///
    /// # Errors
    /// `Decode` for what is not JSON.
    pub fn read(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Decode, Outcome::Rejected, "a frame is not JSON").source(error).provider(PROVIDER)
        })?;
        Ok(Self::typed(&value).unwrap_or(Self::Other(value)))
    }
}

/// What a session is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// Its conversation: a new one for each session.
    pub conversation_id: String,
    /// What audio would come as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_output_audio_format: Option<String>,
    /// What audio would be taken as. Often absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_input_audio_format: Option<String>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Something that the agent said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentResponse {
    /// What.
    pub agent_response: String,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the agent said was otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Correction {
    /// What it had said.
    #[serde(default)]
    pub original_agent_response: String,
    /// What it is to have said.
    pub corrected_agent_response: String,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A piece of what the agent is saying.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResponsePart {
    /// The piece; empty at the beginning and at the end.
    #[serde(default)]
    pub text: String,
    /// Where it stands.
    #[serde(rename = "type")]
    pub kind: PartKind,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A piece of what the agent is thinking: never for the person.
pub type ReasoningPart = ResponsePart;

open_enum! {
    /// Where a piece stands.
    pub enum PartKind {
        /// Before the first.
        Start = "start",
        /// In between.
        Delta = "delta",
        /// After the last.
        Stop = "stop",
    }
}

/// The agent asks for something from a tool of ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientToolCall {
    /// The tool.
    pub tool_name: String,
    /// The call, to be named in the answer.
    pub tool_call_id: String,
    /// What it is given.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Whether an answer is waited for; it is where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expects_response: Option<bool>,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tool that the agent uses by itself: of ElevenLabs (`end_call`), of an MCP server, a webhook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentTool {
    /// The tool.
    pub tool_name: String,
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// Whose it is: `system`, `client`, `webhook`, `mcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_type: Option<String>,
    /// Whether it went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// To be answered with a [`Pong`](super::ClientFrame::Pong).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ping {
    /// To be repeated in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// How long the last answer took.
    #[serde(default)]
    pub ping_ms: Option<i64>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The agent stopped speaking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interruption {
    /// What was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the person was heard to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserTranscript {
    /// What.
    pub user_transcript: String,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A piece of sound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audio {
    /// The piece.
    #[serde(default)]
    pub audio_base_64: String,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How likely somebody speaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VadScore {
    /// From 0 to 1.
    pub vad_score: f64,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much of the model's memory is in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ContextUsage {
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens of the last prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// Tokens that the model takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit_tokens: Option<u64>,
    /// Which event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The agent is, or is no longer, writing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Typing {
    /// Whether it is.
    #[serde(default)]
    pub is_typing: bool,
    /// For how long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}
