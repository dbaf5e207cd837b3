//! Two servers on one database. One is stopped (SIGSTOP) for longer than its claims last, so that the other one takes over what it
//! holds, and then goes on as if nothing had been.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::mixed::{LOST, trouble};
use crate::soak::{
    compare::compare,
    ledger::Ledger,
    people::People,
    scenario::{Context, Kind, Outcome, Scenario},
    stand::{Setup, Stand},
};

/// How many answers there are at least between two stops.
const BETWEEN: usize = 15;

/// Two owners.
pub(super) const REPLICAS: Scenario =
    Scenario { name: "replicas-stopped", kind: Kind::Proof, parts: |profile| profile.of(1, 5, 20), run };

fn run(context: &Context<'_>) -> Result<Outcome> {
    // The claims of this server last three seconds.
    let (stops, pause) = context.profile().of((2, 5), (6, 30), (10, 30));
    let mut random = context.random();
    let stand = Stand::start(context, Setup { servers: 2, ..Setup::default() })?;
    trouble(&stand, LOST)?;
    let mut ledger = Ledger::default();
    let people = People::begin(&stand, context.seed)?;
    for stop in 0..stops {
        people.wait_for_more(BETWEEN)?;
        thread::sleep(Duration::from_millis(random.u64(..400)));
        let stopped = stop % 2;
        stand.signal(stopped, "STOP")?;
        thread::sleep(Duration::from_secs(pause));
        let start = Instant::now();
        stand.signal(stopped, "CONT")?;
        ledger.recovered(stand.wait_well(stopped, start)?);
    }
    people.wait_for_more(BETWEEN)?;
    let sendings = people.finish()?;
    let mut outcome = compare(context, stand, &sendings, ledger)?;
    outcome.note(format!("{stops} × SIGSTOP for {pause} s, by turns, of two servers whose claims last 3 s"));
    Ok(outcome)
}
