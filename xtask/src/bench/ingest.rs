//! Webhooks: signed and over HTTP, straight into the store, and rows that are written by hand; all in one run.

use std::fmt;

use anyhow::Result;

use super::{
    Bench, Plan,
    figures::{
        Bound::{AtLeast, AtMost},
        Figure, Target,
    },
};
use crate::postgres::{Durability, Postgres};

pub(super) const PLAN: Plan = Plan {
    name: "ingest",
    targets: &[
        Target { figure: "ingest.*.server.64.cpu_ms", bound: AtMost(0.15) },
        Target { figure: "ingest.*.server.64.of_floor_percent", bound: AtLeast(50.0) },
    ],
};

/// Both programs on one PostgreSQL.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let database = Postgres::start(Durability::Honest)?;
    let mut report = Report::default();
    let engine: Vec<&str> = bench.options.engine.iter().map(String::as_str).collect();
    bench.watch("store", "", &database, &engine, |line| report.note(line))?;
    bench.watch("server", "ingest", &database, &[], |line| report.note(line))?;
    println!("\n{report}");
    Ok(report.figures())
}

/// The rows that are compared with the floors.
const OURS: [&str; 2] = ["repository", "server"];

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
    /// The figures that have targets, and their neighbours.
    fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for row in &self.rows {
            let Row { engine, what, callers, rate, .. } = row;
            let mut told = |what_of_it: &str, value: Option<f64>| {
                let name = format!("ingest.{engine}.{}.{callers}.{what_of_it}", what.replace('/', "-per-"));
                figures.extend(value.map(|value| Figure::new(name, value)));
            };
            told("per_second", Some(*rate));
            told("p50_ms", row.number(0));
            told("p99_ms", row.number(1));
            told("cpu_ms", row.cpu_ms());
            if OURS.contains(&what.as_str()) {
                told("of_floor_percent", self.share_of(row, "floor", "-"));
            }
        }
        figures
    }

    /// Takes the figures of a line; the heads of tables have none.
    fn note(&mut self, line: &str) {
        if line.split(' ').nth(1) == Some("process") {
            self.processes.push(line.to_owned());
        } else {
            self.rows.extend(Row::read(line));
        }
    }

    /// The rate of `row` as a share of that of another, in per cent.
    fn share_of(&self, row: &Row, what: &str, callers: &str) -> Option<f64> {
        let other =
            self.rows.iter().find(|other| other.engine == row.engine && other.what == what && other.callers == callers);
        other.filter(|other| other.rate > 0.0).map(|other| row.rate / other.rate * 100.0)
    }

    fn share(&self, row: &Row, what: &str, callers: &str) -> String {
        self.share_of(row, what, callers).map_or_else(|| "-".to_owned(), |share| format!("{share:.0} %"))
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

    /// What is printed behind the rate, at this place.
    fn number(&self, at: usize) -> Option<f64> {
        self.rest.get(at)?.parse().ok()
    }

    /// CPU of the server and of PostgreSQL together, of one request.
    fn cpu_ms(&self) -> Option<f64> {
        Some((self.number(2)? + self.number(3)?) / 1_000.0)
    }

    fn cpu(&self) -> String {
        self.cpu_ms().map_or_else(|| "-".to_owned(), |ms| format!("{:.0}", ms * 1_000.0))
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
            let ours = OURS.contains(&row.what.as_str());
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
wanted at 64 callers: at least 50 % of floor, at most 150 ms CPU.
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
    fn figures_tell_the_processor_time_of_one_request() {
        let figures = report().figures();
        let value = |name: &str| figures.iter().find(|figure| figure.name == name).map(|figure| figure.value);
        assert_eq!(value("ingest.sqlite.server.64.cpu_ms"), Some(0.14));
        assert_eq!(value("ingest.sqlite.server.64.of_floor_percent"), Some(25.0));
        assert_eq!(value("ingest.sqlite.repository.64.cpu_ms"), None);
    }

    #[test]
    fn heads_are_no_figures_and_processes_have_lines_of_their_own() {
        let report = report();
        assert_eq!(report.rows.len(), 4);
        assert_eq!(report.processes.len(), 1);
        assert_eq!(report.rows[0].cpu(), "-");
    }
}
