//! How the database is, over this engine.

use async_trait::async_trait;

use super::{super::statements::inspect, EngineRepository};
use crate::history::{DatabaseFacts, InspectRepository, PoolState, RepositoryResult, Waiting};

#[async_trait]
impl InspectRepository for EngineRepository {
    async fn waiting(&self) -> RepositoryResult<Waiting> {
        read!(self, |conn| inspect::waiting(conn))
    }

    fn pool(&self) -> PoolState {
        self.engine.pool()
    }

    async fn facts(&self) -> RepositoryResult<DatabaseFacts> {
        self.engine.facts(&self.settings).await
    }
}
