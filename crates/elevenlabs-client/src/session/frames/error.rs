//! Why a session ends, in ElevenLabs' words.

use comms_http::open_enum;
use serde::{Deserialize, Serialize};

use super::Extra;

/// The session ends, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerError {
    /// The code that the WebSocket is closed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What kind of error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<ErrorType>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same without details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else is said.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Why a session ends.
    pub enum ErrorType {
        /// Not said.
        Unknown = "unknown",
        /// A frame of ours is not JSON, or of no known shape.
        InvalidMessage = "invalid_message",
        /// The agent only listens, and cannot take calls.
        TelephonyAgentError = "telephony_agent_error",
        /// A tool of an MCP server has a bad description.
        McpToolError = "mcp_tool_error",
        /// An MCP server is not reached by HTTPS.
        McpHttpsError = "mcp_https_error",
        /// A value of ours cannot be used.
        ValueError = "value_error",
        /// A frame of ours lacks something.
        MissingFields = "missing_fields",
        /// The agent does not permit what an override asks for.
        OverrideError = "override_error",
        /// After a transfer to another agent a variable lacks a value.
        MissingDynamicVariableTransfer = "missing_dynamic_variable_transfer",
        /// A variable lacks a value.
        MissingDynamicVariable = "missing_dynamic_variable",
        /// The connection went away.
        WebsocketDisconnect = "websocket_disconnect",
        /// What was said is not permitted.
        SafetyViolation = "safety_violation",
        /// The model did not answer within 20 s.
        LlmTimeout = "llm_timeout",
        /// The person said nothing for 60 s.
        TransportReceiveTimeout = "transport_receive_timeout",
        /// Something at ElevenLabs took too long.
        AsyncioTimeout = "asyncio_timeout",
        /// An HTTP request at ElevenLabs failed.
        HttpException = "http_exception",
        /// The conversation lasted as long as it may.
        MaxDurationExceeded = "max_duration_exceeded",
        /// The model failed.
        LlmError = "llm_error",
        /// A model of one's own failed.
        CustomLlmError = "custom_llm_error",
        /// All models failed.
        CascadeBrainError = "cascade_brain_error",
        /// Recognition failed.
        AsrTranscriptionError = "asr_transcription_error",
        /// Detection of a voice failed.
        VadError = "vad_error",
        /// Detection of turns failed.
        TurnProbabilityError = "turn_probability_error",
        /// The voice failed.
        TtsCascadeError = "tts_cascade_error",
        /// The store at ElevenLabs took too long.
        RedisTimeoutError = "redis_timeout_error",
        /// Something at ElevenLabs broke.
        UnknownWebsocketCrash = "unknown_websocket_crash",
    }
}
