//! Leases and claims over this engine.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    super::statements::{hand_back, leases},
    EngineRepository,
};
use crate::{
    MessageId,
    history::{
        ClaimToken, LeaseToken, ReplicaRepository, RepositoryResult,
        sql_types::{Instant, Uid},
    },
};

#[async_trait]
impl ReplicaRepository for EngineRepository {
    async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: OffsetDateTime,
        length: Duration,
    ) -> RepositoryResult<Option<LeaseToken>> {
        let (name, now, until) = (name.to_owned(), Instant::of(now), Instant::of(now + length));
        write!(self, |conn| leases::take(conn, &name, Uid(holder), now, until))
    }

    async fn give_lease_back(&self, name: &str, token: LeaseToken, now: OffsetDateTime) -> RepositoryResult<bool> {
        let name = name.to_owned();
        let ended = write!(self, |conn| leases::give_back(conn, &name, token, Instant::of(now)))?;
        Ok(ended > 0)
    }

    async fn hand_back(&self, claims: &[(MessageId, ClaimToken)], now: OffsetDateTime) -> RepositoryResult<u64> {
        let mut claims: Vec<(Uid, i32)> = claims.iter().map(|(id, token)| (Uid(id.0), token.0)).collect();
        claims.sort_unstable();
        let (waiting, cursor) = write!(self, |conn| hand_back::hand_back(conn, &claims, Instant::of(now)))?;
        self.shared.grew(cursor);
        Ok(waiting)
    }
}
