//! Mailboxes and lists that are asked instead of telling, as the engine sees them.

use std::fmt;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::RepositoryResult;
use crate::{AccountId, Address, Cursor, MessageId, OrganizationId, Problem};

/// How a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// It is read.
    Works,
    /// It could not be read the last time; it is tried again at its time.
    Waits,
    /// It stands still until somebody mends it: the mailbox has to be connected again.
    Stopped,
}

impl SourceState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Works, Self::Waits, Self::Stopped];

    /// The word for logs and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Waits => "waits",
            Self::Stopped => "stopped",
        }
    }
}

/// A source, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStatus {
    /// Its account.
    pub account: AccountId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// How it is.
    pub state: SourceState,
    /// Why it is not read.
    pub problem: Option<Problem>,
    /// How often it failed since it last went well.
    pub failures: u32,
    /// When it was asked last.
    pub checked_at: Option<OffsetDateTime>,
    /// When that last went well; `None` where it never did.
    pub read_at: Option<OffsetDateTime>,
    /// When it is asked next.
    pub next_at: OffsetDateTime,
}

/// A source that is to be read now. The claim ends by itself when the lease does.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceJob {
    /// Its account.
    pub account: AccountId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// How far it was read.
    pub cursor: Option<Cursor>,
    /// The number of the claim: the word of an older one changes nothing.
    pub token: i64,
    /// How many hints there were when it was claimed.
    pub hints: i32,
    /// How often it is still looked at soon, after a hint.
    pub looks: u16,
    /// How often it failed since it last went well.
    pub failures: u32,
}

/// How reading a source ended.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceConclusion {
    /// What was claimed.
    pub job: SourceJob,
    /// Where to go on; as before where absent.
    pub cursor: Option<Cursor>,
    /// How it is; as before where it was not asked after all.
    pub state: Option<SourceState>,
    /// Why it was not read.
    pub problem: Option<Problem>,
    /// When it is asked next; at once where somebody gave a hint meanwhile.
    pub next_at: OffsetDateTime,
    /// How often it is still looked at soon.
    pub looks: u16,
    /// Now.
    pub now: OffsetDateTime,
}

/// Sources, as a part of the [`Repository`](super::Repository).
///
/// What a source gave is stored first, and then how far it was read: events are known by their keys, so that reading them twice
/// stores nothing twice, and a crash between the two loses nothing.
///
/// # Errors
/// As the repository's.
#[async_trait]
pub trait SourceRepository: fmt::Debug + Send + Sync + 'static {
    /// From now on the account is read; one that stood still is tried again at once, from where it was. Returns whether this changed
    /// anything; nothing where there is no such account.
    async fn put_source(&self, account: &AccountId, now: OffsetDateTime) -> RepositoryResult<bool>;

    /// The account is not read any more, and nobody knows how far it was.
    async fn remove_source(&self, account: &AccountId) -> RepositoryResult<()>;

    /// Somebody says that there is something new: it is asked at once, and this often again soon, since what is said may be
    /// early. Returns whether it is a source.
    async fn hint_source(&self, account: &AccountId, looks: u16, now: OffsetDateTime) -> RepositoryResult<bool>;

    /// Claims sources that are due, for this long: first those of which somebody says that there is something new, then who waited longest.
    /// Nobody is claimed twice at once.
    async fn claim_sources(&self, now: OffsetDateTime, lease: Duration, limit: u16)
    -> RepositoryResult<Vec<SourceJob>>;

    /// Records how reading ended. Returns whether it counted. The log tells that a source stands still from now on, and that it does no
    /// more; so does [`put_source`](Self::put_source).
    async fn conclude_source(&self, conclusion: SourceConclusion) -> RepositoryResult<bool>;

    /// The messages of other parties that the account's provider has under these ids.
    async fn received(&self, account: &AccountId, provider_ids: &[String]) -> RepositoryResult<Vec<MessageId>>;

    /// The sources of one organisation or of all.
    async fn sources(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<SourceStatus>>;

    /// Those of these addresses that the organisation knows: by any account of its, or by its directory.
    async fn known_addresses(
        &self,
        organization: &OrganizationId,
        addresses: &[Address],
    ) -> RepositoryResult<Vec<Address>>;
}
