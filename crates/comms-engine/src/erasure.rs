//! The erasure of one person: a job of many short steps, which any process takes up again after a crash.

use comms_core::{
    ContactId, UserId,
    history::{Erasure, ErasureStep, Scope},
};
use uuid::Uuid;

use crate::{Engine, EngineError, metrics, retention::delete_files, settings::span};

/// How many erasures one round takes up.
const JOBS: u16 = 10;
/// How many steps of one are made before the next has its turn.
const STEPS: usize = 100;

impl Engine {
    /// Begins to erase a person, over everything that is stored of them. What waits to be sent to them is canceled at once; the
    /// rest is done by the worker `erasure`. Asked again while it is under way, it gives the same erasure.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` where the organisation has no such contact.
    pub async fn erase(
        &self,
        scope: &Scope,
        contact: ContactId,
        by: &UserId,
        reason: Option<&str>,
    ) -> Result<Erasure, EngineError> {
        let fetching = span(self.settings().media_lease());
        let erasure = self.repository().begin_erasure(scope, contact, by, reason, self.now(), fetching).await?;
        tracing::info!(erasure = %erasure.id, organization = %erasure.organization, user = %by, "a person is being erased");
        Ok(erasure)
    }

    /// Goes on with the erasures that are under way. Returns whether there is more to do at once. One round of the worker
    /// `erasure`.
    ///
    /// # Errors
    /// [`EngineError::Store`], [`EngineError::Blob`]; the next round goes on.
    pub async fn go_on_erasing(&self) -> Result<bool, EngineError> {
        let mut more = false;
        for id in self.repository().due_erasures(self.now(), JOBS).await? {
            more |= self.erase_part(id).await?;
        }
        Ok(more)
    }

    /// Makes some steps of an erasure. Returns whether there are more to be made at once.
    ///
    /// # Errors
    /// As [`go_on_erasing`](Self::go_on_erasing).
    pub async fn erase_part(&self, id: Uuid) -> Result<bool, EngineError> {
        for _ in 0..STEPS {
            match self.repository().erase_some(id, self.now()).await? {
                ErasureStep::More => comms_core::failpoint!(ErasureStepped),
                ErasureStep::Files(files) => {
                    // A crash between the two leaves rows without files, which are given out again.
                    if let Some(blobs) = self.blobs() {
                        delete_files(blobs, &files, self.now()).await?;
                    }
                    comms_core::failpoint!(ErasureFiles);
                    let files: Vec<Uuid> = files.iter().map(|file| file.id).collect();
                    self.repository().files_erased(id, &files).await?;
                }
                ErasureStep::Waits => return Ok(false),
                ErasureStep::Done(done) => {
                    metrics::erased();
                    tracing::info!(erasure = %id, messages = done.counts.messages, "a person was erased");
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
