//! Sources, broken in one way.

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, MessageId, OrganizationId,
    history::{RepositoryResult, SourceConclusion, SourceJob, SourceRepository, SourceStatus},
};
use time::{Duration, OffsetDateTime};

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

#[async_trait]
impl SourceRepository for Broken {
    async fn put_source(&self, account: &AccountId, now: OffsetDateTime) -> RepositoryResult<bool> {
        self.inner.put_source(account, now).await
    }

    async fn remove_source(&self, account: &AccountId) -> RepositoryResult<()> {
        self.inner.remove_source(account).await
    }

    async fn hint_source(&self, account: &AccountId, looks: u16, now: OffsetDateTime) -> RepositoryResult<bool> {
        if self.has(Flaw::NeverHints) { Ok(true) } else { self.inner.hint_source(account, looks, now).await }
    }

    async fn claim_sources(
        &self,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<SourceJob>> {
        let jobs = self.inner.claim_sources(now, lease, limit).await?;
        if self.has(Flaw::ForgetsClaims) {
            for job in jobs.clone() {
                let forgotten =
                    SourceConclusion { job, cursor: None, state: None, problem: None, next_at: now, looks: 0, now };
                self.inner.conclude_source(forgotten).await?;
            }
        }
        Ok(jobs)
    }

    async fn conclude_source(&self, mut conclusion: SourceConclusion) -> RepositoryResult<bool> {
        if self.has(Flaw::ForgetsReasons) {
            conclusion.problem = None;
        }
        if !self.has(Flaw::BelievesOldClaims) {
            return self.inner.conclude_source(conclusion).await;
        }
        let mut newer = conclusion.clone();
        newer.job.token += 1;
        Ok(self.inner.conclude_source(newer).await? || self.inner.conclude_source(conclusion).await?)
    }

    async fn received(&self, account: &AccountId, provider_ids: &[String]) -> RepositoryResult<Vec<MessageId>> {
        if self.has(Flaw::KnowsNobody) {
            return Ok(Vec::new());
        }
        self.inner.received(account, provider_ids).await
    }

    async fn sources(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<SourceStatus>> {
        let bound = organization.filter(|_| !self.has(Flaw::DropsTheOrganisation(Method::Sources)));
        self.inner.sources(bound).await
    }

    async fn known_addresses(
        &self,
        organization: &OrganizationId,
        addresses: &[Address],
    ) -> RepositoryResult<Vec<Address>> {
        if self.has(Flaw::KnowsNobody) {
            return Ok(Vec::new());
        }
        self.inner.known_addresses(organization, addresses).await
    }
}
