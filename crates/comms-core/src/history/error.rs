//! What can go wrong with the store.

use std::fmt;

/// An error of the repository. It says whether the caller may try again, and hides no cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The queue is full or no connection was free in time: nothing was stored, try again shortly.
    Busy,
    /// The database is away: nothing was stored, try again.
    Unavailable(String),
    /// What was asked for is not there, or belongs to another organisation.
    NotFound(&'static str),
    /// The request contradicts what is stored.
    Conflict(String),
    /// The configuration or the schema of the database is not what is needed; says what to mend.
    Config(String),
    /// Anything else that the database said.
    Database(String),
}

impl RepositoryError {
    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }
}

impl fmt::Display for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the store is busy"),
            Self::Unavailable(cause) => write!(f, "the database is away: {cause}"),
            Self::NotFound(what) => write!(f, "{what} not found"),
            Self::Conflict(what) | Self::Config(what) => f.write_str(what),
            Self::Database(cause) => write!(f, "the database refused: {cause}"),
        }
    }
}

impl std::error::Error for RepositoryError {}
