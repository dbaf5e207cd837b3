//! Calls that go on by chat, broken in one way.

use async_trait::async_trait;
use comms_core::{
    AccountId, ContinuationId, Cursor, MessageId, OrganizationId,
    history::{
        Continuation, ContinuationClaim, ContinuationConclusion, ContinuationFilter, ContinuationJob,
        ContinuationRepository, ContinuationState, ContinuationStats, ContinuationStep, NewContinuation,
        RepositoryResult,
    },
};
use time::OffsetDateTime;

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

impl Broken {
    /// The organisation of another's continuation, for who does not look at it.
    async fn whose(&self, organization: &OrganizationId, id: ContinuationId) -> RepositoryResult<OrganizationId> {
        if !self.has(Flaw::DropsTheOrganisation(Method::Continuations)) {
            return Ok(organization.clone());
        }
        for one in self.inner.organizations().await? {
            if self.inner.continuation(&one.id, id).await.is_ok() {
                return Ok(one.id);
            }
        }
        Ok(organization.clone())
    }
}

#[async_trait]
impl ContinuationRepository for Broken {
    async fn hand_off(&self, mut new: NewContinuation) -> RepositoryResult<(Continuation, bool)> {
        if self.has(Flaw::ForgetsKeys) {
            new.call = format!("{}.{}", new.call, MessageId::new());
        }
        if self.has(Flaw::ForgetsParts) {
            new.client_name = None;
        }
        self.inner.hand_off(new).await
    }

    async fn claim_continuations(
        &self,
        claim: &ContinuationClaim,
    ) -> RepositoryResult<(Vec<ContinuationJob>, Option<OffsetDateTime>)> {
        let mut claim = claim.clone();
        if self.has(Flaw::SendsTooEarly) {
            claim.debounce = time::Duration::ZERO;
        }
        let (mut jobs, next) = self.inner.claim_continuations(&claim).await?;
        if self.has(Flaw::ForgetsClaims) {
            for job in &jobs {
                self.conclude(job, ContinuationStep::GivenBack, claim.now).await?;
            }
        }
        if self.has(Flaw::DropsRepetitions) {
            for burst in jobs.iter_mut().filter_map(|job| job.burst.as_mut()) {
                burst.messages.truncate(1);
            }
        }
        if self.has(Flaw::ForgetsReceipts) {
            for burst in jobs.iter_mut().filter_map(|job| job.burst.as_mut()) {
                burst.reply = None;
            }
        }
        Ok((jobs, next))
    }

    async fn conclude_continuation(&self, mut conclusion: ContinuationConclusion) -> RepositoryResult<bool> {
        if self.has(Flaw::StaysClosed)
            && let ContinuationStep::Ended { state, .. } = &mut conclusion.step
            && *state == ContinuationState::Escalated
        {
            *state = ContinuationState::Closed;
        }
        if !self.has(Flaw::BelievesOldClaims) {
            return self.inner.conclude_continuation(conclusion).await;
        }
        let newer = ContinuationConclusion { token: conclusion.token + 1, ..conclusion.clone() };
        Ok(self.inner.conclude_continuation(newer).await? || self.inner.conclude_continuation(conclusion).await?)
    }

    async fn continuation(&self, organization: &OrganizationId, id: ContinuationId) -> RepositoryResult<Continuation> {
        let organization = self.whose(organization, id).await?;
        self.inner.continuation(&organization, id).await
    }

    async fn continuations(
        &self,
        organization: &OrganizationId,
        filter: &ContinuationFilter,
    ) -> RepositoryResult<Vec<Continuation>> {
        let mut filter = filter.clone();
        if self.has(Flaw::IgnoresFilters) {
            filter = ContinuationFilter { limit: filter.limit, ..ContinuationFilter::default() };
        }
        self.inner.continuations(organization, &filter).await
    }

    async fn end_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        step: ContinuationStep,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        let organization = self.whose(organization, id).await?;
        self.inner.end_continuation(&organization, id, step, now).await
    }

    async fn resume_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        let organization = self.whose(organization, id).await?;
        self.inner.resume_continuation(&organization, id, now).await
    }

    async fn close_idle_continuations(&self, before: OffsetDateTime, now: OffsetDateTime) -> RepositoryResult<u64> {
        if self.has(Flaw::NeverExpires) {
            return Ok(0);
        }
        self.inner.close_idle_continuations(before, now).await
    }

    async fn restart_undelivered_continuations(&self, now: OffsetDateTime) -> RepositoryResult<u64> {
        if self.has(Flaw::NeverGivesUp) {
            return Ok(0);
        }
        self.inner.restart_undelivered_continuations(now).await
    }

    async fn human_answer(&self, id: ContinuationId) -> RepositoryResult<Option<MessageId>> {
        if self.has(Flaw::ForgetsAuthors) {
            return Ok(None);
        }
        self.inner.human_answer(id).await
    }

    async fn turns_since(&self, account: &AccountId, since: OffsetDateTime) -> RepositoryResult<i64> {
        if self.has(Flaw::CountsNothing) {
            return Ok(0);
        }
        self.inner.turns_since(account, since).await
    }

    async fn last_turns(&self, id: ContinuationId, limit: u16) -> RepositoryResult<Vec<OffsetDateTime>> {
        self.inner.last_turns(id, limit).await
    }

    async fn continuation_stats(
        &self,
        organization: Option<&OrganizationId>,
        since: OffsetDateTime,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContinuationStats> {
        let bound = organization.filter(|_| !self.has(Flaw::DropsTheOrganisation(Method::ContinuationStats)));
        let stats = self.inner.continuation_stats(bound, since, now).await?;
        if self.has(Flaw::CountsNothing) {
            return Ok(ContinuationStats { active: stats.active, ..ContinuationStats::default() });
        }
        Ok(stats)
    }

    async fn agent_cursor(&self, name: &str) -> RepositoryResult<Option<Cursor>> {
        self.inner.agent_cursor(name).await
    }

    async fn put_agent_cursor(&self, name: &str, cursor: &Cursor, now: OffsetDateTime) -> RepositoryResult<()> {
        if self.has(Flaw::ForgetsTheEnd) {
            return Ok(());
        }
        self.inner.put_agent_cursor(name, cursor, now).await
    }
}

impl Broken {
    async fn conclude(
        &self,
        job: &ContinuationJob,
        step: ContinuationStep,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        let conclusion = ContinuationConclusion { id: job.continuation.id, token: job.token, step, now };
        self.inner.conclude_continuation(conclusion).await.map(drop)
    }
}
