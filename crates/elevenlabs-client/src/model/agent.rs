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
    /// Its name.
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
