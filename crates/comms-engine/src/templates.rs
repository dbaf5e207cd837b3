//! The templates of an account, kept for a short time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use comms_core::{AccountId, Channel, ChannelKind, OrganizationId, Result, TemplateSummary, UserId};
use time::OffsetDateTime;

use crate::{Engine, EngineError};

impl Engine {
    /// The templates that can be used now on an account: the given one, else the one that `user` would send from.
    ///
    /// # Errors
    /// As [`Engine::send`] for the choice of the account, [`EngineError::Provider`] for the look-up.
    pub async fn templates(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        account: Option<AccountId>,
    ) -> Result<Arc<[TemplateSummary]>, EngineError> {
        let account = self.sending_account(organization, user, channel, account).await?;
        let channel = self.channel(&account).await?;
        self.templates_of(channel.as_ref()).await.map_err(EngineError::Provider)
    }

    pub(crate) async fn templates_of(&self, channel: &dyn Channel) -> Result<Arc<[TemplateSummary]>> {
        let cache = self.template_cache();
        if let Some(known) = cache.get(channel.account(), self.now()) {
            return Ok(known);
        }
        let fresh: Arc<[TemplateSummary]> = channel.templates().await?.into();
        cache.put(channel.account(), Arc::clone(&fresh), self.now());
        Ok(fresh)
    }
}

/// As many entries as there are accounts with templates, each replaced when it is old. Two that look at once both fetch:
/// that costs one request and saves a lock over it.
#[derive(Debug)]
pub(crate) struct TemplateCache {
    ttl: Duration,
    entries: Mutex<HashMap<AccountId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    fetched_at: OffsetDateTime,
    templates: Arc<[TemplateSummary]>,
}

impl TemplateCache {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { ttl, entries: Mutex::default() }
    }

    pub(crate) fn clear(&self) {
        self.entries().clear();
    }

    fn get(&self, account: &AccountId, now: OffsetDateTime) -> Option<Arc<[TemplateSummary]>> {
        self.entries()
            .get(account)
            .filter(|entry| now < entry.fetched_at + self.ttl)
            .map(|entry| Arc::clone(&entry.templates))
    }

    fn put(&self, account: &AccountId, templates: Arc<[TemplateSummary]>, now: OffsetDateTime) {
        let entry = Entry { fetched_at: now, templates };
        self.entries().insert(account.clone(), entry);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<AccountId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
