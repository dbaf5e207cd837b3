//! The repository on SQLite: one writer thread, a pool of readers.
//!
//! The statements are written as for an asynchronous connection; here they complete at once, on a thread of their own.

use std::{
    fs::{File, TryLockError},
    path::Path,
    sync::Arc,
    thread,
};

use diesel::{
    Connection, QueryResult, SqliteConnection,
    connection::SimpleConnection,
    query_dsl::methods::{ExecuteDsl, LimitDsl, LoadQuery},
    r2d2::{ConnectionManager, CustomizeConnection, Pool},
};
use futures_util::{FutureExt, future::LocalBoxFuture};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use super::{
    DatabaseSettings, Ingested, MigrationReport, NewWebhook, RepositoryError,
    common::{Shared, failed},
    repository::RepositoryResult,
    schema::define_schema,
    schema_credentials::define_credential_schema,
    schema_hooks::define_hook_schema,
};
use crate::StoredWebhook;

mod schema {
    super::define_schema!(
        organizations = "comms_organizations",
        accounts = "comms_accounts",
        service_tokens = "comms_service_tokens",
        webhooks = "comms_webhooks",
        quarantine = "comms_quarantine",
        contacts = "comms_contacts",
        identities = "comms_identities",
        conversations = "comms_conversations",
        conversation_reads = "comms_conversation_reads",
        conversation_notes = "comms_conversation_notes",
        messages = "comms_messages",
        status_events = "comms_status_events",
        updates = "comms_updates",
        outbox = "comms_outbox",
        discards = "comms_discards",
        events = "comms_events",
        attachments = "comms_attachments",
        opt_outs = "comms_opt_outs",
        marks = "comms_marks",
        leases = "comms_leases"
    );
}

mod credential_schema {
    super::define_credential_schema!(credentials = "comms_credentials", states = "comms_oauth_states");
}

mod hook_schema {
    super::define_hook_schema!(endpoints = "comms_hook_endpoints", deliveries = "comms_hook_deliveries");
}

type Conn = SqliteConnection;
type Backend = diesel::sqlite::Sqlite;

/// The name of our message table, for conditions that are made as text.
const MESSAGES: &str = "comms_messages";

/// One writer: nothing is ever locked by another.
const SKIP_LOCKED: &str = "";

/// The time in microseconds since 1970, as SQL: ours, as there is no other process.
fn clock(now: OffsetDateTime) -> String {
    (now.unix_timestamp_nanos() / 1_000).to_string()
}

/// The same after a query whose rows are to be changed; and leaving out those that somebody else has.
const LOCKED: &str = "";
const ONLY_FREE: &str = "";

/// The time is a part of some texts: each is another one.
const KEEPS_TEXTS: bool = false;

/// No part of a query looks at each row of another.
const LATERAL: bool = false;

/// Something to select from: the rows of a document that stands between the two parts, as `w`.
fn given(columns: &[(&str, Column)]) -> [String; 2] {
    let value = |(name, column): &(&str, Column)| match column {
        Column::Uid => format!("unhex(value ->> '{name}') AS {name}"),
        _ => format!("value ->> '{name}' AS {name}"),
    };
    let columns: Vec<String> = columns.iter().map(value).collect();
    [format!("(SELECT {} FROM json_each(", columns.join(", ")), ")) AS w".to_owned()]
}

/// Tables of others are in the same file.
const SCHEMAS: bool = false;

/// The seconds from one time to another, as a number.
fn seconds_between(from: &str, to: &str) -> String {
    format!("({to} - {from}) / 1000000.0")
}

/// An id as it stands in a query that is made as text.
fn id_literal(id: uuid::Uuid) -> String {
    format!("x'{}'", id.simple())
}

/// A key of a row `t` as text.
fn key_text(column: &str, numbered: bool) -> String {
    if numbered { format!("CAST(t.{column} AS text)") } else { format!("lower(hex(t.{column}))") }
}

/// Columns that hold a document, which this engine keeps as text.
const DOCUMENTS: [&str; 11] = [
    "candidates",
    "content",
    "extra",
    "headers",
    "metadata",
    "opening",
    "payload",
    "problem",
    "reply",
    "source",
    "transcript",
];

/// A row `t` as a document with every column but the bytes of a webhook, which are read beside it.
async fn document(conn: &mut Conn, table: &str) -> QueryResult<String> {
    #[derive(diesel::QueryableByName)]
    struct Column {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        kind: String,
    }
    let columns: Vec<Column> = diesel::sql_query("SELECT name, lower(type) AS kind FROM pragma_table_info($1)")
        .bind::<diesel::sql_types::Text, _>(table.to_owned())
        .load(conn)
        .await?;
    let fields = columns.iter().filter(|column| !(column.name == "body" && column.kind == "blob")).map(|column| {
        let name = &column.name;
        let time = column.kind == "bigint"
            && ["_at", "_until", "_since", "fecha_creacion"].iter().any(|end| name.ends_with(end));
        let value = match column.kind.as_str() {
            "blob" => format!("nullif(lower(hex(t.{name})), '')"),
            "text" if DOCUMENTS.contains(&name.as_str()) && table != "comms_webhooks" || name == "headers" => {
                format!("json(CASE WHEN json_valid(t.{name}) THEN t.{name} ELSE json_quote(t.{name}) END)")
            }
            _ if time => format!("strftime('%Y-%m-%dT%H:%M:%fZ', t.{name} / 1000000.0, 'unixepoch')"),
            _ => format!("t.{name}"),
        };
        format!("'{name}', {value}")
    });
    Ok(format!("json_object({})", fields.collect::<Vec<_>>().join(", ")))
}

/// Statements that complete at once, under the names that the asynchronous engine gives them.
trait RunQueryDsl: Sized {
    async fn execute(self, conn: &mut Conn) -> QueryResult<usize>
    where
        Self: ExecuteDsl<Conn>,
    {
        ExecuteDsl::execute(self, conn)
    }

    async fn load<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'q, Conn, U>,
    {
        self.internal_load(conn)?.collect()
    }

    async fn get_result<'q, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LoadQuery<'q, Conn, U>,
    {
        match self.internal_load(conn)?.next() {
            Some(row) => row,
            None => Err(diesel::result::Error::NotFound),
        }
    }

    async fn get_results<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'q, Conn, U>,
    {
        RunQueryDsl::load(self, conn).await
    }

    async fn first<'q, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LimitDsl,
        diesel::dsl::Limit<Self>: LoadQuery<'q, Conn, U>,
    {
        RunQueryDsl::get_result(self.limit(1), conn).await
    }
}

impl<T> RunQueryDsl for T {}

/// A row to be inserted, with its columns and their SQL types.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident $(<$life:lifetime>)? in $table:ident { $($field:ident: $type:ty => $sql:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Insertable)]
        #[diesel(table_name = $table)]
        #[diesel(treat_none_as_default_value = false)]
        pub(super) struct $name $(<$life>)? {
            $(pub $field: $type),+
        }
    };
}

// SQLite prepares a statement once and runs it for each row: as fast as one statement for all, and simpler.
macro_rules! insert_ignore {
    ($conn:expr, $table:expr, $rows:expr, $target:expr) => {
        for row in &$rows {
            diesel::insert_into($table).values(row).on_conflict($target).do_nothing().execute($conn).await?;
        }
    };
}
macro_rules! insert_new {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $returning:expr) => {
        insert_new!(@each $conn, $rows, |row| diesel::insert_into($table).values(row).on_conflict($target).do_nothing(), $returning)
    };
    (@each $conn:expr, $rows:expr, |$row:ident| $insert:expr, $returning:expr) => {{
        let mut new = Vec::new();
        for $row in &$rows {
            let found = $insert.returning($returning).get_result($conn).await;
            if let Some(found) = diesel::OptionalExtension::optional(found)? {
                new.push(found);
            }
        }
        new
    }};
}
macro_rules! insert_new_any {
    ($conn:expr, $table:expr, $rows:expr, $returning:expr) => {
        insert_new!(@each $conn, $rows, |row| diesel::insert_into($table).values(row).on_conflict_do_nothing(), $returning)
    };
}
macro_rules! insert_returning {
    ($conn:expr, $table:expr, $rows:expr, $returning:expr) => {{
        let mut new = Vec::new();
        for row in &$rows {
            new.push(diesel::insert_into($table).values(row).returning($returning).get_result($conn).await?);
        }
        new
    }};
}
macro_rules! upsert {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $set:expr) => {
        for row in &$rows {
            diesel::insert_into($table).values(row).on_conflict($target).do_update().set($set).execute($conn).await?;
        }
    };
}
macro_rules! upsert_returning {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $set:expr, $returning:expr) => {{
        let mut written = Vec::new();
        for row in &$rows {
            let insert = diesel::insert_into($table).values(row).on_conflict($target).do_update().set($set);
            written.push(insert.returning($returning).get_result($conn).await?);
        }
        written
    }};
}
/// One writer: nothing is ever locked by another.
macro_rules! skip_locked {
    ($query:expr) => {
        $query
    };
}
/// The same for rows that are read to be changed.
macro_rules! locked {
    ($query:expr) => {
        $query
    };
}

#[path = "statements/mod.rs"]
#[cfg_attr(
    feature = "postgres",
    expect(clippy::duplicate_mod, reason = "the queries are compiled once for each engine")
)]
mod statements;

use statements::fixed::Column;

#[path = "facade.rs"]
#[cfg_attr(
    feature = "postgres",
    expect(clippy::duplicate_mod, reason = "the repository is compiled once for each engine")
)]
mod facade;

pub(super) use facade::EngineRepository as SqliteRepository;

async fn begin(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("BEGIN IMMEDIATE")
}

async fn commit(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("COMMIT")
}

async fn rollback(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("ROLLBACK")
}

/// Commits what went well and rolls back what did not.
async fn end<T>(conn: &mut Conn, result: QueryResult<T>) -> QueryResult<T> {
    match result {
        Ok(value) => commit(conn).await.map(|()| value),
        Err(error) => {
            // The first error is the one that tells.
            let _ = rollback(conn).await;
            Err(error)
        }
    }
}

/// The single writer orders the cursors by itself.
async fn lock_cursor(_: &mut Conn) -> QueryResult<()> {
    Ok(())
}

/// There is no other process to be told.
async fn lock_cursor_and_tell(_: &mut Conn) -> QueryResult<()> {
    Ok(())
}

/// The next numbers of `comunicaciones`: nobody else writes while the transaction is open.
async fn reserve_row_ids(conn: &mut Conn, count: usize) -> QueryResult<Vec<i32>> {
    #[derive(diesel::QueryableByName)]
    struct Last {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        last: i64,
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let row: Last = diesel::sql_query(
        "SELECT max(COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'comunicaciones'), 0), \
         COALESCE((SELECT max(id) FROM comunicaciones), 0)) AS last",
    )
    .get_result(conn)
    .await?;
    let first = i32::try_from(row.last + 1).unwrap_or(i32::MAX);
    Ok((0..count).map_while(|n| first.checked_add(i32::try_from(n).ok()?)).collect())
}

type Job = Box<dyn FnOnce(&mut Conn) + Send>;

enum Order {
    Ingest(Box<super::common::Waiting>),
    Run(Job),
}

/// How the statements are run.
struct Engine {
    readers: Pool<ConnectionManager<Conn>>,
    orders: std::sync::Mutex<Option<mpsc::Sender<Order>>>,
    writer: std::sync::Mutex<Option<thread::JoinHandle<()>>>,
    // Held as long as the repository lives: one process for each file.
    _lock: File,
}

impl Engine {
    async fn open(settings: &DatabaseSettings, shared: Arc<Shared>) -> RepositoryResult<Self> {
        let super::DatabaseTarget::Sqlite(path) = &settings.target else {
            return Err(RepositoryError::Config("not an address of SQLite".to_owned()));
        };
        let (path, pool, queue) = (path.clone(), settings.pool_size, settings.queue);
        tokio::task::spawn_blocking(move || open_blocking(&path, pool, queue, shared))
            .await
            .map_err(|error| RepositoryError::Database(error.to_string()))?
    }

    /// Nobody else writes into this file.
    #[expect(clippy::unused_self, reason = "the other engine listens")]
    fn listen(&self, _: &Arc<Shared>) {}

    /// Runs something that only reads.
    async fn read<T, F>(&self, work: F) -> RepositoryResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> LocalBoxFuture<'c, QueryResult<T>> + Send + 'static,
    {
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = readers.get().map_err(|_| RepositoryError::Busy)?;
            now(work(&mut conn)).map_err(failed)
        })
        .await
        .map_err(|error| RepositoryError::Database(error.to_string()))?
    }

    /// Reads a raw webhook.
    async fn read_webhook<F>(&self, work: F) -> RepositoryResult<Option<StoredWebhook>>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> LocalBoxFuture<'c, QueryResult<Option<StoredWebhook>>> + Send + 'static,
    {
        self.read(work).await
    }

    /// Runs something that writes.
    async fn write<T, F>(&self, work: F) -> RepositoryResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> LocalBoxFuture<'c, QueryResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            // The caller may have gone: what was asked for is done all the same.
            let _ = reply.send(now(work(conn)).map_err(failed));
        });
        self.sender()?.send(Order::Run(job)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Queues a webhook; it is written with its neighbours.
    async fn ingest(&self, webhook: NewWebhook) -> RepositoryResult<Ingested> {
        let (reply, answer) = oneshot::channel();
        self.sender()?.try_send(Order::Ingest(Box::new((webhook, reply)))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RepositoryError::Busy,
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }

    fn sender(&self) -> RepositoryResult<mpsc::Sender<Order>> {
        let orders = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        orders.clone().ok_or_else(gone)
    }

    fn queued(&self) -> usize {
        let orders = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        orders.as_ref().map_or(0, |orders| orders.max_capacity() - orders.capacity())
    }

    /// The file is locked to this process: what is under way elsewhere cannot be.
    async fn migrate(&self, _: &DatabaseSettings) -> RepositoryResult<MigrationReport> {
        self.write(|conn| async move { Ok(super::migrate::sqlite(conn)) }.boxed_local()).await?
    }

    /// Tables and columns of the directory that are not there.
    async fn missing(&self, names: Vec<(String, Vec<String>)>, _: &DatabaseSettings) -> RepositoryResult<Vec<String>> {
        self.read(move |conn| async move { super::migrate::missing_in_sqlite(conn, &names) }.boxed_local()).await
    }

    fn pool(&self) -> super::PoolState {
        let state = self.readers.state();
        super::PoolState {
            most: usize::try_from(self.readers.max_size()).unwrap_or(usize::MAX),
            open: usize::try_from(state.connections).unwrap_or(usize::MAX),
            idle: usize::try_from(state.idle_connections).unwrap_or(usize::MAX),
        }
    }

    async fn facts(&self, _: &DatabaseSettings) -> RepositoryResult<super::DatabaseFacts> {
        self.read(|conn| async move { super::facts::of_sqlite(conn) }.boxed_local()).await
    }

    async fn close(&self) {
        let writer = {
            let mut orders = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            orders.take();
            self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
        };
        if let Some(writer) = writer {
            // A writer that panicked has told so already, through `writers_alive`.
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }
}

fn open_blocking(path: &Path, readers: usize, queue: usize, shared: Arc<Shared>) -> RepositoryResult<Engine> {
    let config = |cause: String| RepositoryError::Config(format!("{}: {cause}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| config(error.to_string()))?;
    }
    let lock = File::create(path.with_extension("lock")).map_err(|error| config(error.to_string()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(config("another process uses this file; SQLite serves one at a time".to_owned()));
        }
        Err(TryLockError::Error(error)) => return Err(config(error.to_string())),
    }
    let address = path.to_string_lossy().into_owned();
    let mut conn = Conn::establish(&address).map_err(|error| config(error.to_string()))?;
    // The timeout first: whoever had the file before us may still be closing it.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -16000;",
    )
    .map_err(failed)?;
    let pool = Pool::builder()
        .max_size(u32::try_from(readers).unwrap_or(10))
        .min_idle(Some(1))
        .connection_customizer(Box::new(ReaderSettings))
        .build(ConnectionManager::new(address))
        .map_err(|error| config(error.to_string()))?;
    let (orders, receiver) = mpsc::channel(queue);
    let writer = thread::Builder::new()
        .name("comms-writer".to_owned())
        .spawn(move || {
            let _running = shared.writer();
            write_until_closed(&mut conn, receiver, &shared);
        })
        .map_err(|error| config(error.to_string()))?;
    Ok(Engine {
        readers: pool,
        orders: std::sync::Mutex::new(Some(orders)),
        writer: std::sync::Mutex::new(Some(writer)),
        _lock: lock,
    })
}

#[derive(Debug)]
struct ReaderSettings;

impl CustomizeConnection<Conn, diesel::r2d2::Error> for ReaderSettings {
    fn on_acquire(&self, conn: &mut Conn) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON;")
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Takes whatever has queued, writes all webhooks of it in one transaction, and the rest in its order.
fn write_until_closed(conn: &mut Conn, mut orders: mpsc::Receiver<Order>, shared: &Shared) {
    let mut taken = Vec::new();
    while orders.blocking_recv_many(&mut taken, super::common::ROUND) > 0 {
        let mut round = Vec::new();
        let mut jobs = Vec::new();
        for order in taken.drain(..) {
            match order {
                Order::Ingest(waiting) => round.push(*waiting),
                Order::Run(job) => jobs.push(job),
            }
        }
        write_patiently(conn, shared, round);
        for job in jobs {
            job(conn);
        }
    }
}

/// Tries a round again for a while where the file cannot be written, then tells those who wait.
fn write_patiently(conn: &mut Conn, shared: &Shared, mut round: Vec<super::common::Waiting>) {
    for wait in super::common::PATIENCE {
        if round.is_empty() {
            return;
        }
        round = now(facade::write_round(conn, shared, round));
        if !round.is_empty() {
            thread::sleep(wait);
        }
    }
    for (_, reply) in round {
        // Whoever waited may have gone; nothing was promised.
        let _ = reply.send(Err(RepositoryError::Unavailable("the file cannot be written".to_owned())));
    }
}

/// Runs what completes at once.
fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().unwrap_or_else(|| unreachable!("SQLite's statements complete at once"))
}

fn gone() -> RepositoryError {
    RepositoryError::Unavailable("the writer has stopped".to_owned())
}

/// Whether a failed round is to be tried as it is, later.
fn is_transient(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    let Error::DatabaseError(kind, information) = error else {
        return false;
    };
    let message = information.message();
    matches!(kind, DatabaseErrorKind::SerializationFailure)
        || ["locked", "busy", "disk", "full", "I/O", "readonly", "unable to open"]
            .iter()
            .any(|word| message.contains(word))
}
