//! WhatsApp numbers that ElevenLabs itself serves.

use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{call::filled, initiation::ClientData, lenient};

/// A template by which an agent begins a conversation over WhatsApp.
///
/// What is answered says only that it was accepted; while a conversation with the person goes on, a further one begins another.
///
/// *See [ElevenLabs docs/WhatsApp outbound message](https://elevenlabs.io/docs/api-reference/whats-app/outbound-message)*
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WhatsAppMessage {
    /// The number that writes: Meta's id of it.
    pub whatsapp_phone_number_id: String,
    /// Who is written to: the number without its plus.
    pub whatsapp_user_id: String,
    /// The template.
    pub template_name: String,
    /// Its language, for instance `es`.
    pub template_language_code: String,
    /// What stands in its places, as Meta has it.
    pub template_params: Vec<Value>,
    /// The agent that goes on.
    pub agent_id: String,
    /// What it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_initiation_client_data: Option<ClientData>,
}

impl WhatsAppMessage {
    /// This template to this person; `agent` goes on.
    pub fn new(
        agent: impl Into<String>,
        from: impl Into<String>,
        to: impl Into<String>,
        template: impl Into<String>,
        language: impl Into<String>,
    ) -> Self {
        Self {
            whatsapp_phone_number_id: from.into(),
            whatsapp_user_id: to.into(),
            template_name: template.into(),
            template_language_code: language.into(),
            template_params: Vec::new(),
            agent_id: agent.into(),
            conversation_initiation_client_data: None,
        }
    }

    /// Puts these texts into the places of the template's body, in order.
    #[must_use]
    pub fn body(mut self, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let parameters: Vec<Value> =
            texts.into_iter().map(|text| json!({"type": "text", "text": text.into()})).collect();
        self.template_params.push(json!({"type": "body", "parameters": parameters}));
        self
    }

    /// Tells the agent this.
    #[must_use]
    pub fn data(mut self, data: ClientData) -> Self {
        self.conversation_initiation_client_data = Some(data);
        self
    }

    /// Checks what would be refused.
    ///
    /// # Errors
    /// `InvalidRequest` with the field.
    pub fn check(&self) -> Result<()> {
        filled("whatsapp_phone_number_id", &self.whatsapp_phone_number_id)?;
        filled("whatsapp_user_id", &self.whatsapp_user_id)?;
        filled("template_name", &self.template_name)?;
        filled("agent_id", &self.agent_id)?;
        self.conversation_initiation_client_data.as_ref().map_or(Ok(()), ClientData::check)
    }
}

/// A WhatsApp number that ElevenLabs serves.
///
/// *See [ElevenLabs docs/WhatsApp accounts](https://elevenlabs.io/docs/api-reference/whats-app-accounts/list)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WhatsAppAccount {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// The number, as people dial it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_number: Option<String>,
    /// The agent that answers there.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub assigned_agent_id: Option<String>,
    /// Whether Meta's permission has ended.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_token_expired: bool,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
