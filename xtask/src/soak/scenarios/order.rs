//! Webhooks out of order, in copies and in batches of any size, at two servers at once: what is stored in the end is what is
//! stored where each comes once and in its turn.

use std::{
    fs::File,
    io::{BufRead, BufReader, Lines},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    shell,
    soak::{
        ledger::Line,
        scenario::{Context, Kind, Outcome, Scenario},
        stage::Stage,
    },
};

/// When the campaign's first message is written: 2026-01-01.
const STARTS_AT: i64 = 1_767_225_600;
/// How long a load may take.
const DEADLINE: Duration = Duration::from_secs(6 * 60 * 60);
/// How many differences are named.
const EXAMPLES: usize = 5;
/// How many first messages of one person come at once.
const AT_ONCE: u32 = 64;
/// The number of the simulator's second phone.
const SECOND: &str = "106540352242923";

/// Everything that is stored, whatever the order.
pub(super) const ANY_ORDER: Scenario = Scenario {
    name: "order",
    kind: Kind::Proof,
    // 1,000,000 events are more than the pages of one load may keep waiting: five times 200,000, each from an empty database.
    parts: |profile| profile.of(1, 1, 5),
    run: any_order,
};

/// Nobody is two contacts.
pub(super) const FIRST_SIGHT: Scenario =
    Scenario { name: "first-sight", kind: Kind::Proof, parts: |profile| profile.of(1, 10, 50), run: first_sight };

/// What came of a load so far, in numbers.
#[derive(Debug, Deserialize)]
struct Progress {
    done: bool,
    posts_acknowledged: usize,
    acknowledged: usize,
    unacknowledged: usize,
}

fn any_order(context: &Context<'_>) -> Result<Outcome> {
    let events: u32 = context.profile().of(3_000, 200_000, 200_000);
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let story = story(context.seed, events);
    let in_order = json!({"batch": 50, "concurrency": 1});
    let disorder =
        json!({"copies": 2, "copies_to": 5, "shuffle": true, "batch": 1, "batch_to": 128, "concurrency": 24});
    let wanted = folder.path().join("in-order");
    run(context, "in_order", 1, &with(&story, &in_order), &wanted)?;
    let found = folder.path().join("disorder");
    let progress = run(context, "disorder", 2, &with(&story, &disorder), &found)?;
    let difference = Difference::between(&wanted, &found)?;
    let mut outcome = Outcome::passed(Line {
        attempted: progress.acknowledged + progress.unacknowledged,
        acked: progress.acknowledged,
        stored: difference.same,
        lost: difference.missing,
        unexpected: difference.added,
        ..Line::default()
    });
    outcome
        .fault_unless(difference.same > events as usize, || "the dumps have fewer rows than there are events".into());
    outcome.faults.extend(difference.examples);
    let posts = progress.posts_acknowledged;
    outcome.note(format!(
        "{events} events in {posts} POSTs of 1 to 128, each 2 to 5 times; rows of the dump are compared"
    ));
    Ok(outcome)
}

/// Messages of customers who change their names, messages of the business and their states, on two numbers.
fn story(seed: u64, events: u32) -> Value {
    json!({
        "name": format!("order {seed}"),
        "messages": events * 2 / 5,
        "echoes": events / 5,
        "statuses": events * 2 / 5,
        "customers": (events / 40).max(1),
        "renames": 3,
        "further_phone_number_ids": [SECOND],
        "starts_at": STARTS_AT,
        "seed": seed,
        "deadline_ms": DEADLINE.as_millis(),
        "timeout_ms": 60_000,
    })
}

fn with(story: &Value, how: &Value) -> Value {
    let (mut story, how) = (story.clone(), how.clone());
    if let (Value::Object(story), Value::Object(how)) = (&mut story, how) {
        story.extend(how);
    }
    story
}

/// Sends a load to so many servers, stops them and dumps what is stored.
fn run(context: &Context<'_>, name: &str, servers: usize, plan: &Value, dump: &Path) -> Result<Progress> {
    let mut stage = Stage::set(context, name, servers)?;
    stage.accounts(&[SECOND.to_owned()])?;
    stage.variable("WEBHOOK_LIMIT_PER_MINUTE", "1000000000");
    stage.start_all()?;
    let progress = send(&stage, plan).with_context(|| stage.printed())?;
    stage.kill_all();
    let mut program = context.command("soak_dump", stage.folder())?;
    shell::output(program.arg(&stage.database).arg(dump))?;
    stage.drop_database()?;
    Ok(progress)
}

/// Sends a load to its end.
fn send(stage: &Stage<'_>, plan: &Value) -> Result<Progress> {
    #[derive(Deserialize)]
    struct Started {
        id: u64,
    }
    let started: Started = stage.tell("campaign?wait=false", plan)?;
    let path = format!("campaign/{}/progress", started.id);
    let mut last: Progress = stage.ask(&path)?;
    shell::wait_until("the load's end", DEADLINE, || {
        if !last.done {
            last = stage.ask(&path)?;
        }
        Ok(last.done)
    })?;
    ensure!(last.unacknowledged == 0, "{} elements were never acknowledged", last.unacknowledged);
    Ok(last)
}

fn first_sight(context: &Context<'_>) -> Result<Outcome> {
    let mut stage = Stage::set(context, "first_sight", 2)?;
    stage.start_all()?;
    let plan = json!({
        "name": format!("first sight {}", context.seed),
        "messages": AT_ONCE, "customers": 1, "concurrency": AT_ONCE, "shuffle": true, "renames": AT_ONCE - 1,
        "starts_at": STARTS_AT, "seed": context.seed,
    });
    let progress = send(&stage, &plan).with_context(|| stage.printed())?;
    stage.kill_all();
    let count = |table: &str| format!("SELECT '{table} ' || count(*) FROM comms.{table}");
    let counts: Vec<String> = ["contacts", "conversations", "messages"].map(count).to_vec();
    let found = stage.query(&counts.join(" UNION ALL "))?;
    let last = stage.query(
        "SELECT m.body || ' ' || i.name FROM comms.conversations c JOIN comms.messages m ON m.id = c.last_message_id
         JOIN comms.identities i ON i.contact_id = c.contact_id",
    )?;
    stage.drop_database()?;
    let mut outcome = Outcome::passed(Line {
        attempted: AT_ONCE as usize,
        acked: progress.acknowledged,
        stored: progress.acknowledged,
        ..Line::default()
    });
    let wanted = ["contacts 1".to_owned(), "conversations 1".to_owned(), format!("messages {AT_ONCE}")];
    outcome.fault_unless(found == wanted, || format!("{found:?} instead of {wanted:?}"));
    // The customer changes their name with each message: the last four, which share a second, may all be the last.
    outcome.fault_unless(!last.is_empty() && last.iter().all(|line| line == &last[0]), || format!("names: {last:?}"));
    Ok(outcome)
}

/// What two dumps do not share. Both are in one order.
#[derive(Debug, Default)]
struct Difference {
    same: usize,
    missing: usize,
    added: usize,
    examples: Vec<String>,
}

impl Difference {
    fn between(wanted: &Path, found: &Path) -> Result<Self> {
        let open = |path: &Path| -> Result<Lines<BufReader<File>>> {
            Ok(BufReader::new(File::open(path).with_context(|| path.display().to_string())?).lines())
        };
        let (mut left, mut right) = (open(wanted)?, open(found)?);
        let (mut a, mut b) = (left.next().transpose()?, right.next().transpose()?);
        let mut difference = Self::default();
        while a.is_some() || b.is_some() {
            let (before, after) = match (&a, &b) {
                (Some(a), Some(b)) => (a < b, a > b),
                (Some(_), None) => (true, false),
                _ => (false, true),
            };
            match (before, after) {
                (false, false) => difference.same += 1,
                (true, _) => difference.note("only in order", &mut a, |it| &mut it.missing),
                _ => difference.note("only in disorder", &mut b, |it| &mut it.added),
            }
            if !after {
                a = left.next().transpose()?;
            }
            if !before {
                b = right.next().transpose()?;
            }
        }
        Ok(difference)
    }

    fn note(&mut self, what: &str, line: &mut Option<String>, count: impl FnOnce(&mut Self) -> &mut usize) {
        let count = count(self);
        *count += 1;
        if *count <= EXAMPLES {
            self.examples.push(format!("{what}: {}", line.take().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(wanted: &str, found: &str) -> (usize, usize, usize) {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        std::fs::write(&a, wanted).unwrap();
        std::fs::write(&b, found).unwrap();
        let difference = Difference::between(&a, &b).unwrap();
        assert_eq!(difference.examples.is_empty(), wanted == found);
        (difference.same, difference.missing, difference.added)
    }

    #[test]
    fn every_difference_is_seen() {
        assert_eq!(difference("a\nb\nc\n", "a\nb\nc\n"), (3, 0, 0));
        assert_eq!(difference("a\nb\nc\n", "a\nc\n"), (2, 1, 0));
        assert_eq!(difference("a\nc\n", "a\nb\nc\nd\n"), (2, 0, 2));
        assert_eq!(difference("a\nb\n", "a\nb\nb\n"), (2, 0, 1), "a row that is there twice");
        assert_eq!(difference("a 1\n", "a 2\n"), (0, 1, 1));
        assert_eq!(difference("", "a\n"), (0, 0, 1));
    }
}
