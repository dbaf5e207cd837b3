//! Agents of a provider that speak with people on the phone, and go on in writing.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::Cursor;

/// A provider whose agents make calls, and answer in writing when they are asked.
///
/// # Errors
/// Every method fails with what the engine acts on: the [`kind`](comms_http::Error::kind), the provider's code verbatim, and whether
/// [every conversation would meet it](comms_http::Error::is_about_account).
///
/// | what happened | kind | outcome |
/// |---|---|---|
/// | the key is refused (401) | `Unauthenticated` | `NotSent` |
/// | there is no such agent or conversation (404) | `InvalidRequest` | `Rejected` |
/// | an override is refused, or ignored; a variable is missing | `Config`, not about the account | `Rejected` |
/// | too many requests or conversations (429) | `RateLimited`, with its wait | `NotSent` |
/// | the model did not answer in time, the agent said nothing and left, 5xx | `Provider` | `NotSent` |
/// | the network | `Transport` | `NotSent` |
/// | an answer that cannot be read | `Decode` | `Rejected` |
#[async_trait]
pub trait TextAgent: fmt::Debug + Send + Sync + 'static {
    /// The provider, in a word: `elevenlabs`. It is stored with each continuation and must stay the same.
    fn provider(&self) -> &str;

    /// What became of a call, by the provider's id of its conversation.
    async fn call(&self, conversation: &str) -> Result<CallReport>;

    /// Calls that ended after `cursor`, the oldest first, and where to go on; without one, from now on. A part is enough: it is asked
    /// again at once while the cursor moves on. Conversations in writing, ours among them, are left out. The same call may
    /// come twice.
    async fn ended(&self, cursor: Option<Cursor>) -> Result<(Vec<CallReport>, Cursor)>;

    /// What the agent says to a burst of messages. It knows of the past what the turn tells. Asking again may have the
    /// agent's own tools act again, and has no other consequence: nothing reaches the person by it.
    async fn reply(&self, turn: &AgentTurn) -> Result<AgentReply>;

    /// Lets go of what is kept open between turns, in order; nothing is kept from then on. Who keeps nothing has nothing to do.
    async fn close(&self) {}
}

/// What is known of a call that an agent made or took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallReport {
    /// The provider's id of its conversation.
    pub conversation: String,
    /// The agent.
    pub agent: String,
    /// What people call the agent, where the provider says.
    pub agent_name: Option<String>,
    /// How far it is.
    pub progress: CallProgress,
    /// What became of it.
    pub outcome: CallOutcome,
    /// The other party's number, in E.164.
    pub phone: Option<String>,
    /// When it began.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// How long it took, in seconds.
    pub duration_secs: Option<u32>,
    /// What was said, in a few sentences; made some time after the end.
    pub summary: Option<String>,
    /// What was said, word for word; empty where it is not kept.
    pub transcript: Vec<Utterance>,
    /// The batch that it belongs to.
    pub batch: Option<BatchCall>,
    /// Whether it was in writing: then it is no call.
    pub text_only: bool,
    /// The variables that it began with.
    pub variables: Map<String, Value>,
}

impl CallReport {
    /// A report that says no more than this.
    pub fn new(conversation: impl Into<String>, agent: impl Into<String>, progress: CallProgress) -> Self {
        Self {
            conversation: conversation.into(),
            agent: agent.into(),
            agent_name: None,
            progress,
            outcome: CallOutcome::Unknown,
            phone: None,
            started_at: None,
            duration_secs: None,
            summary: None,
            transcript: Vec::new(),
            batch: None,
            text_only: false,
            variables: Map::new(),
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallProgress {
    /// It is to take place, or takes place.
    InProgress,
    /// It is over, and what was said is being summed up.
    Processing,
    /// It is over, and everything is known that ever will be.
    Done,
    /// It did not come about, or broke off.
    Failed,
}

impl CallProgress {
    /// Whether nothing of it changes any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Agent and person spoke with each other.
    Talked,
    /// A machine answered.
    Voicemail,
    /// Nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// It failed, or was withdrawn.
    Failed,
    /// Not known, or not yet.
    Unknown,
}

impl CallOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [Self::Talked, Self::Voicemail, Self::NoAnswer, Self::Busy, Self::Failed, Self::Unknown];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Talked => "talked",
            Self::Voicemail => "voicemail",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was said in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The other party.
    Person,
    /// The agent.
    Agent,
}

/// The batch of calls to which a call belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCall {
    /// The batch.
    pub batch: String,
    /// The recipient in it.
    pub recipient: Option<String>,
}

/// What an agent is asked: one burst of messages, with all that it has to know of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentTurn {
    /// The agent.
    pub agent: String,
    /// Whose conversation it is: the same word for each turn of one. Who keeps sessions open finds their own by it.
    pub thread: String,
    /// Who the other party is, in the words of the business.
    pub user: Option<String>,
    /// The language to answer in, as `es`; the agent's own where absent.
    pub language: Option<String>,
    /// Variables of the agent's prompt: text, numbers, and yes or no.
    pub variables: BTreeMap<String, Value>,
    /// What the agent has to know, in this order.
    pub contexts: Vec<AgentContext>,
    /// What the person says.
    pub message: String,
    /// Where the turn stands in its thread; `None` where nobody knows. Who keeps nothing open between turns does without.
    pub chat: Option<AgentChat>,
}

impl AgentTurn {
    /// A turn without a past.
    pub fn new(agent: impl Into<String>, thread: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            agent: agent.into(),
            thread: thread.into(),
            user: None,
            language: None,
            variables: BTreeMap::new(),
            contexts: Vec::new(),
            message: message.into(),
            chat: None,
        }
    }
}

/// Where a turn stands in its thread, for who keeps a session open between two turns. A session may answer without being told the past
/// only where it missed nothing of it: it heard the turn before this one, what it said to that is what the person was sent, the facts are the
/// same, and it is told what was said since. Everybody else is told everything, as the turn has it: to keep a session is cheaper, and never
/// needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentChat {
    /// The number of the turn in its thread, one more for each. A turn that is asked again has the same.
    pub burst: u32,
    /// What went out to the person as the answer to the turn before; `None` where nothing did. Its spaces and line breaks need not be the
    /// agent's own.
    pub answered: Option<String>,
    /// What was said since then that the agent does not know: by people of the business, by templates, by the person while the
    /// agent did not listen. `None`: nothing.
    pub since: Option<AgentContext>,
    /// A fingerprint of what is known beside the chat, the variables among it. It is compared within one process.
    pub facts: u64,
}

/// A piece of the past. Of several with one id the last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentContext {
    /// Which piece: `prior_call`, `chat`.
    pub id: String,
    /// The piece, for a model to read.
    pub text: String,
}

/// What an agent said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentReply {
    /// Its messages, in order; empty where it said nothing.
    pub texts: Vec<String>,
    /// The provider's id of the conversation in which it said them.
    pub session: Option<String>,
    /// Whether the agent ended the conversation.
    pub ended: bool,
    /// Why a person of ours is to take over, where the agent asked for one.
    pub escalation: Option<String>,
    /// What else is worth keeping of the answer.
    pub raw: Value,
}
