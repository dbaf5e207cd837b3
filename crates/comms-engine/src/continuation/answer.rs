//! A burst of messages is answered: by the agent, or by giving it to a person.

use comms_core::{
    Address, AgentChat, AgentReply, AgentTurn, Content, Error, ErrorKind, MessageId, Outcome, Problem,
    history::{
        AgentAnswer, AgentBurst, AgentPart, Continuation, ContinuationState, ContinuationStep, HistoryEntry,
        RepositoryError,
    },
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{
    context,
    hand_off::whole,
    measure,
    opening::{ended, late, message_id, problem_of_engine},
    provider::problem_of,
    rules::{self, Pace, reason},
    settings::AgentSettings,
    words,
    work::Holder,
};
use crate::{EngineError, settings::span};

/// How many messages of the chat are looked at for what an agent is told.
const CHAT: u16 = 60;

/// How many bursts are looked back at for a machine.
const TURNS: u16 = 50;

/// The longest text that a channel without a bound is sent at once.
const LONGEST: usize = 4_000;

/// What was found of a burst before anybody is asked.
struct Heard {
    /// The longest text that the channel takes.
    longest: usize,
    /// What the person says.
    said: String,
    /// Whether any of it wants an answer.
    wants_answer: bool,
    /// The chat before it, the newest first.
    before: Vec<HistoryEntry>,
}

/// What follows of a burst.
enum Next {
    /// This is said.
    Say(AgentAnswer),
    /// Nothing is said now.
    End(ContinuationStep),
}

impl Holder<'_> {
    pub(super) async fn answer(&self, burst: &AgentBurst) -> Result<ContinuationStep, EngineError> {
        let now = &self.job.continuation;
        let settings = &self.engine.settings().continuation;
        let Some(own) = settings.of(&now.agent) else {
            let problem = Problem {
                code: reason::NO_AGENT.to_owned(),
                message: "the agent is not set up any more".to_owned(),
                kind: ErrorKind::Config,
            };
            return self.escalated(reason::NO_AGENT, None, Some(problem)).await;
        };
        let answer = match &burst.reply {
            Some(answer) => answer.clone(),
            None => match self.find_answer(own, burst).await? {
                Next::Say(answer) => answer,
                Next::End(step) => return Ok(step),
            },
        };
        self.say(own, burst, &answer).await
    }

    /// What is said to a burst; or a step where nothing is.
    async fn find_answer(&self, own: &AgentSettings, burst: &AgentBurst) -> Result<Next, EngineError> {
        if let Some(step) = self.a_person_answers().await? {
            return Ok(Next::End(step));
        }
        let heard = self.hear(own, burst).await?;
        if !heard.wants_answer {
            return Ok(Next::End(ContinuationStep::Said));
        }
        if let Some(step) = self.may_not_be_answered().await? {
            return Ok(Next::End(step));
        }
        let answer = match self.given_to_a_person(own, burst, &heard).await? {
            Some(reason) => self.handover(own, reason, None, heard.longest),
            None => match self.ask(own, burst, &heard).await? {
                Next::Say(answer) => answer,
                Next::End(step) => return Ok(Next::End(step)),
            },
        };
        comms_core::failpoint!(AgentReplied);
        if !self.note(ContinuationStep::Answered(answer.clone())).await? {
            return Ok(Next::End(ContinuationStep::GivenBack));
        }
        comms_core::failpoint!(ReplyDecided);
        Ok(Next::Say(answer))
    }

    /// Where one of us has answered meanwhile the agent says no more.
    async fn a_person_answers(&self) -> Result<Option<ContinuationStep>, EngineError> {
        let human = self.engine.repository().human_answer(self.job.continuation.id).await?;
        Ok(human.map(|_| ended(ContinuationState::Escalated, reason::HUMAN, None)))
    }

    async fn hear(&self, own: &AgentSettings, burst: &AgentBurst) -> Result<Heard, EngineError> {
        let now = &self.job.continuation;
        let scope = whole(&now.organization);
        let (mut said, mut wants_answer) = (Vec::new(), false);
        for id in &burst.messages {
            let entry = match self.engine.repository().message(&scope, *id).await {
                Ok(detail) => detail.entry,
                // It was erased meanwhile.
                Err(RepositoryError::NotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let words = words::describe(entry.content.as_ref(), entry.text.as_deref());
            wants_answer |= !words.is_empty() && !words::is_mute(entry.content.as_ref());
            said.push(words);
        }
        let mut before = self.engine.chat_of(now, CHAT).await?;
        before.retain(|entry| !burst.messages.contains(&entry.message));
        said.retain(|words| !words.is_empty());
        // Where the channel cannot be had nothing is sent either.
        let channel = self.sender(now, own).await.map(|sender| sender.channel.capabilities().max_text);
        let longest = channel.ok().filter(|most| *most > 0).map_or(LONGEST, |most| most.min(LONGEST));
        Ok(Heard { longest, said: said.join("\n"), wants_answer, before })
    }

    /// Who asked not to be written to is not answered; in the quiet hours answers may wait.
    async fn may_not_be_answered(&self) -> Result<Option<ContinuationStep>, EngineError> {
        let (engine, now) = (self.engine, &self.job.continuation);
        let settings = &engine.settings().continuation;
        if let (Some(account), Some(to)) = (&now.account, self.to()) {
            let recipient = engine.repository().recipient(account, &to).await?;
            let all = recipient.opted_out.iter().any(|scope| crate::rules::covers_answers(scope));
            if all {
                return Ok(Some(ended(ContinuationState::Closed, reason::OPTED_OUT, None)));
            }
        }
        let quiet = settings.quiet.as_ref().filter(|_| settings.quiet_answers);
        let end = quiet.and_then(|quiet| quiet.end(engine.now()));
        Ok(end.map(|end| ContinuationStep::Later { due_at: end, problem: None }))
    }

    /// Why one of us is to answer and not the agent, if so.
    async fn given_to_a_person(
        &self,
        own: &AgentSettings,
        burst: &AgentBurst,
        heard: &Heard,
    ) -> Result<Option<&'static str>, EngineError> {
        let (engine, continuation) = (self.engine, &self.job.continuation);
        if rules::asks_for_a_person(&heard.said, &own.keywords) {
            return Ok(Some(reason::KEYWORD));
        }
        let now = engine.now();
        let daily = match &continuation.account {
            Some(account) => engine.repository().turns_since(account, now - Duration::days(1)).await?,
            None => 0,
        };
        let begun: Vec<OffsetDateTime> = engine.repository().last_turns(continuation.id, TURNS).await?;
        let theirs = heard.before.iter().filter(|entry| entry.direction == comms_core::Direction::Inbound);
        let before: Vec<String> = theirs.filter_map(|entry| entry.text.clone()).collect();
        let pace = Pace { turns: burst.number, daily, begun: &begun, before: &before, said: &heard.said, now };
        Ok(rules::overdone(&engine.settings().continuation, &pace))
    }

    async fn ask(&self, own: &AgentSettings, burst: &AgentBurst, heard: &Heard) -> Result<Next, EngineError> {
        let (engine, agents) = (self.engine, self.agents);
        if let Some(until) = engine.agents_paused(agents).filter(|until| *until < self.deadline(burst)) {
            return Ok(Next::End(ContinuationStep::Later { due_at: until, problem: None }));
        }
        let turn = self.turn(own, burst, heard);
        let started = tokio::time::Instant::now();
        let asked = tokio::time::timeout(engine.settings().continuation.reply_timeout, agents.agent.reply(&turn));
        let answer = tokio::select! {
            biased;
            // Another process asks anew: nothing was sent.
            () = engine.stopping() => return Ok(Next::End(ContinuationStep::GivenBack)),
            answer = asked => answer.unwrap_or_else(|_| Err(late("the agent did not answer in time"))),
        };
        engine.learn_of_agent(agents, &answer);
        measure::reply(&answer, started.elapsed());
        Ok(match answer {
            Ok(reply) => Next::Say(self.answered(own, burst, reply, heard.longest)),
            Err(error) => self.failed(own, burst, &error, heard.longest),
        })
    }

    fn turn(&self, own: &AgentSettings, burst: &AgentBurst, heard: &Heard) -> AgentTurn {
        let now = &self.job.continuation;
        let budget = self.engine.settings().continuation.context_tokens;
        let mut turn = AgentTurn::new(&now.agent, now.id.to_string(), &heard.said);
        turn.user.clone_from(&now.phone);
        turn.language.clone_from(&own.language);
        turn.variables = context::variables(now, &own.variables, &heard.before, budget);
        turn.contexts = context::build(now, &heard.before, budget);
        let facts = context::facts(now, &turn);
        turn.chat = Some(AgentChat { facts, ..context::chat(now, burst, &heard.before, budget) });
        turn
    }

    /// What the agent said, in the pieces in which it is sent.
    fn answered(&self, own: &AgentSettings, burst: &AgentBurst, reply: AgentReply, longest: usize) -> AgentAnswer {
        let mut answer = AgentAnswer {
            parts: self.parts(burst.number, &reply.texts, longest),
            session: reply.session,
            escalation: reply.escalation.map(|why| (reason::AGENT.to_owned(), Some(why))),
            problem: None,
            raw: json!({"texts": reply.texts, "ended": reply.ended, "raw": reply.raw}),
        };
        if answer.parts.is_empty() && answer.escalation.is_some() {
            answer.parts = self.parts(burst.number, std::slice::from_ref(&own.handover), longest);
        }
        answer
    }

    fn parts(&self, turn: u32, texts: &[String], longest: usize) -> Vec<AgentPart> {
        let now = &self.job.continuation;
        let pieces = words::pieces(texts, longest).into_iter().enumerate();
        pieces.map(|(at, text)| AgentPart { message: message_id(now, turn, at), text }).collect()
    }

    /// One of us is to answer: the person is told so, but for a machine.
    fn handover(&self, own: &AgentSettings, why: &str, problem: Option<Problem>, longest: usize) -> AgentAnswer {
        let turn = self.job.burst.as_ref().map_or(0, |burst| burst.number);
        let told = match why {
            reason::LOOP => Vec::new(),
            _ => self.parts(turn, std::slice::from_ref(&own.handover), longest),
        };
        AgentAnswer { parts: told, escalation: Some((why.to_owned(), None)), problem, ..AgentAnswer::default() }
    }

    /// The agent did not answer: it is asked again where that helps, and else a person is to.
    fn failed(&self, own: &AgentSettings, burst: &AgentBurst, error: &Error, longest: usize) -> Next {
        let settings = &self.engine.settings().continuation;
        let in_time = self.engine.now() < self.deadline(burst);
        // What all conversations meet is waited for; what this one meets is tried a few times.
        let waits = error.is_about_account();
        let again = error.outcome() != Outcome::Rejected
            && in_time
            && (waits || self.job.continuation.attempts < settings.max_failures);
        if again || waits && in_time {
            tracing::warn!(continuation = %self.job.continuation.id, %error, "the agent is asked again later");
            return Next::End(self.later(Some(error)));
        }
        tracing::error!(continuation = %self.job.continuation.id, %error, "the agent does not answer: a person is to");
        Next::Say(self.handover(own, reason::FAILURES, Some(problem_of(error)), longest))
    }

    fn deadline(&self, burst: &AgentBurst) -> OffsetDateTime {
        burst.last_at + span(self.engine.settings().continuation.answer_within)
    }

    fn to(&self) -> Option<Address> {
        Address::phone(self.job.continuation.phone.as_deref()?, None).ok()
    }

    /// Sends what was said, piece by piece; from the first on the burst is answered.
    async fn say(
        &self,
        own: &AgentSettings,
        burst: &AgentBurst,
        answer: &AgentAnswer,
    ) -> Result<ContinuationStep, EngineError> {
        let now = &self.job.continuation;
        if !answer.parts.is_empty() {
            if !self.was_accepted(answer.parts.first().map(|part| part.message)).await?
                && let Some(step) = self.a_person_answers().await?
            {
                return Ok(step);
            }
            let sent = self.send_all(now, own, answer).await;
            if let Err(error) = sent {
                return self.not_said(burst, &error).await;
            }
            measure::answered(self.engine.now() - burst.last_at);
        }
        comms_core::failpoint!(ReplySent);
        match &answer.escalation {
            Some((why, detail)) => self.escalated(why, detail.as_deref(), answer.problem.clone()).await,
            None => Ok(ContinuationStep::Said),
        }
    }

    async fn was_accepted(&self, message: Option<MessageId>) -> Result<bool, EngineError> {
        let Some(message) = message else {
            return Ok(false);
        };
        match self.engine.repository().message(&whole(&self.job.continuation.organization), message).await {
            Ok(_) => Ok(true),
            Err(RepositoryError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn send_all(&self, now: &Continuation, own: &AgentSettings, answer: &AgentAnswer) -> Result<(), EngineError> {
        let sender = self.sender(now, own).await?;
        let nobody = EngineError::Store(RepositoryError::NotFound("an address to answer to"));
        let to = self.to().ok_or(nobody)?;
        for part in &answer.parts {
            self.send(now, &sender, &to, Content::text(&part.text), part.message).await?;
        }
        Ok(())
    }

    /// What was said cannot be sent.
    async fn not_said(&self, burst: &AgentBurst, error: &EngineError) -> Result<ContinuationStep, EngineError> {
        let problem = Some(problem_of_engine(error));
        match error {
            EngineError::OptedOut { .. } => Ok(ended(ContinuationState::Closed, reason::OPTED_OUT, None)),
            EngineError::WindowClosed { .. } => self.escalated(reason::WINDOW_CLOSED, None, problem).await,
            EngineError::Refused(_) | EngineError::EmptyText => self.escalated(reason::NOT_SENT, None, problem).await,
            _ if self.engine.now() < self.deadline(burst) => {
                Ok(ContinuationStep::Later { due_at: self.next_attempt(error.retry_after()), problem })
            }
            _ => self.escalated(reason::NOT_SENT, None, problem).await,
        }
    }

    /// A person of ours takes over, and finds a note of why.
    async fn escalated(
        &self,
        why: &str,
        detail: Option<&str>,
        problem: Option<Problem>,
    ) -> Result<ContinuationStep, EngineError> {
        let now = &self.job.continuation;
        let owner = match &now.account {
            Some(account) => {
                let all = self.engine.repository().accounts(Some(&now.organization)).await?;
                all.into_iter().find(|one| one.id == *account).and_then(|one| one.owner)
            }
            None => None,
        };
        let own = self.engine.settings().continuation.of(&now.agent).and_then(|own| own.user.clone());
        let by = own.or(owner).unwrap_or_else(|| self.agents.agent.provider().into());
        let detail = detail.map(str::to_owned).or_else(|| problem.as_ref().map(|problem| problem.message.clone()));
        let note = Some((by, note_of(why, detail.as_deref())));
        Ok(ContinuationStep::Ended { state: ContinuationState::Escalated, reason: why.to_owned(), problem, note })
    }
}

/// What those who take over find beside the conversation.
pub(super) fn note_of(why: &str, detail: Option<&str>) -> String {
    let sentence = match why {
        reason::KEYWORD => "La persona pide hablar con alguien del equipo.",
        reason::AGENT => "El agente pasa la conversación a una persona.",
        reason::FAILURES => "El agente no responde: hay que contestar a mano.",
        reason::LOOP => "Parece que escribe una máquina: el agente ya no contesta.",
        reason::TURN_CAP | reason::DAILY_CAP => "El agente ha llegado a su límite de respuestas.",
        reason::WINDOW_CLOSED => "La respuesta del agente llegó tarde: la ventana de 24 horas está cerrada.",
        _ => "El agente ya no contesta en esta conversación.",
    };
    match detail {
        Some(detail) => format!("{sentence} ({detail})"),
        None => sentence.to_owned(),
    }
}
