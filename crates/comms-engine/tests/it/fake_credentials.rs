//! The store in memory has no credentials: their stories are told over the real one.

use async_trait::async_trait;
use comms_core::{
    AccountId, CredentialId, OrganizationId, UserId,
    history::{
        Credential, CredentialHealth, CredentialRepository, OauthState, PutCredential, RefreshClaim, RefreshOutcome,
        RepositoryError, RepositoryResult, SealedHook, SealedSecret,
    },
};
use time::{Duration, OffsetDateTime};

use crate::fake_repository::FakeRepository;

const NOTHING: RepositoryError = RepositoryError::NotFound("credential");

#[async_trait]
impl CredentialRepository for FakeRepository {
    async fn put_credential(&self, _: PutCredential) -> RepositoryResult<Credential> {
        Err(NOTHING)
    }

    async fn credential(&self, _: &OrganizationId, _: &AccountId) -> RepositoryResult<Credential> {
        Err(NOTHING)
    }

    async fn credentials(
        &self,
        _: &OrganizationId,
        _: Option<&UserId>,
        _: Option<CredentialId>,
        _: u16,
    ) -> RepositoryResult<Vec<Credential>> {
        Ok(Vec::new())
    }

    async fn claim_refresh(
        &self,
        _: CredentialId,
        _: i64,
        _: OffsetDateTime,
        _: Duration,
    ) -> RepositoryResult<Option<RefreshClaim>> {
        Err(NOTHING)
    }

    async fn conclude_refresh(&self, _: &RefreshClaim, _: RefreshOutcome, _: OffsetDateTime) -> RepositoryResult<bool> {
        Err(NOTHING)
    }

    async fn end_credential(
        &self,
        _: CredentialId,
        _: i64,
        _: RefreshOutcome,
        _: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        Err(NOTHING)
    }

    async fn remove_credential(&self, _: &OrganizationId, _: &UserId, _: &AccountId) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn credential_health(&self, _: u16) -> RepositoryResult<CredentialHealth> {
        Ok(CredentialHealth::default())
    }

    async fn sealed_otherwise(&self, _: &str, _: Option<CredentialId>, _: u16) -> RepositoryResult<Vec<Credential>> {
        Ok(Vec::new())
    }

    async fn reseal_credential(
        &self,
        _: CredentialId,
        _: i64,
        _: SealedSecret,
        _: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        Err(NOTHING)
    }

    async fn reseal_hook(&self, _: &SealedHook, _: &SealedHook) -> RepositoryResult<bool> {
        Err(NOTHING)
    }

    async fn begin_oauth(&self, _: &OauthState) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn take_oauth(&self, _: &str, _: &str, _: OffsetDateTime) -> RepositoryResult<Option<OauthState>> {
        Ok(None)
    }
}
