//! What is due is told, to each endpoint as fast as it takes it.

use std::time::Instant;

use comms_core::history::{
    FeedEvent, HookConclusion, HookEndpoint, HookJob, HookOutcome, HookReason, RepositoryResult,
};
use http::StatusCode;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::{Hooks, attempt::Attempt, lanes::Lane, measure, schedule};
use crate::{Engine, EngineError, settings::span};

/// How many endpoints are looked after in one round.
const ENDPOINTS: u16 = 500;
/// How many deliveries one place makes before others may have it.
const IN_A_ROW: usize = 50;

impl Engine {
    /// Tells endpoints what is due, until nothing is. Returns how many attempts were made. What the worker `webhooks` does over
    /// time, which does not wait for the attempts.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn tell_hooks(&self) -> Result<usize, EngineError> {
        let mut made = 0;
        loop {
            let (more, lanes) = self.begin_hooks().await?;
            let idle = lanes.is_empty() && !more;
            for lane in lanes {
                made += lane.await.map_err(|_| EngineError::Interrupted)?;
            }
            if idle {
                return Ok(made);
            }
        }
    }

    /// Makes deliveries of what the log holds, and begins those that are due. Returns whether there is more in the log.
    pub(crate) async fn begin_hooks(&self) -> Result<(bool, Vec<JoinHandle<usize>>), EngineError> {
        let Some(hooks) = self.hooks() else {
            return Ok((false, Vec::new()));
        };
        let more = self.plan_hooks().await?;
        let mut begun = Vec::new();
        for hook in self.repository().hooks_due(self.now(), ENDPOINTS).await? {
            let settings = &self.settings().hooks;
            // Who fails is tried one by one: their failures take time that others could use.
            let each = if hook.failing_since.is_some() { 1 } else { settings.at_once_each };
            let lanes = self.lanes().enter(hook.id, each.into(), settings.at_once.into());
            let Ok(free @ 1..) = u16::try_from(lanes.len()) else {
                continue;
            };
            let jobs = self.claim(&hook, free).await?;
            for (job, lane) in jobs.into_iter().zip(lanes) {
                let work = self.clone().run_lane(hooks.clone(), hook.clone(), job, lane);
                begun.push(tokio::spawn(work.in_current_span()));
            }
        }
        Ok((more, begun))
    }

    async fn claim(&self, hook: &HookEndpoint, limit: u16) -> RepositoryResult<Vec<HookJob>> {
        let lease = span(self.settings().hooks.lease());
        let jobs = self.repository().claim_hook(hook.id, self.now(), lease, limit).await?;
        if !jobs.is_empty() {
            comms_core::failpoint!(HookClaimed);
        }
        Ok(jobs)
    }

    /// One delivery after the other, until one fails or nothing is due. Returns how many attempts were made.
    async fn run_lane(self, hooks: Hooks, hook: HookEndpoint, first: HookJob, _lane: Lane) -> usize {
        let mut job = first;
        for made in 1..=IN_A_ROW {
            let taken = match self.deliver(&hooks, &hook, job).await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(%error, endpoint = %hook.id, "a delivery is not recorded: it is made again after its lease");
                    false
                }
            };
            if !taken || made == IN_A_ROW || self.lanes().is_stopping() {
                return made;
            }
            job = match self.claim(&hook, 1).await.ok().and_then(|mut jobs| jobs.pop()) {
                Some(next) => next,
                None => return made,
            };
        }
        IN_A_ROW
    }

    /// Makes one delivery and records how it went. Returns whether it was taken.
    async fn deliver(&self, hooks: &Hooks, hook: &HookEndpoint, job: HookJob) -> RepositoryResult<bool> {
        let before = job.delivery.cursor - 1;
        let found = self.repository().feed(Some(&hook.organization), before, 1).await?;
        let Some(told) = found.into_iter().find(|told| told.event.cursor == job.delivery.cursor) else {
            return self.conclude_own(&job, HookOutcome::Failed, "the event is not kept any more").await;
        };
        let keys = match self.hook_keys(hooks, hook) {
            Ok(keys) => keys,
            Err(why) => {
                let again = self.now() + span(self.settings().hooks.longest_wait / 24);
                return self.conclude_own(&job, HookOutcome::Again(again), &why).await;
            }
        };
        let (id, started) = (message_id(job.delivery.id.0), Instant::now());
        let attempt = self.post_hook(hooks, hook, &keys, &id, body(hooks, &told)).await;
        comms_core::failpoint!(HookTold);
        let outcome = self.outcome(&job, &attempt);
        measure::attempt(outcome, started.elapsed());
        let taken = attempt.is_taken();
        let conclusion = self.conclusion(&job, outcome, attempt, true);
        let concluded = self.repository().conclude_hook(conclusion).await?;
        comms_core::failpoint!(HookConcluded);
        if let Some(reason) = concluded.disabled {
            measure::given_up(reason);
            let days = self.settings().hooks.patience.as_secs() / 86_400;
            match reason {
                HookReason::Gone => {
                    tracing::warn!(endpoint = %hook.id, "an endpoint says that it is gone: it is told no more")
                }
                HookReason::Failing => {
                    tracing::error!(endpoint = %hook.id, days, "an endpoint only fails: it is told no more")
                }
            }
        }
        Ok(taken)
    }

    /// What could not be tried, for a reason that is not the endpoint's.
    async fn conclude_own(&self, job: &HookJob, outcome: HookOutcome, why: &str) -> RepositoryResult<bool> {
        tracing::warn!(delivery = %job.delivery.id, why, "a delivery is not made");
        let attempt = Attempt { error: Some(why.to_owned()), ..Attempt::default() };
        self.repository().conclude_hook(self.conclusion(job, outcome, attempt, false)).await?;
        Ok(false)
    }

    fn outcome(&self, job: &HookJob, attempt: &Attempt) -> HookOutcome {
        if attempt.is_taken() {
            return HookOutcome::Delivered;
        }
        if attempt.status == Some(StatusCode::GONE) {
            return HookOutcome::Gone;
        }
        let settings = &self.settings().hooks;
        match schedule::wait(settings, job.delivery.attempts, attempt.retry_after, self.jitter()) {
            Some(wait) => HookOutcome::Again(self.now() + span(wait)),
            None => HookOutcome::Failed,
        }
    }

    fn conclusion(&self, job: &HookJob, outcome: HookOutcome, attempt: Attempt, theirs: bool) -> HookConclusion {
        HookConclusion {
            delivery: job.delivery.id,
            token: job.token,
            outcome,
            theirs,
            status: attempt.status.map(|status| status.as_u16()),
            error: attempt.error,
            response: attempt.response,
            now: self.now(),
            patience: span(self.settings().hooks.patience),
        }
    }

    /// Forgets what ended long ago, and counts what waits. One round of the worker of that name.
    pub(crate) async fn keep_hooks(&self) -> Result<(), EngineError> {
        let before = self.now() - span(self.settings().hooks.keep);
        let forgotten = self.repository().prune_hooks(before).await?;
        if forgotten > 0 {
            tracing::info!(deliveries = forgotten, "deliveries of webhooks forgotten");
        }
        measure::depth(&self.repository().hook_stats().await?, self.now());
        Ok(())
    }
}

/// The id under which a receiver knows a delivery: the same at every attempt. It has no dot, which separates what is signed.
pub(super) fn message_id(id: uuid::Uuid) -> String {
    format!("msg_{}", id.simple())
}

fn body(hooks: &Hooks, told: &FeedEvent) -> Vec<u8> {
    let words = (hooks.tell)(told);
    payload(&words.kind, told.event.created_at, words.data)
}

pub(super) fn payload(kind: &str, at: time::OffsetDateTime, data: serde_json::Value) -> Vec<u8> {
    let timestamp = at.format(&Rfc3339).unwrap_or_default();
    json!({"type": kind, "timestamp": timestamp, "data": data}).to_string().into_bytes()
}
