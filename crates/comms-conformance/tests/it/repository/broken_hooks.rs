//! The outgoing webhooks of a repository, broken in one way.

use async_trait::async_trait;
use comms_core::{
    HookId, OrganizationId,
    history::{
        HookChange, HookConcluded, HookConclusion, HookDeliveryFilter, HookDeliveryPage, HookEndpoint, HookJob,
        HookOutcome, HookPlan, HookRedrive, HookRepository, HookStats, RepositoryError, RepositoryResult, Scope,
    },
};
use time::{Duration, OffsetDateTime};

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

fn whole(organization: &OrganizationId) -> Scope {
    Scope { organization: organization.clone(), seller: None }
}

#[async_trait]
impl HookRepository for Broken {
    async fn hooks(&self, organization: &OrganizationId) -> RepositoryResult<Vec<HookEndpoint>> {
        let mut all = Vec::new();
        for scope in self.scopes(Method::Hooks, &whole(organization)).await? {
            all.extend(self.inner.hooks(&scope.organization).await?);
        }
        Ok(all)
    }

    async fn hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<HookEndpoint> {
        self.any(
            Method::Hook,
            &whole(organization),
            |scope| async move { self.inner.hook(&scope.organization, id).await },
        )
        .await
    }

    async fn add_hook(&self, hook: &HookEndpoint) -> RepositoryResult<()> {
        let mut hook = hook.clone();
        if self.has(Flaw::IgnoresFilters) {
            hook.filter = Default::default();
        }
        self.inner.add_hook(&hook).await
    }

    async fn change_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        change: &HookChange,
        now: OffsetDateTime,
    ) -> RepositoryResult<HookEndpoint> {
        self.any(Method::HookChange, &whole(organization), |scope| async move {
            self.inner.change_hook(&scope.organization, id, change, now).await
        })
        .await
    }

    async fn remove_hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<()> {
        self.any(Method::HookChange, &whole(organization), |scope| async move {
            self.inner.remove_hook(&scope.organization, id).await
        })
        .await
    }

    async fn hooks_behind(&self, end: i64, limit: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        self.inner.hooks_behind(end, limit).await
    }

    async fn plan_hook(&self, plan: HookPlan) -> RepositoryResult<bool> {
        let planned = self.inner.plan_hook(plan).await?;
        Ok(planned || self.has(Flaw::PlansAgain))
    }

    async fn hooks_due(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<HookEndpoint>> {
        self.inner.hooks_due(now, limit).await
    }

    async fn claim_hook(
        &self,
        id: HookId,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<HookJob>> {
        let lease = if self.has(Flaw::ForgetsClaims) { Duration::ZERO } else { lease };
        let jobs = self.inner.claim_hook(id, now, lease, limit).await?;
        self.note_claims(&jobs);
        Ok(jobs)
    }

    async fn conclude_hook(&self, mut conclusion: HookConclusion) -> RepositoryResult<HookConcluded> {
        match self.flaw {
            Flaw::BelievesOldClaims => conclusion.token = self.last_claim(&conclusion),
            Flaw::NeverGivesUp => {
                conclusion.patience = Duration::MAX;
                if conclusion.outcome == HookOutcome::Gone {
                    conclusion.outcome = HookOutcome::Again(conclusion.now);
                }
            }
            Flaw::BlamesThemForOurs => conclusion.theirs = true,
            _ => {}
        }
        self.inner.conclude_hook(conclusion).await
    }

    async fn hook_deliveries(
        &self,
        organization: &OrganizationId,
        id: HookId,
        filter: &HookDeliveryFilter,
    ) -> RepositoryResult<HookDeliveryPage> {
        let mut filter = filter.clone();
        match self.flaw {
            Flaw::IgnoresLimits => filter.limit = 200,
            Flaw::IgnoresFilters => filter.state = None,
            _ => {}
        }
        let mut page = self
            .any(Method::Hook, &whole(organization), |scope| {
                let filter = filter.clone();
                async move { self.inner.hook_deliveries(&scope.organization, id, &filter).await }
            })
            .await?;
        if self.has(Flaw::RepeatsTheLastRow)
            && let ([.., before, _], true) = (page.entries.as_slice(), page.next.is_some())
        {
            page.next = Some(comms_core::history::DeskKey { at: before.created_at, id: before.id.0 });
        }
        Ok(page)
    }

    async fn redrive_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        which: HookRedrive,
        now: OffsetDateTime,
    ) -> RepositoryResult<u64> {
        if self.has(Flaw::ForgetsRetries) {
            return Err(RepositoryError::NotFound("it"));
        }
        self.any(Method::HookChange, &whole(organization), |scope| async move {
            self.inner.redrive_hook(&scope.organization, id, which, now).await
        })
        .await
    }

    async fn prune_hooks(&self, before: OffsetDateTime) -> RepositoryResult<u64> {
        let before = if self.has(Flaw::ForgetsTooMuch) { before + Duration::days(30) } else { before };
        self.inner.prune_hooks(before).await
    }

    async fn hook_stats(&self) -> RepositoryResult<HookStats> {
        self.inner.hook_stats().await
    }
}
