//! A fixed rate for minutes, sent whether or not those before have been answered: how long until a webhook is acknowledged.

use crate::{
    Options,
    database::Target,
    figure,
    ingest::{Bench, GAP, USUAL},
    load::Pace,
    process::Process,
    server,
    traffic::Traffic,
};

/// 500 webhooks a second.
pub async fn run(options: &Options) {
    for engine in options.engines() {
        let folder = tempfile::tempdir().unwrap();
        let Some(target) = Target::create(engine, folder.path(), "comms").await else {
            continue;
        };
        let server = Process::start(&mut server::command(&target, folder.path()));
        let mut bench = Bench::of(engine, "steady", server, &target).await;
        let before = bench.cpu();
        let run = bench.run(Traffic::Messages, USUAL, Pace::Every(GAP), options.length()).await;
        let after = bench.cpu();
        let cpu = (after.0 + after.1) - (before.0 + before.1);
        let told = |what: &str, value: f64| figure(&format!("steady.{engine}.{what}"), value);
        told("seconds", run.elapsed.as_secs_f64());
        told("per_second", run.rate());
        told("p50_ms", run.latency_ms(0.5));
        told("p99_ms", run.latency_ms(0.99));
        told("p999_ms", run.latency_ms(0.999));
        told("max_ms", run.latency_ms(1.0));
        told("cpu_ms", cpu.as_secs_f64() * 1_000.0 / run.answered() as f64);
        told("peak_mb", bench.process.peak_memory_mb());
        let (sent, messages) = (bench.sent, bench.messages);
        drop(bench);
        assert_eq!(target.counts().await, (sent, messages), "what was acknowledged is not what is stored");
    }
}
