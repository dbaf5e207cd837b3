//! How the engine is, for `/health`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use comms_core::{
    AccountId, ChannelKind,
    history::{AccountPacing, HookStats, RepositoryStats},
};
use time::OffsetDateTime;

use crate::{Engine, hooks, metrics};

/// How the engine is.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// What waits in the store; the reason where the store does not answer.
    pub store: Result<RepositoryStats, String>,
    /// The workers; empty before [`Engine::start`].
    pub workers: Vec<WorkerHealth>,
    /// The channels; one without accounts cannot send.
    pub channels: Vec<ChannelHealth>,
    /// The accounts that are stopped: nothing is sent on them until they are mended.
    pub stopped: Vec<AccountPacing>,
    /// Outgoing webhooks; `None` where there are none, or the store does not answer. One that was given up is an alarm for the
    /// operator, and no fault of ours.
    pub hooks: Option<HookStats>,
}

impl Health {
    /// Whether everything that should run does: the store answers, its writers are alive, no worker has ended.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.store.as_ref().is_ok_and(|stats| stats.writers_alive) && self.workers.iter().all(|worker| worker.alive)
    }
}

/// How a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerHealth {
    /// What it does, as in `/health` and the metrics: `outbox`, `retention`.
    pub name: &'static str,
    /// Whether it runs. A worker that fails goes on; one that has ended has not been asked to only where it broke.
    pub alive: bool,
    /// When a round last succeeded.
    pub last_success: Option<OffsetDateTime>,
    /// Since when every round has failed.
    pub failing_since: Option<OffsetDateTime>,
    /// Why the last round failed.
    pub error: Option<String>,
}

/// How a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelHealth {
    /// Which channel.
    pub channel: ChannelKind,
    /// The accounts that can send now.
    pub accounts: Vec<AccountId>,
}

pub(crate) const CHANNELS: [ChannelKind; 6] = [
    ChannelKind::Voice,
    ChannelKind::Sms,
    ChannelKind::WhatsApp,
    ChannelKind::Email,
    ChannelKind::Messenger,
    ChannelKind::WebChat,
];

impl Engine {
    /// How the engine is: asks the store, and nobody else.
    pub async fn health(&self) -> Health {
        let store = self.repository().stats().await;
        if let Ok(stats) = &store {
            metrics::depth(stats, self.now());
        }
        let stopped = self.stopped_accounts().await.unwrap_or_default();
        Health {
            stopped,
            store: store.map_err(|error| error.to_string()),
            workers: self.board().all(),
            channels: CHANNELS
                .into_iter()
                .map(|channel| ChannelHealth { channel, accounts: self.channels().accounts(channel) })
                .collect(),
            hooks: self.hook_health().await,
        }
    }

    async fn hook_health(&self) -> Option<HookStats> {
        self.hooks()?;
        let stats = self.repository().hook_stats().await.ok()?;
        hooks::measure::depth(&stats, self.now());
        Some(stats)
    }
}

/// Where the workers write how they are.
#[derive(Debug, Default)]
pub(crate) struct WorkerBoard(Mutex<BTreeMap<&'static str, WorkerHealth>>);

impl WorkerBoard {
    pub(crate) fn started(&self, name: &'static str) {
        let health = WorkerHealth { name, alive: true, last_success: None, failing_since: None, error: None };
        self.rows().insert(name, health);
    }

    /// Returns whether this ends a series of failures.
    pub(crate) fn succeeded(&self, name: &'static str, now: OffsetDateTime) -> bool {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(name) else {
            return false;
        };
        row.last_success = Some(now);
        row.error = None;
        row.failing_since.take().is_some()
    }

    /// Returns whether this begins a series of failures.
    pub(crate) fn failed(&self, name: &'static str, now: OffsetDateTime, error: String) -> bool {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(name) else {
            return false;
        };
        row.error = Some(error);
        let begins = row.failing_since.is_none();
        row.failing_since.get_or_insert(now);
        begins
    }

    pub(crate) fn ended(&self, name: &'static str) {
        if let Some(row) = self.rows().get_mut(name) {
            row.alive = false;
        }
    }

    fn all(&self) -> Vec<WorkerHealth> {
        self.rows().values().cloned().collect()
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<&'static str, WorkerHealth>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
