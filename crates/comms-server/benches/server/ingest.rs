//! What the server takes of signed webhooks over HTTP, everything written, beside a floor that writes one row for each.
//!
//! Figures are lines `engine what connections per_second p50_ms p99_ms server_cpu postgres_cpu` (processor time in milliseconds
//! for 1,000 requests), and once for each engine `engine process` with what a process needs.

use std::{env, path::Path, process::Command, time::Duration};

use crate::{
    FLOOR, Options,
    database::Target,
    load::{self, Pace, Run},
    process::{Postmaster, Process, stripped_mb},
    server::{self, SERVER},
    traffic::Traffic,
};

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_secs(4);

/// How long answers are timed at a fixed rate.
const TIMED: Duration = Duration::from_secs(10);

/// The fixed rate: 500 a second.
pub const GAP: Duration = Duration::from_millis(2);

/// More than any server here answers in a second.
const FASTEST: u64 = 40_000;

/// How many connections the runs that are not about their number have.
pub const USUAL: usize = 64;

/// Measures every engine that is wanted.
pub async fn run(options: &Options) {
    println!("engine what connections per_second p50_ms p99_ms server_cpu postgres_cpu");
    for engine in options.engines() {
        measure(engine).await;
    }
}

async fn measure(engine: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create(engine, folder.path(), "comms").await else {
        return;
    };
    let server = Process::start(&mut server::command(&target, folder.path()));
    let (start, idle) = (server.start, server.memory_mb());
    let mut bench = Bench::of(engine, "server", server, &target).await;
    bench.connections().await;
    bench.mixed().await;
    bench.timed().await;
    let (sent, messages) = (bench.sent, bench.messages);
    let size = stripped_mb(Path::new(SERVER), folder.path());
    println!(
        "{engine} process start_ms {:.0} idle_mb {idle:.0} peak_mb {:.0} binary_mb {:.0}",
        start.as_secs_f64() * 1_000.0,
        bench.process.peak_memory_mb(),
        size.unwrap_or(f64::NAN),
    );
    drop(bench);
    assert_eq!(target.counts().await, (sent, messages), "what was acknowledged is not what is stored");

    let target = Target::create(engine, folder.path(), "floor").await.unwrap();
    let process = Process::start(&mut floor(&target));
    let mut bench = Bench::of(engine, "one-row", process, &target).await;
    bench.connections().await;
}

fn floor(target: &Target) -> Command {
    let mut floor = Command::new(env::current_exe().unwrap());
    floor.args([FLOOR, &target.url()]);
    floor
}

/// A running server, and what it has been sent.
pub struct Bench {
    engine: &'static str,
    what: &'static str,
    /// The server.
    pub process: Process,
    postgres: Option<Postmaster>,
    /// The number of the next webhook.
    next: u64,
    /// How many webhooks were acknowledged.
    pub sent: u64,
    /// How many messages they brought.
    pub messages: u64,
}

impl Bench {
    /// Sends some webhooks that are not measured: connections are opened, statements prepared.
    pub async fn of(engine: &'static str, what: &'static str, process: Process, target: &Target) -> Self {
        let postgres = match target {
            Target::Postgres(address) => Some(Postmaster::of(address).await),
            Target::Sqlite(_) => None,
        };
        let mut bench = Self { engine, what, process, postgres, next: 0, sent: 0, messages: 0 };
        let second = Duration::from_secs(1);
        bench.run(Traffic::Messages, USUAL, Pace::Full, second).await;
        bench
    }

    /// Distinct text messages of many people, over 1, 16, 64 and 256 connections.
    async fn connections(&mut self) {
        for connections in [1, 16, 64, 256] {
            self.print(self.what, Traffic::Messages, connections, Pace::Full, MEASURED).await;
        }
    }

    /// Messages, echoes and statuses.
    async fn mixed(&mut self) {
        self.print("mixed", Traffic::Mixed, USUAL, Pace::Full, MEASURED).await;
    }

    /// Messages at a rate that the server can hold, for the time until they are acknowledged.
    async fn timed(&mut self) {
        let pace = Pace::Every(GAP);
        self.print("at-500/s", Traffic::Messages, USUAL, pace, TIMED).await;
    }

    async fn print(&mut self, what: &str, traffic: Traffic, connections: usize, pace: Pace, length: Duration) {
        let before = self.cpu();
        let run = self.run(traffic, connections, pace, length).await;
        let after = self.cpu();
        let thousands = run.answered() as f64 / 1_000.0;
        let per_thousand = |before: Duration, after: Duration| (after - before).as_secs_f64() * 1_000.0 / thousands;
        println!(
            "{} {what} {connections} {:.0} {:.2} {:.2} {:.0} {:.0}",
            self.engine,
            run.rate(),
            run.latency_ms(0.5),
            run.latency_ms(0.99),
            per_thousand(before.0, after.0),
            per_thousand(before.1, after.1),
        );
    }

    /// One run, which counts what was acknowledged.
    pub async fn run(&mut self, traffic: Traffic, connections: usize, pace: Pace, length: Duration) -> Run {
        let most = match pace {
            Pace::Full => FASTEST * length.as_secs(),
            Pace::Every(gap) => (length.as_nanos() / gap.as_nanos()) as u64,
        };
        let first = self.next;
        let requests = traffic.requests(first..first + most);
        let run = load::run(self.process.port, connections, requests, pace, length).await;
        self.next += run.answered();
        self.sent += run.answered();
        self.messages += traffic.messages(first..self.next);
        run
    }

    /// Of the server, and of PostgreSQL.
    pub fn cpu(&self) -> (Duration, Duration) {
        let postgres = self.postgres.map(Postmaster::cpu);
        (self.process.cpu(), postgres.unwrap_or_default())
    }
}
