//! What the server takes, beside floors measured in the same run. Figures are printed and never judged: a busy machine would fail.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::{
    postgres::{Durability, Postgres, URL_VARIABLE},
    shell,
};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Webhooks: signed and over HTTP, straight into the store, and rows that are written by hand.
    Ingest {
        /// Only this engine.
        #[arg(value_parser = ["sqlite", "postgres"])]
        engine: Option<String>,
    },
}

/// Builds and runs a bench.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    match &options.bench {
        Bench::Ingest { engine } => ingest(root, engine.as_deref()),
    }
}

fn ingest(root: &Path, engine: Option<&str>) -> Result<bool> {
    // Both in one build: each alone would choose features of its own and compile the heavy crates again.
    let programs = build(root, &["comms-core", "comms-server"], &["store", "ingest"])?;
    let database = Postgres::start(Durability::Honest)?;
    println!("\n{}", machine());
    let mut report = Report::default();
    for name in ["store", "ingest"] {
        let program = programs.get(name).with_context(|| format!("the workspace has no bench {name}"))?;
        let mut bench = shell::command(program, root);
        let mut child = bench
            .args(engine)
            .env(URL_VARIABLE, database.url())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let printed = child.stdout.take().context("the output is piped")?;
        for line in BufReader::new(printed).lines() {
            let line = line?;
            println!("{line}");
            report.note(&line);
        }
        ensure!(child.wait()?.success(), "the bench {name} failed");
    }
    println!("\n{report}\n{}", machine());
    Ok(true)
}

/// The programs of these benches, without running them.
fn build(root: &Path, packages: &[&str], benches: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    let mut build = shell::cargo(root);
    build.args(["bench", "--no-run", "--features"]);
    build.args(["comms-core/sqlite,comms-core/postgres", "--message-format=json-render-diagnostics"]);
    for package in packages {
        build.args(["--package", package]);
    }
    for bench in benches {
        build.args(["--bench", bench]);
    }
    let printed = shell::output(build.stderr(Stdio::inherit()))?;
    let mut programs = BTreeMap::new();
    for line in printed.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's messages are JSON")?;
        if message["target"]["kind"][0] == "bench"
            && let (Some(name), Some(program)) = (message["target"]["name"].as_str(), message["executable"].as_str())
        {
            programs.insert(name.to_owned(), program.into());
        }
    }
    Ok(programs)
}

/// What else kept the machine busy belongs to the figures.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("{cores} cores, load average {}", load.join(" "))
}

/// All figures of a run.
#[derive(Debug, Default)]
struct Report {
    rows: Vec<Row>,
    processes: Vec<String>,
}

/// A line of a bench: `engine what callers per_second p50_ms p99_ms`, and CPU where a process was measured.
#[derive(Debug, PartialEq)]
struct Row {
    engine: String,
    what: String,
    callers: String,
    rate: f64,
    /// Latencies and CPU, as printed.
    rest: Vec<String>,
}

impl Report {
    /// Takes the figures of a line; the heads of tables have none.
    fn note(&mut self, line: &str) {
        if line.split(' ').nth(1) == Some("process") {
            self.processes.push(line.to_owned());
        } else {
            self.rows.extend(Row::read(line));
        }
    }

    /// The rate of `row` as a share of that of another.
    fn share(&self, row: &Row, what: &str, callers: &str) -> String {
        let other =
            self.rows.iter().find(|other| other.engine == row.engine && other.what == what && other.callers == callers);
        match other {
            Some(other) if other.rate > 0.0 => format!("{:.0} %", row.rate / other.rate * 100.0),
            _ => "-".to_owned(),
        }
    }
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [engine, what, callers, rate, rest @ ..] = words.as_slice() else {
            return None;
        };
        Some(Self {
            engine: (*engine).to_owned(),
            what: (*what).to_owned(),
            callers: (*callers).to_owned(),
            rate: rate.parse().ok()?,
            rest: rest.iter().map(|word| (*word).to_owned()).collect(),
        })
    }

    /// CPU of the server and of PostgreSQL together.
    fn cpu(&self) -> String {
        let parts = self.rest.get(2..4).unwrap_or_default();
        let parts: Option<Vec<f64>> = parts.iter().map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([server, postgres]) => format!("{:.0}", server + postgres),
            _ => "-".to_owned(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = |cells: [&str; 11]| {
            let [engine, what, cells @ ..] = cells;
            write!(f, "{engine:<9} {what:<11}")?;
            cells.iter().try_for_each(|cell| write!(f, " {cell:>10}"))?;
            writeln!(f)
        };
        table([
            "engine",
            "what",
            "callers",
            "per second",
            "p50 ms",
            "p99 ms",
            "server",
            "PostgreSQL",
            "CPU",
            "of floor",
            "of one-row",
        ])?;
        for row in &self.rows {
            let rest = |at: usize| row.rest.get(at).map_or("-", String::as_str);
            let ours = ["repository", "server"].contains(&row.what.as_str());
            let share = |what: &str, callers: &str| match ours {
                true => self.share(row, what, callers),
                false => "-".to_owned(),
            };
            table([
                &row.engine,
                &row.what,
                &row.callers,
                &format!("{:.0}", row.rate),
                rest(0),
                rest(1),
                rest(2),
                rest(3),
                &row.cpu(),
                &share("floor", "-"),
                &share("one-row", &row.callers),
            ])?;
        }
        for process in &self.processes {
            writeln!(f, "{process}")?;
        }
        f.write_str(LEGEND)
    }
}

const LEGEND: &str = "\
server: signed webhooks over HTTP. repository: the same straight into the store. floor: the same rows, in statements batched
by hand, on one connection. one-row: actix, the signature and one row. mixed: messages, echoes and statuses.
server, PostgreSQL, CPU (both): processor time in milliseconds for 1,000 requests.
wanted at 64 callers: at least 50 % of floor, at most 150 ms CPU; at 500/s: p50 at most 10 ms, p99 at most 100 ms;
start 1,000 ms, idle 40 MB, peak 200 MB, binary 40 MB (of the bench profile, stripped; release is smaller).
";

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        for line in [
            "engine what connections per_second p50_ms p99_ms server_cpu postgres_cpu",
            "sqlite repository 64 4000 1.50 9.00",
            "sqlite floor - 8000 - -",
            "sqlite server 64 2000 3.00 20.00 110 30",
            "sqlite one-row 64 10000 1.00 2.00 50 0",
            "sqlite process start_ms 50 idle_mb 20 peak_mb 90 binary_mb 25",
        ] {
            report.note(line);
        }
        report
    }

    #[test]
    fn a_row_is_compared_with_the_floors_of_its_engine_and_callers() {
        let report = report();
        let server = &report.rows[2];
        assert_eq!(server.cpu(), "140");
        assert_eq!(report.share(server, "floor", "-"), "25 %");
        assert_eq!(report.share(server, "one-row", "64"), "20 %");
        assert_eq!(report.share(server, "one-row", "16"), "-");
    }

    #[test]
    fn heads_are_no_figures_and_processes_have_lines_of_their_own() {
        let report = report();
        assert_eq!(report.rows.len(), 4);
        assert_eq!(report.processes.len(), 1);
        assert_eq!(report.rows[0].cpu(), "-");
    }
}
