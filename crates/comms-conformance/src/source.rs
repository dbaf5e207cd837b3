//! What every [`Source`] promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use comms_core::{Cursor, ErrorKind, EventKind, Outcome, Source};

use crate::{
    Case, Report, Verdict, Violation, source as promises,
    suite::{cases, ensure, ensure_eq, run_all},
};

/// What every source promises, case by case.
pub const CASES: &[Case<dyn SourceHarness>] = cases![
    promises::{
        what_arrives_is_told_once,
        the_same_cursor_tells_the_same_again,
        an_expired_cursor_loses_nothing,
        a_failure_says_what_it_is_and_loses_nothing,
    },
];

/// Runs [`CASES`].
///
/// # Errors
/// The promises that the source does not keep.
pub async fn source(harness: &(dyn SourceHarness + 'static)) -> Result<(), Report> {
    run_all(CASES, harness).await
}

/// Gives the suite sources in front of a double of their provider.
#[async_trait]
pub trait SourceHarness: Send + Sync {
    /// A source and its double, both as new.
    async fn open(&self) -> SourceBench;
}

/// A source and the double behind it.
pub struct SourceBench {
    /// The subject.
    pub source: Arc<dyn Source>,
    /// What it reads.
    pub origin: Arc<dyn Origin>,
}

/// The double of what is read, as the suite needs it.
#[async_trait]
pub trait Origin: Send + Sync {
    /// A message of somebody arrives. Returns the subject of the event that tells of it.
    async fn arrives(&self) -> String;

    /// Every cursor that was given out is too old from now on.
    async fn expire(&self);

    /// Strikes the next request with this fault, and no other.
    async fn fail_next(&self, fault: SourceFault);
}

/// What can go wrong with one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// Nothing listens.
    Refused,
    /// Too much was asked, and the provider says when to come back, in the way it documents.
    Throttled {
        /// The wait that it asks for: whole seconds.
        wait: Duration,
    },
    /// Its owner took the access back.
    Revoked,
}

/// More than one page of any source.
const MANY: usize = 7;
/// After so many readings a source that never comes to its end is one without.
const MOST_READINGS: usize = 200;
/// Longer than any source waits by itself.
const WAIT: Duration = Duration::from_secs(97);

/// The messages that a source told of, by subject: the keys under which it did.
type Told = BTreeMap<String, BTreeSet<String>>;

/// Reads on from a cursor until it moves no more.
async fn read(bench: &SourceBench, mut cursor: Option<Cursor>) -> Result<(Told, Cursor), Violation> {
    let mut told = Told::new();
    for _ in 0..MOST_READINGS {
        let (batch, next) = bench.source.pull(cursor.clone()).await?;
        for event in batch.events.iter().filter(|event| matches!(event.kind, EventKind::Message(_))) {
            told.entry(event.subject.clone()).or_default().insert(event.key.as_str().to_owned());
        }
        if cursor.as_ref() == Some(&next) {
            return Ok((told, next));
        }
        cursor = Some(next);
    }
    Err(Violation::new(format!("after {MOST_READINGS} readings there is no end")))
}

async fn arrive(bench: &SourceBench, count: usize) -> BTreeSet<String> {
    let mut subjects = BTreeSet::new();
    for _ in 0..count {
        subjects.insert(bench.origin.arrives().await);
    }
    subjects
}

async fn what_arrives_is_told_once(harness: &dyn SourceHarness) -> Verdict {
    let bench = harness.open().await;
    let (_, start) = read(&bench, None).await?;
    let first = arrive(&bench, MANY).await;
    let (told, middle) = read(&bench, Some(start)).await?;
    ensure_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), first, "what was told of");
    ensure!(told.values().all(|keys| keys.len() == 1), "one message is told under several keys: {told:?}");
    let second = arrive(&bench, 1).await;
    let (told, end) = read(&bench, Some(middle)).await?;
    ensure_eq!(told.into_keys().collect::<BTreeSet<_>>(), second, "what was told of after that");
    let (told, _) = read(&bench, Some(end)).await?;
    ensure!(told.is_empty(), "where nothing arrived something is told: {told:?}");
    Ok(())
}

async fn the_same_cursor_tells_the_same_again(harness: &dyn SourceHarness) -> Verdict {
    let bench = harness.open().await;
    let (_, start) = read(&bench, None).await?;
    arrive(&bench, MANY).await;
    let (first, _) = read(&bench, Some(start.clone())).await?;
    let (again, _) = read(&bench, Some(start)).await?;
    ensure_eq!(again, first, "what the same cursor tells again, with its keys");
    Ok(())
}

async fn an_expired_cursor_loses_nothing(harness: &dyn SourceHarness) -> Verdict {
    let bench = harness.open().await;
    let (_, start) = read(&bench, None).await?;
    let wanted = arrive(&bench, MANY).await;
    bench.origin.expire().await;
    let (told, _) = read(&bench, Some(start)).await?;
    let missing: Vec<&String> = wanted.iter().filter(|subject| !told.contains_key(*subject)).collect();
    ensure!(missing.is_empty(), "lost with an old cursor: {missing:?}");
    Ok(())
}

async fn a_failure_says_what_it_is_and_loses_nothing(harness: &dyn SourceHarness) -> Verdict {
    let faults = [
        (SourceFault::Refused, ErrorKind::Transport),
        (SourceFault::Throttled { wait: WAIT }, ErrorKind::RateLimited),
        (SourceFault::Revoked, ErrorKind::Unauthenticated),
    ];
    for (fault, kind) in faults {
        let bench = harness.open().await;
        let (_, start) = read(&bench, None).await?;
        let wanted = arrive(&bench, MANY).await;
        bench.origin.fail_next(fault).await;
        let Err(error) = bench.source.pull(Some(start.clone())).await else {
            return Err(Violation::new(format!("{fault:?} is taken for a success")));
        };
        ensure_eq!(error.kind(), kind, "the kind of {fault:?}");
        ensure!(error.outcome() != Outcome::Unknown, "reading changes nothing, and {fault:?} leaves its outcome open");
        if let SourceFault::Throttled { wait } = fault {
            // A time of day is told in whole seconds, and some have gone.
            let told = error.wait().unwrap_or_default();
            ensure!(told + Duration::from_secs(5) >= wait && told <= wait, "the wait of a throttle: {told:?}");
        }
        let (told, _) = read(&bench, Some(start)).await?;
        ensure_eq!(told.into_keys().collect::<BTreeSet<_>>(), wanted, "what is told after {fault:?}");
    }
    Ok(())
}
