//! Calls that go on by chat, as the engine sees them: how far each is, and the bursts of messages that its agent answers.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::RepositoryResult;
use crate::{
    AccountId, CallOutcome, CallReport, Content, ContinuationId, ConversationId, Cursor, MessageId, OrganizationId,
    Problem, UserId, Utterance,
};

/// How far a continuation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContinuationState {
    /// The call was handed off, and its first message is not on its way yet.
    Pending,
    /// The agent answers what the person writes.
    Active,
    /// There is nothing to go on with: nobody spoke, or nobody is to be written to. Final.
    Skipped,
    /// The first message could not be sent, or did not arrive. Final.
    Failed,
    /// It is over. Final.
    Closed,
    /// A person of ours is to answer; the agent says nothing until it is given back to it.
    Escalated,
}

impl ContinuationState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Active, Self::Skipped, Self::Failed, Self::Closed, Self::Escalated];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Closed => "closed",
            Self::Escalated => "escalated",
        }
    }

    /// Whether the agent may still say something by itself.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }
}

/// A call that is handed off. Whoever tells of the same call again adds what was not known, and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct NewContinuation {
    /// The organisation.
    pub organization: OrganizationId,
    /// The agents' provider, in a word.
    pub provider: String,
    /// The provider's id of the call's conversation.
    pub call: String,
    /// The agent.
    pub agent: String,
    /// What people call the agent: shown, never looked up by.
    pub agent_name: Option<String>,
    /// The batch of the call.
    pub batch: Option<String>,
    /// The recipient in the batch.
    pub recipient: Option<String>,
    /// Who told of it, in a word.
    pub told_by: String,
    /// The person's number.
    pub phone: Option<String>,
    /// Their name.
    pub client_name: Option<String>,
    /// What else was told.
    pub metadata: Map<String, Value>,
    /// What became of the call, where that is known.
    pub outcome: Option<CallOutcome>,
    /// What the provider says of the call, where it did.
    pub report: Option<CallReport>,
    /// When.
    pub now: OffsetDateTime,
}

/// A call that goes on by chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuation {
    /// Its id, made of organisation, provider and call.
    pub id: ContinuationId,
    /// Its number: later ones have greater ones.
    pub number: i32,
    /// The organisation.
    pub organization: OrganizationId,
    /// The agents' provider.
    pub provider: String,
    /// The provider's id of the call's conversation.
    pub call: String,
    /// The agent.
    pub agent: String,
    /// What people call the agent; `None` where nobody said.
    pub agent_name: Option<String>,
    /// The batch of the call.
    pub batch: Option<String>,
    /// The recipient in the batch.
    pub recipient: Option<String>,
    /// Who told of it first.
    pub told_by: String,
    /// The person's number.
    pub phone: Option<String>,
    /// Their name.
    pub client_name: Option<String>,
    /// What else was told.
    pub metadata: Map<String, Value>,
    /// What became of the call.
    pub outcome: Option<CallOutcome>,
    /// How far it is.
    pub state: ContinuationState,
    /// Why: a word for programs.
    pub reason: Option<String>,
    /// What went wrong last.
    pub problem: Option<Problem>,
    /// What was said in the call, in short.
    pub summary: Option<String>,
    /// How long the call took, in seconds.
    pub duration_secs: Option<u32>,
    /// When it began.
    pub called_at: Option<OffsetDateTime>,
    /// What was said in the call.
    pub transcript: Vec<Utterance>,
    /// Since when nothing of the call changes any more.
    pub facts_at: Option<OffsetDateTime>,
    /// The account that writes.
    pub account: Option<AccountId>,
    /// The conversation.
    pub conversation: Option<ConversationId>,
    /// The first message, once it was decided.
    pub opening: Option<Content>,
    /// Our id of it.
    pub opening_message: Option<MessageId>,
    /// How many bursts were begun.
    pub turns: u32,
    /// How often the present step was tried.
    pub attempts: u32,
    /// When it is looked at next, where there is something to do.
    pub due_at: OffsetDateTime,
    /// Since when it is known.
    pub created_at: OffsetDateTime,
    /// When the first message was on its way.
    pub opened_at: Option<OffsetDateTime>,
    /// Since when the agent listens.
    pub listens_since: OffsetDateTime,
    /// When it ended, or was given to a person.
    pub ended_at: Option<OffsetDateTime>,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

/// Which work is claimed, and how messages become a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContinuationClaim {
    /// Now.
    pub now: OffsetDateTime,
    /// For how long.
    pub lease: Duration,
    /// How many.
    pub limit: u16,
    /// How long the last message of a burst must be old.
    pub debounce: Duration,
    /// How long the first message of a burst waits at most.
    pub patience: Duration,
    /// This one alone.
    pub only: Option<ContinuationId>,
}

/// Something to be done for a continuation now. The claim ends by itself when its lease does.
#[derive(Clone, Debug, PartialEq)]
pub struct ContinuationJob {
    /// The continuation as it was claimed.
    pub continuation: Continuation,
    /// The number of the claim: the word of an older one changes nothing.
    pub token: i64,
    /// The burst to be answered; `None` where the first message is to be sent.
    pub burst: Option<AgentBurst>,
}

/// Messages that are answered together. What belongs to one is decided once.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentBurst {
    /// Its number in the continuation, from 1.
    pub number: u32,
    /// The messages, the oldest first.
    pub messages: Vec<MessageId>,
    /// When the first of them came in.
    pub first_at: OffsetDateTime,
    /// When the last of them came in.
    pub last_at: OffsetDateTime,
    /// What the agent said, once it did.
    pub reply: Option<AgentAnswer>,
}

/// What an agent said to a burst, as it is kept until it is sent and beyond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentAnswer {
    /// What is sent, message by message, each under the id that it will have.
    pub parts: Vec<AgentPart>,
    /// The provider's id of the conversation in which it was said.
    pub session: Option<String>,
    /// Why a person of ours is to take over: a word for programs, and the agent's own words.
    pub escalation: Option<(String, Option<String>)>,
    /// What went wrong, where it is no answer of the agent's.
    pub problem: Option<Problem>,
    /// What else is kept of the answer.
    pub raw: Value,
}

/// One message of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPart {
    /// Our id of it.
    pub message: MessageId,
    /// What it says.
    pub text: String,
}

/// What became of a claimed step.
#[derive(Clone, Debug, PartialEq)]
pub enum ContinuationStep {
    /// It was not begun: it is due as before.
    GivenBack,
    /// It is tried again at this time; the claim is over.
    Later {
        /// When.
        due_at: OffsetDateTime,
        /// Why.
        problem: Option<Problem>,
    },
    /// What is known of the call by now. The claim goes on.
    Facts(CallReport),
    /// What the first message says, and who sends it. The claim goes on: from here on it says just that.
    Decided {
        /// The account.
        account: AccountId,
        /// The message.
        message: MessageId,
        /// What it says.
        content: Content,
    },
    /// The first message is on its way, in this conversation. Older continuations of the same agent in it are over.
    Opened(ConversationId),
    /// What the agent said. The claim goes on: from here on it is that which is sent.
    Answered(AgentAnswer),
    /// The burst is over: what was said is on its way, or nothing was said.
    Said,
    /// It ends, in this state; a burst that was begun is over.
    Ended {
        /// Skipped, failed, closed or escalated.
        state: ContinuationState,
        /// Why.
        reason: String,
        /// What went wrong.
        problem: Option<Problem>,
        /// Beside the conversation, for those who take over: who writes it, and what. The conversation is opened.
        note: Option<(UserId, String)>,
    },
}

/// The end of a step, by who claimed it.
#[derive(Clone, Debug, PartialEq)]
pub struct ContinuationConclusion {
    /// Which.
    pub id: ContinuationId,
    /// The claim.
    pub token: i64,
    /// What became of it.
    pub step: ContinuationStep,
    /// Now.
    pub now: OffsetDateTime,
}

/// Which continuations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContinuationFilter {
    /// With this number, in E.164.
    pub phone: Option<String>,
    /// Of this agent.
    pub agent: Option<String>,
    /// Of this conversation of ours.
    pub conversation: Option<ConversationId>,
    /// In one of these states; in any where empty.
    pub states: Vec<ContinuationState>,
    /// Before the one of this number.
    pub before: Option<i32>,
    /// How many, 1 to 200.
    pub limit: u16,
}

/// What is counted of continuations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContinuationStats {
    /// Those in state active at this moment.
    pub active: i64,
    /// Those whose first message was on its way since the beginning of the day.
    pub opened: i64,
    /// Those among them in whose conversation the person has written since.
    pub responded: i64,
    /// First messages and answers that agents sent since then, accepted by our own store, in messages.
    pub sent: i64,
    /// Messages that people wrote since then in a conversation with a continuation.
    pub received: i64,
    /// Bursts that were answered since then.
    pub answered: i64,
    /// From the last message of each of these bursts to its answer, on average, in seconds.
    pub response_seconds: Option<f64>,
    /// Steps that wait: first messages to be sent, bursts to be answered.
    pub waiting: i64,
    /// Steps that are under way: those that are claimed.
    pub under_way: i64,
    /// Steps that were concluded since then: first messages that were on their way, bursts that were answered or needed no answer.
    pub completed: i64,
    /// Continuations that failed, and bursts that were given up, since then.
    pub failed: i64,
    /// Continuations by state, of all times.
    pub states: Vec<(ContinuationState, i64)>,
}

/// Calls that go on by chat. A part of [`Repository`](super::Repository).
///
/// Nothing of a continuation is kept in memory: the messages of a burst are written down when it is claimed, what the agent said before it
/// is sent, and each message of it has its id beforehand. So whoever comes after a crash goes on with the very same.
///
/// # Errors
/// As there; [`NotFound`](super::RepositoryError::NotFound) for what the organisation does not have.
#[async_trait]
pub trait ContinuationRepository: fmt::Debug + Send + Sync + 'static {
    /// Keeps a call that is handed off. Returns it as it is, and whether nobody had told of it before.
    async fn hand_off(&self, new: NewContinuation) -> RepositoryResult<(Continuation, bool)>;

    /// Claims what is to be done now. Returns when there is more to do, where that is known: messages that come in meanwhile are
    /// not foreseen.
    ///
    /// Of several active continuations in one conversation the newest has the person's messages.
    async fn claim_continuations(
        &self,
        claim: &ContinuationClaim,
    ) -> RepositoryResult<(Vec<ContinuationJob>, Option<OffsetDateTime>)>;

    /// Records what became of a step. Returns whether it counted.
    async fn conclude_continuation(&self, conclusion: ContinuationConclusion) -> RepositoryResult<bool>;

    /// One continuation.
    async fn continuation(&self, organization: &OrganizationId, id: ContinuationId) -> RepositoryResult<Continuation>;

    /// Continuations, the newest first.
    async fn continuations(
        &self,
        organization: &OrganizationId,
        filter: &ContinuationFilter,
    ) -> RepositoryResult<Vec<Continuation>>;

    /// Ends one by the word of somebody: closed or escalated. Returns it, and whether that changed anything: what has ended stays
    /// as it is.
    async fn end_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        step: ContinuationStep,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)>;

    /// Gives an escalated one back to its agent, which hears what is written from now on. Returns it, and whether that changed
    /// anything.
    async fn resume_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)>;

    /// Closes active ones in whose conversation nothing was said since then. Returns how many.
    async fn close_idle_continuations(&self, before: OffsetDateTime, now: OffsetDateTime) -> RepositoryResult<u64>;

    /// Makes active ones begin again whose first message did not arrive, as it turned out, and in which the person has written nothing that
    /// the agent is to hear. Returns how many. What becomes of them is for who claims them to say.
    async fn restart_undelivered_continuations(&self, now: OffsetDateTime) -> RepositoryResult<u64>;

    /// The last message that somebody else than an agent sent in the conversation since the agent listens: a person of ours
    /// answered. Templates do not count.
    async fn human_answer(&self, id: ContinuationId) -> RepositoryResult<Option<MessageId>>;

    /// How many bursts of this account were begun since then.
    async fn turns_since(&self, account: &AccountId, since: OffsetDateTime) -> RepositoryResult<i64>;

    /// When the last bursts of a continuation were begun, the newest first.
    async fn last_turns(&self, id: ContinuationId, limit: u16) -> RepositoryResult<Vec<OffsetDateTime>>;

    /// What is counted, of one organisation or of all; the day began at `since`.
    async fn continuation_stats(
        &self,
        organization: Option<&OrganizationId>,
        since: OffsetDateTime,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContinuationStats>;

    /// How far a provider's calls were read.
    async fn agent_cursor(&self, name: &str) -> RepositoryResult<Option<Cursor>>;

    /// Notes how far they were read.
    async fn put_agent_cursor(&self, name: &str, cursor: &Cursor, now: OffsetDateTime) -> RepositoryResult<()>;
}
