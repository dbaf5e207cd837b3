//! Databases of their own for the servers that are measured.

use std::path::{Path, PathBuf};

use comms_conformance::database;

/// An empty database, as a server is told of it.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// An address.
    Postgres(String),
}

impl Target {
    /// A new one; `None`, with a notice, where no PostgreSQL is named.
    pub async fn create(engine: &str, folder: &Path, name: &str) -> Option<Self> {
        match engine {
            "sqlite" => Some(Self::Sqlite(folder.join(name).with_extension("db"))),
            _ => database::postgres().await.map(Self::Postgres),
        }
    }

    /// Reads what [`url`](Self::url) gives.
    pub fn parse(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => Self::Sqlite(path.into()),
            None => Self::Postgres(url.to_owned()),
        }
    }

    /// As the servers take it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(address) => address.clone(),
        }
    }

    /// How many webhooks and how many messages the server has stored.
    pub async fn counts(&self) -> (u64, u64) {
        let query = |webhooks| {
            format!(
                "SELECT CAST((SELECT count(*) FROM {webhooks}) AS text) UNION ALL SELECT CAST((SELECT count(*) FROM comunicaciones) AS text)"
            )
        };
        let counts = match self {
            Self::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(&query("comms_webhooks")).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.collect::<Result<Vec<String>, _>>().unwrap()
            }
            Self::Postgres(address) => database::texts(address, &query("comms.webhooks")).await,
        };
        let counts: Vec<u64> = counts.iter().map(|count| count.parse().unwrap()).collect();
        (counts[0], counts[1])
    }
}
