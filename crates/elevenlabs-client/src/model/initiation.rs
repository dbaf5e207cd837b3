//! What an agent is told when a conversation begins: by a call, a batch, a WebSocket, or in answer to a webhook.

use std::fmt;

use comms_http::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::lenient;
use crate::PROVIDER;

/// The name of the message with this data, in WebSockets and answers.
pub const FRAME: &str = "conversation_initiation_client_data";
/// Variables with this beginning are ElevenLabs' own.
pub const RESERVED: &str = "system__";
/// Variables with this beginning reach tools and never the language model.
pub const HIDDEN: &str = "secret__";

/// What an agent is told when a conversation begins. `Debug` shows the names of the variables and none of their values.
///
/// Overrides hold only where the agent's settings allow each of them. Variables do something only where the agent's prompt names them.
///
/// ```
/// use elevenlabs_client::ClientData;
///
/// let data = ClientData::new().user("cliente-42").variable("client_name", "Ana").first_message("").language("es").text_only();
/// let frame = data.frame()?;
/// assert_eq!(frame["conversation_config_override"]["conversation"]["text_only"], true);
/// assert!(!format!("{data:?}").contains("Ana"));
/// # Ok::<(), elevenlabs_client::Error>(())
/// ```
///
/// *See [ElevenLabs docs/Personalization](https://elevenlabs.io/docs/eleven-agents/customization/personalization)*
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientData {
    /// What is otherwise than the agent's settings have it.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub conversation_config_override: Option<Overrides>,
    /// Values for the names in the agent's prompt: texts, numbers, yes or no.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub dynamic_variables: Map<String, Value>,
    /// What a language model of one's own is told besides.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub custom_llm_extra_body: Map<String, Value>,
    /// Who the person is, in the words of who calls.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Which program begins the conversation.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub source_info: Option<SourceInfo>,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What is otherwise than the agent's settings have it.
///
/// *See [ElevenLabs docs/Overrides](https://elevenlabs.io/docs/eleven-agents/customization/personalization/overrides)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overrides {
    /// Of the agent itself.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentOverride>,
    /// Of the conversation.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationOverride>,
    /// Of anything else: voices, turns, recognition.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Overrides of the agent itself.
///
/// *See [ElevenLabs docs/Overrides](https://elevenlabs.io/docs/eleven-agents/customization/personalization/overrides)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentOverride {
    /// What the agent says first; empty = it waits for the person.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub first_message: Option<String>,
    /// The language, for instance `es`.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What else there is, for instance `prompt`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Overrides of the conversation.
///
/// *See [ElevenLabs docs/Chat mode](https://elevenlabs.io/docs/eleven-agents/guides/chat-mode)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationOverride {
    /// Nothing is spoken.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub text_only: Option<bool>,
    /// Which messages the WebSocket brings.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub client_events: Option<Vec<String>>,
    /// How long it may last, in seconds.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub max_duration_seconds: Option<u32>,
    /// What else there is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Which program begins a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceInfo {
    /// The program's name.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ClientData {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the person.
    #[must_use]
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// Gives a name in the agent's prompt its value: a text, a number, yes or no.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.dynamic_variables.insert(name.into(), value.into());
        self
    }

    /// Has the agent begin with these words, or wait for the person where they are empty.
    #[must_use]
    pub fn first_message(mut self, text: impl Into<String>) -> Self {
        self.agent_mut().first_message = Some(text.into());
        self
    }

    /// Sets the language.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.agent_mut().language = Some(language.into());
        self
    }

    /// Nothing is to be spoken.
    #[must_use]
    pub fn text_only(mut self) -> Self {
        self.conversation_mut().text_only = Some(true);
        self
    }

    /// Wants these messages of the WebSocket.
    #[must_use]
    pub fn client_events(mut self, events: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.conversation_mut().client_events = Some(events.into_iter().map(Into::into).collect());
        self
    }

    /// Names the program.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>, version: impl Into<String>) -> Self {
        self.source_info = Some(SourceInfo { source: Some(source.into()), version: Some(version.into()) });
        self
    }

    /// Checks what would end the conversation before it begins.
    ///
    /// # Errors
    /// `InvalidRequest` for a variable that is ElevenLabs' own, has no name, or is neither text nor number nor yes or no.
    pub fn check(&self) -> Result<()> {
        for (name, value) in &self.dynamic_variables {
            let wrong = if name.trim().is_empty() {
                "a variable has no name"
            } else if name.starts_with(RESERVED) {
                "a variable has a name that begins with system__, which are ElevenLabs' own"
            } else if !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
                "a variable is neither text nor number nor yes or no"
            } else {
                continue;
            };
            return Err(Error::invalid(wrong).field(format!("dynamic_variables.{name}")).provider(PROVIDER));
        }
        Ok(())
    }

    /// The message with this data: the first of a WebSocket, and the answer to the webhook that asks for it.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    ///
    /// *See [ElevenLabs docs/Agent WebSockets](https://elevenlabs.io/docs/eleven-agents/api-reference/eleven-agents/websocket)*
    pub fn frame(&self) -> Result<Value> {
        self.check()?;
        let written = serde_json::to_value(self);
        let mut frame =
            written.map_err(|error| Error::invalid("cannot be written").source(error).provider(PROVIDER))?;
        frame["type"] = json!(FRAME);
        Ok(frame)
    }

    fn agent_mut(&mut self) -> &mut AgentOverride {
        self.conversation_config_override.get_or_insert_default().agent.get_or_insert_default()
    }

    fn conversation_mut(&mut self) -> &mut ConversationOverride {
        self.conversation_config_override.get_or_insert_default().conversation.get_or_insert_default()
    }
}

impl fmt::Debug for ClientData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are people's data, and those of `secret__` names are credentials.
        f.debug_struct("ClientData")
            .field("dynamic_variables", &self.dynamic_variables.keys().collect::<Vec<_>>())
            .field("source_info", &self.source_info)
            .finish_non_exhaustive()
    }
}
