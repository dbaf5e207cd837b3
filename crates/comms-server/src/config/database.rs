//! Where the history is kept.

use std::path::PathBuf;

use comms_core::Secret;
use serde::Deserialize;

/// Where the history is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgres://…`, `postgresql://…` or `sqlite://path`; SQLite in the data folder where absent. Holds a password.
    pub url: Option<Secret>,
    /// The folder of SQLite and of the files.
    pub data_dir: PathBuf,
    /// The PostgreSQL schema of our own tables.
    pub schema: String,
    /// Connections that write webhooks (PostgreSQL).
    pub writers: Option<std::num::NonZeroUsize>,
    /// Whether the start brings the schema up to date; by default on SQLite only.
    pub migrate_on_start: Option<bool>,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            data_dir: PathBuf::from("data"),
            schema: "comms".to_owned(),
            writers: None,
            migrate_on_start: None,
        }
    }
}

impl DatabaseSettings {
    /// The address of the database.
    #[must_use]
    pub fn address(&self) -> Secret {
        self.url.clone().unwrap_or_else(|| {
            let file = self.data_dir.join("comms.sqlite");
            Secret::from(format!("sqlite://{}", file.display()))
        })
    }
}
