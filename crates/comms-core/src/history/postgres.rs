//! The repository on PostgreSQL: a pool, and writers of webhooks with connections of their own.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error},
    sql_query,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, SingleValue, Text},
};
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::{FutureExt, future::BoxFuture};
use time::OffsetDateTime;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use super::{
    DatabaseSettings, DatabaseTarget, Ingested, MigrationReport, NewWebhook, RepositoryError,
    common::{PATIENCE, ROUND, Shared, Waiting, failed},
    connect::{PROCESS, connect},
    listener::{CHANNEL, Listener},
    repository::RepositoryResult,
    schema::define_schema,
    schema_credentials::define_credential_schema,
    schema_hooks::define_hook_schema,
};
use crate::{EventKind, StoredWebhook};

mod schema {
    super::define_schema!(
        organizations = "organizations",
        accounts = "accounts",
        service_tokens = "service_tokens",
        webhooks = "webhooks",
        quarantine = "quarantine",
        contacts = "contacts",
        identities = "identities",
        conversations = "conversations",
        conversation_reads = "conversation_reads",
        conversation_notes = "conversation_notes",
        messages = "messages",
        status_events = "status_events",
        updates = "updates",
        outbox = "outbox",
        discards = "discards",
        events = "events",
        attachments = "attachments",
        opt_outs = "opt_outs",
        marks = "marks",
        leases = "leases"
    );
}

mod credential_schema {
    super::define_credential_schema!(credentials = "credentials", states = "oauth_states");
}

mod hook_schema {
    super::define_hook_schema!(endpoints = "hook_endpoints", deliveries = "hook_deliveries");
}

type Conn = AsyncPgConnection;
type Backend = diesel::pg::Pg;

/// The name of our message table, for conditions that are made as text.
const MESSAGES: &str = "messages";

/// What a statement adds that locks the rows of `p` and leaves those alone that somebody else has.
const SKIP_LOCKED: &str = "FOR UPDATE OF p SKIP LOCKED";

/// The time in microseconds since 1970, as SQL: the database's, which all processes share.
fn clock(_: OffsetDateTime) -> String {
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint".to_owned()
}

/// After a query whose rows are to be changed; and the same, leaving out those that somebody else has.
const LOCKED: &str = " FOR UPDATE";
const ONLY_FREE: &str = " FOR UPDATE SKIP LOCKED";

/// Whether a statement of one text is kept by its connection.
const KEEPS_TEXTS: bool = true;

/// Whether a part of a query may look at each row of another: then one statement asks for all accounts.
const LATERAL: bool = true;

/// Something to select from: the rows of a document that stands between the two parts, as `w`.
fn given(columns: &[(&str, Column)]) -> [String; 2] {
    let kind = |column: &Column| match column {
        Column::Uid => "uuid",
        Column::Text => "text",
        Column::Small => "smallint",
        Column::Integer => "integer",
        Column::Long => "bigint",
        Column::Doc => "jsonb",
    };
    let columns: Vec<String> = columns.iter().map(|(name, column)| format!("{name} {}", kind(column))).collect();
    ["jsonb_to_recordset(".to_owned(), format!(") AS w({})", columns.join(", "))]
}

/// Tables of others are in a schema of their own.
const SCHEMAS: bool = true;

/// The seconds from one time to another, as a number.
fn seconds_between(from: &str, to: &str) -> String {
    format!("extract(epoch FROM ({to} - {from}))::float8")
}

/// An id as it stands in a query that is made as text.
fn id_literal(id: Uuid) -> String {
    format!("'{id}'::uuid")
}

/// A key of a row `t` as text.
fn key_text(column: &str, _: bool) -> String {
    format!("t.{column}::text")
}

/// A row `t` as a document with every column but the bytes of a webhook, which are read beside it.
async fn document(_: &mut Conn, table: &str) -> QueryResult<String> {
    let bytes = if table == "webhooks" { " - 'body'" } else { "" };
    Ok(format!("(to_jsonb(t){bytes})::text"))
}

/// Orders the cursors of the log: `comms-cursor` in ASCII, shortened.
const CURSOR_LOCK: i64 = 0x636f_6d6d_7363_7572;

diesel::define_sql_function! {
    /// One row for each element.
    fn unnest<T: SingleValue>(values: Array<T>) -> T;
}

// Both return nothing; of what is not read the type is not asked.
diesel::define_sql_function! {
    /// Waits for a lock that is held to the commit.
    fn pg_advisory_xact_lock(key: BigInt) -> Text;
}
diesel::define_sql_function! {
    /// Tells those who listen, once the transaction is committed.
    fn pg_notify(channel: Text, payload: Nullable<Text>) -> Text;
}
diesel::define_sql_function! {
    /// A setting of the session.
    fn current_setting(name: Text, missing_ok: Bool) -> Nullable<Text>;
}

/// Rows that are inserted as one array for each column: one statement, prepared once, for any number of rows.
trait Columnar<'r>: Sized + 'r {
    /// A query that gives the rows.
    type Values;
    /// The columns, in the same order.
    type Targets;

    fn values(rows: &'r [Self]) -> Self::Values;
    fn targets() -> Self::Targets;
}

fn values<'r, R: Columnar<'r>>(rows: &'r [R]) -> R::Values {
    R::values(rows)
}

fn targets<'r, R: Columnar<'r>>(_: &'r [R]) -> R::Targets {
    R::targets()
}

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

        const _: () = {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            impl<'r $(, $life: 'r)?> super::super::Columnar<'r> for $name $(<$life>)? {
                type Values = diesel::dsl::select<($(super::super::unnest<$sql, Vec<&'r $type>>,)+)>;
                type Targets = ($($table::$field,)+);

                fn values(rows: &'r [Self]) -> Self::Values {
                    diesel::select(($(super::super::unnest::<$sql, _>(rows.iter().map(|row| &row.$field).collect::<Vec<_>>()),)+))
                }

                fn targets() -> Self::Targets {
                    ($($table::$field,)+)
                }
            }
        };
    };
}
macro_rules! insert {
    ($table:expr, $rows:expr) => {
        diesel::insert_into($table)
            .values(super::super::values(&$rows[..]))
            .into_columns(super::super::targets(&$rows[..]))
    };
}
macro_rules! insert_ignore {
    ($conn:expr, $table:expr, $rows:expr, $target:expr) => {
        if !$rows.is_empty() {
            insert!($table, $rows).on_conflict($target).do_nothing().execute($conn).await?;
        }
    };
}
macro_rules! insert_new {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $returning:expr) => {
        insert!($table, $rows).on_conflict($target).do_nothing().returning($returning).get_results($conn).await?
    };
}
macro_rules! insert_new_any {
    ($conn:expr, $table:expr, $rows:expr, $returning:expr) => {{
        let rows = $rows;
        insert!($table, rows).on_conflict_do_nothing().returning($returning).get_results($conn).await?
    }};
}
macro_rules! insert_returning {
    ($conn:expr, $table:expr, $rows:expr, $returning:expr) => {
        insert!($table, $rows).returning($returning).get_results($conn).await?
    };
}
macro_rules! upsert {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $set:expr) => {
        if !$rows.is_empty() {
            insert!($table, $rows).on_conflict($target).do_update().set($set).execute($conn).await?;
        }
    };
}
macro_rules! upsert_returning {
    ($conn:expr, $table:expr, $rows:expr, $target:expr, $set:expr, $returning:expr) => {
        insert!($table, $rows)
            .on_conflict($target)
            .do_update()
            .set($set)
            .returning($returning)
            .get_results($conn)
            .await?
    };
}
macro_rules! skip_locked {
    ($query:expr) => {
        $query.for_update().skip_locked()
    };
}
/// Rows that are read to be changed.
macro_rules! locked {
    ($query:expr) => {
        $query.for_update()
    };
}

#[path = "statements/mod.rs"]
mod statements;

use statements::fixed::Column;

#[path = "facade.rs"]
mod facade;

pub(super) use facade::EngineRepository as PostgresRepository;

async fn begin(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction(conn).await
}

async fn commit(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::commit_transaction(conn).await
}

async fn rollback(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::rollback_transaction(conn).await
}

/// Commits what went well and rolls back what did not.
async fn end<T>(conn: &mut Conn, result: QueryResult<T>) -> QueryResult<T> {
    match result {
        Ok(value) => commit(conn).await.map(|()| value),
        Err(error) => {
            // The first error is the one that tells; the pool drops a connection that cannot roll back.
            let _ = rollback(conn).await;
            Err(error)
        }
    }
}

/// Held to commit, so that cursors become visible in their order.
async fn lock_cursor(conn: &mut Conn) -> QueryResult<()> {
    diesel::select(pg_advisory_xact_lock(CURSOR_LOCK)).execute(conn).await.map(|_| ())
}

/// The same, for a round that grows the log: the other processes are told with the commit. In one statement, so that telling
/// them costs no further way to the server while the lock is held.
async fn lock_cursor_and_tell(conn: &mut Conn) -> QueryResult<()> {
    let telling = pg_notify(CHANNEL, current_setting(PROCESS, true));
    diesel::select((pg_advisory_xact_lock(CURSOR_LOCK), telling)).execute(conn).await.map(|_| ())
}

/// Numbers of `comunicaciones`, taken from its own sequence.
async fn reserve_row_ids(conn: &mut Conn, count: usize) -> QueryResult<Vec<i32>> {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = Integer)]
        number: i32,
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    // `OFFSET 0` keeps the sequence from being looked up for each number, which takes longer than to take it.
    let numbers: Vec<Number> = sql_query(
        "SELECT nextval(sequence)::int4 AS number FROM \
         (SELECT pg_get_serial_sequence('comunicaciones', 'id')::regclass AS sequence OFFSET 0) s, generate_series(1, $1)",
    )
    .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
    .load(conn)
    .await?;
    Ok(numbers.into_iter().map(|row| row.number).collect())
}

/// How the statements are run.
struct Engine {
    settings: DatabaseSettings,
    pool: Pool<Conn>,
    writers: Mutex<Vec<Writer>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    listener: Mutex<Option<Listener>>,
}

/// From this length on a webhook is written by a writer of its own: megabytes take a fraction of a second.
const LONG: usize = 64 * 1024;
/// From this length on the connection that a webhook went over is closed, with the buffers that it needed for it.
const HEAVY: usize = 1024 * 1024;

type Writer = mpsc::Sender<Waiting>;

impl Engine {
    async fn open(settings: &DatabaseSettings, shared: Arc<Shared>) -> RepositoryResult<Self> {
        let settings = &DatabaseSettings { process: Uuid::now_v7(), ..settings.clone() };
        let pool = pool(settings)?;
        // The first connection tells at once what is wrong with the address.
        drop(take(&pool, settings).await?);
        let mut writers = Vec::new();
        let mut tasks = Vec::new();
        // One more for what is long. It connects when there is something for it.
        for _ in 0..=settings.writers.max(1) {
            let (sender, receiver) = mpsc::channel(settings.queue.div_ceil(settings.writers.max(1)));
            writers.push(sender);
            tasks.push(tokio::spawn(write_until_closed(settings.clone(), shared.clone(), receiver)));
        }
        Ok(Self {
            settings: settings.clone(),
            pool,
            writers: Mutex::new(writers),
            tasks: Mutex::new(tasks),
            listener: Mutex::default(),
        })
    }

    /// From the first time on, hears of what other processes write. Who never asks needs no connection for it.
    fn listen(&self, shared: &Arc<Shared>) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.is_none() {
            *listener = Listener::start(&self.settings, shared);
        }
    }

    /// Runs something that only reads.
    async fn read<T, F>(&self, work: F) -> RepositoryResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, QueryResult<T>> + Send + 'static,
    {
        let mut conn = take(&self.pool, &self.settings).await?;
        work(&mut conn).await.map_err(told)
    }

    /// Reads a raw webhook, which may be megabytes: a connection keeps as much for its next answers, and goes after such a one.
    async fn read_webhook<F>(&self, work: F) -> RepositoryResult<Option<StoredWebhook>>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, QueryResult<Option<StoredWebhook>>> + Send + 'static,
    {
        let mut conn = take(&self.pool, &self.settings).await?;
        let found = work(&mut conn).await.map_err(told)?;
        if found.as_ref().is_some_and(|webhook| webhook.request().body.len() >= HEAVY) {
            drop(Object::take(conn));
        }
        Ok(found)
    }

    /// Runs something that writes. It is finished even where the caller goes away meanwhile.
    async fn write<T, F>(&self, work: F) -> RepositoryResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, QueryResult<T>> + Send + 'static,
    {
        let mut conn = take(&self.pool, &self.settings).await?;
        tokio::spawn(async move { work(&mut conn).await.map_err(told) })
            .await
            .map_err(|error| RepositoryError::Database(error.to_string()))?
    }

    /// Queues a webhook; it is written with its neighbours.
    async fn ingest(&self, webhook: NewWebhook) -> RepositoryResult<Ingested> {
        let writer = self.writer(&webhook)?;
        let (reply, answer) = oneshot::channel();
        writer.try_send((webhook, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RepositoryError::Busy,
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }

    /// The writer of the first event's party: what one person sends is written in its order, by one writer. What is long has a writer of its
    /// own, for which nobody waits: until it locks the log, last of all, its rows are in nobody's way.
    fn writer(&self, webhook: &NewWebhook) -> RepositoryResult<Writer> {
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let (long, others) = writers.split_last().ok_or_else(gone)?;
        if length(webhook) >= LONG {
            return Ok(long.clone());
        }
        let mut hasher = DefaultHasher::new();
        if let [event, ..] = webhook.batch.events.as_slice() {
            event.account.hash(&mut hasher);
            match &event.kind {
                EventKind::Message(message) => message.party.primary().map(crate::Address::value).hash(&mut hasher),
                _ => event.subject.hash(&mut hasher),
            }
        }
        let count = u64::try_from(others.len()).unwrap_or(1).max(1);
        let at = usize::try_from(hasher.finish() % count).unwrap_or(0);
        others.get(at).cloned().ok_or_else(gone)
    }

    fn queued(&self) -> usize {
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.iter().map(|writer| writer.max_capacity() - writer.capacity()).sum()
    }

    /// On a runtime of its own: diesel's migrations are synchronous and block the thread that they run on.
    async fn migrate(&self, settings: &DatabaseSettings) -> RepositoryResult<MigrationReport> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .map_err(|error| RepositoryError::Config(error.to_string()))?
                .block_on(async {
                    let conn =
                        connect(&settings).await.map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
                    super::migrate::postgres(conn, &settings).await
                })
        })
        .await
        .map_err(|error| RepositoryError::Database(error.to_string()))?
    }

    /// Tables and columns of the directory that are not there.
    async fn missing(
        &self,
        names: Vec<(String, Vec<String>)>,
        settings: &DatabaseSettings,
    ) -> RepositoryResult<Vec<String>> {
        let schema = settings.public_schema.clone();
        self.read(move |conn| async move { super::migrate::missing_in_postgres(conn, &schema, &names).await }.boxed())
            .await
    }

    fn pool(&self) -> super::PoolState {
        let status = self.pool.status();
        super::PoolState { most: status.max_size, open: status.size, idle: status.available }
    }

    async fn facts(&self, settings: &DatabaseSettings) -> RepositoryResult<super::DatabaseFacts> {
        let settings = settings.clone();
        self.read(move |conn| async move { super::facts::of_postgres(conn, &settings).await }.boxed()).await
    }

    async fn close(&self) {
        drop(self.listener.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.writers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A writer that panicked has told so already, through `writers_alive`.
            let _ = task.await;
        }
        self.pool.close();
    }
}

fn pool(settings: &DatabaseSettings) -> RepositoryResult<Pool<Conn>> {
    let DatabaseTarget::Postgres(_) = &settings.target else {
        return Err(RepositoryError::Config("not an address of PostgreSQL".to_owned()));
    };
    let mut config = ManagerConfig::default();
    let target = settings.clone();
    // Whether it is closed the connection knows itself; asking the server each time would be a statement for each of ours.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let target = target.clone();
        async move { connect(&target).await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(String::new(), config);
    Pool::builder(manager)
        .max_size(settings.pool_size)
        .build()
        .map_err(|error| RepositoryError::Config(error.to_string()))
}

async fn take(pool: &Pool<Conn>, settings: &DatabaseSettings) -> RepositoryResult<Object<Conn>> {
    match tokio::time::timeout(settings.pool_timeout, pool.get()).await {
        Ok(Ok(conn)) => Ok(conn),
        Ok(Err(error)) => Err(RepositoryError::Unavailable(error.to_string())),
        Err(_) => Err(RepositoryError::Busy),
    }
}

/// Takes whatever has queued and writes it in one transaction. Never ends on an error: it answers, backs off, goes on.
async fn write_until_closed(settings: DatabaseSettings, shared: Arc<Shared>, mut queue: mpsc::Receiver<Waiting>) {
    let _running = shared.writer();
    let mut conn = None;
    let mut round = Vec::new();
    while queue.recv_many(&mut round, ROUND).await > 0 {
        let heavy = round.iter().any(|(webhook, _)| length(webhook) >= HEAVY);
        write_patiently(&settings, &shared, &mut conn, std::mem::take(&mut round)).await;
        if heavy {
            conn = None;
        }
    }
}

/// The length of a raw webhook.
fn length(webhook: &NewWebhook) -> usize {
    webhook.request.as_ref().map_or(0, |request| request.body.len())
}

/// Tries a round again for a while, with a new connection each time, then tells those who wait.
async fn write_patiently(
    settings: &DatabaseSettings,
    shared: &Shared,
    conn: &mut Option<Conn>,
    mut round: Vec<Waiting>,
) {
    for wait in PATIENCE {
        if conn.is_none() {
            match connect(settings).await {
                Ok(fresh) => *conn = Some(fresh),
                Err(error) => tracing::warn!(%error, "the database does not answer"),
            }
        }
        if let Some(open) = conn {
            round = facade::write_round(open, shared, round).await;
            if round.is_empty() {
                return;
            }
            // Whatever state it is in, nobody asks it again.
            *conn = None;
        }
        tokio::time::sleep(wait).await;
    }
    for (_, reply) in round {
        // Whoever waited may have gone; nothing was promised.
        let _ = reply.send(Err(RepositoryError::Unavailable("the database does not answer".to_owned())));
    }
}

fn gone() -> RepositoryError {
    RepositoryError::Unavailable("the writers have stopped".to_owned())
}

/// The caller's error: a database that is away is told from one that refuses.
fn told(error: Error) -> RepositoryError {
    if is_transient(&error) { RepositoryError::Unavailable(error.to_string()) } else { failed(error) }
}

/// Whether the same statements may succeed later: the connection, the server or a neighbour was at fault, not the data.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => true,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction => true,
            // The driver keeps no SQLSTATE: classes 40, 53 and 57 by their words.
            DatabaseErrorKind::Unknown => {
                let message = information.message();
                [
                    "deadlock detected",
                    "terminating connection",
                    "the database system is",
                    "too many clients",
                    "remaining connection slots",
                    "could not extend file",
                    "could not write",
                    "No space left",
                    "out of memory",
                    "canceling statement due to",
                    "connection",
                ]
                .iter()
                .any(|words| message.contains(words))
            }
            _ => false,
        },
        _ => false,
    }
}
