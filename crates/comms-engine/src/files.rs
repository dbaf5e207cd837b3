//! Files that go out from our own store.

use bytes::Bytes;
use comms_core::{
    Error, ErrorKind, FileReader, Media, MediaKind, MediaRef, MediaStream, OrganizationId, Outcome, Result,
    history::{AttachmentState, RepositoryError, Scope},
};
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::{
    BlobError, BlobStore, Engine, EngineError,
    blobs::{Expected, PutError},
};

/// A file of our own store that a message takes along. Only the engine makes one: a key that somebody writes into a message says nothing
/// about whose file it is.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnFile {
    media: Media,
    size: u64,
}

impl OwnFile {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file as a part of a message.
    #[must_use]
    pub fn media(&self) -> &Media {
        &self.media
    }

    pub(crate) fn into_media(self) -> Media {
        self.media
    }

    /// What tells it from every other file of a request: not where it is kept, which is another place each time.
    pub(crate) fn fingerprint(&self) -> (Option<&str>, Option<&str>) {
        (self.media.filename.as_deref(), self.media.sha256.as_deref())
    }
}

impl Engine {
    /// Keeps a file that is to go out. Name and media type are as the caller gave them. Where the message is not accepted
    /// after all, [`send`](Self::send) deletes it again.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where no files are kept, or for one that is too large; [`EngineError::ChannelUnavailable`] where the store
    /// of files is away.
    pub async fn keep_file(
        &self,
        organization: &OrganizationId,
        name: Option<String>,
        content_type: Option<String>,
        bytes: Bytes,
    ) -> std::result::Result<OwnFile, EngineError> {
        let size = bytes.len() as u64;
        let body = stream::once(async move { Ok(bytes) }).boxed();
        self.keep(organization, name, content_type, size, MediaStream { content_type: None, length: Some(size), body })
            .await
    }

    /// Keeps a copy of a file of the history, to go out with another message.
    ///
    /// # Errors
    /// As [`keep_file`](Self::keep_file); [`EngineError::Store`]: `NotFound` for a file that is not the caller's to see, or not here.
    pub async fn keep_copy(&self, scope: &Scope, attachment: Uuid) -> std::result::Result<OwnFile, EngineError> {
        let found = self.repository().attachment(scope, attachment).await?;
        let absent = || EngineError::Store(RepositoryError::NotFound("the file"));
        let key = found.blob_key.filter(|_| found.state == AttachmentState::Stored).ok_or_else(absent)?;
        let blobs = self.blobs().ok_or_else(no_store)?;
        let blob = blobs.open(&scope.organization, &key).await.map_err(|error| match error {
            BlobError::NotFound => absent(),
            error => away(&error.to_string()),
        })?;
        let stream = MediaStream { content_type: None, length: Some(blob.length), body: blob.body };
        self.keep(&scope.organization, found.filename, found.mime_type, blob.length, stream).await
    }

    async fn keep(
        &self,
        organization: &OrganizationId,
        filename: Option<String>,
        mime_type: Option<String>,
        size: u64,
        stream: MediaStream,
    ) -> std::result::Result<OwnFile, EngineError> {
        let blobs = self.blobs().ok_or_else(no_store)?;
        let expected = Expected { max_bytes: self.settings().media_max_bytes, length: Some(size), sha256: None };
        let stored = blobs.put(organization, Uuid::now_v7(), self.now(), stream.body, &expected).await;
        let stored = stored.map_err(|error| match error {
            PutError::TooLarge(_) => EngineError::Refused(Error::invalid(error.to_string()).field("files")),
            error => away(&error.to_string()),
        })?;
        let media = Media {
            kind: MediaKind::of(mime_type.as_deref().unwrap_or_default()),
            source: MediaRef::Blob(stored.key),
            caption: None,
            filename,
            mime_type,
            sha256: Some(hex::encode(stored.sha256)),
        };
        Ok(OwnFile { media, size: stored.size })
    }

    /// Deletes files that went nowhere. One that stays is found by nobody.
    pub(crate) async fn drop_files(&self, organization: &OrganizationId, files: &[OwnFile]) {
        let Some(blobs) = self.blobs() else { return };
        for file in files {
            let MediaRef::Blob(key) = &file.media.source else { continue };
            if let Err(error) = blobs.delete(organization, key).await {
                tracing::warn!(key, %error, "a file that goes nowhere could not be deleted");
            }
        }
    }
}

fn no_store() -> EngineError {
    EngineError::Refused(Error::unsupported("files are not kept here").field("files"))
}

fn away(why: &str) -> EngineError {
    EngineError::ChannelUnavailable(Error::new(
        ErrorKind::Transport,
        Outcome::NotSent,
        format!("the file store: {why}"),
    ))
}

#[async_trait::async_trait]
impl FileReader for BlobStore {
    async fn open(&self, key: &str) -> Result<MediaStream> {
        let blob = self.open_key(key).await.map_err(|error| match error {
            BlobError::NotFound => Error::invalid("the file is not there any more").field("files"),
            error => Error::new(ErrorKind::Transport, Outcome::NotSent, "the file store does not answer").source(error),
        })?;
        Ok(MediaStream { content_type: None, length: Some(blob.length), body: blob.body })
    }
}
