//! Sending: every check first, then commit, then one attempt, then record.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use comms_core::{
    AccountId, Address, Channel, ChannelKind, ClientId, Content, ContractId, Error, ErrorKind, LeadId, MessageId,
    OrganizationId, Outbound, Outcome, Problem, Receipt, Result, Status, UserId,
    history::{Accepted, ClaimToken, Conclusion, DeliveryMode, Links, NewOutbound, Queueing, Scope, Turn},
};
use futures_util::FutureExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::Instrument;

use crate::{
    Engine, EngineError, OwnFile, metrics,
    pacer::First,
    pacing::Entry,
    settings::span,
    settle::{self, Attempt},
};
use time::OffsetDateTime;

/// A message that a user wants to send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SendRequest {
    /// The caller's organisation; a seller may only write about what is not another seller's.
    pub scope: Scope,
    /// Who sends.
    pub user: UserId,
    /// On which channel.
    pub channel: ChannelKind,
    /// From which account; the user's own, else the organisation's first, where absent.
    pub account: Option<AccountId>,
    /// To whom.
    pub to: Address,
    /// What.
    pub content: Content,
    /// What it belongs to; learnt for the recipient's identity.
    pub links: Links,
    /// Our id of the message that it answers.
    pub reply_to: Option<MessageId>,
    /// Whether the engine itself chose the message that is answered, in a conversation that the caller sees.
    pub(crate) answers_in_thread: bool,
    /// Files of our own store that go with it, as [`Engine::keep_file`] gave them; with e-mails alone.
    pub files: Vec<OwnFile>,
    /// The caller's `Idempotency-Key`: the same request under the same key is sent once and answered twice.
    pub idempotency_key: Option<String>,
    /// What is done where nobody knows whether the provider took it.
    pub mode: DeliveryMode,
    /// The id that it is to have, where its sender must know it beforehand.
    pub(crate) id: Option<MessageId>,
    /// Not before this; at once where absent or past. At most [`Settings::schedule_max`](crate::Settings::schedule_max) ahead.
    pub scheduled_for: Option<OffsetDateTime>,
    /// Not after this: what has not left by then is expired. At most seven days after it may go;
    /// [`Settings::message_deadline`](crate::Settings::message_deadline) after that where absent.
    pub expires_at: Option<OffsetDateTime>,
}

/// The furthest that a message's own deadline may lie behind the time at which it may go.
const LONGEST_DEADLINE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl SendRequest {
    /// A message without links, from the account that the rules choose.
    #[must_use]
    pub fn new(scope: Scope, user: UserId, channel: ChannelKind, to: Address, content: Content) -> Self {
        Self {
            scope,
            user,
            channel,
            account: None,
            to,
            content,
            links: Links::default(),
            reply_to: None,
            answers_in_thread: false,
            files: Vec::new(),
            idempotency_key: None,
            mode: DeliveryMode::default(),
            id: None,
            scheduled_for: None,
            expires_at: None,
        }
    }

    /// Tells a repetition from another request under the same key.
    fn fingerprint(&self) -> String {
        let Links { lead, client, contract } = &self.links;
        let mut canonical = json!([
            self.channel,
            self.account,
            self.to,
            self.content,
            [
                lead.as_ref().map(LeadId::as_str),
                client.as_ref().map(ClientId::as_str),
                contract.as_ref().map(ContractId::as_str)
            ],
            // What the engine chose by itself may be another message by the time of a repetition.
            self.reply_to.filter(|_| !self.answers_in_thread),
        ]);
        // Only where they are used: a key that was given before there was a queue stands for the same request.
        if let Some(parts) = canonical.as_array_mut()
            && (self.mode != DeliveryMode::default() || self.scheduled_for.is_some())
        {
            parts.push(json!([
                self.mode,
                self.scheduled_for.map(OffsetDateTime::unix_timestamp_nanos).map(|at| at.to_string())
            ]));
        }
        if let Some((parts, at)) = canonical.as_array_mut().zip(self.expires_at) {
            parts.push(json!({"expires_at": at.unix_timestamp_nanos().to_string()}));
        }
        if let Some(parts) = canonical.as_array_mut()
            && !self.files.is_empty()
        {
            parts.push(json!(self.files.iter().map(OwnFile::fingerprint).collect::<Vec<_>>()));
        }
        hex::encode(Sha256::digest(canonical.to_string()))
    }
}

/// What became of a message. It is in the history under its id, whatever the status says.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The message.
    pub message: MessageId,
    /// `Accepted` (or beyond), `Queued` or `Scheduled` where it goes later, `Failed`, `Unknown`; for a repetition whatever the history says now.
    pub status: Status,
    /// Why it failed, is unknown or could not go yet.
    pub problem: Option<Problem>,
    /// Whether this is the answer to an earlier request under the same key: nothing was sent now.
    pub repeated: bool,
}

/// A message that passed every rule.
pub(crate) struct Prepared {
    pub channel: Arc<dyn Channel>,
    pub organization: OrganizationId,
    pub user: UserId,
    pub links: Links,
    pub message: Outbound,
    pub idempotency_key: Option<String>,
    pub request_hash: String,
    pub retry_of: Option<MessageId>,
    pub queue: Queueing,
}

/// The waits between attempts to record an outcome. What cannot be recorded becomes `Unknown` by its lease.
const RECORD_WAITS: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

impl Engine {
    /// Sends a message: checks every rule with nothing stored and no request made, commits it, makes one attempt and
    /// records how it ended.
    ///
    /// From the commit on nothing is silent: where the provider is away or refuses, this is `Ok` and the status says so.
    /// The attempt goes on and is recorded even when the caller stops waiting. What was certainly not sent, waits for others of its
    /// conversation or has a time of its own is `Queued` or `Scheduled`, and the workers send it.
    ///
    /// # Errors
    /// [`EngineError`], each with a [stable code](EngineError::code); nothing was stored. Where the store went away in the
    /// middle of the commit nothing was sent; the same request under the same key finds out.
    pub async fn send(&self, request: SendRequest) -> Result<Sent, EngineError> {
        let (files, organization) = (request.files.clone(), request.scope.organization.clone());
        let sent = self.send_once(request).await;
        // What was answered before, or refused, took none of them along.
        if sent.as_ref().map_or(true, |sent| sent.repeated) && !matches!(sent, Err(EngineError::Interrupted)) {
            self.drop_files(&organization, &files).await;
        }
        sent
    }

    async fn send_once(&self, request: SendRequest) -> Result<Sent, EngineError> {
        let request_hash = request.fingerprint();
        let organization = request.scope.organization.clone();
        if let Some(key) = &request.idempotency_key
            && let Some(message) =
                self.repository().accepted_before(&organization, &request.user, key, &request_hash).await?
        {
            return self.answer(&organization, message).await;
        }
        let prepared = self.prepare(request, request_hash).await?;
        self.attempt(prepared).await
    }

    /// Commits the message, makes the attempt and records it, in a task of its own: the caller may go away.
    pub(crate) async fn attempt(&self, prepared: Prepared) -> Result<Sent, EngineError> {
        let permit = Arc::clone(self.sends()).try_acquire_owned().map_err(|_| EngineError::Busy)?;
        let engine = self.clone();
        let work = async move {
            let sent = engine.accept_and_send(prepared).await;
            drop(permit);
            sent
        };
        tokio::spawn(work.in_current_span()).await.map_err(|_| EngineError::Interrupted)?
    }

    async fn accept_and_send(&self, prepared: Prepared) -> Result<Sent, EngineError> {
        let Prepared { channel, organization, user, links, message, idempotency_key, request_hash, retry_of, queue } =
            prepared;
        let mut queue = queue;
        let scheduled = queue.scheduled_for.is_some();
        // Held until the attempt is over.
        let (entry, _first) = self.entry_of(channel.as_ref(), &message, scheduled).await?;
        let turn = match entry {
            Entry::Now(turn) => turn,
            Entry::Later(at) => {
                queue.held_until = Some(at);
                Turn::default()
            }
        };
        // The time of the attempt runs from here: one that began after its claim ended could meet a retry.
        let deadline = Instant::now() + self.time_for(&message.content);
        let accepted = self
            .repository()
            .accept(NewOutbound {
                organization: organization.clone(),
                account: channel.account().clone(),
                channel: channel.kind(),
                user,
                links,
                message: message.clone(),
                idempotency_key,
                request_hash,
                retry_of,
                now: self.now(),
                lease: span(self.settings().send_lease()),
                queue: queue.clone(),
            })
            .await?;
        let id = match accepted {
            Accepted::New(id) => id,
            Accepted::Queued(id, status) => {
                self.pacer().ring();
                return Ok(Sent { message: id, status, problem: None, repeated: false });
            }
            Accepted::Repeated(id) => {
                self.leave(channel.account(), turn).await;
                return self.answer(&organization, id).await;
            }
        };
        comms_core::failpoint!(SendAccepted);
        let attempt = first_attempt(id, &queue, channel.as_ref());
        let conclusion = self.try_once(channel.as_ref(), &message, &attempt, turn, deadline).await;
        comms_core::failpoint!(SendAttempted);
        let sent =
            Sent { message: id, status: conclusion.status, problem: conclusion.problem.clone(), repeated: false };
        self.record(conclusion).await;
        comms_core::failpoint!(SendConcluded);
        Ok(sent)
    }

    /// Whether the first attempt is made now. What has a time of its own asks when that has come; an account that has its share of the
    /// first attempts goes on in the queue.
    async fn entry_of(
        &self,
        channel: &dyn Channel,
        message: &Outbound,
        scheduled: bool,
    ) -> Result<(Entry, Option<First>), EngineError> {
        if scheduled {
            return Ok((Entry::Now(Turn::default()), None));
        }
        match self.pacer().begin(channel.account(), self.settings().sends_at_once) {
            Some(first) => Ok((self.entry(channel, message).await?, Some(first))),
            None if matches!(message.content, Content::Call(_)) => Err(EngineError::Busy),
            None => {
                metrics::held(channel.kind(), "share");
                Ok((Entry::Later(self.now()), None))
            }
        }
    }

    /// The attempt, and what becomes of it and of the account.
    pub(crate) async fn try_once(
        &self,
        channel: &dyn Channel,
        message: &Outbound,
        attempt: &Attempt,
        turn: Turn,
        deadline: Instant,
    ) -> Conclusion {
        let result = match self.wait_for(channel.account(), turn).await {
            Ok(()) => {
                // Whatever the provider's client says of this attempt names the message.
                let span = tracing::info_span!("message", id = %message.id, account = %channel.account());
                let result = call(channel, message, deadline).instrument(span).await;
                self.learn(channel.account(), turn, &result).await;
                result
            }
            Err(silent) => Err(silent),
        };
        let conclusion = settle::conclusion(attempt, result, self.settings(), self.jitter(), self.now());
        tracing::info!(
            message = %message.id,
            attempt = attempt.attempts,
            account = %channel.account(),
            to = %message.to.masked(),
            status = conclusion.status.as_str(),
            code = conclusion.problem.as_ref().map(|problem| problem.code.as_str()),
            "attempt to send ended"
        );
        if conclusion.status == Status::Queued {
            metrics::retry(channel.kind());
        }
        conclusion
    }

    /// How a message of this content goes: calls are placed now or not at all, the rest may wait.
    pub(crate) fn queueing(
        &self,
        content: &Content,
        mode: DeliveryMode,
        (scheduled_for, expires_at): (Option<OffsetDateTime>, Option<OffsetDateTime>),
    ) -> Result<Queueing, EngineError> {
        if matches!(content, Content::Call(_)) {
            let refused = || EngineError::Refused(Error::unsupported("a call is not scheduled").field("scheduled_for"));
            return if scheduled_for.is_some() { Err(refused()) } else { Ok(Queueing::default()) };
        }
        let (settings, now) = (self.settings(), self.now());
        let scheduled_for = scheduled_for.filter(|at| *at > now);
        if scheduled_for.is_some_and(|at| at - now > settings.schedule_max) {
            let too_late = "further ahead than messages are scheduled";
            return Err(EngineError::Refused(Error::invalid(too_late).field("scheduled_for")));
        }
        let from = scheduled_for.unwrap_or(now);
        if expires_at.is_some_and(|at| at <= from || at - from > span(LONGEST_DEADLINE)) {
            let wrong = "not after the time at which it may go, or more than seven days after it";
            return Err(EngineError::Refused(Error::invalid(wrong).field("expires_at")));
        }
        let expires_at = expires_at.unwrap_or_else(|| from + span(settings.message_deadline));
        Ok(Queueing { mode, scheduled_for, expires_at: Some(expires_at), hold: span(settings.hold), held_until: None })
    }

    /// How long storing and the attempt may take together.
    fn time_for(&self, content: &Content) -> Duration {
        let settings = self.settings();
        match content {
            Content::Call(_) => settings.send_timeout.min(settings.voice.expires),
            _ => settings.send_timeout,
        }
    }

    /// Keeps trying for some seconds: the attempt was made, and only its record can still be lost.
    pub(crate) async fn record(&self, conclusion: Conclusion) {
        let mut waits = RECORD_WAITS.into_iter();
        while let Err(error) = self.repository().conclude(conclusion.clone()).await {
            let wait = waits.next().filter(|_| error.is_transient());
            let Some(wait) = wait else {
                tracing::error!(
                    message = %conclusion.message,
                    status = conclusion.status.as_str(),
                    %error,
                    "the outcome of a send could not be recorded: it becomes unknown"
                );
                return;
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// The stored answer to a repeated request.
    pub(crate) async fn answer(&self, organization: &OrganizationId, message: MessageId) -> Result<Sent, EngineError> {
        let scope = Scope { organization: organization.clone(), seller: None };
        let entry = self.repository().message(&scope, message).await?.entry;
        Ok(Sent { message, status: entry.status, problem: entry.problem, repeated: true })
    }
}

fn first_attempt(message: MessageId, queue: &Queueing, channel: &dyn Channel) -> Attempt {
    Attempt {
        message,
        claim: ClaimToken::FIRST,
        attempts: 1,
        mode: queue.mode,
        expires_at: queue.expires_at,
        failed: settle::failed_on(channel),
    }
}

/// One attempt. A time-out and a defect of the channel leave the outcome unknown.
async fn call(channel: &dyn Channel, message: &Outbound, deadline: Instant) -> Result<Receipt> {
    let cut_off = |outcome, reason: &str| Error::new(ErrorKind::Transport, outcome, reason);
    let started = Instant::now();
    let result = if started >= deadline {
        Err(cut_off(Outcome::NotSent, "storing it took all of its time"))
    } else {
        let attempt = AssertUnwindSafe(channel.send(message)).catch_unwind();
        match tokio::time::timeout_at(deadline, attempt).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(cut_off(Outcome::Unknown, "the channel broke off")),
            Err(_) => Err(cut_off(Outcome::Unknown, "the provider did not answer in time")),
        }
    };
    metrics::send(channel.kind(), settle::outcome_name(&result), started.elapsed());
    result
}
