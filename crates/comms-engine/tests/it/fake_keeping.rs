//! What the store in memory keeps: everything, of nobody in particular.

use async_trait::async_trait;
use comms_core::{
    ContactId, OrganizationId, UserId,
    history::{
        DatabaseFacts, DossierPage, DossierPart, Erasure, ErasureStep, InspectRepository, KeepingRepository, KeptFile,
        PoolState, RepositoryError, RepositoryResult, Retained, Scope, Subject, Waiting,
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::fake_repository::FakeRepository;

const NOTHING: RepositoryError = RepositoryError::NotFound("keeping");

#[async_trait]
impl KeepingRepository for FakeRepository {
    async fn prune(&self, _: Retained, _: OffsetDateTime, _: u16) -> RepositoryResult<u64> {
        Ok(0)
    }

    async fn old_files(&self, _: OffsetDateTime, _: u16) -> RepositoryResult<Vec<KeptFile>> {
        Ok(Vec::new())
    }

    async fn forget_files(&self, _: &[Uuid], _: &str) -> RepositoryResult<()> {
        Ok(())
    }

    async fn log_start(&self) -> RepositoryResult<i64> {
        Ok(0)
    }

    async fn subject(&self, _: &Scope, _: ContactId) -> RepositoryResult<Subject> {
        Err(NOTHING)
    }

    async fn dossier(&self, _: &Subject, _: DossierPart, _: Option<&str>, _: u16) -> RepositoryResult<DossierPage> {
        Ok(DossierPage::default())
    }

    async fn begin_erasure(
        &self,
        _: &Scope,
        _: ContactId,
        _: &UserId,
        _: Option<&str>,
        _: OffsetDateTime,
        _: Duration,
    ) -> RepositoryResult<Erasure> {
        Err(NOTHING)
    }

    async fn erase_some(&self, _: Uuid, _: OffsetDateTime) -> RepositoryResult<ErasureStep> {
        Err(NOTHING)
    }

    async fn files_erased(&self, _: Uuid, _: &[Uuid]) -> RepositoryResult<()> {
        Ok(())
    }

    async fn due_erasures(&self, _: OffsetDateTime, _: u16) -> RepositoryResult<Vec<Uuid>> {
        Ok(Vec::new())
    }

    async fn erasures(&self, _: &OrganizationId, _: Option<Uuid>) -> RepositoryResult<Vec<Erasure>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl InspectRepository for FakeRepository {
    async fn waiting(&self) -> RepositoryResult<Waiting> {
        Ok(Waiting::default())
    }

    fn pool(&self) -> PoolState {
        PoolState::default()
    }

    async fn facts(&self) -> RepositoryResult<DatabaseFacts> {
        Ok(DatabaseFacts::default())
    }
}
