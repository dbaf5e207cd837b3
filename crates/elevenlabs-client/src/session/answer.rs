//! What a message to an agent leads to.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::limits;

/// What the agent said to one message.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Its texts in order, each whole. None where it chose to say nothing.
    pub texts: Vec<String>,
    /// The conversation in which it said them.
    pub conversation_id: Option<String>,
    /// Whether the agent, or ElevenLabs, ended the conversation.
    pub ended: bool,
    /// The tools that it used, in order.
    pub tools: Vec<ToolUse>,
    /// Whether it spoke too: the agent's settings do not permit to have it write only, and ElevenLabs passed over that in silence. It
    /// costs more, and takes longer.
    pub spoke: bool,
    /// Whether it was said in a session that was open from the message before.
    pub kept: bool,
}

/// A tool that an agent used.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolUse {
    /// The call.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// Whose it is: `client` for one of ours, `system`, `webhook`, `mcp`.
    pub kind: Option<String>,
    /// What it was given, where that is known.
    pub parameters: Map<String, Value>,
    /// Whether it went wrong.
    pub is_error: bool,
}

/// How long a session waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// From the first frame to the session's data.
    pub metadata: Duration,
    /// For a greeting where one is to be expected, and how long it may take between two pieces.
    pub greeting: Duration,
    /// For a greeting where none is to be expected, because the agent was asked to wait.
    pub settle: Duration,
    /// After the last that was said, before it is taken for all.
    pub quiet: Duration,
    /// The same after a tool: the model thinks again.
    pub after_tool: Duration,
    /// From the message to the end of the answer.
    pub answer: Duration,
    /// For a tool of ours.
    pub tool: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            metadata: limits::METADATA_WITHIN,
            greeting: limits::GREETING_WITHIN,
            settle: limits::SETTLE,
            quiet: limits::QUIET,
            after_tool: limits::AFTER_TOOL,
            answer: limits::ANSWER_WITHIN,
            tool: limits::TOOL_WITHIN,
        }
    }
}
