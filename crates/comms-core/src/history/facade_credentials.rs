//! Credentials of users over this engine.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{
    super::statements::{consents, credentials},
    EngineRepository,
};
use crate::{
    AccountId, CredentialId, OrganizationId, UserId,
    history::{
        Credential, CredentialHealth, CredentialRepository, OauthState, PutCredential, RefreshClaim, RefreshOutcome,
        RepositoryError, RepositoryResult, SealedHook, SealedSecret, sql_types::Instant,
    },
};

const NO_CREDENTIAL: RepositoryError = RepositoryError::NotFound("the credential");

#[async_trait]
impl CredentialRepository for EngineRepository {
    async fn put_credential(&self, new: PutCredential) -> RepositoryResult<Credential> {
        let put = write!(self, |conn| credentials::put(conn, &new))?;
        put.ok_or_else(|| RepositoryError::Conflict("another user has connected this account".to_owned()))
    }

    async fn credential(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<Credential> {
        let (organization, account) = (organization.as_str().to_owned(), account.as_str().to_owned());
        read!(self, |conn| credentials::one(conn, &organization, &account))?.ok_or(NO_CREDENTIAL)
    }

    async fn credentials(
        &self,
        organization: &OrganizationId,
        owner: Option<&UserId>,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>> {
        let (organization, owner) = (organization.as_str().to_owned(), owner.map(|owner| owner.as_str().to_owned()));
        read!(self, |conn| credentials::list(conn, &organization, owner, after, limit))
    }

    async fn claim_refresh(
        &self,
        id: CredentialId,
        version: i64,
        now: OffsetDateTime,
        lease: Duration,
    ) -> RepositoryResult<Option<RefreshClaim>> {
        let (now, until) = (Instant::of(now), Instant::of(now + lease));
        write!(self, |conn| credentials::claim(conn, id, version, now, until))
    }

    async fn conclude_refresh(
        &self,
        claim: &RefreshClaim,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let (id, version, lease) = (claim.credential.id, claim.credential.version, Some(claim.token));
        let now = Instant::of(now);
        Ok(write!(self, |conn| credentials::conclude(conn, id, version, lease, &outcome, now))? > 0)
    }

    async fn end_credential(
        &self,
        id: CredentialId,
        version: i64,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let now = Instant::of(now);
        Ok(write!(self, |conn| credentials::conclude(conn, id, version, None, &outcome, now))? > 0)
    }

    async fn remove_credential(
        &self,
        organization: &OrganizationId,
        owner: &UserId,
        account: &AccountId,
    ) -> RepositoryResult<()> {
        let (organization, owner) = (organization.as_str().to_owned(), owner.as_str().to_owned());
        let account = account.as_str().to_owned();
        match write!(self, |conn| credentials::remove(conn, &organization, &owner, &account))? {
            0 => Err(NO_CREDENTIAL),
            _ => Ok(()),
        }
    }

    async fn credential_health(&self, limit: u16) -> RepositoryResult<CredentialHealth> {
        read!(self, |conn| credentials::health(conn, limit))
    }

    async fn sealed_otherwise(
        &self,
        key: &str,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>> {
        let key = key.to_owned();
        read!(self, |conn| credentials::sealed_otherwise(conn, &key, after, limit))
    }

    async fn reseal_credential(
        &self,
        id: CredentialId,
        version: i64,
        sealed: SealedSecret,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        Ok(write!(self, |conn| credentials::reseal(conn, id, version, &sealed, Instant::of(now)))? > 0)
    }

    async fn reseal_hook(&self, from: &SealedHook, to: &SealedHook) -> RepositoryResult<bool> {
        let (from, to) = (from.clone(), to.clone());
        Ok(write!(self, |conn| credentials::reseal_hook(conn, &from, &to))? > 0)
    }

    async fn begin_oauth(&self, state: &OauthState) -> RepositoryResult<()> {
        let state = state.clone();
        write!(self, |conn| consents::begin(conn, &state)).map(|_| ())
    }

    async fn take_oauth(
        &self,
        provider: &str,
        hash: &str,
        now: OffsetDateTime,
    ) -> RepositoryResult<Option<OauthState>> {
        let (provider, hash) = (provider.to_owned(), hash.to_owned());
        write!(self, |conn| consents::take(conn, &provider, &hash, Instant::of(now)))
    }
}
