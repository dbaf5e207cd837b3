//! The store in memory has no outgoing webhooks: their stories are told over the real one.

use async_trait::async_trait;
use comms_core::{
    HookId, OrganizationId,
    history::{
        HookChange, HookConcluded, HookConclusion, HookDeliveryFilter, HookDeliveryPage, HookEndpoint, HookJob,
        HookPlan, HookRedrive, HookRepository, HookStats, RepositoryError, RepositoryResult,
    },
};
use time::{Duration, OffsetDateTime};

use crate::fake_repository::FakeRepository;

const NOTHING: RepositoryError = RepositoryError::NotFound("hook");

#[async_trait]
impl HookRepository for FakeRepository {
    async fn hooks(&self, _: &OrganizationId) -> RepositoryResult<Vec<HookEndpoint>> {
        Ok(Vec::new())
    }

    async fn hook(&self, _: &OrganizationId, _: HookId) -> RepositoryResult<HookEndpoint> {
        Err(NOTHING)
    }

    async fn add_hook(&self, _: &HookEndpoint) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn change_hook(
        &self,
        _: &OrganizationId,
        _: HookId,
        _: &HookChange,
        _: OffsetDateTime,
    ) -> RepositoryResult<HookEndpoint> {
        Err(NOTHING)
    }

    async fn remove_hook(&self, _: &OrganizationId, _: HookId) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn hooks_behind(&self, _: i64, _: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        Ok(Vec::new())
    }

    async fn plan_hook(&self, _: HookPlan) -> RepositoryResult<bool> {
        Err(NOTHING)
    }

    async fn hooks_due(&self, _: OffsetDateTime, _: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        Ok(Vec::new())
    }

    async fn claim_hook(&self, _: HookId, _: OffsetDateTime, _: Duration, _: u16) -> RepositoryResult<Vec<HookJob>> {
        Err(NOTHING)
    }

    async fn conclude_hook(&self, _: HookConclusion) -> RepositoryResult<HookConcluded> {
        Err(NOTHING)
    }

    async fn hook_deliveries(
        &self,
        _: &OrganizationId,
        _: HookId,
        _: &HookDeliveryFilter,
    ) -> RepositoryResult<HookDeliveryPage> {
        Err(NOTHING)
    }

    async fn redrive_hook(
        &self,
        _: &OrganizationId,
        _: HookId,
        _: HookRedrive,
        _: OffsetDateTime,
    ) -> RepositoryResult<u64> {
        Err(NOTHING)
    }

    async fn prune_hooks(&self, _: OffsetDateTime) -> RepositoryResult<u64> {
        Ok(0)
    }

    async fn hook_stats(&self) -> RepositoryResult<HookStats> {
        Ok(HookStats::default())
    }
}
