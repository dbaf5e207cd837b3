//! What is kept and for how long, over this engine.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    super::statements::{contacts, dossier, erase, retention},
    EngineRepository,
};
use crate::{
    ContactId, OrganizationId, UserId,
    history::{
        DossierPage, DossierPart, Erasure, ErasureStep, KeepingRepository, KeptFile, RepositoryError, RepositoryResult,
        Retained, Scope, Subject,
        sql_types::{Instant, Uid},
    },
};

const NO_CONTACT: RepositoryError = RepositoryError::NotFound("the contact");
const NO_ERASURE: RepositoryError = RepositoryError::NotFound("the erasure");

#[async_trait]
impl KeepingRepository for EngineRepository {
    async fn prune(&self, what: Retained, before: OffsetDateTime, limit: u16) -> RepositoryResult<u64> {
        let pruned = write!(self, |conn| retention::prune(conn, what, Instant::of(before), limit))?;
        Ok(pruned as u64)
    }

    async fn old_files(&self, before: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<KeptFile>> {
        read!(self, |conn| retention::old_files(conn, Instant::of(before), limit))
    }

    async fn forget_files(&self, ids: &[Uuid], reason: &str) -> RepositoryResult<()> {
        let (ids, reason) = (ids.iter().copied().map(Uid).collect(), reason.to_owned());
        write!(self, |conn| retention::forget_files(conn, ids, &reason)).map(|_| ())
    }

    async fn log_start(&self) -> RepositoryResult<i64> {
        read!(self, |conn| retention::log_start(conn))
    }

    async fn subject(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Subject> {
        let asked = scope.clone();
        let person = read!(self, |conn| contacts::person_of(conn, &asked, id))?.ok_or(NO_CONTACT)?;
        let organization = scope.organization.as_str().to_owned();
        read!(self, |conn| dossier::subject(conn, &organization, person))
    }

    async fn dossier(
        &self,
        subject: &Subject,
        part: DossierPart,
        after: Option<&str>,
        limit: u16,
    ) -> RepositoryResult<DossierPage> {
        let (subject, after) = (subject.clone(), after.map(str::to_owned));
        read!(self, |conn| dossier::page(conn, &subject, part, after.as_deref(), limit))
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
        let (scope, by, reason, now) = (scope.clone(), by.clone(), reason.map(str::to_owned), Instant::of(now));
        let begun = write!(self, |conn| erase::begin(conn, &scope, id, &by, reason.as_deref(), now, fetching))?;
        let (erasure, cursor) = begun.ok_or(NO_CONTACT)?;
        self.shared.grew(cursor);
        Ok(erasure)
    }

    async fn erase_some(&self, id: Uuid, now: OffsetDateTime) -> RepositoryResult<ErasureStep> {
        let now = Instant::of(now);
        let (step, cursor) = write!(self, |conn| erase::some(conn, id, now))?.ok_or(NO_ERASURE)?;
        self.shared.grew(cursor);
        Ok(step)
    }

    async fn files_erased(&self, erasure: Uuid, files: &[Uuid]) -> RepositoryResult<()> {
        let files = files.iter().copied().map(Uid).collect();
        write!(self, |conn| erase::files_erased(conn, erasure, files))
    }

    async fn due_erasures(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<Uuid>> {
        read!(self, |conn| erase::due(conn, Instant::of(now), limit))
    }

    async fn erasures(&self, organization: &OrganizationId, after: Option<Uuid>) -> RepositoryResult<Vec<Erasure>> {
        let organization = organization.as_str().to_owned();
        read!(self, |conn| erase::list(conn, &organization, after))
    }
}
