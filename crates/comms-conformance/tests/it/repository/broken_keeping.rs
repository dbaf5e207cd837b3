//! What a repository keeps and for how long, broken in one way.

use async_trait::async_trait;
use comms_core::{
    ContactId, OrganizationId, UserId,
    history::{
        DatabaseFacts, DossierPage, DossierPart, Erasure, ErasureStep, InspectRepository, KeepingRepository, KeptFile,
        PoolState, RepositoryResult, Retained, Scope, Subject, Waiting,
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

impl Broken {
    /// From when on something is young enough to be kept.
    fn edge(&self, before: OffsetDateTime) -> OffsetDateTime {
        if self.has(Flaw::PrunesTheYoung) { before + Duration::days(365) } else { before }
    }
}

#[async_trait]
impl KeepingRepository for Broken {
    async fn prune(&self, what: Retained, before: OffsetDateTime, limit: u16) -> RepositoryResult<u64> {
        if self.has(Flaw::KeepsEverything) {
            return Ok(0);
        }
        self.inner.prune(what, self.edge(before), limit).await
    }

    async fn old_files(&self, before: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<KeptFile>> {
        self.inner.old_files(self.edge(before), limit).await
    }

    async fn forget_files(&self, ids: &[Uuid], reason: &str) -> RepositoryResult<()> {
        if self.has(Flaw::KeepsFiles) {
            return Ok(());
        }
        self.inner.forget_files(ids, reason).await
    }

    async fn log_start(&self) -> RepositoryResult<i64> {
        if self.has(Flaw::ForgetsTheCut) {
            return Ok(0);
        }
        self.inner.log_start().await
    }

    async fn subject(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Subject> {
        self.any(Method::Dossier, scope, |scope| async move { self.inner.subject(&scope, id).await }).await
    }

    async fn dossier(
        &self,
        subject: &Subject,
        part: DossierPart,
        after: Option<&str>,
        limit: u16,
    ) -> RepositoryResult<DossierPage> {
        if self.has(Flaw::ForgetsParts) && part == DossierPart::Notes {
            return Ok(DossierPage::default());
        }
        self.inner.dossier(subject, part, after, limit).await
    }

    async fn begin_erasure(
        &self,
        scope: &Scope,
        id: ContactId,
        by: &UserId,
        reason: Option<&str>,
        now: OffsetDateTime,
        fetching: Duration,
    ) -> RepositoryResult<Erasure> {
        self.any(Method::Erasure, scope, |scope| async move {
            self.inner.begin_erasure(&scope, id, by, reason, now, fetching).await
        })
        .await
    }

    async fn erase_some(&self, id: Uuid, now: OffsetDateTime) -> RepositoryResult<ErasureStep> {
        if self.has(Flaw::ErasesInName) {
            for organization in self.inner.organizations().await? {
                let all = self.inner.erasures(&organization.id, None).await?;
                if let Some(one) = all.into_iter().find(|one| one.id == id) {
                    return Ok(ErasureStep::Done(one));
                }
            }
        }
        // As where nothing is waited for.
        let later = if self.has(Flaw::ErasesAtOnce) { Duration::days(1) } else { Duration::ZERO };
        self.inner.erase_some(id, now + later).await
    }

    async fn files_erased(&self, erasure: Uuid, files: &[Uuid]) -> RepositoryResult<()> {
        self.inner.files_erased(erasure, files).await
    }

    async fn due_erasures(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<Uuid>> {
        self.inner.due_erasures(now, limit).await
    }

    async fn erasures(&self, organization: &OrganizationId, after: Option<Uuid>) -> RepositoryResult<Vec<Erasure>> {
        self.inner.erasures(organization, after).await
    }
}

#[async_trait]
impl InspectRepository for Broken {
    async fn waiting(&self) -> RepositoryResult<Waiting> {
        match self.flaw {
            Flaw::CountsNothing => Ok(Waiting::default()),
            _ => self.inner.waiting().await,
        }
    }

    fn pool(&self) -> PoolState {
        self.inner.pool()
    }

    async fn facts(&self) -> RepositoryResult<DatabaseFacts> {
        if self.has(Flaw::ForgetsTheSchema) {
            return Ok(DatabaseFacts::default());
        }
        self.inner.facts().await
    }
}
