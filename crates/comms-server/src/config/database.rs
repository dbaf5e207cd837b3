//! Where the history is kept.

use std::path::PathBuf;

use comms_core::{
    ExposeSecret, OrganizationId, Secret,
    history::{self, RepositoryError},
};
use serde::Deserialize;

use super::DirectorySettings;

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
    /// Whether the start brings the schema up to date; by default on SQLite only.
    pub migrate_on_start: Option<bool>,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            data_dir: PathBuf::from("data"),
            schema: "comms".to_owned(),
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

    /// The same for the repository, with the tables of the business.
    ///
    /// # Errors
    /// `Config` with what is wrong; the password is never repeated.
    pub fn repository(
        &self,
        organization: &OrganizationId,
        directory: &DirectorySettings,
    ) -> Result<history::DatabaseSettings, RepositoryError> {
        let address = self.address();
        let settings = history::DatabaseSettings::parse(address.expose_secret())?;
        let mut settings = settings.with_schema(&self.schema)?;
        settings.organization = organization.clone();
        settings.directory = directory.into();
        Ok(settings)
    }
}
