//! The paces of a repository, broken in one way.

use std::time::Duration;

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, OrganizationId, Pace, Problem, Rate,
    history::{
        AccountPacing, Claiming, OutboxJob, PacingRepository, Pauses, RepositoryError, RepositoryResult, Reservation,
        Stop, Turn,
    },
};
use time::OffsetDateTime;

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

#[async_trait]
impl PacingRepository for Broken {
    async fn set_pace(&self, account: &AccountId, shared: Option<&AccountId>, pace: &Pace) -> RepositoryResult<()> {
        let mut pace = *pace;
        match self.flaw {
            Flaw::ForgetsPaces => pace.account = None,
            Flaw::ForgetsPairs => pace.pair = None,
            Flaw::OverrulesOperators => self.inner.set_own_rate(&self.home(account).await?, account, None).await?,
            _ => {}
        }
        let shared = shared.filter(|_| !self.has(Flaw::GivesEachTheWholeRate));
        self.inner.set_pace(account, shared, &pace).await
    }

    async fn set_own_rate(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        rate: Option<Rate>,
    ) -> RepositoryResult<()> {
        let organization = self.theirs(organization, account).await?;
        self.inner.set_own_rate(&organization, account, rate).await
    }

    async fn reserve(&self, account: &AccountId, to: Option<&Address>, want: u16) -> RepositoryResult<Reservation> {
        if self.has(Flaw::LooksBeforeItTakes) {
            // As where the number of free places is read, and written later.
            let looked = self.inner.reserve(account, None, 1).await?;
            tokio::task::yield_now().await;
            return Ok(match looked {
                Reservation::Turns(_) => Reservation::Turns(vec![Turn::default(); want.into()]),
                held => held,
            });
        }
        self.inner.reserve(account, to, want).await
    }

    async fn reserve_probe(&self, account: &AccountId, lease: Duration) -> RepositoryResult<Option<Turn>> {
        if self.has(Flaw::LetsEverybodyProbe) {
            return Ok(Some(Turn { probe: true, ..Turn::default() }));
        }
        self.inner.reserve_probe(account, lease).await
    }

    async fn claim_shares(&self, claiming: &Claiming) -> RepositoryResult<Vec<OutboxJob>> {
        if self.has(Flaw::ServesTheFirst) {
            return self.inner.claim_due(claiming.now, claiming.lease, claiming.limit).await;
        }
        self.inner.claim_shares(claiming).await
    }

    async fn next_turn(&self, now: OffsetDateTime) -> RepositoryResult<Option<Duration>> {
        self.inner.next_turn(now).await
    }

    async fn pause_account(&self, account: &AccountId, wait: Duration, reason: &Problem) -> RepositoryResult<()> {
        if self.has(Flaw::IgnoresPauses) {
            return Ok(());
        }
        self.inner.pause_account(account, wait, reason).await
    }

    async fn stop_account(
        &self,
        account: &AccountId,
        stop: Stop,
        pauses: Pauses,
        reason: &Problem,
    ) -> RepositoryResult<bool> {
        if self.has(Flaw::StopsNobody) {
            return Ok(stop == Stop::AtOnce);
        }
        self.inner.stop_account(account, stop, pauses, reason).await
    }

    async fn recover_account(&self, account: &AccountId, probe: bool) -> RepositoryResult<bool> {
        if self.has(Flaw::ForgetsSuccesses) && !probe {
            return Ok(false);
        }
        self.inner.recover_account(account, probe).await
    }

    async fn leave_probe(&self, account: &AccountId) -> RepositoryResult<()> {
        self.inner.leave_probe(account).await
    }

    async fn resume_account(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<bool> {
        let organization = self.theirs(organization, account).await?;
        self.inner.resume_account(&organization, account).await
    }

    async fn pacing(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<AccountPacing>> {
        let all = self.has(Flaw::DropsTheOrganisation(Method::Pacing));
        self.inner.pacing(organization.filter(|_| !all)).await
    }

    async fn prune_pairs(&self) -> RepositoryResult<usize> {
        self.inner.prune_pairs().await
    }
}

impl Broken {
    /// The organisation of an account.
    async fn home(&self, account: &AccountId) -> RepositoryResult<OrganizationId> {
        let all = self.inner.accounts(None).await?;
        let own = all.into_iter().find(|one| one.id == *account);
        own.map(|one| one.organization).ok_or(RepositoryError::NotFound("it"))
    }

    async fn theirs(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<OrganizationId> {
        match self.has(Flaw::DropsTheOrganisation(Method::Rate)) {
            true => self.home(account).await,
            false => Ok(organization.clone()),
        }
    }
}
