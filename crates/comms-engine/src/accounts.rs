//! Registering accounts, and the webhooks that waited for it.

use comms_core::{
    AccountId,
    history::{Account, WebhookFilter},
};

use crate::{Engine, EngineError, ReplayReport};

/// What registering an account brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// What the webhooks said that waited for it.
    pub replay: ReplayReport,
    /// Messages that had waited for an owner and are now in `comunicaciones`.
    pub filled: u64,
}

impl Engine {
    /// Adds or changes an account, reads again the webhooks that waited for it, and fills in the messages that waited for
    /// an owner. Goes on when the caller stops waiting; repeating it changes nothing.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `Conflict` where the account belongs to another organisation.
    pub async fn assign_account(&self, account: Account) -> Result<Assigned, EngineError> {
        let engine = self.clone();
        let work = async move {
            engine.repository().put_account(&account).await?;
            let mut replay = engine.replay_quarantined(&account.id).await?;
            if let Some(parent) = &account.parent {
                replay.add(engine.replay_quarantined(parent).await?);
            }
            let filled = engine.repository().fill_waiting().await?;
            Ok(Assigned { replay, filled })
        };
        tokio::spawn(work).await.map_err(|_| EngineError::Interrupted)?
    }

    /// Reads again what was quarantined for accounts that are registered by now: a webhook that arrived while its account
    /// was being registered, or a registration that a crash cut off. One round of the worker of that name.
    ///
    /// # Errors
    /// [`EngineError::Store`]; the next round goes on.
    pub async fn release_quarantine(&self) -> Result<ReplayReport, EngineError> {
        let mut report = ReplayReport::default();
        let waiting = self.repository().quarantine().await?;
        if waiting.is_empty() {
            return Ok(report);
        }
        let registered = self.repository().accounts(None).await?;
        let is_registered =
            |id: &AccountId| registered.iter().any(|account| account.id == *id || account.parent.as_ref() == Some(id));
        for quarantined in waiting {
            if is_registered(&quarantined.account) {
                report.add(self.replay_quarantined(&quarantined.account).await?);
            }
        }
        Ok(report)
    }

    async fn replay_quarantined(&self, account: &AccountId) -> Result<ReplayReport, EngineError> {
        self.replay_all(WebhookFilter { quarantined: Some(account.clone()), ..WebhookFilter::default() }).await
    }
}
