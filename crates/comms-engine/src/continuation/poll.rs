//! Calls that nobody told of, and continuations that nobody writes in any more.

use super::{HandOff, Trigger, measure};
use crate::{Engine, EngineError, settings::span};

/// How many pages of calls are read in one round.
const PAGES: usize = 20;

impl Engine {
    /// Asks the provider which calls ended, and hands them off. Returns how many it told of. One round of the worker
    /// `continuations-poll`.
    ///
    /// How far was read is noted after the calls are kept: a call that is met twice is one continuation.
    ///
    /// # Errors
    /// [`EngineError::Store`], and [`EngineError::Provider`] where the provider does not answer.
    pub async fn poll_calls(&self) -> Result<usize, EngineError> {
        let settings = &self.settings().continuation;
        let (Some(agents), Some(organization)) = (self.agents(), &settings.polls_for) else {
            return Ok(0);
        };
        if self.agents_paused(agents).is_some() {
            return Ok(0);
        }
        let name = format!("{}:{organization}", agents.agent.provider());
        let mut cursor = self.repository().agent_cursor(&name).await?;
        let mut told = 0;
        for _ in 0..PAGES {
            let answer = agents.agent.ended(cursor.clone()).await;
            self.learn_of_agent(agents, &answer);
            let (reports, next) = answer.map_err(EngineError::Provider)?;
            told += reports.len();
            for report in reports.into_iter().filter(|report| !report.text_only && settings.of(&report.agent).is_some())
            {
                match self.hand_off(HandOff::of_report(organization.clone(), Trigger::Poller, report)).await {
                    Ok(_) => {}
                    // One that cannot be kept as it is holds up nobody.
                    Err(EngineError::Refused(error)) => tracing::warn!(%error, "a call of the provider is left out"),
                    Err(error) => return Err(error),
                }
            }
            if cursor.as_ref() == Some(&next) {
                break;
            }
            self.repository().put_agent_cursor(&name, &next, self.now()).await?;
            cursor = Some(next);
        }
        Ok(told)
    }

    /// Closes continuations in which nobody writes any more, looks again at those whose first message was lost on its way, and counts what
    /// there is. Returns how many were closed. One round of the worker `continuations-upkeep`.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn keep_continuations(&self) -> Result<u64, EngineError> {
        let now = self.now();
        let before = now - span(self.settings().continuation.idle);
        let restarted = self.repository().restart_undelivered_continuations(now).await?;
        if let (1.., Some(agents)) = (restarted, self.agents()) {
            agents.bell().notify_one();
        }
        let closed = self.repository().close_idle_continuations(before, now).await?;
        measure::depth(&self.repository().continuation_stats(None, now, now).await?);
        Ok(closed)
    }
}
