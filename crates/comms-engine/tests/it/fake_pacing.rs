//! The paces of the store in memory: nobody is held.

use std::time::Duration;

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, OrganizationId, Pace, Problem, Rate,
    history::{
        AccountPacing, Claiming, OutboxJob, PacingRepository, Pauses, RepositoryResult, Reservation, Stop, Turn,
    },
};
use time::OffsetDateTime;

use crate::fake_repository::FakeRepository;

#[async_trait]
impl PacingRepository for FakeRepository {
    async fn set_pace(&self, _: &AccountId, _: Option<&AccountId>, _: &Pace) -> RepositoryResult<()> {
        Ok(())
    }

    async fn set_own_rate(&self, _: &OrganizationId, _: &AccountId, _: Option<Rate>) -> RepositoryResult<()> {
        Ok(())
    }

    async fn reserve(&self, _: &AccountId, _: Option<&Address>, want: u16) -> RepositoryResult<Reservation> {
        Ok(Reservation::Turns(vec![Turn::default(); want.max(1).into()]))
    }

    async fn reserve_probe(&self, _: &AccountId, _: Duration) -> RepositoryResult<Option<Turn>> {
        Ok(None)
    }

    async fn claim_shares(&self, _: &Claiming) -> RepositoryResult<Vec<OutboxJob>> {
        Ok(Vec::new())
    }

    async fn next_turn(&self, _: OffsetDateTime) -> RepositoryResult<Option<Duration>> {
        Ok(None)
    }

    async fn pause_account(&self, _: &AccountId, _: Duration, _: &Problem) -> RepositoryResult<()> {
        Ok(())
    }

    async fn stop_account(&self, _: &AccountId, _: Stop, _: Pauses, _: &Problem) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn recover_account(&self, _: &AccountId, _: bool) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn leave_probe(&self, _: &AccountId) -> RepositoryResult<()> {
        Ok(())
    }

    async fn resume_account(&self, _: &OrganizationId, _: &AccountId) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn pacing(&self, _: Option<&OrganizationId>) -> RepositoryResult<Vec<AccountPacing>> {
        Ok(Vec::new())
    }

    async fn prune_pairs(&self) -> RepositoryResult<usize> {
        Ok(0)
    }
}
