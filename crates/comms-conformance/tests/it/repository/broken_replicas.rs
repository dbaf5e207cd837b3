//! What processes share out, broken in one way.

use async_trait::async_trait;
use comms_core::{
    MessageId,
    history::{ClaimToken, LeaseToken, ReplicaRepository, RepositoryResult},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{broken::Broken, flaw::Flaw};

#[async_trait]
impl ReplicaRepository for Broken {
    async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: OffsetDateTime,
        length: Duration,
    ) -> RepositoryResult<Option<LeaseToken>> {
        let taken = self.inner.take_lease(name, holder, now, length).await?;
        Ok(if self.has(Flaw::SharesLeases) { taken.or(Some(LeaseToken(i64::MAX))) } else { taken })
    }

    async fn give_lease_back(&self, name: &str, token: LeaseToken, now: OffsetDateTime) -> RepositoryResult<bool> {
        if !self.has(Flaw::BelievesOldLeases) {
            return self.inner.give_lease_back(name, token, now).await;
        }
        let newer = LeaseToken(token.0 + 1);
        Ok(self.inner.give_lease_back(name, newer, now).await? || self.inner.give_lease_back(name, token, now).await?)
    }

    async fn hand_back(&self, claims: &[(MessageId, ClaimToken)], now: OffsetDateTime) -> RepositoryResult<u64> {
        match self.flaw {
            Flaw::KeepsClaims => Ok(claims.len() as u64),
            Flaw::BelievesOldClaims => {
                let newer: Vec<_> = claims.iter().map(|(id, token)| (*id, ClaimToken(token.0 + 1))).collect();
                Ok(self.inner.hand_back(&newer, now).await? + self.inner.hand_back(claims, now).await?)
            }
            _ => self.inner.hand_back(claims, now).await,
        }
    }
}
