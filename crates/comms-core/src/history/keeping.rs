//! What is kept and for how long: retention by age, the file of one person, and their erasure.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{RepositoryResult, Scope};
use crate::{ContactId, OrganizationId, UserId};

/// What is deleted or emptied by its age. Messages are not among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retained {
    /// Raw webhooks that were read whole. Those that wait for an account, and those of which a part could not be read, stay.
    Webhooks,
    /// The beginning of the event log, up to what every reader with a cursor of its own has read. Its last event stays.
    Events,
    /// What was reported of messages, step by step. The message's state stays.
    Statuses,
    /// What was said in calls that went on by chat, once they are over, and what agents answered. It is emptied: the rows stay, so that a
    /// call of which somebody tells again is not continued twice.
    Calls,
}

impl Retained {
    /// All of it.
    pub const ALL: [Self; 4] = [Self::Webhooks, Self::Events, Self::Statuses, Self::Calls];

    /// The word for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Events => "events",
            Self::Statuses => "statuses",
            Self::Calls => "calls",
        }
    }
}

/// A file that is to be deleted from where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// The attachment.
    pub id: Uuid,
    /// Its organisation.
    pub organization: OrganizationId,
    /// Its key; `None` where it was not fetched, as far as is known.
    pub blob_key: Option<String>,
    /// When its message was stored.
    pub created_at: OffsetDateTime,
}

/// The erasure of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// By it the server tells of its progress; nothing of the person can be read from it.
    pub id: Uuid,
    /// The organisation.
    pub organization: OrganizationId,
    /// Who; `None` once it is done, since the id is made of an address.
    pub contact: Option<ContactId>,
    /// By whom.
    pub requested_by: UserId,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// When it was done; `None` while it is under way.
    pub done_at: Option<OffsetDateTime>,
    /// What was erased until now.
    pub counts: ErasureCounts,
}

/// What an erasure has emptied or deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ErasureCounts {
    /// Contacts that were this person.
    pub contacts: u64,
    /// Their addresses.
    pub identities: u64,
    /// Their conversations.
    pub conversations: u64,
    /// Notes in these.
    pub notes: u64,
    /// Messages that were emptied, with their rows in `comunicaciones`.
    pub messages: u64,
    /// Messages that were still waiting, and will not be sent.
    pub canceled: u64,
    /// Files.
    pub files: u64,
    /// Reports on messages.
    pub statuses: u64,
    /// Other updates of providers.
    pub updates: u64,
    /// Events of the log that were emptied.
    pub events: u64,
    /// Raw webhooks that were emptied of what was theirs.
    pub webhooks: u64,
    /// Opt-outs that were kept, as hashes.
    pub opt_outs: u64,
    /// Calls of agents that went on by chat.
    pub continuations: u64,
}

/// What is to be done next for an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one is made for each step, and lives for a moment")]
pub enum ErasureStep {
    /// A part was erased; there is more.
    More,
    /// These files are to be deleted, and [`files_erased`](KeepingRepository::files_erased) told.
    Files(Vec<KeptFile>),
    /// Something of theirs is under way and is waited for, or another process is at it.
    Waits,
    /// Nothing is left.
    Done(Erasure),
}

/// A part of what is known of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DossierPart {
    /// The person: a contact and those who are joined with it.
    Contacts,
    /// Their addresses.
    Identities,
    /// Their conversations.
    Conversations,
    /// By what their e-mail threads are known, as hashes.
    Threads,
    /// What each user has read of them.
    Reads,
    /// What people noted beside them.
    Notes,
    /// Messages and calls.
    Messages,
    /// Their rows in the table that is shared with other programs.
    Comunicaciones,
    /// What was reported of the messages.
    Statuses,
    /// The places of messages that wait to be sent.
    Outbox,
    /// Messages that were put aside.
    Discards,
    /// Files.
    Attachments,
    /// Whether they want to be written to.
    OptOuts,
    /// Calls of agents with them that went on by chat.
    Continuations,
    /// What agents answered them.
    AgentTurns,
    /// Which messages agents heard and said.
    AgentMessages,
    /// Messages that another program had before us.
    ImportedMessages,
    /// Other updates of providers.
    Updates,
    /// The event log.
    Events,
    /// What of the raw webhooks is theirs.
    Webhooks,
}

impl DossierPart {
    /// Every part, in the order of a dossier.
    pub const ALL: [Self; 20] = [
        Self::Contacts,
        Self::Identities,
        Self::Conversations,
        Self::Threads,
        Self::Reads,
        Self::Notes,
        Self::Messages,
        Self::Comunicaciones,
        Self::Statuses,
        Self::Outbox,
        Self::Discards,
        Self::Attachments,
        Self::OptOuts,
        Self::Continuations,
        Self::AgentTurns,
        Self::AgentMessages,
        Self::ImportedMessages,
        Self::Updates,
        Self::Events,
        Self::Webhooks,
    ];
}

/// Whose data a dossier holds: everything by which the person is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// The organisation.
    pub(crate) organization: String,
    /// Their contacts.
    pub(crate) contacts: Vec<Uuid>,
    /// Their conversations.
    pub(crate) conversations: Vec<Uuid>,
    /// Their addresses, in every spelling.
    pub(crate) addresses: Vec<String>,
    /// The providers' ids of their messages.
    pub(crate) provider_ids: Vec<String>,
}

/// A page of a part of a dossier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DossierPage {
    /// The rows, with every column. A page may be empty and still have a next one.
    pub rows: Vec<Value>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// What is kept and for how long, as a part of the [`Repository`](super::Repository).
///
/// # Errors
/// As the repository's; [`RepositoryError::NotFound`](super::RepositoryError::NotFound) for what is outside of the scope.
#[async_trait]
pub trait KeepingRepository: fmt::Debug + Send + Sync + 'static {
    /// Deletes some of what is older than this, the oldest first: at most `limit` of a table, so that no lock is held for long. Several
    /// processes may do it at once. Returns how many were deleted, or emptied.
    async fn prune(&self, what: Retained, before: OffsetDateTime, limit: u16) -> RepositoryResult<u64>;

    /// Files that are older than this, the oldest first.
    async fn old_files(&self, before: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<KeptFile>>;

    /// Notes that these files are no more, and why.
    async fn forget_files(&self, ids: &[Uuid], reason: &str) -> RepositoryResult<()>;

    /// Up to which cursor the log was cut off; 0 where it is whole. Who has read less than that has missed something.
    async fn log_start(&self) -> RepositoryResult<i64>;

    /// Everything by which a person is known.
    async fn subject(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Subject>;

    /// A page of a part of their dossier.
    async fn dossier(
        &self,
        subject: &Subject,
        part: DossierPart,
        after: Option<&str>,
        limit: u16,
    ) -> RepositoryResult<DossierPage>;

    /// Begins to erase a person: what waits to be sent to them is canceled at once. Where it was begun before, that one is
    /// returned. Files that are being fetched are waited for, for `fetching` at most.
    async fn begin_erasure(
        &self,
        scope: &Scope,
        id: ContactId,
        by: &UserId,
        reason: Option<&str>,
        now: OffsetDateTime,
        fetching: Duration,
    ) -> RepositoryResult<Erasure>;

    /// Erases the next part, in one short transaction. May be called by several processes at once, and again after a crash.
    async fn erase_some(&self, id: Uuid, now: OffsetDateTime) -> RepositoryResult<ErasureStep>;

    /// Deletes the rows of these files, which are no more.
    async fn files_erased(&self, erasure: Uuid, files: &[Uuid]) -> RepositoryResult<()>;

    /// Erasures that are under way and due, of all organisations.
    async fn due_erasures(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<Uuid>>;

    /// The erasures of an organisation, newest first: 200 at most after the one that is named.
    async fn erasures(&self, organization: &OrganizationId, after: Option<Uuid>) -> RepositoryResult<Vec<Erasure>>;
}
