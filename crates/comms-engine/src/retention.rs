//! What is deleted by its age. Nothing is where no age is set.

use std::time::Duration;

use comms_core::history::{KeptFile, Retained};
use time::OffsetDateTime;

use crate::{BlobStore, Engine, EngineError, metrics, settings::span};

/// How many rows are deleted in one transaction.
const AT_ONCE: u16 = 500;
/// How many files are deleted in one round: each is a request where they are in a bucket.
const FILES_AT_ONCE: u16 = 100;
/// What is noted of a file that is no more.
const REASON: &str = "deleted by its age";

/// How old what is kept may get; `None`: it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionSettings {
    /// Raw webhooks that were read whole.
    pub webhooks: Option<Duration>,
    /// The event log.
    pub events: Option<Duration>,
    /// What was reported of messages, step by step.
    pub statuses: Option<Duration>,
    /// What was said in calls that went on by chat, once they are over, and what agents answered.
    pub calls: Option<Duration>,
    /// Files of messages.
    pub files: Option<Duration>,
}

impl RetentionSettings {
    /// Whether anything is deleted.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    fn of(&self, what: Retained) -> Option<Duration> {
        match what {
            Retained::Webhooks => self.webhooks,
            Retained::Events => self.events,
            Retained::Statuses => self.statuses,
            Retained::Calls => self.calls,
            _ => None,
        }
    }
}

impl Engine {
    /// Deletes a part of what is older than the settings permit. Returns whether there is more. One round of the worker of that
    /// name; any number of processes may do it at once.
    ///
    /// # Errors
    /// [`EngineError::Store`], [`EngineError::Blob`]; what was deleted until then is.
    pub async fn retain(&self) -> Result<bool, EngineError> {
        let retention = &self.settings().retention;
        let mut more = false;
        for what in Retained::ALL {
            let Some(age) = retention.of(what) else { continue };
            let deleted = self.repository().prune(what, self.now() - span(age), AT_ONCE).await?;
            if deleted > 0 {
                comms_core::failpoint!(RetentionCommitted);
            }
            metrics::pruned(what.as_str(), deleted);
            more |= deleted >= u64::from(AT_ONCE);
        }
        if let (Some(age), Some(blobs)) = (retention.files, self.blobs()) {
            let old = self.repository().old_files(self.now() - span(age), FILES_AT_ONCE).await?;
            more |= old.len() >= usize::from(FILES_AT_ONCE);
            // The file first: a row without its file is tried again, a file without its row is lost sight of.
            delete_files(blobs, &old, self.now()).await?;
            let ids: Vec<_> = old.iter().map(|file| file.id).collect();
            if !ids.is_empty() {
                self.repository().forget_files(&ids, REASON).await?;
            }
            metrics::pruned("files", ids.len() as u64);
        }
        Ok(more)
    }
}

/// Deletes these files. Those that are not there count as deleted.
pub(crate) async fn delete_files(
    blobs: &BlobStore,
    files: &[KeptFile],
    now: OffsetDateTime,
) -> Result<(), EngineError> {
    for file in files {
        match &file.blob_key {
            Some(key) => blobs.delete(&file.organization, key).await?,
            None => blobs.delete_unrecorded(&file.organization, file.id, file.created_at, now).await?,
        }
    }
    Ok(())
}
