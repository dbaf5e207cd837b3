//! Where the database is and how it is used.

use std::{fmt, path::PathBuf, time::Duration};

use url::Url;
use uuid::Uuid;

use super::RepositoryError;
use crate::{OrganizationId, Secret};

/// The longest that a request waits for a connection.
const LONGEST_POOL_TIMEOUT: Duration = Duration::from_secs(60);

/// What a pooler has to do for us.
const POOLER: &str = "DATABASE_URL: the pooler has to keep a session for each connection (pool_mode = session), since our \
    tables are found by its search_path; migrate through an address of the server itself. Nobody listens to notifications behind \
    it: what other processes write is looked for by the timer, once a second";

/// Everything the repository is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// Which database.
    pub target: DatabaseTarget,
    /// The schema of our own tables on PostgreSQL.
    pub schema: String,
    /// The schema of `comunicaciones` on PostgreSQL (Prisma's `schema` parameter).
    pub public_schema: String,
    /// Connections for everything but the writers.
    pub pool_size: usize,
    /// How long to wait for a connection.
    pub pool_timeout: Duration,
    /// Webhooks that may wait in this process; one more is refused as busy.
    pub queue: usize,
    /// Writers of webhooks (PostgreSQL; SQLite has one).
    pub writers: usize,
    /// The organisation of the rows that other programs write into `comunicaciones`.
    pub organization: OrganizationId,
    /// Where leads, clients and contracts are, if they are in this database.
    pub directory: DirectorySettings,
    /// Parameters of the address that are not used, for a notice.
    pub notices: Vec<String>,
    /// Tells the rounds of one open repository from those of others.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a file of SQLite belongs to one process"))]
    pub(super) process: Uuid,
}

/// Which database.
#[derive(Clone, Debug)]
pub enum DatabaseTarget {
    /// A file of SQLite, used by one process at a time.
    Sqlite(PathBuf),
    /// A server of PostgreSQL.
    Postgres(PostgresTarget),
}

/// How to reach a PostgreSQL server.
#[derive(Clone)]
pub struct PostgresTarget {
    /// The address for the driver, without the parameters that are Prisma's. Holds the password.
    pub url: Secret,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// Whether a pooler in transaction mode is between us and the server: no prepared statements are kept.
    pub pgbouncer: bool,
}

impl fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTarget")
            .field("tls", &self.tls)
            .field("pgbouncer", &self.pgbouncer)
            .finish_non_exhaustive()
    }
}

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS where the server has it, else none (the driver's default).
    Prefer,
    /// TLS, without a check of who the server is, as libpq does it.
    Require,
    /// TLS, with the chain and the name checked.
    VerifyFull,
}

/// Where leads, clients and contracts are. A kind without a table is not looked up: the caller's ids are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectorySettings {
    /// The country whose numbers may stand in these tables without their country code, for instance `ES`. Without it only
    /// numbers with their country code are found.
    pub region: Option<String>,
    /// Leads (S0: table `leaks`).
    pub leads: Option<DirectoryTable>,
    /// Clients (S0: table `clientes`).
    pub clients: Option<DirectoryTable>,
    /// Contracts.
    pub contracts: Option<DirectoryTable>,
}

/// A table of people and its columns. Names are checked against the database when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryTable {
    /// The table, in the schema of `comunicaciones`.
    pub table: String,
    /// Its key.
    pub id: String,
    /// The phone number, in any spelling.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The user it is assigned to.
    pub owner: Option<String>,
}

impl DatabaseSettings {
    /// Reads an address: `sqlite://path`, `sqlite:path`, `postgres://…` or `postgresql://…` with libpq's and Prisma's parameters.
    ///
    /// # Errors
    /// `Config` with what is wrong; the password is never repeated.
    pub fn parse(address: &str) -> Result<Self, RepositoryError> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or(path);
            if path.is_empty() {
                return Err(config("DATABASE_URL: sqlite:// needs a path"));
            }
            return Ok(Self::sqlite(path));
        }
        let url = Url::parse(address)
            .map_err(|_| config("DATABASE_URL is neither sqlite://path nor postgres://user:password@host/database"))?;
        match url.scheme() {
            "postgres" | "postgresql" => Self::postgres(&url),
            other => Err(config(format!("DATABASE_URL: {other}:// is not supported; use postgres:// or sqlite://"))),
        }
    }

    /// A file of SQLite.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::new(DatabaseTarget::Sqlite(path.into()))
    }

    fn new(target: DatabaseTarget) -> Self {
        Self {
            target,
            schema: "comms".to_owned(),
            public_schema: "public".to_owned(),
            pool_size: 10,
            pool_timeout: Duration::from_secs(5),
            queue: 8_192,
            writers: 1,
            organization: OrganizationId::new("default"),
            directory: DirectorySettings::default(),
            notices: Vec::new(),
            process: Uuid::nil(),
        }
    }

    fn postgres(url: &Url) -> Result<Self, RepositoryError> {
        let mut driver = url.clone();
        driver.set_query(None);
        let mut settings = Self::new(DatabaseTarget::Sqlite(PathBuf::new()));
        let mut target = PostgresTarget { url: Secret::from(""), tls: TlsMode::Prefer, pgbouncer: false };
        let mut kept = Vec::new();
        let mut strict = false;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "schema" => settings.public_schema = identifier("schema", &value)?,
                "connection_limit" => settings.pool_size = number("connection_limit", &value)?.clamp(1, 500),
                "pool_timeout" => {
                    settings.pool_timeout = match number("pool_timeout", &value)? {
                        // Prisma waits for ever. A request does not.
                        0 => LONGEST_POOL_TIMEOUT,
                        seconds => Duration::from_secs(seconds as u64).min(LONGEST_POOL_TIMEOUT),
                    };
                }
                "pgbouncer" => target.pgbouncer |= value == "true",
                // Prisma's word for a pooler that knows no prepared statements.
                "statement_cache_size" => {
                    target.pgbouncer |= number("statement_cache_size", &value)? == 0;
                }
                "sslmode" => target.tls = tls_mode(&value)?,
                "sslaccept" => strict = accepts_only_valid(&value)?,
                "connect_timeout" => {
                    number("connect_timeout", &value)?;
                    kept.push((name.into_owned(), value.into_owned()));
                }
                "application_name"
                | "options"
                | "channel_binding"
                | "keepalives"
                | "keepalives_idle"
                | "target_session_attrs" => kept.push((name.into_owned(), value.into_owned())),
                other => settings.notices.push(format!("DATABASE_URL: parameter {other} is not used")),
            }
        }
        if target.pgbouncer {
            settings.notices.push(POOLER.to_owned());
        }
        if strict && target.tls != TlsMode::Disable {
            target.tls = TlsMode::VerifyFull;
        }
        if !kept.is_empty() {
            driver.query_pairs_mut().extend_pairs(kept);
        }
        target.url = Secret::from(String::from(driver));
        settings.target = DatabaseTarget::Postgres(target);
        Ok(settings)
    }

    /// Uses this schema for our own tables.
    ///
    /// # Errors
    /// `Config` where it is not a plain name.
    pub fn with_schema(mut self, schema: &str) -> Result<Self, RepositoryError> {
        self.schema = identifier("COMMS_DB_SCHEMA", schema)?;
        Ok(self)
    }
}

#[cfg(feature = "postgres")]
impl DatabaseSettings {
    /// Who writes: our tables and the process.
    pub(super) fn process_name(&self) -> String {
        format!("{}/{}", self.schema, self.process)
    }
}

#[cfg(feature = "postgres")]
impl PostgresTarget {
    /// The address for the driver.
    pub(super) fn address(&self) -> &str {
        comms_http::ExposeSecret::expose_secret(&self.url)
    }
}

impl DirectoryTable {
    /// Every name that is put into a query.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [Some(&self.table), Some(&self.id), self.phone.as_ref(), self.email.as_ref(), self.owner.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

fn tls_mode(value: &str) -> Result<TlsMode, RepositoryError> {
    Ok(match value {
        "disable" => TlsMode::Disable,
        "allow" | "prefer" => TlsMode::Prefer,
        "require" | "no-verify" => TlsMode::Require,
        "verify-ca" | "verify-full" => TlsMode::VerifyFull,
        other => {
            return Err(config(format!(
                "DATABASE_URL: sslmode={other} is unknown; use disable, prefer, require or verify-full"
            )));
        }
    })
}

/// Prisma's `sslaccept`: whether the server's certificate has to be valid.
fn accepts_only_valid(value: &str) -> Result<bool, RepositoryError> {
    match value {
        "strict" => Ok(true),
        "accept_invalid_certs" => Ok(false),
        other => Err(config(format!("DATABASE_URL: sslaccept={other} is unknown; use strict or accept_invalid_certs"))),
    }
}

fn number(name: &str, value: &str) -> Result<usize, RepositoryError> {
    value.parse().map_err(|_| config(format!("DATABASE_URL: {name} is not a number")))
}

/// A name that can stand in a query without quotes.
pub(super) fn identifier(name: &str, value: &str) -> Result<String, RepositoryError> {
    let plain = !value.is_empty()
        && value.len() <= 63
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !value.as_bytes()[0].is_ascii_digit();
    if plain {
        Ok(value.to_owned())
    } else {
        Err(config(format!("{name}: {value:?} is not a plain name (letters, digits, _)")))
    }
}

fn config(message: impl Into<String>) -> RepositoryError {
    RepositoryError::Config(message.into())
}
