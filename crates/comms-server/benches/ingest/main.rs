//! What the server takes of signed webhooks over HTTP, everything written, beside a floor that writes one row for each.
//!
//! `cargo xtask bench ingest` runs it, after it has started a PostgreSQL, and sets the figures beside those of the store's
//! bench. Here they go to the standard output as `engine what connections per_second p50_ms p99_ms server_cpu postgres_cpu`
//! (processor time in milliseconds for 1,000 requests), and once for each engine as `engine process` with what a process
//! needs. An argument `sqlite` or `postgres` measures only that one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where its set-up fails and prints figures"
)]

mod database;
mod floor;
mod load;
mod process;
mod traffic;

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use database::Target;
use load::{Pace, Run};
use process::{Postmaster, Process, stripped_mb};
use traffic::{APP_SECRET, BUSINESS_ACCOUNT_ID, PHONE_NUMBER_ID, Traffic};

/// How long each figure is measured.
const MEASURED: Duration = Duration::from_secs(4);

/// How long answers are timed at a fixed rate.
const TIMED: Duration = Duration::from_secs(10);

/// The fixed rate: 500 a second.
const GAP: Duration = Duration::from_millis(2);

/// More than any server here answers in a second.
const FASTEST: u64 = 40_000;

/// How many connections the runs that are not about their number have.
const USUAL: usize = 64;

/// The program that is measured.
const SERVER: &str = env!("CARGO_BIN_EXE_comms-server");

/// The argument that makes this program the floor of a database.
const FLOOR: &str = "floor";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [FLOOR, url] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return floor::serve(&Target::parse(url));
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("engine what connections per_second p50_ms p99_ms server_cpu postgres_cpu");
        for engine in ["sqlite", "postgres"] {
            if only.is_none_or(|only| only == engine) {
                measure(engine).await;
            }
        }
    });
}

async fn measure(engine: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create(engine, folder.path(), "comms").await else {
        return;
    };
    let server = Process::start(&mut server(&target, folder.path()));
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

/// The real server, configured by its environment alone.
fn server(target: &Target, folder: &Path) -> Command {
    let mut server = Command::new(SERVER);
    server.arg("serve").env_clear().current_dir(folder).stdout(Stdio::null()).envs([
        ("DATABASE_URL", target.url().as_str()),
        ("MIGRATE_ON_START", "true"),
        ("JWT_SECRET", "an-invented-secret-of-the-bench!"),
        ("WHATSAPP_APP_SECRET", APP_SECRET),
        ("WHATSAPP_ACCESS_TOKEN", "an-invented-access-token"),
        ("WHATSAPP_VERIFY_TOKEN", "an-invented-verify-token"),
        ("WHATSAPP_PHONE_NUMBER_ID", PHONE_NUMBER_ID),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", BUSINESS_ACCOUNT_ID),
        ("WHATSAPP_OWNER_ID", "1"),
        ("WEBHOOK_LIMIT_PER_MINUTE", "4000000000"),
        ("BIND_ADDRESS", "127.0.0.1"),
        ("RUST_LOG", "warn"),
    ]);
    server
}

fn floor(target: &Target) -> Command {
    let mut floor = Command::new(env::current_exe().unwrap());
    floor.args([FLOOR, &target.url()]);
    floor
}

/// A running server, and what it has been sent.
struct Bench {
    engine: &'static str,
    what: &'static str,
    process: Process,
    postgres: Option<Postmaster>,
    /// The number of the next webhook.
    next: u64,
    sent: u64,
    messages: u64,
}

impl Bench {
    /// Sends some webhooks that are not measured: connections are opened, statements prepared.
    async fn of(engine: &'static str, what: &'static str, process: Process, target: &Target) -> Self {
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

    async fn run(&mut self, traffic: Traffic, connections: usize, pace: Pace, length: Duration) -> Run {
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
    fn cpu(&self) -> (Duration, Duration) {
        let postgres = self.postgres.map(Postmaster::cpu);
        (self.process.cpu(), postgres.unwrap_or_default())
    }
}
