//! What users and people were told, what the providers received and what the database holds, laid beside each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    ledger::Ledger,
    people::{Sending, Told, arrivals, open_webhooks},
    scenario::{Context, Outcome},
    stand::Stand,
};
use crate::shell;

/// How long everything may take to come to rest.
const REST: Duration = Duration::from_secs(150);
/// States in which a message still waits for something of ours.
const RESTLESS: [&str; 3] = ["queued", "scheduled", "sending"];
/// States that say that the provider took it.
const TAKEN: [&str; 4] = ["accepted", "sent", "delivered", "read"];
/// States that say that it did not.
const NOT_TAKEN: [&str; 3] = ["failed", "expired", "canceled"];
/// How many are listed of what may be.
const LISTED: usize = 20;

/// A message of a user as the database has it.
struct Row {
    text: String,
    state: String,
    /// Attempts that ended so that nobody knew whether the provider acted.
    doubts: usize,
    provider_id: String,
}

/// What is wrong beside the ledger begins so where a report did not move a state.
pub(super) const BEHIND: &str = "behind its reports";
/// The reports of providers, each beyond those before it.
const REPORTS: [&str; 3] = ["sent", "delivered", "read"];

/// Waits until everything has come to rest, kills the servers, and compares.
pub(super) fn compare(
    context: &Context<'_>,
    stand: Stand<'_>,
    sendings: &[Sending],
    ledger: Ledger,
) -> Result<Outcome> {
    compare_without(context, stand, sendings, ledger, &BTreeSet::new())
}

/// The same where some people were erased: what they wrote, by its ids, must not be there.
pub(super) fn compare_without(
    context: &Context<'_>,
    mut stand: Stand<'_>,
    sendings: &[Sending],
    mut ledger: Ledger,
    erased: &BTreeSet<String>,
) -> Result<Outcome> {
    stand.clear_faults()?;
    rest(context, &stand).with_context(|| stand.printed())?;
    for at in 0..stand.urls().len() {
        stand.kill_server(at);
    }
    let hooks = stand.ledger("webhooks")?;
    let mut notes = webhooks(context, &stand, &hooks, &mut ledger, erased)?;
    let rows = rows(context, &stand)?;
    let mut faults = behind(&hooks, &rows);
    faults.extend(sends(&stand, sendings, &rows, &mut ledger, &mut notes)?);
    let holds = ledger.is_true() && faults.is_empty();
    let mut outcome = Outcome::of(&ledger, holds);
    outcome.faults.extend(faults);
    outcome.notes = notes;
    Ok(outcome)
}

/// Nothing is on its way any more, in either direction.
pub(super) fn rest(context: &Context<'_>, stand: &Stand<'_>) -> Result<()> {
    let mut waits = String::new();
    let came = shell::wait_until("rest", REST, || {
        let hooks = open_webhooks(&stand.ledger("webhooks")?);
        let rows = rows(context, stand)?;
        let restless: Vec<&Row> = rows.iter().filter(|row| RESTLESS.contains(&row.state.as_str())).collect();
        let first = restless.first().map(|row| format!("{} {}", row.text, row.state)).unwrap_or_default();
        waits = format!("{hooks} webhooks and {} messages are on their way: {first}", restless.len());
        Ok(hooks == 0 && restless.is_empty())
    });
    came.context(waits)
}

/// What people wrote and providers reported: by the simulator's ledger, and by the database.
fn webhooks(
    context: &Context<'_>,
    stand: &Stand<'_>,
    hooks: &[Value],
    ledger: &mut Ledger,
    erased: &BTreeSet<String>,
) -> Result<Vec<String>> {
    for subject in subjects(hooks).filter(|subject| !erased.contains(subject.id)) {
        let element = format!("{} {} {}", subject.kind, subject.id, subject.status);
        if subject.acknowledged {
            ledger.acknowledge(element.trim());
        } else {
            ledger.attempt(element.trim());
        }
    }
    let told = context.on_database(&["told", &stand.database])?;
    told.lines().filter(|line| !line.is_empty()).for_each(|line| ledger.store(line));
    Ok(vec![format!("{} webhooks", hooks.len())])
}

/// One thing that a webhook told.
struct Subject<'a> {
    kind: &'a str,
    id: &'a str,
    status: &'a str,
    acknowledged: bool,
}

fn subjects(hooks: &[Value]) -> impl Iterator<Item = Subject<'_>> {
    hooks.iter().flat_map(|hook| {
        let acknowledged = !hook["acked_at"].is_null();
        hook["subjects"].as_array().into_iter().flatten().map(move |subject| {
            let word = |name: &str| subject[name].as_str().unwrap_or_default();
            // Twilio's `message_status` is Meta's `status`.
            let kind = word("kind").trim_start_matches("message_");
            Subject { kind, id: word("id"), status: word("status"), acknowledged }
        })
    })
}

/// Messages whose state is not what the furthest acknowledged report of their provider says.
fn behind(hooks: &[Value], rows: &[Row]) -> Vec<String> {
    let step = |word: &str| REPORTS.iter().position(|report| *report == word);
    let mut furthest: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for subject in subjects(hooks).filter(|subject| subject.acknowledged && subject.kind == "status") {
        let known = furthest.entry(subject.id).or_default();
        *known = (*known).max(step(subject.status));
    }
    let late = rows.iter().filter_map(|row| {
        let told = furthest.get(row.provider_id.as_str()).copied().flatten()?;
        let behind = step(&row.state).is_none_or(|state| state < told);
        behind.then(|| format!("{BEHIND}: {} is {}, and was reported {}", row.text, row.state, REPORTS[told]))
    });
    late.collect()
}

fn rows(context: &Context<'_>, stand: &Stand<'_>) -> Result<Vec<Row>> {
    let printed = context.on_database(&["sends", &stand.database])?;
    let rows = printed.lines().filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.split('\t');
        let mut word = || words.next().with_context(|| format!("not a row: {line}"));
        Ok(Row {
            text: word()?.to_owned(),
            state: word()?.to_owned(),
            doubts: word()?.parse()?,
            provider_id: word()?.to_owned(),
        })
    });
    rows.collect()
}

/// What users sent: what they were told, what is stored, and what arrived. Returns what is wrong beyond the ledger.
fn sends(
    stand: &Stand<'_>,
    sendings: &[Sending],
    rows: &[Row],
    ledger: &mut Ledger,
    notes: &mut Vec<String>,
) -> Result<Vec<String>> {
    for sending in sendings {
        let element = format!("send {}", sending.text);
        match sending.told {
            Told::Taken => ledger.acknowledge(element),
            Told::Refused | Told::Nothing => ledger.attempt(element),
        }
    }
    let arrived = arrivals(&stand.ledger("sends")?)?;
    let twice: BTreeMap<&str, bool> = sendings.iter().map(|one| (one.text.as_str(), one.twice)).collect();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut faults, mut again) = (Vec::new(), Vec::new());
    for row in rows {
        *states.entry(&row.state).or_default() += 1;
        ledger.store(format!("send {}", row.text));
        let count = arrived.get(&row.text).copied().unwrap_or_default();
        let arrival = format!("arrival {}", row.text);
        if count > 0 {
            ledger.acknowledge(&arrival);
            ledger.store(&arrival);
        }
        // What we say was taken must have been; where it was not, the arrival is one that nobody tried.
        if count == 0 && TAKEN.contains(&row.state.as_str()) {
            ledger.store(format!("arrival that never was {}", row.text));
        }
        if row.state == "unknown" {
            ledger.unknown(format!("send {}", row.text));
        }
        let denied = count > 0 && NOT_TAKEN.contains(&row.state.as_str());
        if denied {
            faults.push(format!("{} is {} and arrived", row.text, row.state));
        }
        match (twice.get(row.text.as_str()), count) {
            (Some(true), 2..) if count - 1 > row.doubts => {
                faults.push(format!("{} arrived {count} times, and there were {} doubts", row.text, row.doubts));
            }
            (Some(true), 2..) => again.push(format!("{} × {count} ({} doubts)", row.text, row.doubts)),
            (_, 2..) => (1..count).for_each(|_| ledger.store(&arrival)),
            _ => {}
        }
    }
    notes.push(format!("{} sends: {states:?}", sendings.len()));
    if !again.is_empty() {
        notes.push(format!("{} that may arrive twice did: {}", again.len(), first(&again)));
    }
    let unstored = arrived.keys().filter(|text| !rows.iter().any(|row| row.text == **text));
    faults.extend(unstored.map(|text| format!("{text} arrived and is not stored")));
    Ok(faults)
}

fn first(list: &[String]) -> String {
    let more = if list.len() > LISTED { " …" } else { "" };
    format!("{}{more}", list[..list.len().min(LISTED)].join(", "))
}
