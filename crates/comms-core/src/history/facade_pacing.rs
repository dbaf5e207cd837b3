//! The paces of the accounts over this engine.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{
    super::statements::{claim, lanes, pacing},
    EngineRepository,
};
use crate::{
    AccountId, Address, OrganizationId, Pace, Problem, Rate,
    history::{
        AccountPacing, Claiming, OutboxJob, PacingRepository, Pauses, RepositoryError, RepositoryResult, Reservation,
        Stop, Turn, sql_types::Doc,
    },
};

const NO_ACCOUNT: RepositoryError = RepositoryError::NotFound("the account");

/// The problem as it is stored; one that cannot be told is none.
fn doc(problem: &Problem) -> Doc {
    Doc(serde_json::to_value(problem).unwrap_or_default())
}

#[async_trait]
impl PacingRepository for EngineRepository {
    async fn set_pace(&self, account: &AccountId, shared: Option<&AccountId>, pace: &Pace) -> RepositoryResult<()> {
        let (account, lane, pace, now) = (account.clone(), shared.cloned(), *pace, self.now());
        write!(self, |conn| pacing::set_pace(conn, account.as_str(), lane.as_ref().map(AccountId::as_str), &pace, now))
    }

    async fn set_own_rate(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        rate: Option<Rate>,
    ) -> RepositoryResult<()> {
        let (organization, account, now) = (organization.clone(), account.clone(), self.now());
        match write!(self, |conn| pacing::set_own_rate(conn, organization.as_str(), account.as_str(), rate, now))? {
            0 => Err(NO_ACCOUNT),
            _ => Ok(()),
        }
    }

    async fn reserve(&self, account: &AccountId, to: Option<&Address>, want: u16) -> RepositoryResult<Reservation> {
        let (account, to, now) = (account.clone(), to.cloned(), self.now());
        write!(self, |conn| pacing::reserve(conn, account.as_str(), to.as_ref(), want.into(), now))
    }

    async fn reserve_probe(&self, account: &AccountId, lease: Duration) -> RepositoryResult<Option<Turn>> {
        let (account, now) = (account.clone(), self.now());
        write!(self, |conn| pacing::probe(conn, account.as_str(), lease, now))
    }

    async fn claim_shares(&self, claiming: &Claiming) -> RepositoryResult<Vec<OutboxJob>> {
        let (claiming, now) = (claiming.clone(), self.now());
        let (jobs, cursor) = write!(self, |conn| claim::claim(conn, &claiming, now))?;
        self.shared.grew(cursor);
        Ok(jobs)
    }

    async fn next_turn(&self, now: OffsetDateTime) -> RepositoryResult<Option<Duration>> {
        let clock = self.now();
        read!(self, |conn| lanes::next(conn, now, clock))
    }

    async fn pause_account(&self, account: &AccountId, wait: Duration, reason: &Problem) -> RepositoryResult<()> {
        let (account, reason, now) = (account.clone(), doc(reason), self.now());
        write!(self, |conn| pacing::pause(conn, account.as_str(), wait, reason, now))
    }

    async fn stop_account(
        &self,
        account: &AccountId,
        stop: Stop,
        pauses: Pauses,
        reason: &Problem,
    ) -> RepositoryResult<bool> {
        let (account, reason, now) = (account.clone(), doc(reason), self.now());
        write!(self, |conn| pacing::stop(conn, account.as_str(), stop, pauses, reason, now))
    }

    async fn recover_account(&self, account: &AccountId, probe: bool) -> RepositoryResult<bool> {
        let account = account.clone();
        write!(self, |conn| pacing::recover(conn, account.as_str(), probe))
    }

    async fn leave_probe(&self, account: &AccountId) -> RepositoryResult<()> {
        let account = account.clone();
        write!(self, |conn| pacing::leave_probe(conn, account.as_str()))
    }

    async fn resume_account(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<bool> {
        let known = self.pacing(Some(organization)).await?;
        if !known.iter().any(|one| one.account == *account) {
            return Err(NO_ACCOUNT);
        }
        self.recover_account(account, true).await
    }

    async fn pacing(&self, organization: Option<&OrganizationId>) -> RepositoryResult<Vec<AccountPacing>> {
        let (organization, now) = (organization.map(|one| one.as_str().to_owned()), self.now());
        read!(self, |conn| pacing::list(conn, organization.as_deref(), now))
    }

    async fn prune_pairs(&self) -> RepositoryResult<usize> {
        let now = self.now();
        write!(self, |conn| pacing::prune(conn, now))
    }
}
