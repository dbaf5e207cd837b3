//! What is due, claimed and done: each step in a task of its own.

use std::{sync::Arc, time::Duration};

use comms_core::{
    ContinuationId,
    history::{ContinuationClaim, ContinuationConclusion, ContinuationJob, ContinuationStep},
};
use tokio::{sync::OwnedSemaphorePermit, task::JoinHandle};
use tracing::Instrument;

use super::{Agents, measure};
use crate::{Engine, EngineError, settings::span};

/// How long at least between two looks at what is due, so that one look finds several.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// How many are claimed by one look: the first of them need not wait until the last is claimed.
const ONE_LOOK: usize = 32;

/// The waits between attempts to record a step. What cannot be recorded is done again when its claim ends.
const RECORD_WAITS: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// What a round began.
struct Begun {
    steps: Vec<JoinHandle<()>>,
    /// When something is due next, where that is known.
    next: Option<Duration>,
    /// Whether there may be more to claim at once.
    more: bool,
}

/// A step that its holder works at.
pub(super) struct Holder<'a> {
    pub engine: &'a Engine,
    pub agents: &'a Agents,
    pub job: &'a ContinuationJob,
}

impl Engine {
    /// Does what is due for continuations: sends first messages, answers bursts. Returns how many steps were made; they are over. One
    /// round of the worker `continuations`, which does not wait for them.
    ///
    /// # Errors
    /// [`EngineError::Store`]. What a step suffers is recorded with its continuation.
    pub async fn continue_due(&self) -> Result<usize, EngineError> {
        let begun = self.begin_steps(None).await?;
        let count = begun.steps.len();
        for step in begun.steps {
            step.await.map_err(|_| EngineError::Interrupted)?;
        }
        Ok(count)
    }

    /// What is due for one continuation.
    pub(super) async fn continue_one(&self, id: ContinuationId) -> Result<(), EngineError> {
        for step in self.begin_steps(Some(id)).await?.steps {
            step.await.map_err(|_| EngineError::Interrupted)?;
        }
        Ok(())
    }

    /// One round of the worker. Whether there is more to do: it returns when that is worth a look.
    pub(crate) async fn continuation_round(&self) -> Result<bool, EngineError> {
        let Some(agents) = self.agents() else {
            return Ok(false);
        };
        let begun = self.begin_steps(None).await?;
        if begun.more {
            return Ok(true);
        }
        let every = self.settings().continuation.every;
        let Some(wait) = begun.next.filter(|wait| *wait < every) else {
            return Ok(!begun.steps.is_empty());
        };
        tokio::select! {
            () = self.stopping() => {}
            () = tokio::time::sleep(wait.max(SHORTEST_PAUSE)) => {}
            // Where many steps end at once, one look finds what all of them made room for.
            () = agents.bell().notified() => tokio::time::sleep(SHORTEST_PAUSE).await,
        }
        Ok(true)
    }

    async fn begin_steps(&self, only: Option<ContinuationId>) -> Result<Begun, EngineError> {
        let Some(agents) = self.agents().filter(|_| !self.is_stopping()) else {
            return Ok(Begun { steps: Vec::new(), next: None, more: false });
        };
        let mut permits: Vec<OwnedSemaphorePermit> = Vec::new();
        let wanted = if only.is_some() { 1 } else { ONE_LOOK };
        while permits.len() < wanted
            && let Ok(permit) = Arc::clone(&agents.steps).try_acquire_owned()
        {
            permits.push(permit);
        }
        let Ok(limit @ 1..) = u16::try_from(permits.len()) else {
            return Ok(Begun { steps: Vec::new(), next: Some(SHORTEST_PAUSE), more: false });
        };
        let settings = &self.settings().continuation;
        let now = self.now();
        let claim = ContinuationClaim {
            now,
            lease: span(settings.reply_timeout + settings.call_timeout + self.settings().send_lease()),
            limit,
            debounce: span(settings.debounce),
            patience: span(settings.patience.max(settings.debounce)),
            only,
        };
        let (jobs, next) = self.repository().claim_continuations(&claim).await?;
        if !jobs.is_empty() {
            comms_core::failpoint!(TurnClaimed);
        }
        let full = jobs.len() >= usize::from(limit);
        let steps = jobs.into_iter().zip(permits).map(|(job, permit)| self.begin_step(job, permit)).collect();
        let next = next.map(|at| Duration::try_from(at - now).unwrap_or_default());
        Ok(Begun { steps, next, more: full })
    }

    fn begin_step(&self, job: ContinuationJob, permit: OwnedSemaphorePermit) -> JoinHandle<()> {
        let engine = self.clone();
        let work = async move {
            engine.make_step(&job).await;
            drop(permit);
        };
        tokio::spawn(work.in_current_span())
    }

    async fn make_step(&self, job: &ContinuationJob) {
        let Some(agents) = self.agents() else {
            return;
        };
        let holder = Holder { engine: self, agents, job };
        let kind = if job.burst.is_some() { "answer" } else { "opening" };
        let made = match &job.burst {
            None => holder.open().await,
            Some(burst) => holder.answer(burst).await,
        };
        match made {
            Ok(step) => {
                measure::step(kind, &step);
                holder.record(step).await;
            }
            // The store is away: the claim ends by itself where it cannot be given back.
            Err(error) => {
                tracing::warn!(continuation = %job.continuation.id, kind, %error, "a step of a continuation is made later");
                holder.record(holder.later(None)).await;
            }
        }
        match kind {
            "answer" => comms_core::failpoint!(ReplyConcluded),
            _ => comms_core::failpoint!(OpeningConcluded),
        }
        // A step that is over may have made room for the next.
        agents.bell().notify_one();
    }
}

impl Holder<'_> {
    /// Writes down a step in between. Whether the claim still holds: who lost it goes no further.
    pub(super) async fn note(&self, step: ContinuationStep) -> Result<bool, EngineError> {
        Ok(self.engine.repository().conclude_continuation(self.conclusion(step)).await?)
    }

    /// Writes down how a step ended, with patience.
    async fn record(&self, step: ContinuationStep) {
        let conclusion = self.conclusion(step);
        let mut waits = RECORD_WAITS.into_iter();
        while let Err(error) = self.engine.repository().conclude_continuation(conclusion.clone()).await {
            let Some(wait) = waits.next() else {
                tracing::error!(continuation = %conclusion.id, %error, "a step is not recorded: it is made again when its claim ends");
                return;
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn conclusion(&self, step: ContinuationStep) -> ContinuationConclusion {
        ContinuationConclusion { id: self.job.continuation.id, token: self.job.token, step, now: self.engine.now() }
    }
}
