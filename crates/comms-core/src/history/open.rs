//! Opens the database that the settings name.

use std::sync::Arc;

use super::{DatabaseSettings, DatabaseTarget, Repository, repository::RepositoryResult};
use crate::Clock;

/// Opens the repository. The schema is left as it is: see [`Repository::migrate`].
///
/// # Errors
/// [`Config`](super::RepositoryError::Config) for what the settings or the database are not, with what to mend;
/// [`Unavailable`](super::RepositoryError::Unavailable) where the server does not answer.
pub async fn open(settings: DatabaseSettings, clock: Arc<dyn Clock>) -> RepositoryResult<Arc<dyn Repository>> {
    match &settings.target {
        #[cfg(feature = "sqlite")]
        DatabaseTarget::Sqlite(_) => {
            let repository = super::sqlite::SqliteRepository::open(settings, String::new(), clock).await?;
            Ok(Arc::new(repository))
        }
        #[cfg(feature = "postgres")]
        DatabaseTarget::Postgres(_) => {
            let prefix = format!("\"{}\".", settings.public_schema);
            let repository = super::postgres::PostgresRepository::open(settings, prefix, clock).await?;
            Ok(Arc::new(repository))
        }
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => Err(super::RepositoryError::Config(
            "comms-core was built without the engine that DATABASE_URL names".to_owned(),
        )),
    }
}
