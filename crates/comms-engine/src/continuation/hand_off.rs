//! Calls are handed off: by whoever says that they ended, once or several times.

use std::time::Duration;

use comms_core::{
    Address, CallOutcome, CallReport, ContinuationId, Error, MessageId, OrganizationId, Problem, Status, UserId,
    history::{
        Continuation, ContinuationFilter, ContinuationState, ContinuationStep, HistoryEntry, NewContinuation,
        RepositoryError, Scope,
    },
};
use serde_json::{Map, Value};

use crate::{Engine, EngineError, settings::span};

/// How often it is looked how far a first message is that another process sends.
const LOOK: Duration = Duration::from_millis(100);

/// How many messages of a chat are shown.
const SHOWN: u16 = 200;

/// Who tells that a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The back end that placed it.
    CallCompleted,
    /// The provider.
    Webhook,
    /// Nobody: the provider was asked.
    Poller,
}

impl Trigger {
    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallCompleted => "call_completed",
            Self::Webhook => "webhook",
            Self::Poller => "poller",
        }
    }
}

/// A call that ended, and is to go on by chat.
#[derive(Clone, Debug, PartialEq)]
pub struct HandOff {
    /// The organisation.
    pub organization: OrganizationId,
    /// Who tells of it.
    pub trigger: Trigger,
    /// The provider's id of the call's conversation.
    pub call: String,
    /// The agent.
    pub agent: String,
    /// What people call the agent; where absent, what the provider says.
    pub agent_name: Option<String>,
    /// The person's number, in E.164.
    pub phone: Option<String>,
    /// Their name.
    pub client_name: Option<String>,
    /// The batch of the call.
    pub batch: Option<String>,
    /// The recipient in the batch.
    pub recipient: Option<String>,
    /// What else is told: kept, and known to texts and agents by its names. A `client_id` links the messages where there is such a client.
    pub metadata: Map<String, Value>,
    /// What became of the call, where that is known.
    pub outcome: Option<CallOutcome>,
    /// What the provider says of it, where it did.
    pub report: Option<CallReport>,
}

impl HandOff {
    /// A call of which no more is known.
    pub fn new(
        organization: OrganizationId,
        trigger: Trigger,
        call: impl Into<String>,
        agent: impl Into<String>,
    ) -> Self {
        Self {
            organization,
            trigger,
            call: call.into(),
            agent: agent.into(),
            agent_name: None,
            phone: None,
            client_name: None,
            batch: None,
            recipient: None,
            metadata: Map::new(),
            outcome: None,
            report: None,
        }
    }

    /// A call as the provider tells of it.
    #[must_use]
    pub fn of_report(organization: OrganizationId, trigger: Trigger, report: CallReport) -> Self {
        let mut new = Self::new(organization, trigger, report.conversation.clone(), report.agent.clone());
        let reserved = |name: &String| name.starts_with("system__") || name.starts_with("secret__");
        let variables = report.variables.iter().filter(|(name, _)| !reserved(name));
        new.metadata = variables.map(|(name, value)| (name.clone(), value.clone())).collect();
        let name = ["client_name", "name"].into_iter().find_map(|name| report.variables.get(name)?.as_str());
        new.client_name = name.map(str::to_owned);
        new.phone.clone_from(&report.phone);
        new.agent_name.clone_from(&report.agent_name);
        new.outcome = (report.outcome != CallOutcome::Unknown).then_some(report.outcome);
        new.report = Some(report);
        new
    }
}

/// What became of a call that was handed off.
#[derive(Clone, Debug, PartialEq)]
pub struct HandedOff {
    /// The continuation as it is now; its state says whether the first message is on its way.
    pub continuation: Continuation,
    /// The first message, once it is on its way.
    pub message: Option<FirstMessage>,
    /// Whether somebody had told of the call before.
    pub repeated: bool,
}

/// The first message of a continuation.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstMessage {
    /// Our id.
    pub id: MessageId,
    /// The provider's.
    pub provider_id: Option<String>,
    /// How far it is.
    pub status: Status,
    /// Why it failed or waits.
    pub problem: Option<Problem>,
}

/// A continuation with what was written in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// The continuation.
    pub continuation: Continuation,
    /// The messages since the call was handed off, the oldest first: the last 200.
    pub messages: Vec<HistoryEntry>,
}

/// What a recipient's status in a batch says of the call: `None` where it is not over, an error for a word that nobody knows.
///
/// # Errors
/// `InvalidRequest`, at the field `recipient.status`.
pub fn outcome_of_status(status: &str) -> comms_core::Result<Option<CallOutcome>> {
    match status.trim().to_ascii_lowercase().replace('-', "_").as_str() {
        "completed" | "done" => Ok(Some(CallOutcome::Talked)),
        "voicemail" => Ok(Some(CallOutcome::Voicemail)),
        "no_answer" | "no_response" => Ok(Some(CallOutcome::NoAnswer)),
        "busy" => Ok(Some(CallOutcome::Busy)),
        "failed" | "cancelled" | "canceled" => Ok(Some(CallOutcome::Failed)),
        "pending" | "scheduled" | "dispatched" | "initiated" | "in_progress" | "processing" => Ok(None),
        _ => Err(Error::invalid("this status of a recipient is not known").field("recipient.status")),
    }
}

impl Engine {
    /// Takes a call that ended, and has the person written to. The same call is one continuation, whoever tells of it and how often;
    /// who tells of it again adds what was not known. It is committed when this returns, and goes on by itself.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for a call without id, agent or proper number; [`EngineError::Store`] where it could not be kept.
    pub async fn hand_off(&self, call: HandOff) -> Result<HandedOff, EngineError> {
        let (continuation, new) = self.repository().hand_off(self.checked(call)?).await?;
        comms_core::failpoint!(CallHandedOff);
        if let Some(agents) = self.agents() {
            agents.bell().notify_one();
        }
        self.handed_off(continuation, !new).await
    }

    /// The same, and waits this long until the first message is on its way, or there will be none. It goes on in any case.
    ///
    /// # Errors
    /// As [`hand_off`](Self::hand_off).
    pub async fn hand_off_within(&self, call: HandOff, wait: Duration) -> Result<HandedOff, EngineError> {
        let deadline = tokio::time::Instant::now() + wait;
        let (continuation, new) = self.repository().hand_off(self.checked(call)?).await?;
        comms_core::failpoint!(CallHandedOff);
        let (id, organization) = (continuation.id, continuation.organization.clone());
        let mut now = continuation;
        while now.state == ContinuationState::Pending && self.agents().is_some() {
            // It waits for its time, or somebody else has it: both end.
            let worked = tokio::time::timeout_at(deadline, self.continue_one(id)).await;
            let waited = tokio::time::timeout_at(deadline, tokio::time::sleep(LOOK)).await;
            now = self.repository().continuation(&organization, id).await?;
            if worked.is_err() || waited.is_err() || now.due_at > self.now() + span(wait) {
                break;
            }
        }
        self.handed_off(now, !new).await
    }

    async fn handed_off(&self, continuation: Continuation, repeated: bool) -> Result<HandedOff, EngineError> {
        let message = match (continuation.opened_at, continuation.opening_message) {
            (Some(_), Some(id)) => self.first_message(&continuation.organization, id).await?,
            _ => None,
        };
        Ok(HandedOff { continuation, message, repeated })
    }

    async fn first_message(
        &self,
        organization: &OrganizationId,
        id: MessageId,
    ) -> Result<Option<FirstMessage>, EngineError> {
        let entry = match self.repository().message(&whole(organization), id).await {
            Ok(detail) => detail.entry,
            Err(RepositoryError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(FirstMessage { id, provider_id: entry.provider_id, status: entry.status, problem: entry.problem }))
    }

    fn checked(&self, call: HandOff) -> Result<NewContinuation, EngineError> {
        let named = [("conversation_id", &call.call), ("agent_id", &call.agent)];
        if let Some((field, _)) = named.into_iter().find(|(_, value)| value.trim().is_empty()) {
            return Err(EngineError::Refused(Error::invalid("this must be given").field(field)));
        }
        let phone = match (call.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty()), call.trigger) {
            (None, _) => None,
            (Some(phone), trigger) => match (Address::phone(phone, None), trigger) {
                (Ok(address), _) => Some(address.value().to_owned()),
                (Err(error), Trigger::CallCompleted) => return Err(EngineError::Refused(error.field("phone_number"))),
                // What the provider says of somebody without a number is no error of ours.
                (Err(_), _) => None,
            },
        };
        let mut report = call.report;
        if let Some(report) = &mut report {
            report.phone =
                report.phone.take().and_then(|phone| Some(Address::phone(&phone, None).ok()?.value().to_owned()));
        }
        Ok(NewContinuation {
            organization: call.organization,
            provider: self.agents().map_or("elevenlabs", |agents| agents.agent.provider()).to_owned(),
            call: call.call.trim().to_owned(),
            agent: call.agent.trim().to_owned(),
            agent_name: call.agent_name,
            batch: call.batch,
            recipient: call.recipient,
            told_by: call.trigger.as_str().to_owned(),
            phone,
            client_name: call.client_name.filter(|name| !name.trim().is_empty()),
            metadata: call.metadata,
            outcome: call.outcome,
            report,
            now: self.now(),
        })
    }

    /// The newest continuation with this number, and what was written in it; `None` where there is none. The number is taken as a
    /// person writes it.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for what is no number; [`EngineError::Store`].
    pub async fn chat_with(&self, organization: &OrganizationId, phone: &str) -> Result<Option<Chat>, EngineError> {
        let address = Address::phone(phone, None).map_err(|error| EngineError::Refused(error.field("phone_number")))?;
        let filter =
            ContinuationFilter { phone: Some(address.value().to_owned()), limit: 1, ..ContinuationFilter::default() };
        let Some(continuation) = self.repository().continuations(organization, &filter).await?.into_iter().next()
        else {
            return Ok(None);
        };
        let mut messages = self.chat_of(&continuation, SHOWN).await?;
        messages.retain(|entry| entry.created_at >= continuation.created_at);
        messages.reverse();
        Ok(Some(Chat { continuation, messages }))
    }

    /// The last messages of a continuation's conversation, the newest first.
    pub(super) async fn chat_of(
        &self,
        continuation: &Continuation,
        limit: u16,
    ) -> Result<Vec<HistoryEntry>, EngineError> {
        let Some(conversation) = continuation.conversation else {
            return Ok(Vec::new());
        };
        let scope = whole(&continuation.organization);
        match self.repository().conversation_messages(&scope, conversation, None, limit).await {
            Ok(page) => Ok(page.entries),
            Err(RepositoryError::NotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Closes a continuation. Returns it, and whether that changed anything.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` outside of the organisation.
    pub async fn close_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        reason: &str,
    ) -> Result<(Continuation, bool), EngineError> {
        let step = ContinuationStep::Ended {
            state: ContinuationState::Closed,
            reason: reason.to_owned(),
            problem: None,
            note: None,
        };
        Ok(self.repository().end_continuation(organization, id, step, self.now()).await?)
    }

    /// Gives a continuation to a person of ours: the agent says nothing until it is [resumed](Self::resume_continuation), and the
    /// conversation is open, with a note of who wanted it.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` outside of the organisation.
    pub async fn escalate_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        by: &UserId,
        reason: &str,
    ) -> Result<(Continuation, bool), EngineError> {
        let note = (by.clone(), super::answer::note_of(reason, None));
        let step = ContinuationStep::Ended {
            state: ContinuationState::Escalated,
            reason: reason.to_owned(),
            problem: None,
            note: Some(note),
        };
        Ok(self.repository().end_continuation(organization, id, step, self.now()).await?)
    }

    /// Gives an escalated continuation back to its agent, which answers what is written from now on.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` outside of the organisation.
    pub async fn resume_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
    ) -> Result<(Continuation, bool), EngineError> {
        Ok(self.repository().resume_continuation(organization, id, self.now()).await?)
    }
}

pub(super) fn whole(organization: &OrganizationId) -> Scope {
    Scope { organization: organization.clone(), seller: None }
}
