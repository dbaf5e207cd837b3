//! The store of files, as channels see it that are made before it is open.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use comms_core::{FileReader, MediaStream, NoFiles, Result};

/// No file at first, then those of the store.
#[derive(Debug, Default)]
pub(super) struct LateFiles(OnceLock<Arc<dyn FileReader>>);

impl LateFiles {
    /// The store is open. Only the first one counts.
    pub(super) fn bind(&self, files: Arc<dyn FileReader>) {
        self.0.get_or_init(|| files);
    }
}

#[async_trait]
impl FileReader for LateFiles {
    async fn open(&self, key: &str) -> Result<MediaStream> {
        match self.0.get() {
            Some(files) => files.open(key).await,
            None => NoFiles.open(key).await,
        }
    }
}
