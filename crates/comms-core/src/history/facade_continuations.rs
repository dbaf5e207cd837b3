//! Calls that go on by chat, over this engine.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{
    super::statements::{
        continuation_claims, continuation_counts, continuation_import, continuation_steps, continuations,
    },
    EngineRepository,
};
use crate::{
    AccountId, ContinuationId, Cursor, MessageId, OrganizationId,
    history::{
        Continuation, ContinuationClaim, ContinuationConclusion, ContinuationFilter, ContinuationJob,
        ContinuationRepository, ContinuationStats, ContinuationStep, NewContinuation, RepositoryError,
        RepositoryResult, sql_types::Instant,
    },
};

const NONE: RepositoryError = RepositoryError::NotFound("the continuation");

impl EngineRepository {
    /// Takes over what another program had in tables of these names, once. Returns how many conversations.
    pub(super) async fn import_conversations(&self) -> RepositoryResult<u64> {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (state, messages) = (continuation_import::STATE, continuation_import::MESSAGES);
        let wanted = vec![(state.0.to_owned(), columns(&state.1)), (messages.0.to_owned(), columns(&messages.1))];
        if !self.engine.missing(wanted, &self.settings).await?.is_empty() {
            return Ok(0);
        }
        let (organization, now) = (self.settings.organization.as_str().to_owned(), Instant::of(self.now()));
        let schema = super::super::SCHEMAS.then(|| self.settings.public_schema.clone());
        write!(self, |conn| continuation_import::import(conn, schema.as_deref(), &organization, now))
    }
}

#[async_trait]
impl ContinuationRepository for EngineRepository {
    async fn hand_off(&self, new: NewContinuation) -> RepositoryResult<(Continuation, bool)> {
        write!(self, |conn| continuations::hand_off(conn, &new))
    }

    async fn claim_continuations(
        &self,
        claim: &ContinuationClaim,
    ) -> RepositoryResult<(Vec<ContinuationJob>, Option<OffsetDateTime>)> {
        let claim = claim.clone();
        write!(self, |conn| continuation_claims::claim(conn, &claim))
    }

    async fn conclude_continuation(&self, conclusion: ContinuationConclusion) -> RepositoryResult<bool> {
        let (counted, cursor) = write!(self, |conn| continuation_steps::conclude(conn, &conclusion))?;
        self.shared.grew(cursor);
        Ok(counted)
    }

    async fn continuation(&self, organization: &OrganizationId, id: ContinuationId) -> RepositoryResult<Continuation> {
        let organization = organization.as_str().to_owned();
        read!(self, |conn| continuations::one(conn, &organization, id))?.ok_or(NONE)
    }

    async fn continuations(
        &self,
        organization: &OrganizationId,
        filter: &ContinuationFilter,
    ) -> RepositoryResult<Vec<Continuation>> {
        let (organization, filter) = (organization.as_str().to_owned(), filter.clone());
        read!(self, |conn| continuations::list(conn, &organization, &filter))
    }

    async fn end_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        step: ContinuationStep,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        let (organization, now) = (organization.as_str().to_owned(), Instant::of(now));
        let ended = write!(self, |conn| continuation_steps::end(conn, &organization, id, &step, now))?;
        let (continuation, changed, cursor) = ended.ok_or(NONE)?;
        self.shared.grew(cursor);
        Ok((continuation, changed))
    }

    async fn resume_continuation(
        &self,
        organization: &OrganizationId,
        id: ContinuationId,
        now: OffsetDateTime,
    ) -> RepositoryResult<(Continuation, bool)> {
        let (organization, now) = (organization.as_str().to_owned(), Instant::of(now));
        let resumed = write!(self, |conn| continuation_steps::resume(conn, &organization, id, now))?;
        let (continuation, changed, cursor) = resumed.ok_or(NONE)?;
        self.shared.grew(cursor);
        Ok((continuation, changed))
    }

    async fn close_idle_continuations(&self, before: OffsetDateTime, now: OffsetDateTime) -> RepositoryResult<u64> {
        let (before, now) = (Instant::of(before), Instant::of(now));
        write!(self, |conn| continuation_import::adopt(conn, now))?;
        let closed = write!(self, |conn| continuation_counts::close_idle(conn, before, now))?;
        Ok(closed as u64)
    }

    async fn restart_undelivered_continuations(&self, now: OffsetDateTime) -> RepositoryResult<u64> {
        let now = Instant::of(now);
        let restarted = write!(self, |conn| continuation_counts::restart_undelivered(conn, now))?;
        Ok(restarted as u64)
    }

    async fn human_answer(&self, id: ContinuationId) -> RepositoryResult<Option<MessageId>> {
        read!(self, |conn| continuation_counts::human_answer(conn, id.0))
    }

    async fn turns_since(&self, account: &AccountId, since: OffsetDateTime) -> RepositoryResult<i64> {
        let (account, since) = (account.as_str().to_owned(), Instant::of(since));
        read!(self, |conn| continuation_claims::turns_since(conn, &account, since))
    }

    async fn last_turns(&self, id: ContinuationId, limit: u16) -> RepositoryResult<Vec<OffsetDateTime>> {
        read!(self, |conn| continuation_claims::last_turns(conn, id.0, limit))
    }

    async fn continuation_stats(
        &self,
        organization: Option<&OrganizationId>,
        since: OffsetDateTime,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContinuationStats> {
        let organization = organization.map(|one| one.as_str().to_owned());
        let (since, now) = (Instant::of(since), Instant::of(now));
        read!(self, |conn| continuation_counts::stats(conn, organization.as_deref(), since, now))
    }

    async fn agent_cursor(&self, name: &str) -> RepositoryResult<Option<Cursor>> {
        let name = name.to_owned();
        read!(self, |conn| continuation_counts::cursor(conn, &name))
    }

    async fn put_agent_cursor(&self, name: &str, cursor: &Cursor, now: OffsetDateTime) -> RepositoryResult<()> {
        let (name, cursor, now) = (name.to_owned(), cursor.clone(), Instant::of(now));
        write!(self, |conn| continuation_counts::put_cursor(conn, &name, &cursor, now)).map(drop)
    }
}
