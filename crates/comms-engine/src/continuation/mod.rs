//! A call goes on by chat: when an agent's call has ended, the person is written to, and the agent answers what they write.
//!
//! Whoever tells of a call ([`hand_off`]) makes one row of it. What is to be done for it is claimed with a lease ([`work`]): its first
//! message ([`opening`]), then burst after burst of messages ([`answer`]). Each step is written down before it has a consequence, and each message
//! has its id beforehand, so that a process may end anywhere: who comes after it goes on with the very same. Between two steps nothing is
//! kept in memory.

mod answer;
mod context;
mod figures;
mod hand_off;
pub(crate) mod measure;
mod opening;
mod poll;
mod provider;
mod reverse;
mod rules;
mod settings;
mod words;
mod work;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use comms_core::TextAgent;
use tokio::sync::{Notify, Semaphore};

pub use figures::{ContinuationFigures, QueueFigures};
pub use hand_off::{Chat, FirstMessage, HandOff, HandedOff, Trigger, outcome_of_status};
pub use provider::AgentHealth;
pub use settings::{AgentSettings, ContinuationSettings, OpeningTemplate, QuietHours, Zone};

/// The agents, and how their provider is.
pub(crate) struct Agents {
    agent: Arc<dyn TextAgent>,
    standing: Mutex<provider::Standing>,
    /// Bounds the steps that are under way.
    steps: Arc<Semaphore>,
    at_once: u16,
    bell: Notify,
}

impl Agents {
    pub(crate) fn new(agent: Arc<dyn TextAgent>, at_once: u16) -> Self {
        Self {
            agent,
            standing: Mutex::default(),
            steps: Arc::new(Semaphore::new(at_once.into())),
            at_once,
            bell: Notify::new(),
        }
    }

    /// Rings where something is due before its time.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell
    }

    /// Lets no step begin, and waits for those under way; then nothing is kept open with the provider.
    pub(crate) async fn stop(&self) {
        let all = self.steps.acquire_many(self.at_once.into()).await;
        drop(all);
        self.steps.close();
        self.agent.close().await;
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("agent", &self.agent).finish_non_exhaustive()
    }
}
