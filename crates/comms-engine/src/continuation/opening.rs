//! The first message: who is written to after a call, what, and when.

use comms_core::{
    AccountId, Address, CallProgress, CallReport, Channel, ChannelKind, ClientId, Content, ContentKind, Error, Links,
    MessageId, Outcome, Problem, Status, UserId,
    history::{Account, Assignment, Continuation, ContinuationState, ContinuationStep, RepositoryError},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    hand_off::whole,
    provider::problem_of,
    rules::{self, reason},
    settings::AgentSettings,
    words,
    work::Holder,
};
use crate::{EngineError, SendRequest, Sent, settings::span};

/// Who sends, and in whose name.
pub(super) struct Sender {
    pub account: AccountId,
    pub kind: ChannelKind,
    pub channel: Arc<dyn Channel>,
    pub user: UserId,
}

impl Holder<'_> {
    pub(super) async fn open(&self) -> Result<ContinuationStep, EngineError> {
        let engine = self.engine;
        let mut now = self.job.continuation.clone();
        let settings = &engine.settings().continuation;
        let Some(own) = settings.of(&now.agent) else {
            return Ok(ended(ContinuationState::Skipped, reason::NO_AGENT, None));
        };
        // Where it was decided before a crash it may be on its way.
        if let Some(step) = self.on_its_way(&now).await? {
            return Ok(step);
        }
        if now.facts_at.is_none() && engine.now() < now.created_at + span(settings.facts_within) {
            if let Some(step) = self.ask_for_facts(&now).await? {
                return Ok(step);
            }
            now = engine.repository().continuation(&now.organization, now.id).await?;
        }
        if let Some(outcome) = rules::skipped(now.outcome) {
            return Ok(ended(ContinuationState::Skipped, outcome.as_str(), None));
        }
        let Some(to) = now.phone.as_deref().and_then(|phone| Address::phone(phone, None).ok()) else {
            return Ok(ended(ContinuationState::Skipped, reason::NO_PHONE, None));
        };
        if let Some(end) = settings.quiet.as_ref().and_then(|quiet| quiet.end(engine.now())) {
            return Ok(ContinuationStep::Later { due_at: end, problem: None });
        }
        if engine.now() > now.created_at + span(settings.open_within) {
            return Ok(ended(ContinuationState::Failed, reason::TOO_LATE, now.problem));
        }
        match self.decide_and_send(&now, own, &to).await {
            Err(error) => self.not_sent(&error),
            Ok(step) => Ok(step),
        }
    }

    /// The message that was decided before, where the store has accepted it.
    async fn on_its_way(&self, now: &Continuation) -> Result<Option<ContinuationStep>, EngineError> {
        let Some(id) = now.opening_message.filter(|_| now.opening.is_some()) else {
            return Ok(None);
        };
        match self.engine.repository().message(&whole(&now.organization), id).await {
            Ok(detail) if detail.entry.status == Status::Failed => {
                Ok(Some(ended(ContinuationState::Failed, reason::NOT_SENT, detail.entry.problem)))
            }
            Ok(detail) => Ok(detail.entry.conversation.map(ContinuationStep::Opened)),
            Err(RepositoryError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks what became of the call. A step where it is to be asked again, or is none.
    async fn ask_for_facts(&self, now: &Continuation) -> Result<Option<ContinuationStep>, EngineError> {
        let settings = &self.engine.settings().continuation;
        if let Some(until) = self.engine.agents_paused(self.agents) {
            let most = now.created_at + span(settings.facts_within);
            return Ok(Some(ContinuationStep::Later { due_at: until.min(most), problem: None }));
        }
        let asked = tokio::time::timeout(settings.call_timeout, self.agents.agent.call(&now.call)).await;
        let answer = asked.unwrap_or_else(|_| Err(late("the provider did not say what became of the call in time")));
        self.engine.learn_of_agent(self.agents, &answer);
        let mut report = match answer {
            Ok(report) => report,
            // It has no such call, or says nothing of it: nothing comes of asking again.
            Err(error) if error.outcome() == Outcome::Rejected => {
                let mut nothing = CallReport::new(&now.call, &now.agent, CallProgress::Done);
                nothing.outcome = now.outcome.unwrap_or(nothing.outcome);
                self.note(ContinuationStep::Facts(nothing)).await?;
                return Ok(None);
            }
            Err(error) => return Ok(Some(self.asked_again(now, Some(&error)))),
        };
        if report.text_only {
            return Ok(Some(ended(ContinuationState::Skipped, reason::NOT_A_CALL, None)));
        }
        report.phone = report.phone.and_then(|phone| Some(Address::phone(&phone, None).ok()?.value().to_owned()));
        let is_final = report.progress.is_final();
        if !self.note(ContinuationStep::Facts(report)).await? {
            return Ok(Some(ContinuationStep::GivenBack));
        }
        Ok((!is_final).then(|| self.asked_again(now, None)))
    }

    /// What is known of the call is asked for again, and not beyond the time for which that is done.
    fn asked_again(&self, now: &Continuation, error: Option<&Error>) -> ContinuationStep {
        let most = now.created_at + span(self.engine.settings().continuation.facts_within);
        let due_at = self.next_attempt(error.and_then(Error::wait)).min(most);
        ContinuationStep::Later { due_at, problem: error.map(problem_of) }
    }

    async fn decide_and_send(
        &self,
        now: &Continuation,
        own: &AgentSettings,
        to: &Address,
    ) -> Result<ContinuationStep, EngineError> {
        let sender = self.sender(now, own).await?;
        let recipient = self.engine.repository().recipient(&sender.account, to).await?;
        let Some(content) = first_message(now, own, &sender, recipient.last_inbound_at, self.engine.now()) else {
            return Ok(ended(ContinuationState::Failed, reason::NO_TEMPLATE, None));
        };
        let id = message_id(now, 0, 0);
        let decided =
            ContinuationStep::Decided { account: sender.account.clone(), message: id, content: content.clone() };
        if !self.note(decided).await? {
            return Ok(ContinuationStep::GivenBack);
        }
        comms_core::failpoint!(OpeningDecided);
        let sent = self.send(now, &sender, to, content, id).await?;
        comms_core::failpoint!(OpeningSent);
        if sent.status == Status::Failed {
            return Ok(ended(ContinuationState::Failed, reason::NOT_SENT, sent.problem));
        }
        let entry = self.engine.repository().message(&whole(&now.organization), sent.message).await?.entry;
        let nowhere = EngineError::Store(RepositoryError::NotFound("the conversation"));
        entry.conversation.map(ContinuationStep::Opened).ok_or(nowhere)
    }

    /// Which account writes, on which channel, in whose name.
    pub(super) async fn sender(&self, now: &Continuation, own: &AgentSettings) -> Result<Sender, EngineError> {
        let engine = self.engine;
        let nobody = UserId::from(self.agents.agent.provider());
        let wanted = now.account.clone().or_else(|| own.account.clone());
        let account = engine
            .sending_account(&now.organization, own.user.as_ref().unwrap_or(&nobody), own.channel, wanted)
            .await?;
        let known = engine.repository().accounts(Some(&now.organization)).await?;
        let owner = known.into_iter().find(|one: &Account| one.id == account).and_then(|one| one.owner);
        let user = own.user.clone().or(owner).unwrap_or(nobody);
        let channel = engine.channel(&account).await?;
        Ok(Sender { account, kind: own.channel, channel, user })
    }

    /// Sends a message under an id that is known beforehand; one that was accepted before is not sent again, however long ago it was.
    pub(super) async fn send(
        &self,
        now: &Continuation,
        sender: &Sender,
        to: &Address,
        content: Content,
        id: MessageId,
    ) -> Result<Sent, EngineError> {
        let scope = whole(&now.organization);
        let mut request = SendRequest::new(scope.clone(), sender.user.clone(), sender.kind, to.clone(), content);
        request.account = Some(sender.account.clone());
        request.links = self.links(now).await?;
        request.idempotency_key = Some(format!("continuation:{id}"));
        request.id = Some(id);
        let sent = self.engine.send(request).await;
        match sent {
            Err(error) => match self.engine.repository().message(&scope, id).await {
                Ok(detail) => {
                    let entry = detail.entry;
                    Ok(Sent { message: id, status: entry.status, problem: entry.problem, repeated: true })
                }
                Err(_) => Err(error),
            },
            sent => sent,
        }
    }

    /// The client that was told with the call, where the organisation's directory knows one; else what the number belongs to.
    async fn links(&self, now: &Continuation) -> Result<Links, EngineError> {
        let client = now.metadata.get("client_id").and_then(|id| match id {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
        let Some(client) = client else {
            return Ok(Links::default());
        };
        let links = Links { client: Some(ClientId::new(client)), ..Links::default() };
        let found = self.engine.repository().assignments(&links).await?;
        let known = !found.is_empty() && found.iter().all(|one| matches!(one, Assignment::Owner(_)));
        Ok(if known { links } else { Links::default() })
    }

    fn not_sent(&self, error: &EngineError) -> Result<ContinuationStep, EngineError> {
        let problem = Some(problem_of_engine(error));
        Ok(match error {
            EngineError::OptedOut { .. } => ended(ContinuationState::Skipped, reason::OPTED_OUT, None),
            EngineError::WindowClosed { .. } => ended(ContinuationState::Failed, reason::WINDOW_CLOSED, problem),
            EngineError::Refused(_) | EngineError::EmptyText => {
                ended(ContinuationState::Failed, reason::NOT_SENT, problem)
            }
            // An account that is missing or cannot be used may be mended; a store that is away comes back.
            _ => ContinuationStep::Later { due_at: self.next_attempt(None), problem },
        })
    }

    /// When the step is tried again.
    pub(super) fn next_attempt(&self, wait: Option<Duration>) -> OffsetDateTime {
        let backoff = rules::backoff(&self.engine.settings().continuation, self.job.continuation.attempts);
        self.engine.now() + span(backoff.max(wait.unwrap_or_default()))
    }

    pub(super) fn later(&self, error: Option<&Error>) -> ContinuationStep {
        let due_at = self.next_attempt(error.and_then(Error::wait));
        ContinuationStep::Later { due_at, problem: error.map(problem_of) }
    }
}

/// The first message: free text where they may be written to freely, else the template. `None` where there is none to be sent.
fn first_message(
    now: &Continuation,
    own: &AgentSettings,
    sender: &Sender,
    last_inbound_at: Option<OffsetDateTime>,
    at: OffsetDateTime,
) -> Option<Content> {
    let capabilities = sender.channel.capabilities();
    let open = capabilities.window.is_none_or(|window| last_inbound_at.is_some_and(|last| at < last + span(window)));
    let known = words::known(now);
    let text = words::fill(&own.opening, &known);
    if open && !text.trim().is_empty() {
        return Some(Content::text(text));
    }
    let template = own.template.as_ref()?;
    capabilities.contents.contains(&ContentKind::Template).then(|| words::template(template, &known))
}

pub(super) fn ended(state: ContinuationState, reason: &str, problem: Option<Problem>) -> ContinuationStep {
    ContinuationStep::Ended { state, reason: reason.to_owned(), problem, note: None }
}

/// The id of a message of a continuation, made of its place: of the first message, and of each piece of each answer.
pub(super) fn message_id(now: &Continuation, turn: u32, part: usize) -> MessageId {
    MessageId(Uuid::new_v5(&now.id.0, format!("{turn}.{part}").as_bytes()))
}

pub(super) fn problem_of_engine(error: &EngineError) -> Problem {
    let kind = match error {
        EngineError::Refused(error) | EngineError::ChannelUnavailable(error) => error.kind(),
        EngineError::OptedOut { .. } => comms_core::ErrorKind::OptedOut,
        EngineError::WindowClosed { .. } => comms_core::ErrorKind::WindowClosed,
        EngineError::Store(_) => comms_core::ErrorKind::Transport,
        _ => comms_core::ErrorKind::Config,
    };
    Problem { code: error.code().as_str().to_owned(), message: error.to_string(), kind }
}

pub(super) fn late(what: &str) -> Error {
    Error::new(comms_core::ErrorKind::Transport, Outcome::NotSent, what)
}
