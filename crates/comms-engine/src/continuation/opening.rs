//! The first message: who is written to after a call, what, and when.

use comms_core::{
    AccountId, Address, CallProgress, CallReport, Channel, ChannelKind, ClientId, Content, ContentKind, Direction,
    Error, ErrorKind, Links, MessageId, Outcome, Problem, Status, UserId,
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

/// The place of the first message among those of turn 0, and of the template that follows where it was refused because the window is closed.
const FIRST: usize = 0;
const SECOND: usize = 1;

/// How many messages of the chat are looked at for something that the person wrote.
const LOOKED_AT: u16 = 20;

/// What became of a first message that was decided before.
enum Before {
    /// Nothing is known of it: it is decided and sent.
    Nothing,
    /// It is on its way, or needs not be.
    Goes(ContinuationStep),
    /// It did not arrive, and why.
    Lost(Option<Problem>),
}

/// Who sends, and in whose name.
pub(super) struct Sender {
    pub account: AccountId,
    pub kind: ChannelKind,
    pub channel: Arc<dyn Channel>,
    pub user: UserId,
}

impl Sender {
    /// Whether somebody who wrote last at this time may be sent what we like.
    fn may_write_freely(&self, last_inbound_at: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
        let window = self.channel.capabilities().window;
        window.is_none_or(|window| last_inbound_at.is_some_and(|last| now < last + span(window)))
    }
}

impl Holder<'_> {
    pub(super) async fn open(&self) -> Result<ContinuationStep, EngineError> {
        let engine = self.engine;
        let mut now = self.job.continuation.clone();
        let settings = &engine.settings().continuation;
        let Some(own) = settings.of(&now.agent) else {
            return Ok(ended(ContinuationState::Skipped, reason::NO_AGENT, None));
        };
        // Where it was decided before a crash it may be on its way; or it was, and did not arrive.
        let template_only = match self.before(&now).await? {
            Before::Nothing => is_second(&now),
            Before::Goes(step) => return Ok(step),
            Before::Lost(problem) if is_healed_by_a_template(&now, own, problem.as_ref()) => true,
            Before::Lost(problem) => return Ok(lost(problem)),
        };
        let asks = now.facts_at.is_none() && rules::is_to_be_asked_for(now.outcome);
        if asks && engine.now() < now.created_at + span(settings.facts_within) {
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
        match self.decide_and_send(&now, own, &to, template_only).await {
            Err(error) => self.not_sent(&error),
            Ok(step) => Ok(step),
        }
    }

    /// What became of the message that was decided before, where the store has accepted it.
    async fn before(&self, now: &Continuation) -> Result<Before, EngineError> {
        let Some(id) = now.opening_message.filter(|_| now.opening.is_some()) else {
            return Ok(Before::Nothing);
        };
        let entry = match self.engine.repository().message(&whole(&now.organization), id).await {
            Ok(detail) => detail.entry,
            Err(RepositoryError::NotFound(_)) => return Ok(Before::Nothing),
            Err(error) => return Err(error.into()),
        };
        let is_lost = matches!(entry.status, Status::Failed | Status::Expired | Status::Canceled);
        if is_lost && !self.has_written(now).await? {
            return Ok(Before::Lost(entry.problem));
        }
        Ok(entry.conversation.map_or(Before::Nothing, |id| Before::Goes(ContinuationStep::Opened(id))))
    }

    /// Whether the person has written since the agent listens: then it has something to answer, whatever became of its own message.
    async fn has_written(&self, now: &Continuation) -> Result<bool, EngineError> {
        let last = self.engine.chat_of(now, LOOKED_AT).await?;
        Ok(last.iter().any(|entry| entry.direction == Direction::Inbound && entry.created_at >= now.listens_since))
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
        template_only: bool,
    ) -> Result<ContinuationStep, EngineError> {
        let sender = self.sender(now, own).await?;
        let recipient = self.engine.repository().recipient(&sender.account, to).await?;
        let freely = !template_only && sender.may_write_freely(recipient.last_inbound_at, self.engine.now());
        let Some(content) = first_message(now, own, &sender, freely) else {
            return Ok(ended(ContinuationState::Failed, reason::NO_TEMPLATE, None));
        };
        let id = message_id(now, 0, if template_only { SECOND } else { FIRST });
        let decided =
            ContinuationStep::Decided { account: sender.account.clone(), message: id, content: content.clone() };
        if !self.note(decided).await? {
            return Ok(ContinuationStep::GivenBack);
        }
        comms_core::failpoint!(OpeningDecided);
        let sent = self.send(now, &sender, to, content.clone(), id).await?;
        comms_core::failpoint!(OpeningSent);
        if sent.status == Status::Failed {
            let tried = Continuation { opening: Some(content), opening_message: Some(id), ..now.clone() };
            return Ok(match is_healed_by_a_template(&tried, own, sent.problem.as_ref()) {
                true => ContinuationStep::Later { due_at: self.engine.now(), problem: sent.problem },
                false => lost(sent.problem),
            });
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
fn first_message(now: &Continuation, own: &AgentSettings, sender: &Sender, freely: bool) -> Option<Content> {
    let known = words::known(now);
    let text = words::fill(&own.opening, &known);
    if freely && !text.trim().is_empty() {
        return Some(Content::text(text));
    }
    let template = own.template.as_ref()?;
    let takes_templates = sender.channel.capabilities().contents.contains(&ContentKind::Template);
    takes_templates.then(|| words::template(template, &known))
}

/// Whether it has come to the template that follows a refused text.
fn is_second(now: &Continuation) -> bool {
    now.opening_message == Some(message_id(now, 0, SECOND))
}

/// Whether a template may go where the first message did not: that was free text, and they may not be written to freely.
fn is_healed_by_a_template(now: &Continuation, own: &AgentSettings, problem: Option<&Problem>) -> bool {
    let closed = problem.is_some_and(|problem| problem.kind == ErrorKind::WindowClosed);
    let was_text = !matches!(now.opening, Some(Content::Template(_)));
    closed && was_text && own.template.is_some() && !is_second(now)
}

/// The first message did not arrive.
fn lost(problem: Option<Problem>) -> ContinuationStep {
    let closed = problem.as_ref().is_some_and(|problem| problem.kind == ErrorKind::WindowClosed);
    let reason = if closed { reason::WINDOW_CLOSED } else { reason::NOT_SENT };
    ended(ContinuationState::Failed, reason, problem)
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
        EngineError::OptedOut { .. } => ErrorKind::OptedOut,
        EngineError::WindowClosed { .. } => ErrorKind::WindowClosed,
        EngineError::Store(_) => ErrorKind::Transport,
        _ => ErrorKind::Config,
    };
    Problem { code: error.code().as_str().to_owned(), message: error.to_string(), kind }
}

pub(super) fn late(what: &str) -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, what)
}
