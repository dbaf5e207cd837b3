//! Files of inbound messages: fetched by a durable job, since the providers' links die in minutes.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use comms_core::{
    Error, ErrorKind, IN_WEBHOOK, MediaRef, MediaStream, Outcome, Result, WebhookId,
    history::{MediaJob, MediaOutcome, RepositoryError},
};
use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;

use crate::{
    BlobStore, Engine, EngineError,
    blobs::{Expected, PutError, Stored, provider_hash},
    long::{LONGEST, Room},
    metrics,
    settings::span,
};

impl Engine {
    /// Fetches the files that are due, as many as may be fetched at once. Returns how many were tried: as many as were asked
    /// for means that there may be more. One round of the worker of that name.
    ///
    /// Only the channel of the account makes requests, and only to hosts of its provider: an address in a webhook is
    /// never opened by the engine.
    ///
    /// # Errors
    /// [`EngineError::Store`]. What a file suffers is recorded with the file.
    pub async fn fetch_media(&self) -> Result<usize, EngineError> {
        let Some(blobs) = self.blobs() else {
            return Ok(0);
        };
        let settings = self.settings();
        let jobs =
            self.repository().claim_media(self.now(), span(settings.media_lease()), settings.media_at_once).await?;
        let tried = jobs.len();
        if tried > 0 {
            comms_core::failpoint!(MediaClaimed);
        }
        let opened = Mutex::default();
        let mut ended = stream::iter(jobs)
            .map(|job| self.fetch_one(blobs, job, &opened))
            .buffer_unordered(usize::from(settings.media_at_once));
        let mut result = Ok(tried);
        while let Some(concluded) = ended.next().await {
            // Each file is recorded by itself; the first failure of the store is told when all have ended.
            if let (Ok(_), Err(error)) = (&result, concluded) {
                result = Err(error);
            }
        }
        result
    }

    async fn fetch_one(
        &self,
        blobs: &BlobStore,
        job: MediaJob,
        opened: &Mutex<Option<Opened>>,
    ) -> Result<(), EngineError> {
        let started = Instant::now();
        let fetched = tokio::select! {
            biased;
            // Fetching again does no harm, and may take longer than anybody waits for a stop.
            () = self.stopping() => return self.end(&job, self.not_fetched()).await,
            fetched = tokio::time::timeout(self.settings().media_timeout, self.fetch(blobs, &job, opened)) => {
                fetched.unwrap_or_else(|_| Err(Failure::passing("it did not arrive in time")))
            }
        };
        let bytes = fetched.as_ref().map_or(0, |file| file.stored.size);
        let outcome = self.media_outcome(&job, fetched);
        let name = match &outcome {
            MediaOutcome::Stored { .. } => "stored",
            MediaOutcome::Retry { .. } => "retry",
            MediaOutcome::Failed { error } => {
                tracing::warn!(attachment = %job.id, account = %job.account, error, "file given up");
                "failed"
            }
        };
        metrics::media(name, bytes, started.elapsed());
        comms_core::failpoint!(MediaFetched);
        self.end(&job, outcome).await?;
        comms_core::failpoint!(MediaConcluded);
        Ok(())
    }

    async fn end(&self, job: &MediaJob, outcome: MediaOutcome) -> Result<(), EngineError> {
        Ok(self.repository().conclude_media(job.id, job.attempts, outcome).await?)
    }

    async fn fetch(&self, blobs: &BlobStore, job: &MediaJob, opened: &Mutex<Option<Opened>>) -> Result<File, Failure> {
        let (stream, room) = match &job.source {
            MediaRef::Blob(_) => return Err(Failure::lasting("it is not at the provider")),
            MediaRef::Id(id) if id.starts_with(IN_WEBHOOK) => {
                let (bytes, room) = self.out_of_webhook(job, id, opened).await?;
                let length = Some(bytes.len() as u64);
                (MediaStream { content_type: None, length, body: stream::iter([Ok(bytes)]).boxed() }, Some(room))
            }
            source => (self.channels().resolve(&job.account).await?.fetch(source).await?, None),
        };
        let MediaStream { content_type, length, body } = stream;
        let expected = Expected {
            max_bytes: self.settings().media_max_bytes,
            length,
            sha256: job.sha256.as_deref().and_then(provider_hash),
        };
        let stored = blobs.put(&job.organization, job.id, self.now(), body, &expected).await?;
        drop(room);
        Ok(File { stored, mime_type: job.mime_type.clone().or(content_type) })
    }

    /// A file that came with its webhook, which is stored: it has been there since before the webhook was acknowledged. Those of one
    /// webhook are taken out of it together.
    async fn out_of_webhook(
        &self,
        job: &MediaJob,
        id: &str,
        opened: &Mutex<Option<Opened>>,
    ) -> Result<(Bytes, Arc<Option<Room>>), Failure> {
        let webhook = job.webhook.ok_or_else(not_here)?;
        let mut opened = opened.lock().await;
        let found = match opened.as_ref().filter(|one| one.webhook == webhook) {
            Some(found) => found,
            None => {
                // Its room is given back before that of the next one is waited for.
                *opened = None;
                opened.insert(self.open_webhook(webhook).await?)
            }
        };
        let bytes = found.files.get(id).cloned().ok_or_else(|| Failure::lasting("it is not in the webhook"))?;
        Ok((bytes, Arc::clone(&found.room)))
    }

    async fn open_webhook(&self, id: WebhookId) -> Result<Opened, Failure> {
        let mut room = self.long().wait(LONGEST).await;
        let webhook = match self.repository().webhook(id).await {
            Ok(webhook) => webhook,
            Err(RepositoryError::NotFound(_)) => return Err(not_here()),
            Err(error) => return Err(Failure::passing(error.to_string())),
        };
        let parser =
            self.parser(webhook.provider()).ok_or_else(|| Failure::passing("nobody reads these webhooks now"))?;
        if let Some(room) = &mut room {
            room.shrink(webhook.request().body.len());
        }
        let parser = Arc::clone(parser);
        // The whole mail is taken apart, which takes long enough to hold others up.
        let taken = tokio::task::spawn_blocking(move || (parser.files(&webhook), room)).await;
        let (files, room) = taken.map_err(|_| Failure::lasting("a defect: taking it out broke off"))?;
        Ok(Opened { webhook: id, files: files.into_iter().collect(), room: Arc::new(room) })
    }

    fn media_outcome(&self, job: &MediaJob, fetched: Result<File, Failure>) -> MediaOutcome {
        match fetched {
            Ok(File { stored, mime_type }) => MediaOutcome::Stored {
                blob_key: stored.key,
                size: i64::try_from(stored.size).unwrap_or(i64::MAX),
                mime_type,
                sha256: hex::encode(stored.sha256),
            },
            Err(failure) => match self.media_wait(job).filter(|_| !failure.lasting) {
                Some(wait) => MediaOutcome::Retry { at: self.now() + wait, error: failure.reason },
                None => MediaOutcome::Failed { error: failure.reason },
            },
        }
    }

    /// The wait after this attempt; `None` after the last.
    fn media_wait(&self, job: &MediaJob) -> Option<Duration> {
        let made = usize::try_from(job.attempts.max(1)).unwrap_or(usize::MAX);
        self.settings().media_waits.get(made - 1).copied()
    }
}

/// A webhook that was taken apart: its files by their ids.
struct Opened {
    webhook: WebhookId,
    files: HashMap<String, Bytes>,
    room: Arc<Option<Room>>,
}

fn not_here() -> Failure {
    Failure::lasting("the webhook in which it came is not here any more")
}

/// A file that was fetched.
struct File {
    stored: Stored,
    mime_type: Option<String>,
}

/// Why a file was not fetched.
struct Failure {
    reason: String,
    /// Whether trying again cannot help.
    lasting: bool,
}

impl Failure {
    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), lasting: false }
    }

    fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), lasting: true }
    }
}

impl From<Error> for Failure {
    /// What an operator can mend (a credential, a setting) is waited for; a refusal of this very file is not.
    fn from(error: Error) -> Self {
        let mendable = matches!(error.kind(), ErrorKind::Config | ErrorKind::Unauthenticated);
        Self { lasting: error.outcome() == Outcome::Rejected && !mendable, reason: error.to_string() }
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Source(error) => error.into(),
            PutError::TooLarge(_) => Self::lasting(error.to_string()),
            PutError::Truncated { .. } | PutError::HashMismatch | PutError::Store(_) => {
                Self::passing(error.to_string())
            }
        }
    }
}
