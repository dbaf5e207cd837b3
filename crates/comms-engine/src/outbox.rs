//! The queue: what waits is sent by whoever claims it, after every rule was looked at again; and is withdrawn or discarded.

use comms_core::{
    Channel, ErrorKind, MessageId, OrganizationId, Problem, Status,
    history::{Conclusion, HistoryFilter, OutboxJob, PageKey, Queueing, Scope},
};
use std::sync::Arc;
use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{Duration, Instant, sleep, timeout},
};
use tracing::Instrument;

use crate::{
    Code, Engine, EngineError, metrics,
    send::Prepared,
    settings::span,
    settle::{self, Attempt},
};

/// The part of all attempts that is worth a claim.
const HANDFUL: u16 = 8;

/// How long attempts that end are collected before others are claimed in their place.
const NEIGHBOURS: Duration = Duration::from_millis(10);

/// What a round began.
pub(crate) struct Begun {
    attempts: Vec<JoinHandle<()>>,
    /// Whether there may be more to do at once.
    pub more: bool,
}

impl Engine {
    /// Sends what is due in the queue, and puts out of it what is late. Returns how many attempts were made; they are over. One
    /// round of the worker `outbox`, which does not wait for them.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn send_due(&self) -> Result<usize, EngineError> {
        let begun = self.dispatch().await?;
        let count = begun.attempts.len();
        for attempt in begun.attempts {
            attempt.await.map_err(|_| EngineError::Interrupted)?;
        }
        Ok(count)
    }

    /// Begins the attempts that are due.
    pub(crate) async fn dispatch(&self) -> Result<Begun, EngineError> {
        let expired = self.repository().expire_due(self.now()).await?;
        if !expired.is_empty() {
            metrics::expired(expired.len());
            tracing::warn!(messages = expired.len(), "messages were not sent by their deadline");
        }
        let permits = self.permits().await;
        let Ok(free @ 1..) = u16::try_from(permits.len()) else {
            // All are still under way: there may be as much to do as before.
            return Ok(Begun { attempts: Vec::new(), more: true });
        };
        // The time of the attempts runs from here, as that of their claims.
        let deadline = Instant::now() + self.settings().send_timeout;
        let jobs = self.repository().claim_due(self.now(), span(self.settings().send_lease()), free).await?;
        if !jobs.is_empty() {
            comms_core::failpoint!(QueueClaimed);
        }
        let more = jobs.len() == usize::from(free);
        let attempts = jobs
            .into_iter()
            .zip(permits)
            .map(|(job, permit)| {
                let engine = self.clone();
                let work = async move {
                    engine.send_claimed(job, deadline).await;
                    drop(permit);
                };
                tokio::spawn(work.in_current_span())
            })
            .collect();
        Ok(Begun { attempts, more })
    }

    /// A permit for each attempt that may begin. Where as many as may be are under way, the first that ends is waited for within the
    /// rhythm of the worker; where few are free, their neighbours a moment longer: a claim is a transaction, however little it claims.
    async fn permits(&self) -> Vec<OwnedSemaphorePermit> {
        let queue = self.outbox();
        let mut permits = Vec::new();
        if queue.available_permits() == 0 {
            let first = Arc::clone(queue).acquire_owned();
            permits.extend(timeout(self.settings().outbox_every, first).await.ok().and_then(Result::ok));
        }
        if queue.available_permits() < usize::from(self.settings().outbox_at_once / HANDFUL) {
            sleep(NEIGHBOURS).await;
        }
        while let Ok(permit) = Arc::clone(queue).try_acquire_owned() {
            permits.push(permit);
        }
        permits
    }

    async fn send_claimed(&self, job: OutboxJob, deadline: Instant) {
        let conclusion = match self.look_again(&job).await {
            Ok(channel) => {
                let attempt = attempt(&job, settle::failed_on(channel.as_ref()));
                self.try_once(channel.as_ref(), &job.message, &attempt, deadline).await
            }
            Err(error) => self.held_up(&job, &error),
        };
        comms_core::failpoint!(QueueAttempted);
        self.record(conclusion).await;
        comms_core::failpoint!(QueueConcluded);
    }

    /// Every rule, as before the first attempt: a window may have closed since, or a person have opted out.
    async fn look_again(&self, job: &OutboxJob) -> Result<Arc<dyn Channel>, EngineError> {
        let user = job.user.clone().unwrap_or_else(|| "".into());
        let account = self.sending_account(&job.organization, &user, job.channel, Some(job.account.clone())).await?;
        let mut prepared = Prepared {
            channel: self.channel(&account).await?,
            organization: job.organization.clone(),
            user,
            links: job.links.clone(),
            message: job.message.clone(),
            idempotency_key: None,
            request_hash: String::new(),
            retry_of: None,
            queue: Queueing::default(),
        };
        // Whether its author may write about the lead was looked at when they wrote it.
        self.check(&whole(&job.organization), &mut prepared).await?;
        Ok(prepared.channel)
    }

    /// A rule refuses the message by now; or the store, which the rules ask, is away, and it waits.
    fn held_up(&self, job: &OutboxJob, error: &EngineError) -> Conclusion {
        let now = self.now();
        let due_at = now + span(error.retry_after().unwrap_or_default());
        let waits = matches!(error.code(), Code::Busy | Code::DatabaseAway);
        tracing::info!(message = %job.message.id, code = error.code().as_str(), waits, "a queued message is not sent");
        Conclusion {
            message: job.message.id,
            claim: Some(job.token),
            status: if waits { Status::Queued } else { Status::Failed },
            receipt: None,
            problem: Some(Problem {
                code: error.code().as_str().to_owned(),
                message: error.to_string(),
                kind: kind_of(error),
            }),
            due_at: waits.then_some(due_at),
            now,
        }
    }

    /// Withdraws a message that waits for its time or its turn. Withdrawing it twice is no error.
    ///
    /// # Errors
    /// [`EngineError::NotCancelable`] where it does not wait any more, [`EngineError::Store`] where there is none.
    pub async fn cancel(&self, scope: &Scope, message: MessageId) -> Result<(), EngineError> {
        match self.repository().cancel(scope, message, self.now()).await? {
            Status::Canceled => Ok(()),
            status => Err(EngineError::NotCancelable(status)),
        }
    }

    /// Takes a message that failed, expired or is unknown off the list of those. Returns whether it was on it.
    ///
    /// # Errors
    /// [`EngineError::Store`] where there is none.
    pub async fn discard(&self, scope: &Scope, message: MessageId) -> Result<bool, EngineError> {
        Ok(self.repository().discard(scope, message, self.now()).await?)
    }

    /// A page of what this organisation's messages wait for or did not arrive by, newest first: the filter of the list that
    /// [`discard`](Self::discard) shortens.
    #[must_use]
    pub fn outgoing(statuses: Vec<Status>, after: Option<PageKey>, limit: u16) -> HistoryFilter {
        HistoryFilter {
            direction: Some(comms_core::Direction::Outbound),
            statuses,
            undiscarded: true,
            after,
            limit,
            ..HistoryFilter::default()
        }
    }
}

fn attempt(job: &OutboxJob, failed: Status) -> Attempt {
    Attempt {
        message: job.message.id,
        claim: job.token,
        attempts: job.attempts,
        mode: job.mode,
        expires_at: job.expires_at,
        failed,
    }
}

fn whole(organization: &OrganizationId) -> Scope {
    Scope { organization: organization.clone(), seller: None }
}

fn kind_of(error: &EngineError) -> ErrorKind {
    match error {
        EngineError::OptedOut { .. } => ErrorKind::OptedOut,
        EngineError::WindowClosed { .. } => ErrorKind::WindowClosed,
        EngineError::Refused(error) | EngineError::ChannelUnavailable(error) => error.kind(),
        EngineError::Store(_) => ErrorKind::Transport,
        _ => ErrorKind::Config,
    }
}
