//! The store in memory has no mailboxes.

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, MessageId, OrganizationId,
    history::{RepositoryResult, SourceConclusion, SourceJob, SourceRepository, SourceStatus},
};
use time::{Duration, OffsetDateTime};

use crate::fake_repository::FakeRepository;

#[async_trait]
impl SourceRepository for FakeRepository {
    async fn put_source(&self, _: &AccountId, _: OffsetDateTime) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn remove_source(&self, _: &AccountId) -> RepositoryResult<()> {
        Ok(())
    }

    async fn hint_source(&self, _: &AccountId, _: u16, _: OffsetDateTime) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn claim_sources(&self, _: OffsetDateTime, _: Duration, _: u16) -> RepositoryResult<Vec<SourceJob>> {
        Ok(Vec::new())
    }

    async fn conclude_source(&self, _: SourceConclusion) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn received(&self, _: &AccountId, _: &[String]) -> RepositoryResult<Vec<MessageId>> {
        Ok(Vec::new())
    }

    async fn sources(&self, _: Option<&OrganizationId>) -> RepositoryResult<Vec<SourceStatus>> {
        Ok(Vec::new())
    }

    async fn known_addresses(&self, _: &OrganizationId, _: &[Address]) -> RepositoryResult<Vec<Address>> {
        Ok(Vec::new())
    }
}
