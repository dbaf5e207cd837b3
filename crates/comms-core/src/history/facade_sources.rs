//! Sources over this engine.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{super::statements::sources, EngineRepository};
use crate::{
    AccountId, Address, MessageId, OrganizationId,
    history::{RepositoryResult, SourceConclusion, SourceJob, SourceRepository, SourceStatus, sql_types::Instant},
};

#[async_trait]
impl SourceRepository for EngineRepository {
    async fn put_source(&self, account: &AccountId, now: OffsetDateTime) -> RepositoryResult<bool> {
        let account = account.clone();
        let changed = write!(self, |conn| sources::put(conn, account.as_str(), Instant::of(now)))?;
        Ok(changed > 0)
    }

    async fn remove_source(&self, account: &AccountId) -> RepositoryResult<()> {
        let account = account.clone();
        write!(self, |conn| sources::remove(conn, account.as_str())).map(drop)
    }

    async fn hint_source(&self, account: &AccountId, looks: u16, now: OffsetDateTime) -> RepositoryResult<bool> {
        let account = account.clone();
        let hinted = write!(self, |conn| sources::hint(conn, account.as_str(), looks, Instant::of(now)))?;
        Ok(hinted > 0)
    }

    async fn claim_sources(
        &self,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<SourceJob>> {
        let (now, until) = (Instant::of(now), Instant::of(now + lease));
        write!(self, |conn| sources::claim(conn, now, until, limit))
    }

    async fn conclude_source(&self, conclusion: SourceConclusion) -> RepositoryResult<bool> {
        let concluded = write!(self, |conn| sources::conclude(conn, &conclusion))?;
        Ok(concluded > 0)
    }

    async fn received(&self, account: &AccountId, provider_ids: &[String]) -> RepositoryResult<Vec<MessageId>> {
        let (account, ids) = (account.clone(), provider_ids.to_vec());
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        read!(self, |conn| sources::received(conn, account.as_str(), ids))
    }

    async fn sources(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<SourceStatus>> {
        let organization = organization.cloned();
        read!(self, |conn| sources::list(conn, organization.as_ref().map(OrganizationId::as_str)))
    }

    async fn known_addresses(
        &self,
        organization: &OrganizationId,
        addresses: &[Address],
    ) -> RepositoryResult<Vec<Address>> {
        let (organization, addresses, shared) = (organization.clone(), addresses.to_vec(), self.shared.clone());
        read!(self, |conn| sources::known(conn, &shared.directory, organization.as_str(), &addresses))
    }
}
