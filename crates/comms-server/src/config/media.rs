//! Where files are kept.

use std::path::PathBuf;

use serde::Deserialize;

/// Where received files are kept, and how large they may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    /// The folder; `media` in the data folder where absent.
    pub dir: Option<PathBuf>,
    /// The largest file that is fetched, in bytes.
    pub max_bytes: u64,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            dir: None,
            // WhatsApp's own limit for documents.
            max_bytes: 100 * 1024 * 1024,
        }
    }
}
