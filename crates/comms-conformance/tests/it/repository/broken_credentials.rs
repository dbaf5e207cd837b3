//! The credentials of a repository, broken in one way.

use async_trait::async_trait;
use comms_core::{
    AccountId, CredentialId, OrganizationId, UserId,
    history::{
        Credential, CredentialHealth, CredentialRepository, CredentialState, OauthState, PutCredential, RefreshClaim,
        RefreshOutcome, RepositoryResult, Scope, SealedHook, SealedSecret,
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

impl Broken {
    /// The version that there is, whatever was read.
    async fn newest(&self, id: CredentialId, version: i64) -> RepositoryResult<i64> {
        if !self.has(Flaw::IgnoresVersions) {
            return Ok(version);
        }
        for organization in self.inner.organizations().await? {
            let all = self.inner.credentials(&organization.id, None, None, 200).await?;
            if let Some(one) = all.into_iter().find(|one| one.id == id) {
                return Ok(one.version);
            }
        }
        Ok(version)
    }

    fn told(&self, outcome: RefreshOutcome) -> RefreshOutcome {
        match outcome {
            RefreshOutcome::Ended { state, .. } if self.has(Flaw::ForgetsReasons) => {
                RefreshOutcome::Ended { state, reason: String::new(), detail: String::new() }
            }
            RefreshOutcome::Failed { since, .. } if self.has(Flaw::ForgetsReasons) => {
                RefreshOutcome::Failed { since, failure: String::new() }
            }
            other => other,
        }
    }
}

#[async_trait]
impl CredentialRepository for Broken {
    async fn put_credential(&self, mut new: PutCredential) -> RepositoryResult<Credential> {
        if self.has(Flaw::HandsAccountsOver)
            && let Ok(one) = self.inner.credential(&new.organization, &new.account).await
        {
            let ended = RefreshOutcome::Ended {
                state: CredentialState::Revoked,
                reason: "taken over".to_owned(),
                detail: String::new(),
            };
            self.inner.end_credential(one.id, one.version, ended, new.now).await?;
        }
        if self.has(Flaw::ForgetsParts) {
            new.scopes.clear();
        }
        self.inner.put_credential(new).await
    }

    async fn credential(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<Credential> {
        self.any(Method::Credential, &whole(organization), |scope| async move {
            self.inner.credential(&scope.organization, account).await
        })
        .await
    }

    async fn credentials(
        &self,
        organization: &OrganizationId,
        owner: Option<&UserId>,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>> {
        let mut all = Vec::new();
        let owner = owner.filter(|_| !self.has(Flaw::IgnoresFilters));
        for scope in self.scopes(Method::Credentials, &whole(organization)).await? {
            all.extend(self.inner.credentials(&scope.organization, owner, after, limit).await?);
        }
        Ok(all)
    }

    async fn claim_refresh(
        &self,
        id: CredentialId,
        version: i64,
        now: OffsetDateTime,
        lease: Duration,
    ) -> RepositoryResult<Option<RefreshClaim>> {
        let lease = if self.has(Flaw::ForgetsClaims) { Duration::ZERO } else { lease };
        let version = self.newest(id, version).await?;
        self.inner.claim_refresh(id, version, now, lease).await
    }

    async fn conclude_refresh(
        &self,
        claim: &RefreshClaim,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let outcome = self.told(outcome);
        if self.has(Flaw::BelievesOldClaims) {
            return self.inner.end_credential(claim.credential.id, claim.credential.version, outcome, now).await;
        }
        let mut claim = claim.clone();
        claim.credential.version = self.newest(claim.credential.id, claim.credential.version).await?;
        self.inner.conclude_refresh(&claim, outcome, now).await
    }

    async fn end_credential(
        &self,
        id: CredentialId,
        version: i64,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let version = self.newest(id, version).await?;
        self.inner.end_credential(id, version, self.told(outcome), now).await
    }

    async fn remove_credential(
        &self,
        organization: &OrganizationId,
        owner: &UserId,
        account: &AccountId,
    ) -> RepositoryResult<()> {
        self.any(Method::CredentialChange, &whole(organization), |scope| async move {
            self.inner.remove_credential(&scope.organization, owner, account).await
        })
        .await
    }

    async fn credential_health(&self, limit: u16) -> RepositoryResult<CredentialHealth> {
        if self.has(Flaw::CountsNothing) {
            return Ok(CredentialHealth::default());
        }
        self.inner.credential_health(limit).await
    }

    async fn sealed_otherwise(
        &self,
        key: &str,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>> {
        let after = after.filter(|_| !self.has(Flaw::RepeatsTheLastRow));
        self.inner.sealed_otherwise(key, after, limit).await
    }

    async fn reseal_credential(
        &self,
        id: CredentialId,
        version: i64,
        sealed: SealedSecret,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let version = self.newest(id, version).await?;
        self.inner.reseal_credential(id, version, sealed, now).await
    }

    async fn reseal_hook(&self, from: &SealedHook, to: &SealedHook) -> RepositoryResult<bool> {
        self.inner.reseal_hook(from, to).await
    }

    async fn begin_oauth(&self, state: &OauthState) -> RepositoryResult<()> {
        self.inner.begin_oauth(state).await
    }

    async fn take_oauth(
        &self,
        provider: &str,
        hash: &str,
        now: OffsetDateTime,
    ) -> RepositoryResult<Option<OauthState>> {
        let now = if self.has(Flaw::HonoursOldStates) { OffsetDateTime::UNIX_EPOCH } else { now };
        let taken = self.inner.take_oauth(provider, hash, now).await?;
        if let Some(state) = taken.as_ref().filter(|_| self.has(Flaw::HonoursUsedStates)) {
            self.inner.begin_oauth(state).await?;
        }
        Ok(taken)
    }
}
