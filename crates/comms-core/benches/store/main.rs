//! What the store takes of webhooks: the repository beside a floor that writes the same rows by hand.
//!
//! `cargo xtask bench` runs it, after it has started a PostgreSQL. Figures go to the standard output as
//! `engine what callers per_second p50_ms p99_ms`; CPU is left to the bench over HTTP, which has a process to measure.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where its set-up fails and prints figures"
)]

mod floor;
mod repository;

use std::time::{Duration, Instant};

/// How long each figure is measured.
pub const MEASURED: Duration = Duration::from_secs(4);

/// How many people write: a message in a conversation that exists is the common case.
pub const PEOPLE: usize = 5_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        println!("engine what callers per_second p50_ms p99_ms");
        let only = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
        let wanted = |engine: &str| only.as_deref().is_none_or(|only| only == engine);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("comms.db");
        if wanted("sqlite") {
            let store = repository::sqlite(&path).await;
            repository::measure("sqlite", &store).await;
            store.close().await;
            drop(store);
            floor::sqlite(&path);
        }
        if !wanted("postgres") {
            return;
        }
        if let Some(address) = comms_conformance::database::postgres().await {
            let store = repository::postgres(&address).await;
            repository::measure("postgres", &store).await;
            store.close().await;
            floor::postgres(&address).await;
        }
    });
}

/// Latencies of one run, and what they say.
#[derive(Default)]
pub struct Tally {
    latencies: Vec<Duration>,
}

impl Tally {
    /// Times one call.
    pub async fn time<T>(&mut self, call: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = call.await;
        self.latencies.push(started.elapsed());
        result
    }

    /// Takes another caller's latencies in.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
    }

    /// Prints the line of figures.
    pub fn print(mut self, engine: &str, what: &str, callers: usize, elapsed: Duration) {
        self.latencies.sort_unstable();
        let at = |share: f64| {
            let index = (self.latencies.len() as f64 * share) as usize;
            let latency = self.latencies.get(index.min(self.latencies.len().saturating_sub(1)));
            latency.map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
        };
        let rate = self.latencies.len() as f64 / elapsed.as_secs_f64();
        println!("{engine} {what} {callers} {rate:.0} {:.2} {:.2}", at(0.5), at(0.99));
    }
}
