//! How fast an account is sent on, and whether it is at all: shared by all processes, in the database's clock.

use async_trait::async_trait;
use std::time::Duration;
use time::OffsetDateTime;

use super::{OutboxJob, repository::RepositoryResult};
use crate::{AccountId, Address, OrganizationId, Pace, Problem, Rate};

/// The longest that a place is given ahead of its time: so much of an account's rate one process reserves at once.
pub const SLICE: Duration = Duration::from_millis(100);

/// A place in an account's pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// How long until its time; at most [`SLICE`].
    pub after: Duration,
    /// Whether it is the one message that shows if a stopped account works again.
    pub probe: bool,
    /// Whether the account failed before it, so that its success is to be told.
    pub shaky: bool,
}

/// What keeps an account from sending.
#[derive(Clone, Debug, PartialEq)]
pub enum Hold {
    /// Its rate.
    Pace,
    /// The rate of this person.
    Pair,
    /// The provider asked for silence.
    Paused,
    /// It is stopped: sending would be in vain.
    Stopped(Option<Problem>),
}

/// What a process that asked for places gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Reservation {
    /// These, in the order of their times; at least one, and perhaps fewer than it asked for.
    Turns(Vec<Turn>),
    /// None now. How long until it is worth asking again.
    Held(Hold, Duration),
}

/// Who claims, and how much they may have under way.
#[derive(Clone, Debug)]
pub struct Claiming {
    /// Now.
    pub now: OffsetDateTime,
    /// For how long.
    pub lease: time::Duration,
    /// How many at most.
    pub limit: u16,
    /// How many this process has under way at most. No account has more of them than leaves one such share for another.
    pub at_once: u16,
    /// What this process has under way.
    pub under_way: Vec<(AccountId, u16)>,
}

/// The pauses of a stopped account: the first, and the longest. Each is twice the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// Until the first probe.
    pub first: Duration,
    /// Between two probes at most.
    pub longest: Duration,
}

/// Why an account is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At once: an operator must mend something.
    AtOnce,
    /// By so many failures in a row.
    After(u32),
    /// The probe was in vain.
    Probe,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountPacing {
    /// The account.
    pub account: AccountId,
    /// Its organisation.
    pub organization: OrganizationId,
    /// The time between two messages in the long run; `None` = no limit.
    pub interval: Option<Duration>,
    /// The same where the operator has set it.
    pub own_interval: Option<Duration>,
    /// Until when the provider asked for silence, where that is to come.
    pub paused_until: Option<OffsetDateTime>,
    /// Since when it is stopped.
    pub stopped_at: Option<OffsetDateTime>,
    /// When it is tried again.
    pub probe_at: Option<OffsetDateTime>,
    /// Why it is stopped or paused.
    pub reason: Option<Problem>,
}

/// The part of the repository that says when an account may send. What is certain is in the database: how many places there are, and
/// who has them. Waits are told as lengths of time, since the clocks of the processes may differ from it.
#[async_trait]
pub trait PacingRepository {
    /// Sets how fast the channel of an account may be sent on. What the operator set stands. Where the account shares its rate with
    /// others, `shared` is the account whose rate it is: all who name it have their places from it, and what the operator sets for one of
    /// them, or a provider's silence, is for all.
    async fn set_pace(&self, account: &AccountId, shared: Option<&AccountId>, pace: &Pace) -> RepositoryResult<()>;

    /// Sets the operator's own rate of an account, or takes it back. [`RepositoryError::NotFound`](super::RepositoryError::NotFound)
    /// outside of the organisation, and where the rate is shared with numbers of another one that was there first.
    async fn set_own_rate(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        rate: Option<Rate>,
    ) -> RepositoryResult<()>;

    /// Asks for `want` places of an account at once, and for one in the pace of this person. None where `want` is 0: then only the
    /// person's. Where one of the two is not to be had, neither is taken.
    ///
    /// An account that nobody registered has no limit.
    async fn reserve(&self, account: &AccountId, to: Option<&Address>, want: u16) -> RepositoryResult<Reservation>;

    /// The right to send the one message that shows whether a stopped account works again, where it is time for that.
    async fn reserve_probe(&self, account: &AccountId, lease: Duration) -> RepositoryResult<Option<Turn>>;

    /// As [`claim_due`](super::Repository::claim_due), with a fair share for each account.
    async fn claim_shares(&self, claiming: &Claiming) -> RepositoryResult<Vec<OutboxJob>>;

    /// How long until an account whose messages are due may send again; `None` where none waits for that.
    async fn next_turn(&self, now: OffsetDateTime) -> RepositoryResult<Option<Duration>>;

    /// The provider asks for silence on this account for so long. A longer one stands.
    async fn pause_account(&self, account: &AccountId, wait: Duration, reason: &Problem) -> RepositoryResult<()>;

    /// Stops an account, or counts towards that. Returns whether it is stopped by this, and was not before.
    async fn stop_account(
        &self,
        account: &AccountId,
        stop: Stop,
        pauses: Pauses,
        reason: &Problem,
    ) -> RepositoryResult<bool>;

    /// The provider answered as it should: failures are forgotten, and where it was the probe the account goes on. Returns whether it
    /// was stopped.
    async fn recover_account(&self, account: &AccountId, probe: bool) -> RepositoryResult<bool>;

    /// The probe was not made: another message may.
    async fn leave_probe(&self, account: &AccountId) -> RepositoryResult<()>;

    /// Lets a stopped account go on, by an operator's word. Returns whether it was stopped; a pause that the provider asked for
    /// stands. [`RepositoryError::NotFound`](super::RepositoryError::NotFound) outside of the organisation.
    async fn resume_account(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<bool>;

    /// How the accounts of one organisation or of all stand.
    async fn pacing(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<AccountPacing>>;

    /// Forgets what was sent to whom so long ago that it limits nothing. Returns how many were forgotten.
    async fn prune_pairs(&self) -> RepositoryResult<usize>;
}
