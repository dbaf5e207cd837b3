//! The store in memory has no calls that go on by chat.

use async_trait::async_trait;
use comms_core::{
    AccountId, ContinuationId, Cursor, MessageId, OrganizationId,
    history::{
        Continuation, ContinuationClaim, ContinuationConclusion, ContinuationFilter, ContinuationJob,
        ContinuationRepository, ContinuationStats, ContinuationStep, NewContinuation, RepositoryError,
        RepositoryResult,
    },
};
use time::OffsetDateTime;

use crate::fake_repository::FakeRepository;

const NONE: RepositoryError = RepositoryError::NotFound("the continuation");

#[async_trait]
impl ContinuationRepository for FakeRepository {
    async fn hand_off(&self, _: NewContinuation) -> RepositoryResult<(Continuation, bool)> {
        Err(NONE)
    }

    async fn claim_continuations(
        &self,
        _: &ContinuationClaim,
    ) -> RepositoryResult<(Vec<ContinuationJob>, Option<OffsetDateTime>)> {
        Ok((Vec::new(), None))
    }

    async fn conclude_continuation(&self, _: ContinuationConclusion) -> RepositoryResult<bool> {
        Ok(false)
    }

    async fn continuation(&self, _: &OrganizationId, _: ContinuationId) -> RepositoryResult<Continuation> {
        Err(NONE)
    }

    async fn continuations(&self, _: &OrganizationId, _: &ContinuationFilter) -> RepositoryResult<Vec<Continuation>> {
        Ok(Vec::new())
    }

    async fn end_continuation(
        &self,
        _: &OrganizationId,
        _: ContinuationId,
        _: ContinuationStep,
        _: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        Err(NONE)
    }

    async fn resume_continuation(
        &self,
        _: &OrganizationId,
        _: ContinuationId,
        _: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        Err(NONE)
    }

    async fn close_idle_continuations(&self, _: OffsetDateTime, _: OffsetDateTime) -> RepositoryResult<u64> {
        Ok(0)
    }

    async fn restart_undelivered_continuations(&self, _: OffsetDateTime) -> RepositoryResult<u64> {
        Ok(0)
    }

    async fn human_answer(&self, _: ContinuationId) -> RepositoryResult<Option<MessageId>> {
        Ok(None)
    }

    async fn turns_since(&self, _: &AccountId, _: OffsetDateTime) -> RepositoryResult<i64> {
        Ok(0)
    }

    async fn last_turns(&self, _: ContinuationId, _: u16) -> RepositoryResult<Vec<OffsetDateTime>> {
        Ok(Vec::new())
    }

    async fn continuation_stats(
        &self,
        _: Option<&OrganizationId>,
        _: OffsetDateTime,
        _: OffsetDateTime,
    ) -> RepositoryResult<ContinuationStats> {
        Ok(ContinuationStats::default())
    }

    async fn agent_cursor(&self, _: &str) -> RepositoryResult<Option<Cursor>> {
        Ok(None)
    }

    async fn put_agent_cursor(&self, _: &str, _: &Cursor, _: OffsetDateTime) -> RepositoryResult<()> {
        Ok(())
    }
}
