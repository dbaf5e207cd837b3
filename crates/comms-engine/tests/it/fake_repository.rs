//! A store in memory: as much of the contract as the engine relies on, and failures when told.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, ChannelKind, Content, Direction, EventKind, MessageId, MessageOrigin, OrganizationId, Status,
    StoredWebhook, UserId, WebhookId, WebhookRequest,
    history::{
        Accepted, Account, Assignment, Attachment, Conclusion, FeedEvent, HistoryEntry, HistoryFilter, HistoryPage,
        Ingested, Links, LogEvent, MediaJob, MediaOutcome, MessageDetail, MigrationReport, NewOutbound, NewWebhook,
        Organization, OutboxJob, QuarantinedAccount, RecipientState, Repository, RepositoryError, RepositoryResult,
        RepositoryStats, Scope, ServiceToken, UnknownJob, WebhookFilter,
    },
};
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use uuid::Uuid;

/// What was called, in order, by store and channel alike.
pub type Journal = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
pub struct FakeRepository {
    pub journal: Journal,
    state: Mutex<State>,
    hint: watch::Sender<i64>,
}

#[derive(Debug, Default)]
pub struct State {
    pub accounts: Vec<Account>,
    pub messages: BTreeMap<MessageId, Row>,
    pub webhooks: BTreeMap<WebhookId, (String, OffsetDateTime, WebhookRequest)>,
    pub quarantine: Vec<(AccountId, WebhookId)>,
    pub recipients: HashMap<String, RecipientState>,
    pub assignments: Vec<Assignment>,
    pub media: Vec<(MediaJob, OffsetDateTime)>,
    pub media_outcomes: Vec<MediaOutcome>,
    /// The event log; nothing but the tests writes it.
    pub log: Vec<FeedEvent>,
    /// How long accepting takes.
    pub accept_takes: std::time::Duration,
    /// How long a page of the log takes.
    pub feed_takes: std::time::Duration,
    /// Pages of the log that are being read, and the most that ever were.
    pub feeding: (usize, usize),
    /// How long the accounts take.
    pub accounts_take: std::time::Duration,
    /// Errors of the next calls of a method.
    pub failures: HashMap<&'static str, VecDeque<RepositoryError>>,
    /// Until when another process holds a lease.
    pub leases: HashMap<String, OffsetDateTime>,
    events: HashSet<(AccountId, &'static str, String)>,
    keys: HashMap<(OrganizationId, UserId, String), (String, MessageId)>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub detail: MessageDetail,
    pub lease_until: Option<OffsetDateTime>,
}

impl FakeRepository {
    pub fn new(journal: Journal) -> Self {
        Self { journal, state: Mutex::default(), hint: watch::channel(0).0 }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next call of this method fails.
    pub fn fail_next(&self, method: &'static str, error: RepositoryError) {
        self.state().failures.entry(method).or_default().push_back(error);
    }

    /// The status of a message.
    pub fn status(&self, id: MessageId) -> Status {
        self.state().messages[&id].detail.entry.status
    }

    /// Tells the workers that there is news.
    pub fn wake(&self) {
        self.hint.send_modify(|cursor| *cursor += 1);
    }

    pub fn call(&self, method: &'static str) -> RepositoryResult<MutexGuard<'_, State>> {
        self.journal.lock().unwrap().push(method.to_owned());
        let mut state = self.state();
        match state.failures.get_mut(method).and_then(VecDeque::pop_front) {
            Some(error) => Err(error),
            None => Ok(state),
        }
    }
}

impl State {
    pub fn message(&self, organization: &OrganizationId, id: MessageId) -> RepositoryResult<&Row> {
        self.messages
            .get(&id)
            .filter(|row| row.detail.entry.organization == *organization)
            .ok_or(RepositoryError::NotFound("message"))
    }

    /// Loses every record; the raw webhooks stay.
    pub fn forget(&mut self) {
        self.messages.clear();
        self.events.clear();
    }

    fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }

    /// The message under this key; a conflict where the key stands for another request.
    fn keyed(&self, key: &(OrganizationId, UserId, String), request_hash: &str) -> RepositoryResult<Option<MessageId>> {
        match self.keys.get(key) {
            None => Ok(None),
            Some((known, id)) if known == request_hash => Ok(Some(*id)),
            Some(_) => Err(RepositoryError::Conflict("another request".to_owned())),
        }
    }
}

#[async_trait]
impl Repository for FakeRepository {
    async fn ingest(&self, webhook: NewWebhook) -> RepositoryResult<Ingested> {
        let mut state = self.call("ingest")?;
        let mut ingested = Ingested::default();
        state.quarantine.retain(|(_, id)| *id != webhook.id);
        if let Some(request) = webhook.request {
            let stored = (webhook.provider, webhook.received_at, request);
            state.webhooks.insert(webhook.id, stored);
        }
        for event in webhook.batch.events {
            let below = |account: &&Account| account.parent.as_ref() == Some(&event.account);
            let known = state.account(&event.account).or_else(|| state.accounts.iter().find(below));
            let Some(account) = known.cloned() else {
                ingested.quarantined += 1;
                state.quarantine.push((event.account, webhook.id));
                continue;
            };
            let key = event.key.as_str().to_owned();
            if !state.events.insert((account.id.clone(), event.kind.name(), key)) {
                ingested.duplicates += 1;
                continue;
            }
            match event.kind {
                EventKind::Message(message) => {
                    ingested.messages += 1;
                    let address = message.party.primary().cloned();
                    let mut detail = detail(&account, address, message.content, webhook.received_at);
                    detail.entry.provider_id = Some(event.subject);
                    if message.origin == MessageOrigin::Echo {
                        detail.entry.direction = Direction::Outbound;
                        detail.entry.status = Status::Sent;
                        detail.entry.user = message.author;
                        detail.entry.links = message.links;
                    }
                    detail.entry.status = message.status.unwrap_or(detail.entry.status);
                    detail.entry.problem = message.problem;
                    let id = detail.entry.message;
                    let row = Row { detail, lease_until: None };
                    state.messages.insert(id, row);
                }
                EventKind::Status(_) => ingested.statuses += 1,
                _ => ingested.updates += 1,
            }
        }
        Ok(ingested)
    }

    async fn accept(&self, new: NewOutbound) -> RepositoryResult<Accepted> {
        let takes = self.state().accept_takes;
        tokio::time::sleep(takes).await;
        let mut state = self.call("accept")?;
        let id = new.message.id;
        if let Some(key) = new.idempotency_key {
            let key = (new.organization.clone(), new.user.clone(), key);
            if let Some(known) = state.keyed(&key, &new.request_hash)? {
                return Ok(Accepted::Repeated(known));
            }
            state.keys.insert(key, (new.request_hash, id));
        }
        let account = state.account(&new.account).cloned().unwrap();
        let mut detail = detail(&account, Some(new.message.to), new.message.content, new.now);
        detail.entry.message = id;
        detail.entry.direction = Direction::Outbound;
        detail.entry.status = Status::Sending;
        detail.entry.links = new.links;
        detail.entry.user = Some(new.user);
        detail.reply_to = new.message.reply_to;
        detail.retry_of = new.retry_of;
        let lease_until = Some(new.now + new.lease);
        state.messages.insert(id, Row { detail, lease_until });
        Ok(Accepted::New(id))
    }

    async fn accepted_before(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        idempotency_key: &str,
        request_hash: &str,
    ) -> RepositoryResult<Option<MessageId>> {
        let state = self.call("accepted_before")?;
        let key = (organization.clone(), user.clone(), idempotency_key.to_owned());
        state.keyed(&key, request_hash)
    }

    async fn conclude(&self, conclusion: Conclusion) -> RepositoryResult<bool> {
        let mut state = self.call("conclude")?;
        let row = state.messages.get_mut(&conclusion.message).unwrap();
        let entry = &mut row.detail.entry;
        entry.status = match (entry.status, conclusion.status) {
            (Status::Sending | Status::Unknown, Status::Queued) => Status::Queued,
            (known, told) => known.merge(told),
        };
        entry.problem = conclusion.problem;
        entry.provider_id = conclusion.receipt.map(|receipt| receipt.provider_id);
        row.lease_until = None;
        Ok(true)
    }

    // What waits is told on the real store (`outbox.rs`): here nothing does.
    async fn claim_due(&self, _: OffsetDateTime, _: Duration, _: u16) -> RepositoryResult<Vec<OutboxJob>> {
        Ok(Vec::new())
    }

    async fn expire_due(&self, _: OffsetDateTime) -> RepositoryResult<Vec<MessageId>> {
        Ok(Vec::new())
    }

    async fn claim_unknown(&self, _: OffsetDateTime, _: Duration, _: u16) -> RepositoryResult<Vec<UnknownJob>> {
        Ok(Vec::new())
    }

    async fn cancel(&self, scope: &Scope, id: MessageId, _: OffsetDateTime) -> RepositoryResult<Status> {
        self.message(scope, id).await.map(|detail| detail.entry.status)
    }

    async fn discard(&self, scope: &Scope, id: MessageId, _: OffsetDateTime) -> RepositoryResult<bool> {
        self.message(scope, id).await.map(|_| false)
    }

    async fn release_stale(&self, now: OffsetDateTime, everything: bool) -> RepositoryResult<Vec<MessageId>> {
        let mut state = self.call("release_stale")?;
        let mut released = Vec::new();
        for (id, row) in &mut state.messages {
            let over = row.lease_until.is_some_and(|until| everything || until < now);
            if over && row.detail.entry.status == Status::Sending {
                row.detail.entry.status = Status::Unknown;
                row.lease_until = None;
                released.push(*id);
            }
        }
        Ok(released)
    }

    async fn history(&self, _: &Scope, _: &HistoryFilter) -> RepositoryResult<HistoryPage> {
        Err(RepositoryError::NotFound("history"))
    }

    async fn message(&self, scope: &Scope, id: MessageId) -> RepositoryResult<MessageDetail> {
        let state = self.call("message")?;
        state.message(&scope.organization, id).map(|row| row.detail.clone())
    }

    async fn message_by_row(&self, _: &Scope, _: i32) -> RepositoryResult<MessageId> {
        Err(RepositoryError::NotFound("message"))
    }

    async fn attachment(&self, _: &Scope, _: Uuid) -> RepositoryResult<Attachment> {
        Err(RepositoryError::NotFound("attachment"))
    }

    async fn recipient(&self, _: &AccountId, address: &Address) -> RepositoryResult<RecipientState> {
        let state = self.call("recipient")?;
        Ok(state.recipients.get(address.value()).cloned().unwrap_or_default())
    }

    async fn placed_since(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        since: OffsetDateTime,
    ) -> RepositoryResult<i64> {
        let state = self.call("placed_since")?;
        let placed = state.messages.values().map(|row| &row.detail.entry).filter(|entry| {
            entry.organization == *organization
                && entry.user.as_ref() == Some(user)
                && entry.channel == channel.as_str()
                && entry.direction == Direction::Outbound
                && entry.created_at >= since
                && !matches!(entry.status, Status::Failed | Status::CallFailed | Status::Canceled | Status::Expired)
        });
        Ok(i64::try_from(placed.count()).unwrap_or(i64::MAX))
    }

    async fn assignments(&self, _: &Links) -> RepositoryResult<Vec<Assignment>> {
        Ok(self.call("assignments")?.assignments.clone())
    }

    async fn claim_media(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<MediaJob>> {
        let mut state = self.call("claim_media")?;
        let due = state.media.iter_mut().filter(|(_, due)| *due <= now);
        let claimed = due.take(limit.into()).map(|(job, due)| {
            job.attempts += 1;
            *due = now + lease;
            job.clone()
        });
        Ok(claimed.collect())
    }

    async fn conclude_media(&self, id: Uuid, _: i32, outcome: MediaOutcome) -> RepositoryResult<()> {
        let mut state = self.call("conclude_media")?;
        match &outcome {
            MediaOutcome::Retry { at, .. } => {
                let job = state.media.iter_mut().find(|(job, _)| job.id == id).unwrap();
                job.1 = *at;
            }
            MediaOutcome::Stored { .. } | MediaOutcome::Failed { .. } => {
                state.media.retain(|(job, _)| job.id != id);
            }
        }
        state.media_outcomes.push(outcome);
        Ok(())
    }

    async fn webhook(&self, id: WebhookId) -> RepositoryResult<StoredWebhook> {
        let state = self.call("webhook")?;
        let (provider, received_at, request) =
            state.webhooks.get(&id).cloned().ok_or(RepositoryError::NotFound("webhook"))?;
        Ok(StoredWebhook::from_repository(id, provider, received_at, request))
    }

    async fn webhooks(&self, filter: &WebhookFilter) -> RepositoryResult<Vec<WebhookId>> {
        let state = self.call("webhooks")?;
        let wanted = |id: &WebhookId| {
            filter.after.is_none_or(|after| *id > after)
                && filter
                    .quarantined
                    .as_ref()
                    .is_none_or(|account| state.quarantine.iter().any(|row| row.0 == *account && row.1 == *id))
        };
        let ids = state.webhooks.keys().copied().filter(wanted);
        Ok(ids.take(filter.limit.into()).collect())
    }

    async fn quarantine(&self) -> RepositoryResult<Vec<QuarantinedAccount>> {
        let state = self.call("quarantine")?;
        let accounts: HashSet<&AccountId> = state.quarantine.iter().map(|row| &row.0).collect();
        let rows = accounts.into_iter().map(|account| QuarantinedAccount {
            account: account.clone(),
            webhooks: state.quarantine.iter().filter(|row| row.0 == *account).count() as i64,
            since: OffsetDateTime::UNIX_EPOCH,
        });
        Ok(rows.collect())
    }

    async fn events(&self, _: Option<&OrganizationId>, _: i64, _: u16) -> RepositoryResult<Vec<LogEvent>> {
        Ok(Vec::new())
    }

    async fn feed(
        &self,
        organization: Option<&OrganizationId>,
        after: i64,
        _: u16,
    ) -> RepositoryResult<Vec<FeedEvent>> {
        let takes = {
            let mut state = self.call("feed")?;
            state.feeding.0 += 1;
            state.feeding.1 = state.feeding.1.max(state.feeding.0);
            state.feed_takes
        };
        tokio::time::sleep(takes).await;
        let mut state = self.state();
        state.feeding.0 -= 1;
        let of = |one: &&FeedEvent| organization.is_none_or(|organization| one.event.organization == *organization);
        Ok(state.log.iter().filter(|one| one.event.cursor > after).filter(of).cloned().collect())
    }

    async fn log_end(&self) -> RepositoryResult<i64> {
        Ok(self.state().log.last().map_or(0, |one| one.event.cursor))
    }

    fn events_hint(&self) -> watch::Receiver<i64> {
        self.hint.subscribe()
    }

    async fn organizations(&self) -> RepositoryResult<Vec<Organization>> {
        Ok(Vec::new())
    }

    async fn put_organization(&self, _: &Organization) -> RepositoryResult<()> {
        Ok(())
    }

    async fn accounts(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<Account>> {
        let takes = self.state().accounts_take;
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let state = self.call("accounts")?;
        let mine = |account: &&Account| organization.is_none_or(|own| account.organization == *own);
        Ok(state.accounts.iter().filter(mine).cloned().collect())
    }

    async fn put_account(&self, account: &Account) -> RepositoryResult<()> {
        let mut state = self.call("put_account")?;
        if state.account(&account.id).is_some_and(|known| known.organization != account.organization) {
            return Err(RepositoryError::Conflict("of another organisation".to_owned()));
        }
        state.accounts.retain(|known| known.id != account.id);
        state.accounts.push(account.clone());
        Ok(())
    }

    async fn put_service_token(&self, _: &ServiceToken, _: &str) -> RepositoryResult<()> {
        Ok(())
    }

    async fn service_token(&self, _: &str) -> RepositoryResult<Option<ServiceToken>> {
        Ok(None)
    }

    async fn service_tokens(&self, _: &OrganizationId) -> RepositoryResult<Vec<ServiceToken>> {
        Ok(Vec::new())
    }

    async fn revoke_service_token(&self, _: &OrganizationId, _: Uuid, _: OffsetDateTime) -> RepositoryResult<()> {
        Ok(())
    }

    async fn sending_account(
        &self,
        organization: &OrganizationId,
        channel: ChannelKind,
        _: &UserId,
    ) -> RepositoryResult<Option<AccountId>> {
        let state = self.call("sending_account")?;
        let fits =
            |account: &&Account| account.organization == *organization && account.channel == channel && account.active;
        Ok(state.accounts.iter().find(fits).map(|account| account.id.clone()))
    }

    async fn fill_waiting(&self) -> RepositoryResult<u64> {
        self.call("fill_waiting").map(|_| 2)
    }

    async fn take_in(&self) -> RepositoryResult<u64> {
        self.call("take_in").map(|_| 1)
    }

    async fn stats(&self) -> RepositoryResult<RepositoryStats> {
        self.call("stats").map(|_| RepositoryStats { writers_alive: true, ..RepositoryStats::default() })
    }

    async fn ping(&self) -> RepositoryResult<()> {
        Ok(())
    }

    async fn migrate(&self) -> RepositoryResult<MigrationReport> {
        Ok(MigrationReport::default())
    }

    async fn close(&self) {}
}

/// An inbound message, as the base of every row.
fn detail(account: &Account, address: Option<Address>, content: Content, created_at: OffsetDateTime) -> MessageDetail {
    let address = address.unwrap_or_else(crate::fake_channel::person);
    MessageDetail {
        entry: HistoryEntry {
            message: MessageId::new(),
            id: None,
            organization: account.organization.clone(),
            account: Some(account.id.clone()),
            links: Links::default(),
            user: account.owner.clone(),
            channel: account.channel.as_str().to_owned(),
            direction: Direction::Inbound,
            counterpart: address.value().to_owned(),
            text: Some(content.summary()),
            content: Some(content),
            status: Status::Received,
            foreign_status: None,
            provider_id: None,
            duration_seconds: None,
            answered_by: None,
            created_at,
            problem: None,
            conversation: None,
            attachments: Vec::new(),
            delivery: None,
        },
        events: Vec::new(),
        reply_to: None,
        retry_of: None,
        extra: None,
        occurred_at: None,
        address,
    }
}
