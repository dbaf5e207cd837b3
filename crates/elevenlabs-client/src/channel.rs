//! The toolkit's [`TextAgent`] over this client: what became of calls, and answers in writing.

mod batches;
mod ended;
mod errors;
mod inbound;
mod place;
mod reply;
mod report;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use comms_core::{AgentReply, AgentTurn, CallReport, Cursor, TextAgent};
use comms_http::{Outcome, Result};

use self::batches::Batches;
pub use self::inbound::{CallEnded, ElevenLabsInbound};
use crate::{
    Client, PROVIDER, limits,
    model::{
        conversation::{Conversation, ConversationStatus},
        summary::Summary,
    },
    session::{ClientTools, TextSessions},
};

/// The tool by which an agent asks for a person, unless [other names](ElevenLabsAgent::escalation_tools) are given.
pub const ESCALATION_TOOL: &str = "escalate_to_human";

/// ElevenLabs' agents, as the toolkit sees them: feature `channel`.
///
/// ```no_run
/// # #[cfg(feature = "rustls-ring")] {
/// use elevenlabs_client::{Client, Config, ElevenLabsAgent};
///
/// let agent = ElevenLabsAgent::new(Client::new(Config::from_env())?).only(["agent_0123"]);
/// # }
/// # Ok::<(), elevenlabs_client::Error>(())
/// ```
#[derive(Clone)]
pub struct ElevenLabsAgent {
    client: Client,
    sessions: TextSessions,
    batches: Arc<Batches>,
    only: Vec<String>,
    escalation: Vec<String>,
}

impl ElevenLabsAgent {
    /// All agents of the client's workspace.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            sessions: client.text_sessions(),
            batches: Arc::default(),
            only: Vec::new(),
            escalation: vec![ESCALATION_TOOL.to_owned()],
            client,
        }
        .with_escalation_tools()
    }

    /// Only calls of these agents are told of.
    #[must_use]
    pub fn only(mut self, agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = agents.into_iter().map(Into::into).collect();
        self
    }

    /// The agent asks for a person by one of these tools of ours (client tools, with a parameter `reason`).
    #[must_use]
    pub fn escalation_tools(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.escalation = names.into_iter().map(Into::into).collect();
        self.with_escalation_tools()
    }

    /// The client below.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn with_escalation_tools(mut self) -> Self {
        let tools = self
            .escalation
            .iter()
            .fold(ClientTools::none(), |tools, name| tools.with(name.clone(), Arc::new(reply::AskForPerson)));
        self.sessions = self.sessions.tools(tools);
        self
    }

    /// What became of a call that was looked up: what is missing of it is asked for.
    async fn report(&self, conversation: &Conversation) -> Result<CallReport> {
        let in_batch = match &conversation.metadata.batch_call {
            // What the carrier or the recipient's words tell is not asked for again.
            Some(reference) if report::needs_batch(conversation) => {
                self.batches.status(&self.client, reference).await?
            }
            _ => None,
        };
        let summary = if report::needs_summary(conversation) { self.summary(conversation).await? } else { None };
        Ok(report::report(conversation, summary.as_ref(), in_batch.as_ref()))
    }

    /// The summary, which outlives the transcript. A call without one is told of all the same.
    async fn summary(&self, conversation: &Conversation) -> Result<Option<Summary>> {
        let most = Some(limits::SUMMARY_MESSAGES);
        match self.client.conversations().summary(&conversation.conversation_id, most).await {
            Ok(summary) => Ok(Some(summary)),
            Err(error) if error.outcome() == Outcome::Rejected && error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl TextAgent for ElevenLabsAgent {
    fn provider(&self) -> &str {
        PROVIDER
    }

    async fn call(&self, conversation: &str) -> Result<CallReport> {
        let asked = async {
            let conversation = self.client.conversations().get(conversation).await?;
            self.report(&conversation).await
        };
        asked.await.map_err(errors::asking)
    }

    async fn ended(&self, cursor: Option<Cursor>) -> Result<(Vec<CallReport>, Cursor)> {
        self.pull(cursor).await.map_err(errors::asking)
    }

    async fn reply(&self, turn: &AgentTurn) -> Result<AgentReply> {
        let opening = reply::opening(turn);
        let contexts: Vec<(&str, &str)> =
            turn.contexts.iter().map(|context| (context.id.as_str(), context.text.as_str())).collect();
        let answered = match reply::thread(turn, &self.escalation) {
            Some(thread) => self.sessions.answer_in(thread, &opening, &contexts, &turn.message).await,
            None => self.sessions.answer(&opening, &contexts, &turn.message).await,
        };
        answered.map(|answer| reply::reply(answer, &self.escalation)).map_err(errors::asking)
    }

    async fn close(&self) {
        self.client.close_kept().await;
    }
}

impl fmt::Debug for ElevenLabsAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElevenLabsAgent")
            .field("client", &self.client)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

/// Whether nothing of a conversation changes any more.
fn is_final(status: &ConversationStatus) -> bool {
    matches!(status, ConversationStatus::Done | ConversationStatus::Failed)
}
