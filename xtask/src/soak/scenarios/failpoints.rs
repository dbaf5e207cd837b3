//! Ends the server at each place between two commits, under the load of `mixed` and with everything that has such a place: what is
//! withdrawn, late, erased, told to others, read from a mailbox, too old. A place that is never reached is a fault: nothing would be
//! known of it.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::mixed::trouble;
use crate::{
    shell,
    soak::{
        compare::{compare_without, rest},
        errands::{Errands, misplaced},
        ledger::Ledger,
        people::People,
        scenario::{Context, Kind, Outcome, Scenario},
        stand::{Setup, Stand},
    },
};

/// How long it may take until a place is reached.
const REACHED: Duration = Duration::from_secs(20);
/// At which of the first times it ends.
const NTH: RangeInclusive<u32> = 1..=2;
/// How often it is tried to reach a place: what a crash leaves behind is not always the same.
const TRIES: usize = 4;
/// Of how many answers the provider's is lost: messages of unknown outcome have places of their own, and few of them are looked for between two ends.
const LOST_OFTEN: f64 = 0.15;
/// How many answers there are at least once all is over.
const BETWEEN: usize = 15;

/// Each place in turn.
pub(super) const FAILPOINTS: Scenario =
    Scenario { name: "failpoints", kind: Kind::Proof, parts: |profile| profile.of(1, 10, 40), run };

fn run(context: &Context<'_>) -> Result<Outcome> {
    let mut random = context.random();
    let mut stand = Stand::start(context, Setup { errands: true, ..Setup::default() })?;
    let mut places = stand.failpoints(&[])?;
    random.shuffle(&mut places);
    trouble(&stand, LOST_OFTEN)?;
    let mut ledger = Ledger::default();
    let people = People::begin(&stand, context.seed)?;
    let mut errands = Errands::begin(&stand)?;
    let mut never = Vec::new();
    for place in &places {
        let first = random.u32(NTH);
        let mut ends = [first].into_iter().chain([1; TRIES - 1]);
        let reached = ends.try_fold(false, |reached, nth| match reached {
            true => Ok(true),
            false => end_at(&mut stand, place, nth, &mut ledger),
        });
        if !reached.with_context(|| format!("at {place}"))? {
            never.push(format!("the server never ended at {place}"));
        }
    }
    stand.kill_server(0);
    stand.start_server(0)?;
    people.wait_for_more(BETWEEN)?;
    let mut done = errands.finish().with_context(|| stand.printed())?;
    done.sendings.append(&mut people.finish()?);
    stand.clear_faults()?;
    rest(context, &stand).with_context(|| stand.printed())?;
    let mut faults = errands.judge(&done).with_context(|| stand.printed())?;
    faults.extend(misplaced(&context.on_database(&["sends", &stand.database])?));
    done.mails.iter().for_each(|mail| ledger.acknowledge(format!("message {mail}")));
    let mut outcome = compare_without(context, stand, &done.sendings, ledger, &done.erased)?;
    outcome.note(format!("{} failpoints, {} of them reached", places.len(), places.len() - never.len()));
    outcome.note(format!(
        "{} mails read, {} deliveries told, {} messages erased",
        done.mails.len(),
        errands.told(),
        done.erased.len()
    ));
    outcome.faults.extend(never);
    outcome.faults.extend(faults);
    Ok(outcome)
}

/// Starts the server so that it ends at this place, which also makes good what the one before left behind; whether it ended there.
fn end_at(stand: &mut Stand<'_>, place: &str, nth: u32, ledger: &mut Ledger) -> Result<bool> {
    stand.kill_server(0);
    // Whose turn it was died with it; nobody is to wait for the end of that.
    stand.sql()?.execute("DELETE FROM comms.leases")?;
    let start = Instant::now();
    stand.spawn_told(0, &[("SOAK_FAILPOINT", &format!("{place}:{nth}"))])?;
    let mut well = false;
    let ended = shell::wait_until("the place", REACHED, || {
        if !well && stand.is_well(0) {
            well = true;
            ledger.recovered(start.elapsed());
        }
        stand.has_ended(0)
    });
    Ok(ended.is_ok() && stand.printed().contains(&format!("failpoint {place}")))
}
