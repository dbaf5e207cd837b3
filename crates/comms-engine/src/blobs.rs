//! Where files are kept: a folder, or a bucket with feature `s3`.

use std::{fmt, path::Path as FolderPath, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use comms_core::{ByteStream, Error, ErrorKind, OrganizationId, Outcome};
use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    ObjectStore, ObjectStoreExt, buffered::BufWriter, local::LocalFileSystem, memory::InMemory, path::Path,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// Files under `<organisation>/<year>/<month>/<attachment>`. Cheap to clone.
///
/// A key is made of an organisation and an id that nobody outside chooses, each one encoded as one segment: no key leads out
/// of the store, and none of one organisation into the files of another. A file is there whole or not at all.
#[derive(Clone)]
pub struct BlobStore(Arc<dyn ObjectStore>);

/// An open file.
pub struct Blob {
    /// Its size in bytes.
    pub length: u64,
    /// Its bytes as they are read.
    pub body: ByteStream,
}

/// Why a file could not be stored or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is none of this key in this organisation.
    #[error("the file is not there")]
    NotFound,
    /// The settings cannot be used.
    #[error("the file store cannot be opened: {0}")]
    Config(String),
    /// The store failed.
    #[error("the file store failed")]
    Store(#[source] object_store::Error),
}

/// What a file must be to be kept.
pub(crate) struct Expected {
    /// The most bytes that are taken.
    pub max_bytes: u64,
    /// Its size, where the provider said it.
    pub length: Option<u64>,
    /// Its hash, where the provider said it.
    pub sha256: Option<[u8; 32]>,
}

/// A file that was kept.
pub(crate) struct Stored {
    pub key: String,
    pub size: u64,
    pub sha256: [u8; 32],
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("{got} bytes arrived of {announced}")]
    Truncated { got: u64, announced: u64 },
    #[error("the bytes do not have the hash that the provider gave")]
    HashMismatch,
    #[error("{0}")]
    Source(Error),
    #[error("the file store failed: {0}")]
    Store(String),
}

/// The size of a part of an upload: the least that S3 takes.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Files are kept by months; steps of this length meet each.
const SHORTEST_MONTH: time::Duration = time::Duration::days(28);
/// How many parts of one file are on their way at once; bounds the memory that one file takes.
const PARTS_AT_ONCE: usize = 2;

impl BlobStore {
    /// Files in this folder, which is made where it does not exist. A file is on the disk when it counts as stored.
    ///
    /// # Errors
    /// [`BlobError::Config`] where the folder cannot be made or read.
    pub fn folder(folder: impl AsRef<FolderPath>) -> Result<Self, BlobError> {
        let config = |error: &dyn fmt::Display| BlobError::Config(error.to_string());
        std::fs::create_dir_all(&folder).map_err(|error| config(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| config(&error))?;
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Files in memory, for tests and demonstrations.
    #[must_use]
    pub fn memory() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    /// Files in a bucket, as its builder says. Give the bucket a rule that ends incomplete uploads.
    ///
    /// # Errors
    /// [`BlobError::Config`] where the builder's settings do not suffice.
    #[cfg(feature = "s3")]
    pub fn s3(builder: object_store::aws::AmazonS3Builder) -> Result<Self, BlobError> {
        let store = builder.build().map_err(|error| BlobError::Config(error.to_string()))?;
        Ok(Self(Arc::new(store)))
    }

    /// Opens a file of this organisation by its stored key.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], also for a key of another organisation; [`BlobError::Store`].
    pub async fn open(&self, organization: &OrganizationId, key: &str) -> Result<Blob, BlobError> {
        self.open_path(&within(organization, key)?).await
    }

    /// Opens a file by its stored key alone.
    pub(crate) async fn open_key(&self, key: &str) -> Result<Blob, BlobError> {
        self.open_path(&Path::parse(key).map_err(|_| BlobError::NotFound)?).await
    }

    async fn open_path(&self, path: &Path) -> Result<Blob, BlobError> {
        let found = self.0.get(path).await.map_err(not_found)?;
        let length = found.meta.size;
        let body = found
            .into_stream()
            .map_err(|error| Error::new(ErrorKind::Transport, Outcome::NotSent, "the file store failed").source(error));
        Ok(Blob { length, body: body.boxed() })
    }

    /// Deletes a file of this organisation. One that is not there counts as deleted.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] for a key of another organisation; [`BlobError::Store`].
    pub async fn delete(&self, organization: &OrganizationId, key: &str) -> Result<(), BlobError> {
        let path = within(organization, key)?;
        match self.0.delete(&path).await.map_err(not_found) {
            Ok(()) | Err(BlobError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes a file of which nobody noted under which key it is, if it is at all: an attempt to fetch it was cut off between
    /// `from` and `to`.
    pub(crate) async fn delete_unrecorded(
        &self,
        organization: &OrganizationId,
        id: Uuid,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<(), BlobError> {
        let mut month = from;
        loop {
            self.delete(organization, key(organization, id, month).as_ref()).await?;
            if month >= to {
                return Ok(());
            }
            month = (month + SHORTEST_MONTH).min(to);
        }
    }

    /// Stores a file as it arrives. What is not as expected leaves nothing behind.
    pub(crate) async fn put(
        &self,
        organization: &OrganizationId,
        id: Uuid,
        now: OffsetDateTime,
        body: ByteStream,
        expected: &Expected,
    ) -> Result<Stored, PutError> {
        let key = key(organization, id, now);
        let mut writer =
            BufWriter::with_capacity(Arc::clone(&self.0), key.clone(), PART_BYTES).with_max_concurrency(PARTS_AT_ONCE);
        match copy(body, &mut writer, expected).await {
            Ok((size, sha256)) => {
                writer.shutdown().await.map_err(|error| PutError::Store(error.to_string()))?;
                Ok(Stored { key: key.to_string(), size, sha256 })
            }
            Err(error) => {
                if let Err(cleanup) = writer.abort().await {
                    tracing::warn!(%key, error = %cleanup, "an unfinished upload could not be removed");
                }
                Err(error)
            }
        }
    }
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobStore({})", self.0)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob").field("length", &self.length).finish_non_exhaustive()
    }
}

/// The hash that a provider gave, in hexadecimal or base64; `None` for what is neither, which proves nothing.
pub(crate) fn provider_hash(text: &str) -> Option<[u8; 32]> {
    let bytes = match text.len() {
        64 => hex::decode(text).ok()?,
        _ => BASE64_STANDARD.decode(text).ok()?,
    };
    bytes.try_into().ok()
}

async fn copy(mut body: ByteStream, writer: &mut BufWriter, expected: &Expected) -> Result<(u64, [u8; 32]), PutError> {
    let (mut size, mut hash) = (0_u64, Sha256::new());
    if expected.length.is_some_and(|length| length > expected.max_bytes) {
        return Err(PutError::TooLarge(expected.max_bytes));
    }
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(PutError::Source)?;
        size += chunk.len() as u64;
        if size > expected.max_bytes {
            return Err(PutError::TooLarge(expected.max_bytes));
        }
        hash.update(&chunk);
        writer.put(chunk).await.map_err(|error| PutError::Store(error.to_string()))?;
    }
    if let Some(announced) = expected.length.filter(|length| *length != size) {
        return Err(PutError::Truncated { got: size, announced });
    }
    let sha256: [u8; 32] = hash.finalize().into();
    if expected.sha256.is_some_and(|given| given != sha256) {
        return Err(PutError::HashMismatch);
    }
    Ok((size, sha256))
}

fn key(organization: &OrganizationId, id: Uuid, now: OffsetDateTime) -> Path {
    Path::from_iter([
        organization.as_str().to_owned(),
        format!("{:04}", now.year()),
        format!("{:02}", u8::from(now.month())),
        id.to_string(),
    ])
}

/// The path of a stored key, which must lie within the organisation.
fn within(organization: &OrganizationId, key: &str) -> Result<Path, BlobError> {
    let path = Path::parse(key).map_err(|_| BlobError::NotFound)?;
    let home = Path::from_iter([organization.as_str()]);
    if path.prefix_matches(&home) && path != home { Ok(path) } else { Err(BlobError::NotFound) }
}

fn not_found(error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::NotFound,
        error => BlobError::Store(error),
    }
}
