//! Single calls.

use comms_http::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{conversation::Direction, initiation::ClientData};
use crate::PROVIDER;

/// A call that an agent is to make.
///
/// ```
/// use elevenlabs_client::{ClientData, model::call::OutboundCall};
///
/// let call = OutboundCall::new("agent_01", "phnum_01", "+34600000000")
///     .data(ClientData::new().user("cliente-42").variable("client_name", "Ana"));
/// assert!(call.check().is_ok());
/// ```
///
/// *See [ElevenLabs docs/Twilio outbound call](https://elevenlabs.io/docs/api-reference/twilio/outbound-call)*
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutboundCall {
    /// The agent that speaks.
    pub agent_id: String,
    /// The number that calls: `phnum_…`, its id in the workspace.
    pub agent_phone_number_id: String,
    /// Who is called, in E.164.
    pub to_number: String,
    /// What the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_initiation_client_data: Option<ClientData>,
    /// How the telephone is handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephony_call_config: Option<TelephonyCallConfig>,
}

impl OutboundCall {
    /// A call of this agent from this number to this person.
    pub fn new(agent: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            agent_id: agent.into(),
            agent_phone_number_id: from.into(),
            to_number: to.into(),
            conversation_initiation_client_data: None,
            telephony_call_config: None,
        }
    }

    /// Tells the agent this.
    #[must_use]
    pub fn data(mut self, data: ClientData) -> Self {
        self.conversation_initiation_client_data = Some(data);
        self
    }

    /// Lets it ring so long, in seconds.
    #[must_use]
    pub fn ringing_timeout(mut self, seconds: u32) -> Self {
        let config = self.telephony_call_config.get_or_insert_default();
        config.ringing_timeout_secs = Some(seconds);
        self
    }

    /// Checks what would be refused.
    ///
    /// # Errors
    /// `InvalidRequest` with the field.
    pub fn check(&self) -> Result<()> {
        filled("agent_id", &self.agent_id)?;
        filled("agent_phone_number_id", &self.agent_phone_number_id)?;
        filled("to_number", &self.to_number)?;
        self.conversation_initiation_client_data.as_ref().map_or(Ok(()), ClientData::check)
    }
}

/// Refuses an empty field before any request is made.
pub(super) fn filled(field: &'static str, value: &str) -> Result<()> {
    if value.trim().is_empty() {
        return Err(Error::invalid("is empty").field(field).provider(PROVIDER));
    }
    Ok(())
}

/// How the telephone is handled.
///
/// *See [ElevenLabs docs/Twilio outbound call](https://elevenlabs.io/docs/api-reference/twilio/outbound-call)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TelephonyCallConfig {
    /// How long it rings, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_timeout_secs: Option<u32>,
    /// Whether Twilio records the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twilio_call_recording_enabled: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A call that was placed.
///
/// *See [ElevenLabs docs/Twilio outbound call](https://elevenlabs.io/docs/api-reference/twilio/outbound-call)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedCall {
    /// Whether it was placed. Where it is false, the call of this crate is an error.
    pub success: bool,
    /// What ElevenLabs says of it.
    #[serde(default)]
    pub message: Option<String>,
    /// The conversation: `conv_…`.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// Twilio's id of the call, in the one name of this API that is written so.
    #[serde(default, rename = "callSid", alias = "call_sid")]
    pub call_sid: Option<String>,
}

/// A call on a Twilio number of one's own that an agent is to take over.
///
/// *See [ElevenLabs docs/Register Twilio call](https://elevenlabs.io/docs/api-reference/twilio/register-call)*
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RegisterCall {
    /// The agent that speaks.
    pub agent_id: String,
    /// Who calls.
    pub from_number: String,
    /// Who is called.
    pub to_number: String,
    /// Which way the call goes; ElevenLabs takes it for inbound where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_initiation_client_data: Option<ClientData>,
}

impl RegisterCall {
    /// A call from one number to the other, for this agent.
    pub fn new(agent: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            agent_id: agent.into(),
            from_number: from.into(),
            to_number: to.into(),
            direction: None,
            conversation_initiation_client_data: None,
        }
    }
}
