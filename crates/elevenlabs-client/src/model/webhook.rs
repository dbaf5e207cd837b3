//! What webhooks carry.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use comms_http::{Error, ErrorKind, Outcome, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{conversation::Conversation, lenient};
use crate::PROVIDER;

comms_http::open_enum! {
    /// Why a call could not be begun.
    pub enum FailureReason {
        /// The line was engaged.
        Busy = "busy",
        /// Nobody answered.
        NoAnswer = "no-answer",
        /// It could not be told.
        Unknown = "unknown",
    }
}

impl Default for FailureReason {
    /// It could not be told.
    fn default() -> Self {
        Self::Unknown
    }
}

/// A conversation has ended and was looked through.
///
/// *See [ElevenLabs docs/Post-call webhooks](https://elevenlabs.io/docs/eleven-agents/workflows/post-call-webhooks)*
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PostCall {
    /// When ElevenLabs told of it.
    pub at: Option<OffsetDateTime>,
    /// Whether it is the transcript as it was said, without what the agent's settings hide.
    pub unredacted: bool,
    /// The conversation, as [`Conversations::get`](crate::api::Conversations::get) gives it. Without its transcript where the settings leave it out.
    pub conversation: Conversation,
}

/// The recording of a conversation. It is not decoded before it is asked for.
///
/// *See [ElevenLabs docs/Post-call webhooks](https://elevenlabs.io/docs/eleven-agents/workflows/post-call-webhooks)*
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallAudio {
    /// When ElevenLabs told of it.
    pub at: Option<OffsetDateTime>,
    /// The agent's id: `agent_…`.
    pub agent_id: String,
    /// The conversation: `conv_…`.
    pub conversation_id: String,
    /// The text of JSON that holds the base64, a part of the webhook's body.
    pub(crate) encoded: Bytes,
}

impl CallAudio {
    /// About how many bytes the recording has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.encoded.len() / 4 * 3
    }

    /// The recording: MP3, `longest` bytes at most.
    ///
    /// # Errors
    /// `InvalidRequest` where it is longer; `Decode` where it is no base64.
    pub fn decode(&self, longest: usize) -> Result<Vec<u8>> {
        if self.length() > longest.saturating_add(3) {
            return Err(Error::invalid("the recording is longer than wanted").field("full_audio").provider(PROVIDER));
        }
        let unreadable = || {
            let error = Error::new(ErrorKind::Decode, Outcome::Rejected, "the recording is no base64");
            error.field("full_audio").provider(PROVIDER)
        };
        // JSON may write a slash as `\/`, which no borrowed text can hold.
        let text: std::borrow::Cow<'_, str> = match serde_json::from_slice::<&str>(&self.encoded) {
            Ok(text) => text.into(),
            Err(_) => serde_json::from_slice::<String>(&self.encoded).map_err(|_| unreadable())?.into(),
        };
        STANDARD.decode(text.as_bytes()).map_err(|_| unreadable())
    }
}

impl fmt::Debug for CallAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAudio")
            .field("conversation_id", &self.conversation_id)
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

/// A call that could not be begun.
///
/// *See [ElevenLabs docs/Post-call webhooks](https://elevenlabs.io/docs/eleven-agents/workflows/post-call-webhooks)*
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InitiationFailure {
    /// When ElevenLabs told of it.
    pub at: Option<OffsetDateTime>,
    /// The agent's id: `agent_…`.
    pub agent_id: String,
    /// The conversation that was to be: `conv_…`.
    pub conversation_id: String,
    /// Why.
    pub failure_reason: FailureReason,
    /// What carried the call: `twilio`, `sip`, …
    pub carrier: Option<String>,
    /// What the carrier said, in its own names.
    pub body: Map<String, Value>,
}

impl InitiationFailure {
    /// Who was called, where the carrier is Twilio.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.body.get("To")?.as_str()
    }

    /// The carrier's id of the call.
    #[must_use]
    pub fn call_sid(&self) -> Option<&str> {
        ["CallSid", "call_sid"].into_iter().find_map(|name| self.body.get(name)?.as_str())
    }
}

/// A webhook that this version does not know: answer it as the others.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OtherEvent {
    /// Its type, in ElevenLabs' words.
    pub kind: String,
    /// When ElevenLabs told of it.
    pub at: Option<OffsetDateTime>,
    /// The agent, where one is named.
    pub agent_id: Option<String>,
    /// The conversation, where one is named.
    pub conversation_id: Option<String>,
    /// What it says, as it came.
    pub data: Value,
}

/// ElevenLabs asks what the agent is to be told of who calls.
///
/// *See [ElevenLabs docs/Twilio personalization](https://elevenlabs.io/docs/eleven-agents/customization/personalization/twilio-personalization)*
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InitiationRequest {
    /// Who calls.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub caller_id: String,
    /// The agent that answers: `agent_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_id: String,
    /// Which number was called.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub called_number: String,
    /// The carrier's id of the call.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub call_sid: Option<String>,
    /// The conversation that begins: `conv_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_id: Option<String>,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
