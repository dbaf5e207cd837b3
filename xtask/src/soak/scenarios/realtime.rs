//! Clients of the event stream, cut at random while both servers are killed again and again: in the end each has heard the log, every
//! event once and in its order.

use std::{
    io::Write as _,
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::{
    shell,
    soak::{
        ledger::Line,
        scenario::{Context, Kind, Outcome, Scenario},
        stage::Stage,
    },
};

/// Another back end's token, which may listen to everything.
const TOKEN: &str = "a-token-of-another-back-end";
/// How many servers share the database.
const SERVERS: usize = 2;
/// How many events happen between two kills.
const EVENTS: u32 = 300;
/// The probability with which a connection is cut, each time.
const CUT: f64 = 0.3;
/// How long a load and its kill may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Nobody misses anything, and hears nothing twice.
pub(super) const REALTIME: Scenario = Scenario {
    name: "realtime",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 4, 20),
    run: |context| {
        let (clients, kills) = context.profile().of((50, 2), (500, 10), (500, 20));
        realtime(context, clients, kills)
    },
};

#[derive(Deserialize)]
struct Started {
    id: u64,
}

#[derive(Deserialize)]
struct Progress {
    done: bool,
    posts_acknowledged: usize,
    acknowledged: usize,
    unacknowledged: usize,
}

fn realtime(context: &Context<'_>, clients: usize, kills: usize) -> Result<Outcome> {
    let mut stage = Stage::set(context, "realtime", SERVERS)?;
    stage.variable("MICROSERVICE_TOKEN", TOKEN);
    stage.variable("REALTIME_CONNECTIONS_PER_USER", "2000");
    stage.variable("REALTIME_HEARTBEAT_SECONDS", "1");
    stage.variable("RATE_LIMIT_PER_MINUTE", "1000000");
    stage.start_all()?;
    let mut listening = Listening::begin(&stage, clients)?;
    let mut random = context.random();
    let (mut acked, mut cut) = (0, 0);
    for kill in 0..kills {
        let load: Started = stage.tell("campaign?wait=false", &plan(context.seed, kill))?;
        let progress = || stage.ask::<Progress>(&format!("campaign/{}/progress", load.id));
        let moment = random.usize(5..EVENTS as usize / 8);
        shell::wait_until("the load's progress", LIMIT, || {
            progress().map(|progress| progress.done || progress.posts_acknowledged >= moment)
        })?;
        cut += stage.gate.cut(&mut random, CUT);
        let victim = random.usize(..SERVERS);
        stage.kill(victim);
        stage.start(victim)?;
        cut += stage.gate.cut(&mut random, CUT);
        let mut last = stage.ask::<Progress>(&format!("campaign/{}/progress", load.id))?;
        shell::wait_until("the load's end", LIMIT, || {
            last = stage.ask(&format!("campaign/{}/progress", load.id))?;
            Ok(last.done)
        })?;
        ensure!(last.unacknowledged == 0, "{} elements were never acknowledged", last.unacknowledged);
        acked += last.acknowledged;
    }
    let log = stage.query("SELECT e.cursor::text FROM comms.events e ORDER BY e.cursor")?;
    let heard = listening.end(&stage, &log).with_context(|| stage.printed())?;
    stage.kill_all();
    stage.drop_database()?;
    Ok(judge(
        &heard,
        clients,
        acked,
        log.len(),
        format!("{clients} clients, {kills} × kill -9 of a server, {cut} connections cut"),
    ))
}

/// Distinct events in small POSTs: so many that they last until the kill.
fn plan(seed: u64, kill: usize) -> serde_json::Value {
    json!({
        "name": format!("realtime {seed} {kill}"),
        "messages": EVENTS / 2, "echoes": EVENTS / 6, "statuses": EVENTS / 3,
        "customers": 40, "copies": 2, "shuffle": true, "batch": 1, "batch_to": 3, "concurrency": 8,
        "seed": seed, "timeout_ms": 5_000, "deadline_ms": LIMIT.as_millis(),
    })
}

/// What the clients say at the end.
#[derive(Debug, Default)]
struct Heard {
    events: usize,
    gaps: usize,
    repeats: usize,
    strangers: usize,
    lines: Vec<String>,
}

fn judge(heard: &Heard, clients: usize, acked: usize, log: usize, note: String) -> Outcome {
    let mut outcome = Outcome::passed(Line {
        attempted: log * clients,
        acked: log * clients,
        stored: heard.events,
        lost: heard.gaps,
        duplicated: heard.repeats,
        unexpected: heard.strangers,
        ..Line::default()
    });
    outcome.fault_unless(heard.gaps + heard.repeats + heard.strangers == 0 && heard.events == log * clients, || {
        format!(
            "the clients heard something else than the log: {} events, {} missing, {} twice or back, {} of nobody",
            heard.events, heard.gaps, heard.repeats, heard.strangers
        )
    });
    outcome.faults.extend(heard.lines.iter().cloned());
    outcome.fault_unless(log >= acked && acked > 0, || format!("{log} lines of the log for {acked} events"));
    outcome.note(format!("{note}; a line of the log for each client is a thing here"));
    outcome
}

/// The program with the clients.
struct Listening(Child);

impl Listening {
    fn begin(stage: &Stage<'_>, clients: usize) -> Result<Self> {
        let mut program = stage.command("soak_listeners", 0)?;
        program.args([&stage.gate.url(), TOKEN, &clients.to_string()]);
        let child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        Ok(Self(child.context("the clients do not start")?))
    }

    /// Tells the clients what the log is, and takes what they say to it.
    fn end(&mut self, stage: &Stage<'_>, log: &[String]) -> Result<Heard> {
        let file = stage.folder().join("log");
        std::fs::write(&file, log.join("\n"))?;
        let mut input = self.0.stdin.take().context("the input is piped")?;
        writeln!(input, "{}", file.display())?;
        let mut printed = String::new();
        let output = self.0.stdout.take().context("the output is piped")?;
        std::io::Read::read_to_string(&mut std::io::BufReader::new(output), &mut printed)?;
        ensure!(self.0.wait()?.success(), "the clients failed:\n{printed}");
        let sum = printed.lines().last().context("the clients say nothing")?;
        let number = |name: &str| -> Result<usize> {
            let word = sum.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            word.with_context(|| format!("no {name} in {sum}"))?.parse().context("a number")
        };
        let lines = printed.lines().filter_map(|line| line.strip_prefix("FAULT ")).map(str::to_owned).collect();
        Ok(Heard {
            events: number("events")?,
            gaps: number("gaps")?,
            repeats: number("repeats")?,
            strangers: number("strangers")?,
            lines,
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // An error means that it has ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(heard: &Heard) -> usize {
        judge(heard, 2, 3, 3, String::new()).faults.len()
    }

    #[test]
    fn each_fault_of_a_list_is_one() {
        let whole = || Heard { events: 6, ..Heard::default() };
        assert_eq!(faults(&whole()), 0);
        assert_eq!(faults(&Heard { events: 5, gaps: 1, ..whole() }), 1);
        assert_eq!(faults(&Heard { repeats: 1, ..whole() }), 1);
        assert_eq!(faults(&Heard { strangers: 1, ..whole() }), 1);
        assert_eq!(faults(&Heard { events: 4, ..whole() }), 1, "a client that never heard anything");
    }
}
