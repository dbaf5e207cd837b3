//! What a process needs: the time until it answers, its memory before and under load.

use std::{path::Path, time::Duration};

use crate::{
    Options,
    database::Target,
    figure,
    ingest::Bench,
    load::Pace,
    process::{Process, stripped_mb},
    server::{self, SERVER},
    traffic::Traffic,
};

/// How often a server is started on a database that exists.
const STARTS: usize = 7;

/// More connections than a server of this size usually has.
const CONNECTIONS: usize = 256;

const LOADED: Duration = Duration::from_secs(5);

/// How long a server that has started is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(2);

/// The name of a place at which a debug build can be made to end: a program that is to be released has none.
const FAILPOINT: &str = "queue.claimed";

/// For each engine; the size of the program once.
pub async fn run(options: &Options) {
    let program = std::fs::read(SERVER).unwrap();
    let found = program.windows(FAILPOINT.len()).any(|bytes| bytes == FAILPOINT.as_bytes());
    assert!(!found || cfg!(debug_assertions), "the program can be made to end at {FAILPOINT}");
    drop(program);
    let folder = tempfile::tempdir().unwrap();
    if let Some(size) = stripped_mb(Path::new(SERVER), folder.path()) {
        figure("footprint.bench_binary_mb", size);
    }
    for engine in options.engines() {
        let folder = tempfile::tempdir().unwrap();
        let Some(target) = Target::create(engine, folder.path(), "comms").await else {
            continue;
        };
        let told = |what: &str, value: f64| figure(&format!("footprint.{engine}.{what}"), value);
        let start = || Process::start(&mut server::command(&target, folder.path()));
        told("first_start_ms", crate::ms(start().start));
        let mut starts: Vec<Duration> = (0..STARTS).map(|_| start().start).collect();
        starts.sort_unstable();
        told("start_ms", crate::ms(starts[STARTS / 2]));
        let server = start();
        tokio::time::sleep(IDLE).await;
        told("idle_mb", server.memory_mb());
        let mut bench = Bench::of(engine, "footprint", server, &target).await;
        bench.run(Traffic::Mixed, CONNECTIONS, Pace::Full, LOADED).await;
        told("loaded_mb", bench.process.peak_memory_mb());
    }
}
