//! The repository over one engine. Compiled once for each: `Engine`, `Conn` and the macros come from the module above.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    Conn, Engine, is_transient,
    statements::{
        accounts, conclude, directory, feed, foreign, history,
        ingest::{self, Context, Depth},
        keys, media,
        outbound::{self, AcceptedRow},
        queue, recipients, settle,
        waiting::{self, Filled},
        webhooks,
    },
};
use crate::{
    AccountId, Address, ChannelKind, ClientId, Clock, ContractId, LeadId, MessageId, OrganizationId, Status,
    StoredWebhook, UserId, WebhookId,
    history::{
        Accepted, Account, Assignment, Attachment, Claiming, Conclusion, DatabaseSettings, FeedEvent, HistoryFilter,
        HistoryPage, Ingested, Links, LogEvent, MediaJob, MediaOutcome, MessageDetail, MigrationReport, NewOutbound,
        NewWebhook, Organization, OutboxJob, PacingRepository, QuarantinedAccount, RecipientState, Repository,
        RepositoryError, RepositoryResult, RepositoryStats, Scope, ServiceToken, UnknownJob, WebhookFilter,
        accounts_map::AccountMap,
        common::{Shared, Waiting, failed, is_held_up},
        directory::{Directory, Kind},
        settings::identifier,
        spellings::is_region,
        sql_types::{Instant, Uid},
    },
};

/// How many rows of `comunicaciones` are filled in before the caller has its answer; the rest has its turn at the next call.
const FILLED_AT_ONCE: u64 = 500;

/// Runs a statement that only reads.
macro_rules! read {
    ($self:expr, |$conn:ident| $work:expr) => {
        $self.engine.read(move |$conn| Box::pin(async move { $work.await })).await
    };
}

/// Runs a statement that writes.
macro_rules! write {
    ($self:expr, |$conn:ident| $work:expr) => {
        $self.engine.write(move |$conn| Box::pin(async move { $work.await })).await
    };
}

mod facade_continuations;
mod facade_credentials;
mod facade_desk;
mod facade_hooks;
mod facade_inspect;
mod facade_keeping;
mod facade_pacing;
mod facade_replicas;
mod facade_sources;

/// The repository over this engine.
#[derive(Debug)]
pub(in super::super) struct EngineRepository {
    engine: Engine,
    shared: Arc<Shared>,
    settings: DatabaseSettings,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl EngineRepository {
    /// Opens the database. Checks the names of the directory against it.
    pub(in super::super) async fn open(
        settings: DatabaseSettings,
        prefix: String,
        clock: Arc<dyn Clock>,
    ) -> RepositoryResult<Self> {
        let directory = Directory::new(settings.directory.clone(), prefix);
        if let Some(region) = directory.region().filter(|code| !is_region(code)) {
            return Err(RepositoryError::Config(format!(
                "[directory] region: {region:?} is not the code of a country, such as ES"
            )));
        }
        for name in directory.tables().flat_map(|table| table.names()) {
            identifier("[directory]", name)?;
        }
        let names: Vec<(String, Vec<String>)> = directory
            .tables()
            .map(|table| (table.table.clone(), table.names().skip(1).map(str::to_owned).collect()))
            .collect();
        let shared = Arc::new(Shared::new(clock, directory));
        let engine = Engine::open(&settings, shared.clone()).await?;
        if !names.is_empty() {
            let missing = engine.missing(names, &settings).await?;
            if !missing.is_empty() {
                return Err(RepositoryError::Config(format!(
                    "[directory] names what is not there: {}",
                    missing.join(", ")
                )));
            }
        }
        Ok(Self { engine, shared, settings })
    }

    fn now(&self) -> OffsetDateTime {
        self.shared.clock.now()
    }

    /// Takes in what other programs wrote since the last look, so that a page shows it.
    async fn take_in_new(&self) -> RepositoryResult<u64> {
        let after = match self.shared.scanned.load(Ordering::Relaxed) {
            // The first look of this process begins where another one's ended.
            0 => read!(self, |conn| foreign::taken_in(conn))?,
            scanned => scanned,
        };
        self.take_in_from(after, true).await
    }

    async fn take_in_from(&self, after: i32, tell: bool) -> RepositoryResult<u64> {
        let (highest, found) =
            read!(self, |conn| async { Ok((foreign::highest(conn).await?, foreign::any(conn, after).await?,)) })?;
        let (mut total, mut rest) = (0, Some(after).filter(|_| found));
        while let Some(after) = rest {
            let (organization, now) = (self.settings.organization.as_str().to_owned(), Instant::of(self.now()));
            let (new, cursor);
            ((new, cursor), rest) = write!(self, |conn| foreign::take_in(conn, &organization, after, tell, now))?;
            self.shared.grew(cursor);
            total += new;
        }
        self.shared.scanned.fetch_max(highest, Ordering::Relaxed);
        Ok(total)
    }
}

/// Writes a round and answers those whose webhooks are committed or refused for good. Returns those to be tried again.
///
/// Where the database refuses data, the round is halved until the webhook at fault stands alone; that one is written
/// without its row in `comunicaciones`, and if need be raw alone. So nothing verified is lost, and no neighbour with it.
pub(super) async fn write_round(conn: &mut Conn, shared: &Shared, round: Vec<Waiting>) -> Vec<Waiting> {
    let (webhooks, mut replies): (Vec<_>, Vec<_>) = round.into_iter().map(|(w, r)| (w, Some(r))).unzip();
    if shared.accounts_are_stale(&webhooks) {
        match accounts::list(conn, None).await {
            Ok(all) => shared.set_accounts(AccountMap::new(all)),
            Err(error) => {
                tracing::warn!(%error, "the accounts cannot be read");
                return again(webhooks, replies);
            }
        }
    }
    let accounts = shared.accounts();
    let mut parts = vec![(0..webhooks.len(), Depth::Everything)];
    while let Some((part, depth)) = parts.pop() {
        let slice = &webhooks[part.clone()];
        let now = slice.iter().map(|w| w.received_at).max().unwrap_or_else(|| shared.clock.now());
        let context = Context { accounts: &accounts, directory: &shared.directory, now: Instant::of(now), depth };
        match ingest::write(conn, &context, slice).await {
            Ok((counts, cursor)) => {
                shared.grew(cursor);
                for (at, counts) in part.zip(counts) {
                    answer(&mut replies[at], Ok(counts));
                }
            }
            // Somebody holds a lock on `comunicaciones` or what it refers to: our own tables are free.
            Err(error) if is_held_up(&error) && depth == Depth::Everything => {
                tracing::warn!(%error, "a round is written without its rows in comunicaciones");
                parts.push((part, Depth::WithoutRows));
            }
            Err(error) if is_transient(&error) => {
                tracing::warn!(%error, "a round could not be written; it is tried again");
                return again(webhooks, replies);
            }
            Err(_) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                parts.push((middle..part.end, depth));
                parts.push((part.start..middle, depth));
            }
            Err(error) => match depth {
                Depth::Everything => parts.push((part, Depth::WithoutRows)),
                Depth::WithoutRows => {
                    tracing::error!(%error, "events of a webhook could not be stored; it is kept raw");
                    parts.push((part, Depth::RawOnly));
                }
                Depth::RawOnly => answer(&mut replies[part.start], Err(failed(error))),
            },
        }
    }
    Vec::new()
}

type Reply = tokio::sync::oneshot::Sender<RepositoryResult<Ingested>>;

fn answer(reply: &mut Option<Reply>, result: RepositoryResult<Ingested>) {
    if let Some(reply) = reply.take() {
        // Whoever waited may have gone; the webhook is committed all the same.
        let _ = reply.send(result);
    }
}

fn again(webhooks: Vec<NewWebhook>, replies: Vec<Option<Reply>>) -> Vec<Waiting> {
    webhooks.into_iter().zip(replies).filter_map(|(webhook, reply)| Some((webhook, reply?))).collect()
}

#[async_trait]
impl Repository for EngineRepository {
    async fn ingest(&self, webhook: NewWebhook) -> RepositoryResult<Ingested> {
        self.engine.ingest(webhook).await
    }

    async fn accept(&self, message: NewOutbound) -> RepositoryResult<Accepted> {
        match write!(self, |conn| outbound::accept(conn, &message))? {
            AcceptedRow::Done(accepted, cursor) => {
                self.shared.grew(cursor);
                Ok(accepted)
            }
            AcceptedRow::KeyTaken => Err(RepositoryError::Conflict("the key was used for another request".to_owned())),
            AcceptedRow::NoAccount => Err(RepositoryError::NotFound("the account")),
        }
    }

    async fn accepted_before(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        idempotency_key: &str,
        request_hash: &str,
    ) -> RepositoryResult<Option<MessageId>> {
        let (organization, user) = (organization.as_str().to_owned(), user.clone());
        let (key, hash, now) = (idempotency_key.to_owned(), request_hash.to_owned(), Instant::of(self.now()));
        let found = write!(self, |conn| keys::accepted_before(conn, &organization, &user, &key, &hash, now))?;
        match found {
            None | Some(AcceptedRow::NoAccount) => Ok(None),
            Some(AcceptedRow::Done(Accepted::New(id) | Accepted::Queued(id, _) | Accepted::Repeated(id), _)) => {
                Ok(Some(id))
            }
            Some(AcceptedRow::KeyTaken) => {
                Err(RepositoryError::Conflict("the key was used for another request".to_owned()))
            }
        }
    }

    async fn conclude(&self, conclusion: Conclusion) -> RepositoryResult<bool> {
        let concluding = &self.shared.concluding;
        let write = |group: Vec<Conclusion>| async move {
            let (counted, cursor) = write!(self, |conn| conclude::conclude(conn, &group))?;
            self.shared.grew(cursor);
            Ok(counted.into_iter().map(|one| one.ok_or(RepositoryError::NotFound("the message"))).collect())
        };
        concluding.call(conclusion, |one| one.message.0, write).await
    }

    async fn claim_due(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<OutboxJob>> {
        let all = Claiming { now, lease, limit, at_once: u16::MAX, under_way: Vec::new() };
        self.claim_shares(&all).await
    }

    async fn expire_due(&self, now: OffsetDateTime) -> RepositoryResult<Vec<MessageId>> {
        let (expired, cursor) = write!(self, |conn| queue::expire(conn, Instant::of(now)))?;
        self.shared.grew(cursor);
        Ok(expired)
    }

    async fn claim_unknown(
        &self,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<UnknownJob>> {
        let (now, until) = (Instant::of(now), Instant::of(now + lease));
        write!(self, |conn| settle::claim_unknown(conn, now, until, limit))
    }

    async fn cancel(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<Status> {
        let known = self.message(scope, id).await?.entry.status;
        let (status, cursor) = write!(self, |conn| queue::cancel(conn, id, Instant::of(now)))?;
        self.shared.grew(cursor);
        Ok(status.unwrap_or(known))
    }

    async fn discard(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<bool> {
        self.message(scope, id).await?;
        let organization = scope.organization.as_str().to_owned();
        let discarded = write!(self, |conn| queue::discard_lost(conn, &organization, id, Instant::of(now)))?;
        Ok(discarded > 0)
    }

    async fn release_stale(&self, now: OffsetDateTime, everything: bool) -> RepositoryResult<Vec<MessageId>> {
        let (released, cursor) = write!(self, |conn| settle::release_stale(conn, Instant::of(now), everything))?;
        self.shared.grew(cursor);
        Ok(released)
    }

    async fn history(&self, scope: &Scope, filter: &HistoryFilter) -> RepositoryResult<HistoryPage> {
        self.take_in_new().await?;
        let (scope, filter, shared) = (scope.clone(), filter.clone(), self.shared.clone());
        read!(self, |conn| history::page(conn, &shared.directory, &scope, &filter))
    }

    async fn message(&self, scope: &Scope, id: MessageId) -> RepositoryResult<MessageDetail> {
        let (scope, shared) = (scope.clone(), self.shared.clone());
        read!(self, |conn| history::message(conn, &shared.directory, &scope, id))?
            .ok_or(RepositoryError::NotFound("the message"))
    }

    async fn message_by_row(&self, scope: &Scope, id: i32) -> RepositoryResult<MessageId> {
        self.take_in_new().await?;
        let organization = scope.organization.as_str().to_owned();
        let found = read!(self, |conn| history::by_row(conn, &organization, id))?
            .ok_or(RepositoryError::NotFound("the message"))?;
        self.message(scope, found).await.map(|_| found)
    }

    async fn attachment(&self, scope: &Scope, id: Uuid) -> RepositoryResult<Attachment> {
        let wanted = scope.clone();
        let found = read!(self, |conn| media::attachment(conn, &wanted, id))?
            .ok_or(RepositoryError::NotFound("the attachment"))?;
        // A file is seen by whoever sees its message.
        self.message(scope, found.message).await.map_err(|error| match error {
            RepositoryError::NotFound(_) => RepositoryError::NotFound("the attachment"),
            other => other,
        })?;
        Ok(found)
    }

    async fn recipient(&self, account: &AccountId, address: &Address) -> RepositoryResult<RecipientState> {
        let (account, address, shared) = (account.clone(), address.clone(), self.shared.clone());
        read!(self, |conn| recipients::recipient(conn, &shared.directory, &account, &address))
    }

    async fn placed_since(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        since: OffsetDateTime,
    ) -> RepositoryResult<i64> {
        let (organization, user) = (organization.as_str().to_owned(), user.clone());
        let since = Instant::of(since);
        read!(self, |conn| outbound::placed_since(conn, &organization, user.as_str(), channel.as_str(), since))
    }

    async fn assignments(&self, links: &Links) -> RepositoryResult<Vec<Assignment>> {
        let ids = [
            (Kind::Lead, links.lead.as_ref().map(LeadId::as_str)),
            (Kind::Client, links.client.as_ref().map(ClientId::as_str)),
            (Kind::Contract, links.contract.as_ref().map(ContractId::as_str)),
        ];
        let mut found = Vec::new();
        for (kind, id) in ids {
            let Some(id) = id.map(str::to_owned) else {
                continue;
            };
            if self.shared.directory.owners(kind, &[&id]).is_none() {
                found.push(Assignment::Trusted);
                continue;
            }
            let shared = self.shared.clone();
            let one = read!(self, |conn| directory::assignments(conn, &shared.directory, kind, &[&id]))?;
            found.extend(one);
        }
        Ok(found)
    }

    async fn claim_media(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<MediaJob>> {
        write!(self, |conn| media::claim(conn, Instant::of(now), Instant::of(now + lease), limit))
    }

    async fn conclude_media(&self, id: Uuid, claim: i32, outcome: MediaOutcome) -> RepositoryResult<()> {
        let now = Instant::of(self.now());
        let cursor = write!(self, |conn| media::conclude(conn, Uid(id), claim, &outcome, now))?;
        self.shared.grew(cursor);
        Ok(())
    }

    async fn webhook(&self, id: WebhookId) -> RepositoryResult<StoredWebhook> {
        let found = self.engine.read_webhook(move |conn| Box::pin(webhooks::webhook(conn, id))).await?;
        found.ok_or(RepositoryError::NotFound("the webhook"))
    }

    async fn webhooks(&self, filter: &WebhookFilter) -> RepositoryResult<Vec<WebhookId>> {
        let filter = filter.clone();
        read!(self, |conn| webhooks::list(conn, &filter))
    }

    async fn quarantine(&self) -> RepositoryResult<Vec<QuarantinedAccount>> {
        read!(self, |conn| webhooks::quarantined(conn))
    }

    async fn events(
        &self,
        organization: Option<&OrganizationId>,
        after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<LogEvent>> {
        let organization = organization.map(|o| o.as_str().to_owned());
        read!(self, |conn| webhooks::log(conn, organization.as_deref(), after, limit))
    }

    async fn feed(
        &self,
        organization: Option<&OrganizationId>,
        after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<FeedEvent>> {
        let (organization, shared) = (organization.map(|o| o.as_str().to_owned()), self.shared.clone());
        read!(self, |conn| feed::after(conn, &shared.directory, organization.as_deref(), after, limit))
    }

    async fn log_end(&self) -> RepositoryResult<i64> {
        read!(self, |conn| webhooks::log_end(conn))
    }

    fn events_hint(&self) -> watch::Receiver<i64> {
        self.engine.listen(&self.shared);
        self.shared.hint()
    }

    async fn organizations(&self) -> RepositoryResult<Vec<Organization>> {
        read!(self, |conn| accounts::organizations_list(conn))
    }

    async fn put_organization(&self, organization: &Organization) -> RepositoryResult<()> {
        let organization = organization.clone();
        write!(self, |conn| accounts::put_organization(conn, &organization))
    }

    async fn accounts(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<Account>> {
        let organization = organization.map(|o| o.as_str().to_owned());
        read!(self, |conn| accounts::list(conn, organization.as_deref()))
    }

    async fn put_account(&self, account: &Account) -> RepositoryResult<()> {
        let (account, now) = (account.clone(), Instant::of(self.now()));
        if !write!(self, |conn| accounts::put(conn, &account, now))? {
            return Err(RepositoryError::Conflict("the account belongs to another organisation".to_owned()));
        }
        let all = read!(self, |conn| accounts::list(conn, None))?;
        self.shared.set_accounts(AccountMap::new(all));
        Ok(())
    }

    async fn put_service_token(&self, token: &ServiceToken, sha256: &str) -> RepositoryResult<()> {
        let (token, sha256) = (token.clone(), sha256.to_owned());
        write!(self, |conn| accounts::put_token(conn, &token, &sha256))
    }

    async fn service_token(&self, sha256: &str) -> RepositoryResult<Option<ServiceToken>> {
        let sha256 = sha256.to_owned();
        read!(self, |conn| accounts::token_by_hash(conn, &sha256))
    }

    async fn service_tokens(&self, organization: &OrganizationId) -> RepositoryResult<Vec<ServiceToken>> {
        let organization = organization.as_str().to_owned();
        read!(self, |conn| accounts::tokens(conn, &organization))
    }

    async fn revoke_service_token(
        &self,
        organization: &OrganizationId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        let organization = organization.as_str().to_owned();
        match write!(self, |conn| accounts::revoke_token(conn, &organization, id, Instant::of(now)))? {
            0 => Err(RepositoryError::NotFound("the service token")),
            _ => Ok(()),
        }
    }

    async fn sending_account(
        &self,
        organization: &OrganizationId,
        channel: ChannelKind,
        user: &UserId,
    ) -> RepositoryResult<Option<AccountId>> {
        let (organization, user) = (organization.as_str().to_owned(), user.clone());
        read!(self, |conn| accounts::sending_account(conn, &organization, channel.as_str(), &user))
    }

    async fn fill_waiting(&self) -> RepositoryResult<u64> {
        let (mut filled, mut after, mut nobody) = (0, None, HashSet::new());
        while filled < FILLED_AT_ONCE {
            let candidates = read!(self, |conn| waiting::candidates(conn, after))?;
            let Some(last) = candidates.last() else {
                break;
            };
            after = last.place();
            for one in candidates {
                // Who does not exist for one message does not for the next; neighbours of others go on.
                if nobody.contains(&one.user) {
                    continue;
                }
                let user = one.user.clone();
                match write!(self, |conn| waiting::fill(conn, &one))? {
                    Filled::Row => filled += 1,
                    Filled::Nothing => {}
                    Filled::NoSuchUser => {
                        nobody.insert(user);
                    }
                }
            }
        }
        Ok(filled)
    }

    async fn take_in(&self) -> RepositoryResult<u64> {
        let mark = read!(self, |conn| foreign::taken_in(conn))?;
        let mut taken = self.take_in_from(mark, true).await?;
        let highest = read!(self, |conn| foreign::highest(conn))?;
        if let Some(settled) = self.shared.settled(highest) {
            write!(self, |conn| foreign::set_taken_in(conn, settled))?;
        }
        let (organization, now) = (self.settings.organization.as_str().to_owned(), Instant::of(self.now()));
        let (late, cursor) = write!(self, |conn| foreign::compare(conn, &organization, now))?;
        self.shared.grew(cursor);
        taken += late;
        Ok(taken)
    }

    async fn stats(&self) -> RepositoryResult<RepositoryStats> {
        let now = Instant::of(self.now());
        let (waiting_for_owner, quarantined, media_pending, depth) = read!(self, |conn| async {
            Ok((
                waiting::count(conn).await?,
                webhooks::quarantine_count(conn).await?,
                media::pending(conn).await?,
                queue::depth(conn, now).await?,
            ))
        })?;
        Ok(RepositoryStats {
            waiting_for_owner,
            quarantined,
            media_pending,
            sending: depth.sending,
            outbox_queued: depth.queued,
            outbox_scheduled: depth.scheduled,
            outbox_unknown: depth.unknown,
            outbox_oldest_due_at: depth.oldest_due_at.map(|at| at.0),
            queued: self.engine.queued(),
            writers_alive: self.shared.writers_alive(),
        })
    }

    async fn ping(&self) -> RepositoryResult<()> {
        read!(self, |conn| accounts::ping(conn))
    }

    async fn migrate(&self) -> RepositoryResult<MigrationReport> {
        let mut report = self.engine.migrate(&self.settings).await?;
        report.notices.extend(self.settings.notices.iter().cloned());
        let organization = Organization {
            id: self.settings.organization.clone(),
            name: self.settings.organization.as_str().to_owned(),
        };
        if self.organizations().await?.is_empty() {
            self.put_organization(&organization).await?;
        }
        let mark = read!(self, |conn| foreign::taken_in(conn))?;
        report.taken_in = self.take_in_from(mark, false).await?;
        let conversations = self.import_conversations().await?;
        if conversations > 0 {
            report.notices.push(format!("{conversations} conversations of table conversation_state were taken over"));
        }
        Ok(report)
    }

    async fn close(&self) {
        self.engine.close().await;
    }
}
