//! A repository, broken in one way.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, ChannelKind, ContactId, Content, ConversationId, Direction, Event, EventKey, EventKind,
    HookDeliveryId, InboundMessage, MessageId, OrganizationId, Status, StoredWebhook, UserId, WebhookId,
    history::{
        Accepted, Account, Assignment, Attachment, ClaimToken, Conclusion, DeliveryMode, FeedEvent, HistoryEntry,
        HistoryFilter, HistoryPage, HookConclusion, HookJob, Ingested, Links, LogEvent, MediaJob, MediaOutcome,
        MessageDetail, MigrationReport, NewOutbound, NewWebhook, Organization, OutboxJob, PageKey, QuarantinedAccount,
        RecipientState, Repository, RepositoryError, RepositoryResult, RepositoryStats, Scope, ServiceToken, Standing,
        UnknownJob, WebhookFilter,
    },
};
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use uuid::Uuid;

use super::flaw::{Flaw, Method};

#[derive(Debug)]
pub(super) struct Broken {
    pub(super) inner: Arc<dyn Repository>,
    pub(super) flaw: Flaw,
    memory: Mutex<Memory>,
}

/// What a flaw needs to know of before.
#[derive(Debug, Default)]
struct Memory {
    provider_ids: HashMap<MessageId, String>,
    known: HashSet<String>,
    last: HashMap<String, Status>,
    tokens: HashMap<String, ServiceToken>,
    jobs: Vec<MediaJob>,
    late: HashSet<i64>,
    durations: HashMap<String, u32>,
    answers: HashMap<String, String>,
    homes: HashMap<String, AccountId>,
    claimed: Vec<OutboxJob>,
    outcome: Option<Conclusion>,
    closed: HashSet<ConversationId>,
    hook_claims: HashMap<HookDeliveryId, ClaimToken>,
}

impl Broken {
    pub(super) fn new(inner: Arc<dyn Repository>, flaw: Flaw) -> Self {
        Self { inner, flaw, memory: Mutex::default() }
    }

    /// The conversations that were closed once.
    pub(super) fn closed(&self) -> HashSet<ConversationId> {
        self.memory.lock().unwrap().closed.clone()
    }

    pub(super) fn close_for_good(&self, id: ConversationId) {
        self.memory.lock().unwrap().closed.insert(id);
    }

    pub(super) fn note_claims(&self, jobs: &[HookJob]) {
        let claims = jobs.iter().map(|job| (job.delivery.id, job.token));
        self.memory.lock().unwrap().hook_claims.extend(claims);
    }

    /// The newest claim on a delivery, whoever holds it.
    pub(super) fn last_claim(&self, conclusion: &HookConclusion) -> ClaimToken {
        self.memory.lock().unwrap().hook_claims[&conclusion.delivery]
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// The events of a webhook as this repository takes them.
    fn spoil(&self, events: &mut Vec<Event>) {
        let mut memory = self.memory.lock().unwrap();
        if self.has(Flaw::GivesUpOnPoison) && events.iter().any(|e| e.subject.contains('\0')) {
            events.clear();
        }
        events.retain(|event| match (&event.kind, self.flaw) {
            (EventKind::Unknown { .. }, Flaw::DropsTheUnknown) => false,
            (EventKind::Status(update), Flaw::DropsTheUnknown) => update.status.is_some(),
            (EventKind::Status(_), Flaw::DropsEarlyStatuses) => memory.known.contains(&event.subject),
            (EventKind::Recording(_), Flaw::DropsEarlyRecordings) => memory.known.contains(&event.subject),
            (EventKind::Message(_), Flaw::DropsRepetitions) => memory.known.insert(event.subject.clone()),
            _ => true,
        });
        for event in events {
            match self.flaw {
                Flaw::ForgetsKeys => {
                    event.subject = MessageId::new().to_string();
                    event.key = EventKey::new(&event.subject);
                }
                Flaw::CutsIds => event.subject.truncate(100),
                Flaw::ForgetsTimes => event.occurred_at = None,
                Flaw::CrossesOrganisations => {
                    if let Some(home) = memory.homes.get(&event.subject) {
                        event.account = home.clone();
                    }
                }
                _ => {}
            }
            match &mut event.kind {
                EventKind::Status(update) => {
                    if self.has(Flaw::ForgetsCorrelation) {
                        update.correlation = None;
                    }
                    if let Some(status) = update.status {
                        memory.last.insert(event.subject.clone(), status);
                    }
                    let of = || event.subject.clone();
                    memory.durations.extend(update.duration_seconds.map(|seconds| (of(), seconds)));
                    memory.answers.extend(update.answered_by.clone().map(|answer| (of(), answer)));
                }
                EventKind::Message(message) => {
                    memory.known.insert(event.subject.clone());
                    self.spoil_message(message);
                }
                EventKind::Recording(_) if self.has(Flaw::AttachesAgain) => {
                    event.key = EventKey::new(MessageId::new().to_string());
                }
                _ => {}
            }
        }
    }

    fn spoil_message(&self, message: &mut InboundMessage) {
        match (self.flaw, &mut message.content) {
            (Flaw::BeginsAtTheBeginning, _) => message.status = None,
            (Flaw::ForgetsReasons, _) => message.problem = None,
            (Flaw::ForgetsAuthors, _) => message.author = None,
            (Flaw::LearnsNothing, _) => message.links = Links::default(),
            (Flaw::KeepsOneFile, Content::Files(files)) => files.files.truncate(1),
            (Flaw::ForgetsThreads, Content::Email(mail)) => {
                (mail.in_reply_to, mail.thread) = (None, None);
                mail.references.clear();
                mail.subject = MessageId::new().to_string();
            }
            (Flaw::MixesPeople, Content::Email(_)) => message.party.addresses.iter_mut().for_each(|address| {
                *address = Address::verbatim(address.kind(), "everybody@example.com");
            }),
            _ => {}
        }
    }

    /// A row as this repository shows it.
    fn shown(&self, mut entry: HistoryEntry) -> HistoryEntry {
        let memory = self.memory.lock().unwrap();
        if self.has(Flaw::SplitsConversations) {
            entry.conversation = Some(ConversationId::new());
        }
        if self.has(Flaw::LastStatusWins) {
            let id = memory.provider_ids.get(&entry.message);
            let last = id.and_then(|id| memory.last.get(id));
            entry.status = last.copied().unwrap_or(entry.status);
        }
        let id = memory.provider_ids.get(&entry.message);
        match self.flaw {
            Flaw::LastDurationWins => {
                let last = id.and_then(|id| memory.durations.get(id));
                entry.duration_seconds = last.map(|seconds| i32::try_from(*seconds).unwrap());
            }
            Flaw::LastAnswerWins => entry.answered_by = id.and_then(|id| memory.answers.get(id)).cloned(),
            Flaw::SortsFiles => entry.attachments.sort_by_key(|file| file.id),
            _ => {}
        }
        entry
    }

    /// The scopes that a method looks into.
    pub(super) async fn scopes(&self, method: Method, scope: &Scope) -> RepositoryResult<Vec<Scope>> {
        let mut scope = scope.clone();
        if self.has(Flaw::DropsTheSeller(method)) {
            scope.seller = None;
        }
        if !self.has(Flaw::DropsTheOrganisation(method)) {
            return Ok(vec![scope]);
        }
        let all = self.inner.organizations().await?.into_iter();
        Ok(all.map(|organization| Scope { organization: organization.id, seller: None }).collect())
    }

    /// The first answer that is no refusal, out of all the scopes that a method looks into.
    pub(super) async fn any<T, F>(
        &self,
        method: Method,
        scope: &Scope,
        ask: impl Fn(Scope) -> F + Send + Sync,
    ) -> RepositoryResult<T>
    where
        T: Send,
        F: Future<Output = RepositoryResult<T>> + Send,
    {
        let mut found = Err(RepositoryError::NotFound("it"));
        for scope in self.scopes(method, scope).await? {
            if found.is_err() {
                found = ask(scope).await;
            }
        }
        found
    }
}

#[async_trait]
impl Repository for Broken {
    async fn ingest(&self, mut webhook: NewWebhook) -> RepositoryResult<Ingested> {
        if self.has(Flaw::AnswersBeforeStoring) {
            return Ok(Ingested { messages: 1, ..Ingested::default() });
        }
        self.spoil(&mut webhook.batch.events);
        if self.has(Flaw::BelievesEverybody) {
            webhook.batch.speaker = None;
        }
        let mut told = self.inner.ingest(webhook).await?;
        if self.has(Flaw::CountsDuplicatesAsNew) {
            told.messages += std::mem::take(&mut told.duplicates);
        }
        Ok(told)
    }

    async fn accept(&self, mut message: NewOutbound) -> RepositoryResult<Accepted> {
        let home = (message.message.id.to_string(), message.account.clone());
        self.memory.lock().unwrap().homes.extend([home]);
        if self.has(Flaw::IgnoresKeys) {
            message.idempotency_key = None;
        }
        if self.has(Flaw::LearnsNothing) {
            message.links = Links::default();
        }
        match self.flaw {
            Flaw::HoldsNobody => message.queue.hold = Duration::ZERO,
            Flaw::HoldsForEver => message.queue.hold = Duration::days(1),
            Flaw::ForgetsModes => message.queue.mode = DeliveryMode::AtMostOnce,
            Flaw::ForgetsRetries => message.retry_of = None,
            _ => {}
        }
        self.inner.accept(message).await
    }

    async fn accepted_before(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        key: &str,
        hash: &str,
    ) -> RepositoryResult<Option<MessageId>> {
        self.inner.accepted_before(organization, user, key, hash).await
    }

    async fn conclude(&self, mut conclusion: Conclusion) -> RepositoryResult<bool> {
        if self.has(Flaw::ForgetsReceipts) {
            conclusion.receipt = None;
        }
        if self.has(Flaw::ForgetsReasons) {
            conclusion.problem = None;
        }
        if self.has(Flaw::BelievesOldClaims) {
            conclusion.claim = None;
        }
        if self.has(Flaw::SharesOutcomes) {
            // As where what one attempt of a round was answered is written for all of it.
            let mut memory = self.memory.lock().unwrap();
            let first = memory.outcome.get_or_insert_with(|| conclusion.clone()).clone();
            (conclusion.status, conclusion.problem, conclusion.due_at) = (first.status, first.problem, first.due_at);
        }
        if self.has(Flaw::LeavesUnknownUnderWay) && conclusion.status == Status::Unknown {
            return Ok(true);
        }
        {
            let mut memory = self.memory.lock().unwrap();
            if let Some(receipt) = &conclusion.receipt {
                let id = receipt.provider_id.clone();
                if let Some(home) = memory.homes.get(&conclusion.message.to_string()).cloned() {
                    memory.homes.insert(id.clone(), home);
                }
                memory.known.insert(id.clone());
                memory.provider_ids.insert(conclusion.message, id);
            }
            if let Some(id) = memory.provider_ids.get(&conclusion.message).cloned() {
                memory.last.insert(id, conclusion.status);
            }
        }
        self.inner.conclude(conclusion).await
    }

    async fn claim_due(
        &self,
        mut now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<OutboxJob>> {
        if self.has(Flaw::SendsTooEarly) {
            now += Duration::minutes(1);
        }
        let mut jobs = self.inner.claim_due(now, lease, limit).await?;
        if self.has(Flaw::ForgetsStandings) {
            let usable = Standing { account_usable: true, ..Standing::default() };
            jobs.iter_mut().for_each(|job| job.standing = usable.clone());
        }
        if !self.has(Flaw::ClaimsAgain) {
            return Ok(jobs);
        }
        // The first claim is forgotten once, so that what is under way is handed out again.
        let mut memory = self.memory.lock().unwrap();
        let again = memory.claimed.pop();
        memory.claimed.extend(jobs.first().cloned().filter(|_| again.is_none()));
        Ok(jobs.into_iter().chain(again).collect())
    }

    async fn expire_due(&self, now: OffsetDateTime) -> RepositoryResult<Vec<MessageId>> {
        if self.has(Flaw::NeverExpires) {
            return Ok(Vec::new());
        }
        self.inner.expire_due(now).await
    }

    async fn claim_unknown(
        &self,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<UnknownJob>> {
        if self.has(Flaw::NeverLooks) {
            return Ok(Vec::new());
        }
        self.inner.claim_unknown(now, lease, limit).await
    }

    async fn cancel(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<Status> {
        if self.has(Flaw::CancelsInName) {
            return self.inner.message(scope, id).await.map(|_| Status::Canceled);
        }
        self.any(Method::Cancel, scope, |scope| async move { self.inner.cancel(&scope, id, now).await }).await
    }

    async fn discard(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<bool> {
        let done =
            self.any(Method::Discard, scope, |scope| async move { self.inner.discard(&scope, id, now).await }).await?;
        Ok(done || self.has(Flaw::DiscardsAnything))
    }

    async fn release_stale(&self, now: OffsetDateTime, everything: bool) -> RepositoryResult<Vec<MessageId>> {
        if self.has(Flaw::LeavesAttemptsHanging) {
            return Ok(Vec::new());
        }
        if self.has(Flaw::CutsOffWhatWaits) {
            let due = self.inner.claim_due(now, Duration::ZERO, 100).await?;
            let released = self.inner.release_stale(now + Duration::seconds(1), everything).await?;
            assert!(!due.is_empty() || !everything, "there was something to cut off");
            return Ok(released);
        }
        self.inner.release_stale(now, everything).await
    }

    async fn history(&self, scope: &Scope, filter: &HistoryFilter) -> RepositoryResult<HistoryPage> {
        let mut filter = filter.clone();
        let text = filter.text.clone();
        match self.flaw {
            Flaw::IgnoresFilters => {
                filter = HistoryFilter { after: filter.after, limit: filter.limit, ..HistoryFilter::default() };
            }
            Flaw::IgnoresLimits => filter.limit = 200,
            Flaw::PagesByTimeAlone => {
                // Before this time, whatever else has the same.
                if let Some(after) = filter.after.take() {
                    filter.until = Some(after.created_at);
                }
            }
            _ => {}
        }
        let mut page = HistoryPage { entries: Vec::new(), next: None };
        for scope in self.scopes(Method::History, scope).await? {
            let part = self.inner.history(&scope, &filter).await?;
            page.next = part.next;
            page.entries.extend(part.entries);
        }
        if let (Flaw::SearchesLiterally, Some(text)) = (self.flaw, text) {
            let literal = |e: &HistoryEntry| e.text.as_ref().is_some_and(|t| t.contains(&text));
            page.entries.retain(literal);
        }
        if self.has(Flaw::RepeatsTheLastRow)
            && let ([.., before, _], true) = (page.entries.as_slice(), page.next.is_some())
        {
            page.next = Some(PageKey { created_at: before.created_at, id: before.message });
        }
        if self.has(Flaw::ListsWholeMails) {
            for entry in &mut page.entries {
                *entry = self.inner.message(scope, entry.message).await?.entry;
            }
        }
        page.entries = page.entries.into_iter().map(|e| self.shown(e)).collect();
        Ok(page)
    }

    async fn message(&self, scope: &Scope, id: MessageId) -> RepositoryResult<MessageDetail> {
        let found = self.any(Method::Message, scope, |scope| async move { self.inner.message(&scope, id).await }).await;
        found.map(|mut detail| {
            detail.entry = self.shown(detail.entry);
            detail
        })
    }

    async fn message_by_row(&self, scope: &Scope, id: i32) -> RepositoryResult<MessageId> {
        self.any(Method::Row, scope, |scope| async move { self.inner.message_by_row(&scope, id).await }).await
    }

    async fn attachment(&self, scope: &Scope, id: Uuid) -> RepositoryResult<Attachment> {
        self.any(Method::File, scope, |scope| async move { self.inner.attachment(&scope, id).await }).await
    }

    async fn recipient(&self, account: &AccountId, address: &Address) -> RepositoryResult<RecipientState> {
        let mut state = self.inner.recipient(account, address).await?;
        match self.flaw {
            Flaw::KnowsNobody => state = RecipientState::default(),
            Flaw::MergesPeople => state.contact = Some(ContactId(Uuid::nil())),
            Flaw::ForgetsOwners => state.owner = None,
            _ => {}
        }
        Ok(state)
    }

    async fn placed_since(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        since: OffsetDateTime,
    ) -> RepositoryResult<i64> {
        let mut placed = 0;
        for scope in self.scopes(Method::Placed, &whole(organization)).await? {
            placed += self.inner.placed_since(&scope.organization, user, channel, since).await?;
        }
        if self.has(Flaw::CountsTheRefused) {
            let filter = HistoryFilter {
                user: Some(user.clone()),
                channel: Some(channel),
                direction: Some(Direction::Outbound),
                from: Some(since),
                limit: 200,
                ..HistoryFilter::default()
            };
            let page = self.inner.history(&whole(organization), &filter).await?;
            placed = i64::try_from(page.entries.len()).unwrap();
        }
        Ok(placed)
    }

    async fn assignments(&self, links: &Links) -> RepositoryResult<Vec<Assignment>> {
        self.inner.assignments(links).await
    }

    async fn claim_media(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<MediaJob>> {
        let mut jobs = self.inner.claim_media(now, lease, limit).await?;
        if self.has(Flaw::ForgetsTheWebhook) {
            jobs.iter_mut().for_each(|job| job.webhook = None);
        }
        if !self.has(Flaw::ForgetsClaims) {
            return Ok(jobs);
        }
        let mut memory = self.memory.lock().unwrap();
        memory.jobs.extend(jobs);
        Ok(memory.jobs.iter().take(limit.into()).cloned().collect())
    }

    async fn conclude_media(&self, id: Uuid, claim: i32, outcome: MediaOutcome) -> RepositoryResult<()> {
        if self.has(Flaw::ForgetsFiles) {
            return Ok(());
        }
        if self.has(Flaw::BelievesOldFetches) {
            self.inner.conclude_media(id, claim + 1, outcome.clone()).await?;
        }
        self.inner.conclude_media(id, claim, outcome).await
    }

    async fn webhook(&self, id: WebhookId) -> RepositoryResult<StoredWebhook> {
        let stored = self.inner.webhook(id).await?;
        let mut request = stored.request().clone();
        if self.has(Flaw::TrimsBodies) {
            request.body = request.body.slice_ref(request.body.trim_ascii());
        }
        let (provider, at) = (stored.provider().to_owned(), stored.received_at());
        Ok(StoredWebhook::from_repository(id, provider, at, request))
    }

    async fn webhooks(&self, filter: &WebhookFilter) -> RepositoryResult<Vec<WebhookId>> {
        if !self.has(Flaw::IgnoresFilters) {
            return self.inner.webhooks(filter).await;
        }
        let all = WebhookFilter { limit: filter.limit, ..WebhookFilter::default() };
        self.inner.webhooks(&all).await
    }

    async fn quarantine(&self) -> RepositoryResult<Vec<QuarantinedAccount>> {
        match self.flaw {
            Flaw::DropsStrangers => Ok(Vec::new()),
            _ => self.inner.quarantine().await,
        }
    }

    async fn events(
        &self,
        mut organization: Option<&OrganizationId>,
        mut after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<LogEvent>> {
        if self.has(Flaw::DropsTheOrganisation(Method::Log)) {
            organization = None;
        }
        if self.has(Flaw::RepeatsTheLastEvent) {
            after -= 1;
        }
        let mut events = self.inner.events(organization, after, limit).await?;
        if self.has(Flaw::ShowsSomeEventsLate) {
            // As where a number is given before the commit: it shows when later ones were read already.
            let mut memory = self.memory.lock().unwrap();
            events.retain(|event| event.cursor % 5 != 0 || !memory.late.insert(event.cursor));
        }
        Ok(events)
    }

    async fn feed(
        &self,
        organization: Option<&OrganizationId>,
        mut after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<FeedEvent>> {
        let all = self.has(Flaw::DropsTheOrganisation(Method::Feed));
        if self.has(Flaw::RepeatsTheLastEvent) {
            after -= 1;
        }
        let mut feed = self.inner.feed(organization.filter(|_| !all), after, limit).await?;
        if self.has(Flaw::DropsTheSeller(Method::Feed)) {
            // As where everybody of an organisation is told everything.
            feed.iter_mut().for_each(|one| one.sellers = [1, 2, 3].map(|id| UserId::new(id.to_string())).to_vec());
        }
        Ok(feed)
    }

    async fn log_end(&self) -> RepositoryResult<i64> {
        match self.flaw {
            Flaw::ForgetsTheEnd => Ok(0),
            _ => self.inner.log_end().await,
        }
    }

    fn events_hint(&self) -> watch::Receiver<i64> {
        match self.flaw {
            Flaw::NeverHints => watch::Sender::new(0).subscribe(),
            _ => self.inner.events_hint(),
        }
    }

    async fn organizations(&self) -> RepositoryResult<Vec<Organization>> {
        self.inner.organizations().await
    }

    async fn put_organization(&self, organization: &Organization) -> RepositoryResult<()> {
        self.inner.put_organization(organization).await
    }

    async fn accounts(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<Account>> {
        let all = self.has(Flaw::DropsTheOrganisation(Method::Accounts));
        self.inner.accounts(organization.filter(|_| !all)).await
    }

    async fn put_account(&self, account: &Account) -> RepositoryResult<()> {
        match self.inner.put_account(account).await {
            Err(RepositoryError::Conflict(_)) if self.has(Flaw::HandsAccountsOver) => Ok(()),
            answer => answer,
        }
    }

    async fn put_service_token(&self, token: &ServiceToken, sha256: &str) -> RepositoryResult<()> {
        let kept = (sha256.to_owned(), token.clone());
        self.memory.lock().unwrap().tokens.extend([kept]);
        self.inner.put_service_token(token, sha256).await
    }

    async fn service_token(&self, sha256: &str) -> RepositoryResult<Option<ServiceToken>> {
        if self.has(Flaw::HonoursRevokedTokens) {
            return Ok(self.memory.lock().unwrap().tokens.get(sha256).cloned());
        }
        self.inner.service_token(sha256).await
    }

    async fn service_tokens(&self, organization: &OrganizationId) -> RepositoryResult<Vec<ServiceToken>> {
        let mut tokens = Vec::new();
        for scope in self.scopes(Method::Tokens, &whole(organization)).await? {
            tokens.extend(self.inner.service_tokens(&scope.organization).await?);
        }
        Ok(tokens)
    }

    async fn revoke_service_token(
        &self,
        organization: &OrganizationId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.any(Method::Revocation, &whole(organization), |scope| async move {
            let organization = &scope.organization;
            self.inner.revoke_service_token(organization, id, now).await
        })
        .await
    }

    async fn sending_account(
        &self,
        organization: &OrganizationId,
        channel: ChannelKind,
        user: &UserId,
    ) -> RepositoryResult<Option<AccountId>> {
        if self.has(Flaw::SendsFromAnyAccount) {
            let all = self.inner.accounts(None).await?;
            return Ok(all.into_iter().next().map(|account| account.id));
        }
        self.inner.sending_account(organization, channel, user).await
    }

    async fn fill_waiting(&self) -> RepositoryResult<u64> {
        match self.flaw {
            Flaw::LetsThemWait => Ok(0),
            _ => self.inner.fill_waiting().await,
        }
    }

    async fn take_in(&self) -> RepositoryResult<u64> {
        self.inner.take_in().await
    }

    async fn stats(&self) -> RepositoryResult<RepositoryStats> {
        match self.flaw {
            Flaw::CountsNothing => Ok(RepositoryStats::default()),
            _ => self.inner.stats().await,
        }
    }

    async fn ping(&self) -> RepositoryResult<()> {
        self.inner.ping().await
    }

    async fn migrate(&self) -> RepositoryResult<MigrationReport> {
        self.inner.migrate().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn whole(organization: &OrganizationId) -> Scope {
    Scope { organization: organization.clone(), seller: None }
}
