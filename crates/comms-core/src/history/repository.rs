//! The repository as the engine sees it.

use std::fmt;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    Accepted, Account, Assignment, Attachment, Conclusion, ContinuationRepository, CredentialRepository,
    DeskRepository, FeedEvent, HistoryFilter, HistoryPage, HookRepository, Ingested, InspectRepository,
    KeepingRepository, Links, LogEvent, MediaJob, MediaOutcome, MessageDetail, MigrationReport, NewOutbound,
    NewWebhook, Organization, OutboxJob, PacingRepository, QuarantinedAccount, RecipientState, ReplicaRepository,
    RepositoryError, RepositoryStats, Scope, ServiceToken, SourceRepository, UnknownJob, WebhookFilter,
};
use crate::{AccountId, Address, ChannelKind, MessageId, OrganizationId, Status, StoredWebhook, UserId, WebhookId};

/// `Result` with [`RepositoryError`].
pub type RepositoryResult<T> = Result<T, RepositoryError>;

/// The durable history, over SQLite or PostgreSQL. Object-safe.
///
/// Whatever a method says it stored is committed when the method returns.
///
/// # Errors
/// Every method fails with [`RepositoryError::Busy`] or [`Unavailable`](RepositoryError::Unavailable) while nothing can be
/// stored or read, and with [`Database`](RepositoryError::Database) for what the database refuses.
#[async_trait]
pub trait Repository:
    ContinuationRepository
    + CredentialRepository
    + DeskRepository
    + HookRepository
    + PacingRepository
    + KeepingRepository
    + InspectRepository
    + ReplicaRepository
    + SourceRepository
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// Stores a webhook with all of its consequences in one transaction, together with its neighbours in time.
    ///
    /// Repeating it, in any order or batch, changes nothing. What cannot be stored as data (or read at all) is kept raw.
    async fn ingest(&self, webhook: NewWebhook) -> RepositoryResult<Ingested>;

    /// Stores a message that is to be sent. Where it may go at once it is `Sending` and claimed by the caller, with
    /// [`ClaimToken::FIRST`](super::ClaimToken::FIRST); else it waits, `Scheduled` for its time or `Queued` behind others of
    /// its conversation.
    ///
    /// Fails with [`RepositoryError::Conflict`] where the key was used for another request within 48 hours.
    async fn accept(&self, message: NewOutbound) -> RepositoryResult<Accepted>;

    /// The message that this user's request was accepted as before, if it was. Asked before the rules of a send, so that a
    /// repetition is answered as the first time even where a rule would refuse it by now.
    ///
    /// Fails with [`RepositoryError::Conflict`] where the key was used for another request within 48 hours.
    async fn accepted_before(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        idempotency_key: &str,
        request_hash: &str,
    ) -> RepositoryResult<Option<MessageId>>;

    /// Records how an attempt, or a look at the provider, ended. Returns whether it counted: of who does not hold the claim that
    /// they name, nothing does.
    ///
    /// States move forward, and statuses that arrived before are merged. The one way back is `Queued`, for who holds the claim
    /// on a message that was certainly not sent; where a provider has told of it meanwhile, its word stands.
    async fn conclude(&self, conclusion: Conclusion) -> RepositoryResult<bool>;

    /// Claims messages that wait and are due, for this long. Of a conversation the first goes first: who is behind one that waits
    /// or is tried again is not due while that one holds them. Nobody is claimed twice at once.
    ///
    /// Of an account that is paced no more are claimed than there are places, each with its [`Turn`](super::Turn); what is beyond
    /// the pace of its recipient is due when that allows it. Of an account that is paused or stopped nothing is claimed, but for the
    /// one message that shows whether it works again.
    async fn claim_due(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<OutboxJob>>;

    /// Turns waiting messages whose deadline has passed into `Expired`. Returns them.
    async fn expire_due(&self, now: OffsetDateTime) -> RepositoryResult<Vec<MessageId>>;

    /// Claims messages of unknown outcome that are to be looked for at their provider, for this long.
    async fn claim_unknown(
        &self,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<UnknownJob>>;

    /// Withdraws a message that waits. Returns the state that it is in then: `Canceled`, or where it is too late the one that it
    /// had. [`RepositoryError::NotFound`] outside of the scope.
    async fn cancel(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<Status>;

    /// Takes a message that failed, expired or is unknown off the list of [`HistoryFilter::undiscarded`]. Returns whether this
    /// changed anything; [`RepositoryError::NotFound`] outside of the scope.
    async fn discard(&self, scope: &Scope, id: MessageId, now: OffsetDateTime) -> RepositoryResult<bool>;

    /// Settles attempts that were cut off: those whose lease ended before `now`, or all where `everything` (start-up of the only
    /// process). Returns them. They become `Unknown`, to be looked for; those that may arrive twice are `Queued` again. What waits
    /// is left alone.
    async fn release_stale(&self, now: OffsetDateTime, everything: bool) -> RepositoryResult<Vec<MessageId>>;

    /// A page of the history, newest first.
    async fn history(&self, scope: &Scope, filter: &HistoryFilter) -> RepositoryResult<HistoryPage>;

    /// Everything known of a message; [`RepositoryError::NotFound`] outside of the scope.
    async fn message(&self, scope: &Scope, id: MessageId) -> RepositoryResult<MessageDetail>;

    /// The message behind a `comunicaciones.id`; [`RepositoryError::NotFound`] outside of the scope.
    async fn message_by_row(&self, scope: &Scope, id: i32) -> RepositoryResult<MessageId>;

    /// An attachment; [`RepositoryError::NotFound`] outside of the scope.
    async fn attachment(&self, scope: &Scope, id: Uuid) -> RepositoryResult<Attachment>;

    /// What the rules before a send, and the answer to a call, need to know of somebody; whoever they are, the directory is asked.
    async fn recipient(&self, account: &AccountId, address: &Address) -> RepositoryResult<RecipientState>;

    /// How many messages or calls of this user left on this channel since then. Those that were refused do not count.
    async fn placed_since(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        since: OffsetDateTime,
    ) -> RepositoryResult<i64>;

    /// Who a lead, client or contract is assigned to. Each link that is given is looked up, in this order: lead, client, contract.
    async fn assignments(&self, links: &Links) -> RepositoryResult<Vec<Assignment>>;

    /// Claims files to be fetched, for this long.
    async fn claim_media(&self, now: OffsetDateTime, lease: Duration, limit: u16) -> RepositoryResult<Vec<MediaJob>>;

    /// Records how fetching a file ended, for who claimed it last: `claim` is their [`MediaJob::attempts`], and the word of an older
    /// one changes nothing.
    async fn conclude_media(&self, id: Uuid, claim: i32, outcome: MediaOutcome) -> RepositoryResult<()>;

    /// A stored webhook; [`RepositoryError::NotFound`] where there is none.
    async fn webhook(&self, id: WebhookId) -> RepositoryResult<StoredWebhook>;

    /// Stored webhooks, oldest first.
    async fn webhooks(&self, filter: &WebhookFilter) -> RepositoryResult<Vec<WebhookId>>;

    /// The accounts that nobody registered, with what waits for them.
    async fn quarantine(&self) -> RepositoryResult<Vec<QuarantinedAccount>>;

    /// The event log after `cursor`, of one organisation or of all.
    async fn events(
        &self,
        organization: Option<&OrganizationId>,
        after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<LogEvent>>;

    /// The same events as [`events`](Self::events), each with its message as it is now and the sellers who see it by the rule of
    /// [`history`](Self::history).
    async fn feed(
        &self,
        organization: Option<&OrganizationId>,
        after: i64,
        limit: u16,
    ) -> RepositoryResult<Vec<FeedEvent>>;

    /// The last cursor of the log; 0 while it is empty.
    async fn log_end(&self) -> RepositoryResult<i64>;

    /// Tells of the last cursor written by this process, and changes without one where another process wrote and the database
    /// tells of it. A hint to look, never the truth.
    fn events_hint(&self) -> tokio::sync::watch::Receiver<i64>;

    /// The organisations.
    async fn organizations(&self) -> RepositoryResult<Vec<Organization>>;

    /// Adds or renames an organisation.
    async fn put_organization(&self, organization: &Organization) -> RepositoryResult<()>;

    /// The accounts of one organisation or of all.
    async fn accounts(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<Account>>;

    /// Adds or changes an account. Fails with [`RepositoryError::Conflict`] where it belongs to another organisation.
    /// A newly set owner lets waiting messages enter `comunicaciones` ([`fill_waiting`](Self::fill_waiting)).
    async fn put_account(&self, account: &Account) -> RepositoryResult<()>;

    /// Adds a service token under the SHA-256 of its text.
    async fn put_service_token(&self, token: &ServiceToken, sha256: &str) -> RepositoryResult<()>;

    /// The valid service token with this SHA-256.
    async fn service_token(&self, sha256: &str) -> RepositoryResult<Option<ServiceToken>>;

    /// The service tokens of an organisation, void ones included.
    async fn service_tokens(&self, organization: &OrganizationId) -> RepositoryResult<Vec<ServiceToken>>;

    /// Voids a service token; [`RepositoryError::NotFound`] outside of the organisation.
    async fn revoke_service_token(
        &self,
        organization: &OrganizationId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;

    /// The preferred account of an organisation on a channel: `user`'s own, else the first.
    async fn sending_account(
        &self,
        organization: &OrganizationId,
        channel: ChannelKind,
        user: &UserId,
    ) -> RepositoryResult<Option<AccountId>>;

    /// Writes the rows of `comunicaciones` that waited for an owner. Returns how many.
    async fn fill_waiting(&self) -> RepositoryResult<u64>;

    /// Takes in rows of `comunicaciones` that another program wrote. Idempotent. Returns how many.
    async fn take_in(&self) -> RepositoryResult<u64>;

    /// What waits.
    async fn stats(&self) -> RepositoryResult<RepositoryStats>;

    /// Whether the database answers.
    async fn ping(&self) -> RepositoryResult<()>;

    /// Brings the schema up to date. Under an advisory lock: several processes may call it at once.
    async fn migrate(&self) -> RepositoryResult<MigrationReport>;

    /// Ends the writers after what is queued has been written.
    async fn close(&self);
}
