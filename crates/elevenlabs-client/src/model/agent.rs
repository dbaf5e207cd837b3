//! Agents.

use serde::{Deserialize, Serialize};

use super::lenient;

/// An agent, as lists show it.
///
/// *See [ElevenLabs docs/List agents](https://elevenlabs.io/docs/api-reference/agents/list)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentItem {
    /// Its id: `agent_…`.
    pub agent_id: String,
    /// What people call the agent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: Option<String>,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient::list")]
    pub tags: Vec<String>,
    /// When it was made, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub created_at_unix_secs: Option<i64>,
    /// When it last had a call, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub last_call_time_unix_secs: Option<i64>,
    /// Whether it was put away.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub archived: bool,
}

/// An agent, as far as it matters to who speaks with it.
///
/// *See [ElevenLabs docs/Get agent](https://elevenlabs.io/docs/api-reference/agents/get)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// Its id: `agent_…`.
    pub agent_id: String,
    /// What people call the agent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: Option<String>,
    /// Its settings on the platform.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub platform_settings: PlatformSettings,
}

impl Agent {
    /// What a conversation may override.
    #[must_use]
    pub const fn may_override(&self) -> &MayOverride {
        &self.platform_settings.overrides.conversation_config_override
    }
}

/// An agent's settings on the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlatformSettings {
    /// What a conversation may override.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub overrides: Overrides,
}

/// What a conversation may override, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overrides {
    /// Of how it is held.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_config_override: MayOverride,
}

/// Which settings a conversation may override; absent where the provider does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MayOverride {
    /// Of what is said.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent: MayOverrideAgent,
    /// Of the conversation itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation: MayOverrideConversation,
}

/// Which settings of what is said a conversation may override.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MayOverrideAgent {
    /// What the agent says first.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub first_message: Option<bool>,
    /// The language.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub language: Option<bool>,
}

/// Which settings of the conversation itself it may override.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MayOverrideConversation {
    /// That it is held in writing.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub text_only: Option<bool>,
}
