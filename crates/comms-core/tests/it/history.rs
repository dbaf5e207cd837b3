//! The history repository on both engines: the suite that every repository must pass.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use comms_conformance::{database, repository, repository::RepositoryHarness};
use comms_core::{
    SystemClock,
    history::{DatabaseSettings, Repository, open},
};
use tempfile::TempDir;

/// Opens a repository and brings its schema up to date.
async fn migrated(settings: DatabaseSettings) -> Arc<dyn Repository> {
    let repository = open(settings, Arc::new(SystemClock)).await.unwrap();
    repository.migrate().await.unwrap();
    repository
}

/// A new file each time; all go with the harness.
#[derive(Default)]
struct Sqlite(Mutex<Vec<TempDir>>);

#[async_trait]
impl RepositoryHarness for Sqlite {
    async fn open(&self) -> Arc<dyn Repository> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("comms.db");
        self.0.lock().unwrap().push(folder);
        migrated(DatabaseSettings::sqlite(path)).await
    }
}

/// A new database each time.
struct Postgres;

#[async_trait]
impl RepositoryHarness for Postgres {
    async fn open(&self) -> Arc<dyn Repository> {
        let address = database::postgres().await.unwrap();
        let mut settings = DatabaseSettings::parse(&address).unwrap();
        settings.pool_size = 4;
        // More than by default: what two writers do to each other is to be seen.
        settings.writers = 2;
        migrated(settings).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_every_promise() {
    if let Err(report) = repository(&Sqlite::default()).await {
        panic!("{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_every_promise() {
    if database::postgres().await.is_none() {
        return;
    }
    if let Err(report) = repository(&Postgres).await {
        panic!("{report}");
    }
}
