//! Outgoing webhooks over this engine.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{
    super::statements::{hook_deliveries, hooks},
    EngineRepository,
};
use crate::{
    HookId, OrganizationId,
    history::{
        HookChange, HookConcluded, HookConclusion, HookDeliveryFilter, HookDeliveryPage, HookEndpoint, HookJob,
        HookPlan, HookRedrive, HookRepository, HookStats, RepositoryError, RepositoryResult, sql_types::Instant,
    },
};

const NO_HOOK: RepositoryError = RepositoryError::NotFound("the endpoint");

#[async_trait]
impl HookRepository for EngineRepository {
    async fn hooks(&self, organization: &OrganizationId) -> RepositoryResult<Vec<HookEndpoint>> {
        let organization = organization.as_str().to_owned();
        read!(self, |conn| hooks::list(conn, &organization))
    }

    async fn hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<HookEndpoint> {
        let organization = organization.as_str().to_owned();
        read!(self, |conn| hooks::one(conn, &organization, id))?.ok_or(NO_HOOK)
    }

    async fn add_hook(&self, hook: &HookEndpoint) -> RepositoryResult<()> {
        let hook = hook.clone();
        write!(self, |conn| hooks::add(conn, &hook)).map(|_| ())
    }

    async fn change_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        change: &HookChange,
        now: OffsetDateTime,
    ) -> RepositoryResult<HookEndpoint> {
        let (organization, change, now) = (organization.as_str().to_owned(), change.clone(), Instant::of(now));
        write!(self, |conn| hooks::change(conn, &organization, id, &change, now))?.ok_or(NO_HOOK)
    }

    async fn remove_hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<()> {
        let organization = organization.as_str().to_owned();
        match write!(self, |conn| hooks::remove(conn, &organization, id))? {
            0 => Err(NO_HOOK),
            _ => Ok(()),
        }
    }

    async fn hooks_behind(&self, end: i64, limit: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        read!(self, |conn| hooks::behind(conn, end, limit))
    }

    async fn plan_hook(&self, plan: HookPlan) -> RepositoryResult<bool> {
        write!(self, |conn| hook_deliveries::plan(conn, &plan))
    }

    async fn hooks_due(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        read!(self, |conn| hooks::due(conn, Instant::of(now), limit))
    }

    async fn claim_hook(
        &self,
        id: HookId,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<HookJob>> {
        let (now, until) = (Instant::of(now), Instant::of(now + lease));
        write!(self, |conn| hook_deliveries::claim(conn, id, now, until, limit))
    }

    async fn conclude_hook(&self, conclusion: HookConclusion) -> RepositoryResult<HookConcluded> {
        let (concluded, cursor) = write!(self, |conn| hook_deliveries::conclude(conn, &conclusion))?;
        self.shared.grew(cursor);
        Ok(concluded)
    }

    async fn hook_deliveries(
        &self,
        organization: &OrganizationId,
        id: HookId,
        filter: &HookDeliveryFilter,
    ) -> RepositoryResult<HookDeliveryPage> {
        self.hook(organization, id).await?;
        let (organization, filter) = (organization.as_str().to_owned(), filter.clone());
        read!(self, |conn| hook_deliveries::page(conn, &organization, id, &filter))
    }

    async fn redrive_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        which: HookRedrive,
        now: OffsetDateTime,
    ) -> RepositoryResult<u64> {
        self.hook(organization, id).await?;
        let (organization, now) = (organization.as_str().to_owned(), Instant::of(now));
        if let HookRedrive::One(one) = which {
            let organization = organization.clone();
            if !read!(self, |conn| hook_deliveries::exists(conn, &organization, id, one))? {
                return Err(RepositoryError::NotFound("the delivery"));
            }
        }
        let put_back = write!(self, |conn| hook_deliveries::redrive(conn, &organization, id, which, now))?;
        Ok(u64::try_from(put_back).unwrap_or(u64::MAX))
    }

    async fn prune_hooks(&self, before: OffsetDateTime) -> RepositoryResult<u64> {
        let pruned = write!(self, |conn| hook_deliveries::prune(conn, Instant::of(before)))?;
        Ok(u64::try_from(pruned).unwrap_or(u64::MAX))
    }

    async fn hook_stats(&self) -> RepositoryResult<HookStats> {
        read!(self, |conn| hooks::stats(conn))
    }
}
