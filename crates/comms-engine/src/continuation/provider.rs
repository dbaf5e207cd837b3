//! How the agents' provider is: what it said last, and whether it is left in peace.

use std::sync::PoisonError;

use comms_core::{Error, ErrorKind, Problem, Result};
use time::OffsetDateTime;

use super::Agents;
use crate::{Engine, settings::span};

/// How the agents' provider is, as this process sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentHealth {
    /// Which provider, as in `elevenlabs`.
    pub provider: String,
    /// When it last did what it was asked.
    pub last_success: Option<OffsetDateTime>,
    /// Since when it has not; `None` where it does.
    pub failing_since: Option<OffsetDateTime>,
    /// What it said last, where that was a failure of the provider and not of one conversation.
    pub problem: Option<Problem>,
    /// Until when nobody asks it: it refused the key, or asked for silence.
    pub paused_until: Option<OffsetDateTime>,
}

impl AgentHealth {
    /// Whether it did what it was asked last.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failing_since.is_none()
    }
}

/// The same, as it is kept.
#[derive(Debug, Default)]
pub(super) struct Standing {
    last_success: Option<OffsetDateTime>,
    failing_since: Option<OffsetDateTime>,
    problem: Option<Problem>,
    paused_until: Option<OffsetDateTime>,
}

/// A failure in the words in which it is kept.
pub(super) fn problem_of(error: &Error) -> Problem {
    Problem {
        code: error.provider_code().unwrap_or_else(|| error.kind().as_str()).to_owned(),
        message: error.to_string(),
        kind: error.kind(),
    }
}

impl Agents {
    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// How the agents' provider is; `None` where there are no agents.
    #[must_use]
    pub fn agent_health(&self) -> Option<AgentHealth> {
        let agents = self.agents()?;
        let standing = agents.standing();
        Some(AgentHealth {
            provider: agents.agent.provider().to_owned(),
            last_success: standing.last_success,
            failing_since: standing.failing_since,
            problem: standing.problem.clone(),
            paused_until: standing.paused_until.filter(|until| *until > self.now()),
        })
    }

    /// Until when nobody asks the provider.
    pub(super) fn agents_paused(&self, agents: &Agents) -> Option<OffsetDateTime> {
        agents.standing().paused_until.filter(|until| *until > self.now())
    }

    /// Learns from an answer of the provider. What it refuses of one conversation says nothing of the others.
    pub(super) fn learn_of_agent<T>(&self, agents: &Agents, answer: &Result<T>) {
        let now = self.now();
        let mut standing = agents.standing();
        let error = match answer {
            Ok(_) => {
                *standing = Standing { last_success: Some(now), ..Standing::default() };
                return;
            }
            Err(error) => error,
        };
        standing.problem = Some(problem_of(error));
        // That it does not know one conversation is no fault of its.
        if error.kind() != ErrorKind::InvalidRequest {
            standing.failing_since.get_or_insert(now);
        }
        let pause = match error.kind() {
            ErrorKind::Unauthenticated => Some(self.settings().continuation.pause),
            ErrorKind::RateLimited => error.wait(),
            _ => None,
        };
        if let Some(pause) = pause {
            standing.paused_until = Some(now + span(pause));
        }
    }
}
