//! What the server takes, gives and needs: one measurement for each run of this program.
//!
//! `cargo xtask bench` builds it, starts a PostgreSQL, runs it and judges the figures. They go to the standard output as lines
//! `figure NAME VALUE`; those of `ingest` have a form of their own.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where its set-up fails and prints figures"
)]

mod continuation;
mod database;
mod floor;
mod footprint;
mod hostile;
#[path = "../../tests/it/hostile_mail.rs"]
mod hostile_mail;
mod ingest;
mod load;
mod mailboxes;
mod outbox;
mod pages;
mod process;
mod realtime;
mod replicas;
mod rows;
mod server;
mod sockets;
mod steady;
mod traffic;

use std::time::Duration;

use clap::{Parser, ValueEnum};

use database::Target;

/// The argument that makes this program the floor of a database.
pub const FLOOR: &str = "floor";

/// What to measure.
#[derive(Debug, Parser)]
pub struct Options {
    measurement: Measurement,
    /// Only this engine, where both are measured.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    engine: Option<String>,
    /// How long a rate is held.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// How many messages the history has.
    #[arg(long, default_value_t = 1_000_000)]
    rows: i64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Measurement {
    Ingest,
    Steady,
    Outbox,
    Pacing,
    Pages,
    Realtime,
    Footprint,
    Replicas,
    Hostile,
    Mailboxes,
    Continuation,
}

impl Options {
    /// The engines that are wanted, of both.
    pub fn engines(&self) -> impl Iterator<Item = &'static str> {
        let wanted = |engine: &&str| self.engine.as_deref().is_none_or(|only| only == *engine);
        ["sqlite", "postgres"].into_iter().filter(wanted)
    }

    /// How long a rate is held.
    pub fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [FLOOR, url] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return floor::serve(&Target::parse(url));
    }
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match options.measurement {
            Measurement::Ingest => ingest::run(&options).await,
            Measurement::Steady => steady::run(&options).await,
            Measurement::Outbox => outbox::drain().await,
            Measurement::Pacing => outbox::pacing().await,
            Measurement::Pages => pages::run(&options).await,
            Measurement::Realtime => realtime::run().await,
            Measurement::Footprint => footprint::run(&options).await,
            Measurement::Replicas => replicas::run().await,
            Measurement::Hostile => hostile::run(&options).await,
            Measurement::Mailboxes => mailboxes::run(&options).await,
            Measurement::Continuation => continuation::run().await,
        }
    });
}

/// Prints a figure.
pub fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

/// The value that this share of sorted values does not exceed; 0 of none.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// As the figures tell times.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
