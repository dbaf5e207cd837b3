//! What both engines share while they run.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicI32, AtomicUsize, Ordering},
};

use diesel::result::{DatabaseErrorKind, Error};
use time::{Duration, OffsetDateTime};
use tokio::sync::{oneshot, watch};

use super::{
    Conclusion, Ingested, NewWebhook, RepositoryError, accounts_map::AccountMap, directory::Directory,
    repository::RepositoryResult, together::Together,
};
use crate::Clock;

/// How many webhooks one round takes at most.
pub(super) const ROUND: usize = 256;

/// How long a round that cannot be written is tried again, between its attempts. Less in all than a provider waits for us.
pub(super) const PATIENCE: [std::time::Duration; 4] = [
    std::time::Duration::from_millis(50),
    std::time::Duration::from_millis(250),
    std::time::Duration::from_secs(1),
    std::time::Duration::from_secs(2),
];

/// How long a number of `comunicaciones` may be taken before its row is visible: the longest transaction of another program
/// that is taken in without a full scan.
const SETTLED: Duration = Duration::seconds(30);

/// How long the registered accounts are believed without looking.
const ACCOUNTS_LIFE: Duration = Duration::seconds(30);

/// How often, at most, an account that is not known makes us look.
const ACCOUNTS_PAUSE: Duration = Duration::seconds(1);

/// A webhook and who waits for it.
pub(super) type Waiting = (NewWebhook, oneshot::Sender<RepositoryResult<Ingested>>);

/// State that outlives a call.
pub(super) struct Shared {
    pub clock: Arc<dyn Clock>,
    pub directory: Directory,
    accounts: RwLock<(Arc<AccountMap>, OffsetDateTime)>,
    hint: watch::Sender<i64>,
    /// How attempts ended that nobody has written yet.
    pub concluding: Together<Conclusion, bool>,
    running: AtomicUsize,
    expected: AtomicUsize,
    /// Numbers of `comunicaciones` up to here have been looked at once by this process.
    pub scanned: AtomicI32,
    /// A highest number, and when it was seen.
    observed: Mutex<Option<(i32, OffsetDateTime)>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, directory: Directory) -> Self {
        Self {
            clock,
            directory,
            accounts: RwLock::new((Arc::default(), OffsetDateTime::UNIX_EPOCH)),
            hint: watch::Sender::new(0),
            concluding: Together::default(),
            running: AtomicUsize::new(0),
            expected: AtomicUsize::new(0),
            scanned: AtomicI32::new(0),
            observed: Mutex::new(None),
        }
    }

    pub(super) fn accounts(&self) -> Arc<AccountMap> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    pub(super) fn set_accounts(&self, map: AccountMap) {
        *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(map), self.clock.now());
    }

    /// Whether the accounts are to be read again before this round: they are old, or one is not among them.
    pub(super) fn accounts_are_stale(&self, round: &[NewWebhook]) -> bool {
        let guard = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let age = self.clock.now() - guard.1;
        if age >= ACCOUNTS_LIFE {
            return true;
        }
        age >= ACCOUNTS_PAUSE
            && round
                .iter()
                .flat_map(|webhook| &webhook.batch.events)
                .any(|event| guard.0.find(&event.account).is_none())
    }

    /// Tells whoever waits that the log grew.
    pub(super) fn grew(&self, cursor: Option<i64>) {
        if let Some(cursor) = cursor {
            self.hint.send_if_modified(|last| {
                let grew = cursor > *last;
                *last = cursor.max(*last);
                grew
            });
        }
    }

    /// Tells whoever waits that the log may have grown: somebody else wrote.
    #[cfg(feature = "postgres")]
    pub(super) fn look(&self) {
        self.hint.send_modify(|_| {});
    }

    pub(super) fn hint(&self) -> watch::Receiver<i64> {
        self.hint.subscribe()
    }

    /// Counts a writer as long as the guard lives: a writer that panics is missed.
    pub(super) fn writer(self: &Arc<Self>) -> Running {
        self.expected.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self.clone())
    }

    pub(super) fn writers_alive(&self) -> bool {
        let expected = self.expected.load(Ordering::Relaxed);
        expected > 0 && self.running.load(Ordering::Relaxed) == expected
    }

    /// Up to which number every row is settled, now that `highest` is the highest; `None` while that is not known.
    pub(super) fn settled(&self, highest: i32) -> Option<i32> {
        let now = self.clock.now();
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        match *observed {
            Some((seen, at)) if now - at >= SETTLED => {
                *observed = Some((highest, now));
                Some(seen)
            }
            Some(_) => None,
            None => {
                *observed = Some((highest, now));
                None
            }
        }
    }
}

/// A running writer.
pub(super) struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the database said, as the repository's callers need it.
pub(super) fn failed(error: Error) -> RepositoryError {
    match &error {
        Error::NotFound => RepositoryError::NotFound("the row"),
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                RepositoryError::Unavailable(information.message().to_owned())
            }
            DatabaseErrorKind::ForeignKeyViolation => RepositoryError::Conflict(format!(
                "a row that this one belongs to does not exist ({})",
                information.constraint_name().unwrap_or("foreign key")
            )),
            DatabaseErrorKind::SerializationFailure => RepositoryError::Busy,
            _ => RepositoryError::Database(information.message().to_owned()),
        },
        _ => RepositoryError::Database(error.to_string()),
    }
}

/// Whether another program's lock was waited for in vain. The drivers keep no SQLSTATE (55P03): told by its words.
pub(super) fn is_held_up(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, information)
        if information.message().contains("lock timeout"))
}
