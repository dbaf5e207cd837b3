//! Reading stored webhooks again: after a parser learnt more, or an account was registered.

use std::sync::Arc;

use comms_core::{
    Batch, Inbound, StoredWebhook, WebhookId,
    history::{NewWebhook, RepositoryError, WebhookFilter},
};

use crate::{
    Engine, EngineError,
    long::{LONG, Room},
};

/// How many webhooks one call of [`Engine::replay`] reads at most.
const PAGE: u16 = 500;

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Webhooks that were read.
    pub webhooks: u64,
    /// Messages that were not in the history before.
    pub messages: u64,
    /// Status events that were not stored before.
    pub statuses: u64,
    /// Other updates that were not stored before.
    pub updates: u64,
    /// Events that were known already.
    pub duplicates: u64,
    /// Events of accounts that nobody registered still.
    pub quarantined: u64,
    /// Webhooks that could not be read, whole or in part.
    pub problems: Vec<(WebhookId, String)>,
    /// Where the next call goes on ([`WebhookFilter::after`]); `None` at the end.
    pub next: Option<WebhookId>,
}

impl Engine {
    /// Reads stored webhooks again, oldest first: at most [`WebhookFilter::limit`] (500 where 0 or more) in one call.
    ///
    /// Repeating it changes nothing: what is known already counts as duplicate. What was decided of a call is read from beside
    /// its webhook: no call is decided twice, and nobody is rung.
    ///
    /// # Errors
    /// [`EngineError::Store`]; what was read until then is committed, and the same call may be made again.
    pub async fn replay(&self, filter: &WebhookFilter) -> Result<ReplayReport, EngineError> {
        let limit = match filter.limit {
            0 => PAGE,
            limit => limit.min(PAGE),
        };
        let page = WebhookFilter { limit, ..filter.clone() };
        let ids = self.repository().webhooks(&page).await?;
        let mut report = ReplayReport::default();
        for id in &ids {
            self.replay_into(*id, &mut report).await?;
        }
        if ids.len() == usize::from(limit) {
            report.next = ids.last().copied();
        }
        Ok(report)
    }

    /// Reads one stored webhook again.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` where there is none.
    pub async fn replay_one(&self, id: WebhookId) -> Result<ReplayReport, EngineError> {
        let mut report = ReplayReport::default();
        self.replay_into(id, &mut report).await?;
        Ok(report)
    }

    /// Reads all that match, page after page.
    pub(crate) async fn replay_all(&self, mut filter: WebhookFilter) -> Result<ReplayReport, EngineError> {
        let mut whole = ReplayReport::default();
        loop {
            let page = self.replay(&filter).await?;
            filter.after = page.next;
            whole.add(page);
            if filter.after.is_none() {
                return Ok(whole);
            }
        }
    }

    async fn replay_into(&self, id: WebhookId, report: &mut ReplayReport) -> Result<(), EngineError> {
        let stored = self.repository().webhook(id).await?;
        report.webhooks += 1;
        let Some(parser) = self.parser(stored.provider()) else {
            let problem = format!("no parser reads webhooks of {}", stored.provider());
            report.problems.push((id, problem));
            return Ok(());
        };
        let (stored, mut batch, room) = self.read_again(parser, stored).await?;
        self.annotate_again(stored.request(), &mut batch).await?;
        if let Some(problem) = &batch.problem {
            report.problems.push((id, problem.clone()));
        }
        let webhook = NewWebhook {
            id,
            provider: stored.provider().to_owned(),
            request: None,
            received_at: stored.received_at(),
            batch,
        };
        let ingested = self.repository().ingest(webhook).await?;
        drop(room);
        report.messages += u64::from(ingested.messages);
        report.statuses += u64::from(ingested.statuses);
        report.updates += u64::from(ingested.updates);
        report.duplicates += u64::from(ingested.duplicates);
        report.quarantined += u64::from(ingested.quarantined);
        Ok(())
    }

    /// As when it came: a long one where it holds nobody up, while there is room for it.
    async fn read_again(
        &self,
        parser: &Arc<dyn Inbound>,
        stored: StoredWebhook,
    ) -> Result<(StoredWebhook, Batch, Option<Room>), EngineError> {
        let length = stored.request().body.len();
        if length < LONG {
            let batch = parser.reparse(&stored);
            return Ok((stored, batch, None));
        }
        let (parser, room) = (Arc::clone(parser), self.long().wait(length).await);
        let read = tokio::task::spawn_blocking(move || (parser.reparse(&stored), stored, room));
        let broke_off = |_| RepositoryError::Database("reading a stored webhook broke off".to_owned());
        let (batch, stored, room) = read.await.map_err(broke_off)?;
        Ok((stored, batch, room))
    }
}

impl ReplayReport {
    pub(crate) fn add(&mut self, other: Self) {
        self.webhooks += other.webhooks;
        self.messages += other.messages;
        self.statuses += other.statuses;
        self.updates += other.updates;
        self.duplicates += other.duplicates;
        self.quarantined += other.quarantined;
        self.problems.extend(other.problems);
    }
}
