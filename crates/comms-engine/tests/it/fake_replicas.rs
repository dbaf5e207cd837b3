//! The store in memory is one process's own: every lease is free.

use async_trait::async_trait;
use comms_core::{
    MessageId, Status,
    history::{ClaimToken, LeaseToken, ReplicaRepository, RepositoryResult},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::fake_repository::FakeRepository;

#[async_trait]
impl ReplicaRepository for FakeRepository {
    async fn take_lease(
        &self,
        name: &str,
        _: Uuid,
        now: OffsetDateTime,
        _: Duration,
    ) -> RepositoryResult<Option<LeaseToken>> {
        let held = self.call("take_lease")?.leases.get(name).is_some_and(|until| *until > now);
        Ok((!held).then_some(LeaseToken(1)))
    }

    async fn give_lease_back(&self, _: &str, _: LeaseToken, _: OffsetDateTime) -> RepositoryResult<bool> {
        self.call("give_lease_back").map(|_| true)
    }

    async fn hand_back(&self, claims: &[(MessageId, ClaimToken)], _: OffsetDateTime) -> RepositoryResult<u64> {
        let mut state = self.call("hand_back")?;
        for (id, _) in claims {
            state.messages.get_mut(id).unwrap().detail.entry.status = Status::Queued;
        }
        Ok(claims.len() as u64)
    }
}
