//! The queue: what waits is sent by whoever claims it, after every rule was looked at again; and is withdrawn or discarded.

use comms_core::{
    Channel, ChannelKind, ErrorKind, MessageId, OrganizationId, Problem, Status,
    history::{Claiming, Conclusion, HistoryFilter, OutboxJob, PageKey, Scope, Stop},
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::Instant};
use tracing::Instrument;

use crate::{
    Code, Engine, EngineError, metrics,
    settings::span,
    settle::{self, Attempt},
};

/// What a round began.
pub(crate) struct Begun {
    attempts: Vec<JoinHandle<()>>,
    /// Whether some were begun, or as many as may be are under way already: an end is to be waited for, not the clock.
    busy: bool,
}

/// How long at least between two looks at the queue, so that one look finds several messages: it costs the same for all of them.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// How long at most while messages are being sent: well within the slice of places that one look reserves.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How many are read at once where many are discarded.
const DISCARDED_AT_ONCE: u16 = 200;

/// Messages that did not arrive, to be discarded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// In this state: failed, expired or unknown.
    pub status: Status,
    /// On this channel.
    pub channel: Option<ChannelKind>,
    /// Written before this.
    pub until: Option<OffsetDateTime>,
}

/// What discarding many did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscardedAll {
    /// How many were discarded.
    pub discarded: usize,
    /// Whether there are more.
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

    /// One round of the worker. Whether there is more to do: it returns when that is worth a look.
    pub(crate) async fn send_round(&self) -> Result<bool, EngineError> {
        let begun = self.dispatch().await?;
        let look_again = match begun.busy {
            true => Some(LONGEST_PAUSE),
            false => self.repository().next_turn(self.now()).await?.filter(|wait| *wait < self.settings().outbox_every),
        };
        if let Some(wait) = look_again {
            tokio::time::sleep(SHORTEST_PAUSE).await;
            // The end of an attempt makes room for another.
            let _sooner = tokio::time::timeout(wait, self.pacer().rung()).await;
        }
        Ok(look_again.is_some())
    }

    /// Begins the attempts that are due.
    pub(crate) async fn dispatch(&self) -> Result<Begun, EngineError> {
        self.expire_late().await?;
        let mut permits = Vec::new();
        while let Ok(permit) = Arc::clone(self.outbox()).try_acquire_owned() {
            permits.push(permit);
        }
        let Ok(free @ 1..) = u16::try_from(permits.len()) else {
            return Ok(Begun { attempts: Vec::new(), busy: true });
        };
        // The time of the attempts runs from here, as that of their claims.
        let deadline = Instant::now() + self.settings().send_timeout;
        let claiming = Claiming {
            now: self.now(),
            lease: span(self.settings().send_lease()),
            limit: free,
            at_once: self.settings().outbox_at_once,
            under_way: self.pacer().under_way(),
        };
        let jobs = self.repository().claim_shares(&claiming).await?;
        if !jobs.is_empty() {
            comms_core::failpoint!(QueueClaimed);
        }
        let attempts: Vec<JoinHandle<()>> = jobs
            .into_iter()
            .zip(permits)
            .map(|(job, permit)| {
                let (engine, under_way) = (self.clone(), self.pacer().enter(&job.account));
                let work = async move {
                    engine.send_claimed(job, deadline).await;
                    drop(permit);
                    drop(under_way);
                };
                tokio::spawn(work.in_current_span())
            })
            .collect();
        let busy = !attempts.is_empty();
        Ok(Begun { attempts, busy })
    }

    /// Puts what is late out of the queue.
    async fn expire_late(&self) -> Result<(), EngineError> {
        let expired = self.repository().expire_due(self.now()).await?;
        if !expired.is_empty() {
            comms_core::failpoint!(ExpireCommitted);
            metrics::expired(expired.len());
            tracing::warn!(messages = expired.len(), "messages were not sent by their deadline");
        }
        Ok(())
    }

    async fn send_claimed(&self, job: OutboxJob, deadline: Instant) {
        if self.is_stopping() {
            return self.hand_back(&job).await;
        }
        let conclusion = match self.look_again(&job).await {
            Ok(_) if self.is_stopping() => return self.hand_back(&job).await,
            Ok(channel) => {
                let attempt = attempt(&job, settle::failed_on(channel.as_ref()));
                self.try_once(channel.as_ref(), &job.message, &attempt, job.turn, deadline).await
            }
            Err(error) => {
                self.learn_without(&job, &error).await;
                self.held_up(&job, &error)
            }
        };
        comms_core::failpoint!(QueueAttempted);
        self.record(conclusion).await;
        comms_core::failpoint!(QueueConcluded);
    }

    /// No attempt was made. Without a channel nothing of the account can be sent; else another message may be the probe.
    async fn learn_without(&self, job: &OutboxJob, error: &EngineError) {
        let EngineError::ChannelUnavailable(cause) = error else {
            return self.leave(&job.account, job.turn).await;
        };
        if let Err(error) = self.stop(&job.account, job.turn, Stop::AtOnce, cause).await {
            tracing::error!(account = %job.account, %error, "an account without a channel could not be stopped");
        }
    }

    /// Every rule, as before the first attempt: a window may have closed since, or a person have opted out. What they look at came
    /// with the claim.
    async fn look_again(&self, job: &OutboxJob) -> Result<Arc<dyn Channel>, EngineError> {
        let (message, standing) = (&job.message, &job.standing);
        if !standing.account_usable {
            return Err(EngineError::UnknownAccount(job.account.clone()));
        }
        let channel = self.channel(&job.account).await?;
        channel.capabilities().check(message).map_err(EngineError::Refused)?;
        // Whether its author may write about the lead was looked at when they wrote it.
        self.check_links(&whole(&job.organization), &job.links).await?;
        let opted_out = standing.opted_out.clone();
        self.may_reach(channel.as_ref(), &message.content, standing.last_inbound_at, opted_out).await?;
        Ok(channel)
    }

    /// A rule refuses the message by now; or the store, which the rules ask, is away, and it waits.
    fn held_up(&self, job: &OutboxJob, error: &EngineError) -> Conclusion {
        let now = self.now();
        let due_at = now + span(error.retry_after().unwrap_or_default());
        let away = matches!(error.code(), Code::Busy | Code::DatabaseAway);
        let waits = away || matches!(error, EngineError::ChannelUnavailable(_));
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
            Status::Canceled => {
                comms_core::failpoint!(CancelCommitted);
                Ok(())
            }
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

    /// Takes messages of one state off that list: those on a channel and before a time where these are given, the newest first, up
    /// to `most`. Returns how many, and whether there are more.
    ///
    /// # Errors
    /// [`EngineError::Store`]; what was taken off until then stays so.
    pub async fn discard_all(&self, scope: &Scope, lost: &Lost, most: usize) -> Result<DiscardedAll, EngineError> {
        let mut done = DiscardedAll::default();
        let mut after = None;
        loop {
            let filter = HistoryFilter {
                channel: lost.channel,
                until: lost.until,
                ..Self::outgoing(vec![lost.status], after, DISCARDED_AT_ONCE)
            };
            let page = self.repository().history(scope, &filter).await?;
            for entry in page.entries {
                if done.discarded >= most {
                    done.more = true;
                    return Ok(done);
                }
                // One that was settled meanwhile is on no list of what is lost.
                done.discarded += usize::from(self.discard(scope, entry.message).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(done);
            }
        }
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
