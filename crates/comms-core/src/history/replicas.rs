//! What several processes on one database share out among them.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{ClaimToken, RepositoryResult};
use crate::MessageId;

/// The number of a lease. It grows with each holder: who comes with an older one holds nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeaseToken(pub i64);

/// Leases and claims, as a part of the [`Repository`](super::Repository): which process does what.
///
/// A lease saves work; it proves nothing. A process that was stopped for longer than its lease lasted wakes up believing that it
/// holds it, and clocks differ: what is done under a lease has to be harmless where two do it.
///
/// # Errors
/// As the repository's.
#[async_trait]
pub trait ReplicaRepository: fmt::Debug + Send + Sync + 'static {
    /// Takes the lease of this name, or prolongs the holder's own, until `length` from now. `None` while somebody else holds it.
    ///
    /// Who prolongs keeps their token; who takes it gets a greater one than everybody before.
    async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: OffsetDateTime,
        length: Duration,
    ) -> RepositoryResult<Option<LeaseToken>>;

    /// Gives a lease back before its time, so that another may take it at once. Returns whether this changed anything: who lost
    /// the lease gives nothing back.
    async fn give_lease_back(&self, name: &str, token: LeaseToken, now: OffsetDateTime) -> RepositoryResult<bool>;

    /// Gives back messages that were claimed and whose attempt was not begun: they wait again, as if nobody had claimed them.
    /// Returns how many; of who does not hold the claim that they name nothing changes.
    async fn hand_back(&self, claims: &[(MessageId, ClaimToken)], now: OffsetDateTime) -> RepositoryResult<u64>;
}
