//! Somebody listens to the events while many write, is cut off again and again, and comes back with their cursor: what they heard is
//! the log, without a gap and without a repetition. The control has no lock that orders the log by commit.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::{
    shell,
    soak::{
        ledger::Ledger,
        listener::Listener,
        people::People,
        scenario::{Context, Kind, Outcome, Scenario},
        stand::{Setup, Stand},
    },
};

/// How many answers.
const ANSWERS: usize = 40;
/// How long it may take until the last event is heard.
const HEARD: Duration = Duration::from_secs(30);

/// The log is heard as it is.
pub(super) const ORDERED: Scenario = Scenario {
    name: "events-heard",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 5, 20),
    run: |context| {
        let ledger = run(context, &["dawdle"])?;
        Ok(Outcome::of(&ledger, ledger.is_clean()))
    },
};

/// Cursors are not ordered by commit.
pub(super) const UNLOCKED: Scenario = Scenario {
    name: "control-cursor-without-lock",
    kind: Kind::Control,
    parts: |_| 1,
    run: |context| {
        let line = run(context, &["dawdle", "unlock"])?.line();
        let mut outcome = Outcome::passed(line);
        outcome.fault_unless(line.lost > 0, || "every event was heard".to_owned());
        Ok(outcome)
    },
};

fn run(context: &Context<'_>, database: &'static [&'static str]) -> Result<Ledger> {
    let stand = Stand::start(context, Setup { database, ..Setup::default() })?;
    let listener = Listener::begin(&stand, context.random());
    let people = People::begin(&stand, context.seed)?;
    people.wait_for_more(ANSWERS * context.profile().of(1, 10, 10))?;
    people.finish()?;
    let log = || -> Result<Vec<i64>> {
        let printed = context.on_database(&["log", &stand.database])?;
        printed.lines().map(|line| line.parse().with_context(|| format!("not a cursor: {line}"))).collect()
    };
    let mut cursors = Vec::new();
    shell::wait_until("the last event", HEARD, || {
        let before = std::mem::replace(&mut cursors, log()?);
        Ok(before == cursors && cursors.last().is_some_and(|last| listener.last() >= *last))
    })?;
    let heard = listener.finish()?;
    // A worker may have written one more since, of which it was told before it left.
    let end = heard.iter().max().copied().unwrap_or_default();
    cursors = log()?.into_iter().filter(|cursor| *cursor <= end).collect();
    let mut ledger = Ledger::default();
    cursors.iter().for_each(|cursor| ledger.acknowledge(format!("event {cursor}")));
    heard.iter().for_each(|cursor| ledger.store(format!("event {cursor}")));
    Ok(ledger)
}
