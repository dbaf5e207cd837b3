//! How a database is, for whoever looks after it: what waits for how long, connections, what its operator should know.

use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::RepositoryResult;

/// What waits, how much of it, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The queue of messages by channel.
    pub channels: Vec<ChannelQueue>,
    /// The oldest webhook of an account that nobody registered.
    pub quarantined_since: Option<OffsetDateTime>,
    /// The oldest file that is to be fetched.
    pub media_since: Option<OffsetDateTime>,
    /// Since when the oldest message of unknown outcome is looked for.
    pub unknown_since: Option<OffsetDateTime>,
    /// Messages that did not arrive and were neither tried again nor discarded.
    pub lost: i64,
}

/// How many messages of a channel are in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelQueue {
    /// The channel, as it is stored.
    pub channel: String,
    /// `waiting`, `sending` or `unknown`.
    pub state: &'static str,
    /// How many.
    pub count: i64,
    /// When the first of them is due.
    pub first_due_at: Option<OffsetDateTime>,
}

/// Connections of this process for everything but the writers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// How many there may be.
    pub most: usize,
    /// How many are open.
    pub open: usize,
    /// How many of these nobody uses.
    pub idle: usize,
}

/// What an operator should know of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseFacts {
    /// The engine and its version.
    pub version: String,
    /// The database's clock.
    pub now: Option<OffsetDateTime>,
    /// The last migration that was applied, and the last that this program has.
    pub schema: (Option<String>, Option<String>),
    /// Where our tables, and `comunicaciones`, are found by their names alone, each with where they should be.
    pub tables: Vec<FoundTable>,
    /// How many connections the server takes, and how many it has at this moment.
    pub connections: Option<(i64, i64)>,
    /// How many connections this process opens at most.
    pub own_connections: usize,
}

/// Where a table is found by its name alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name in the database, without the schema.
    pub name: String,
    /// The schema in which it is found.
    pub found: Option<String>,
    /// The schema in which it should be.
    pub wanted: String,
}

/// How a database is, as a part of the [`Repository`](super::Repository).
#[async_trait]
pub trait InspectRepository: fmt::Debug + Send + Sync + 'static {
    /// What waits, and since when.
    ///
    /// # Errors
    /// As the repository's.
    async fn waiting(&self) -> RepositoryResult<Waiting>;

    /// The connections of this process.
    fn pool(&self) -> PoolState;

    /// What an operator should know. Changes nothing, and needs no schema.
    ///
    /// # Errors
    /// As the repository's.
    async fn facts(&self) -> RepositoryResult<DatabaseFacts>;
}
