//! Thousands of WebSocket clients on one server: how long from a webhook to each of them, and what each one costs.

use std::time::Duration;

use crate::{database::Target, figure, ms, process::Process, quantile, server, sockets::Sockets};

const CLIENTS: usize = 2_000;

/// How many events are told.
const EVENTS: u64 = 100;

/// Five events a second: ten thousand frames.
const GAP: Duration = Duration::from_millis(200);

/// On PostgreSQL.
pub async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create("postgres", folder.path(), "realtime").await else {
        return;
    };
    let server = Process::start(&mut server::command(&target, folder.path()));
    let mut one = Sockets::open(server.port, 1).await;
    // The first few open connections and prepare statements.
    one.follow(server.port, 0..20, GAP / 10).await;
    let alone = one.follow(server.port, 100..100 + EVENTS, GAP / 10).await;
    drop(one);
    figure("realtime.1.p50_ms", ms(quantile(&alone, 0.5)));
    figure("realtime.1.p99_ms", ms(quantile(&alone, 0.99)));

    let before = server.memory_mb();
    let mut all = Sockets::open(server.port, CLIENTS).await;
    let connected = server.memory_mb();
    let cpu = server.cpu();
    let latencies = all.follow(server.port, 10_000..10_000 + EVENTS, GAP).await;
    let cpu = server.cpu() - cpu;
    figure("realtime.2000.p50_ms", ms(quantile(&latencies, 0.5)));
    figure("realtime.2000.p99_ms", ms(quantile(&latencies, 0.99)));
    figure("realtime.2000.max_ms", ms(quantile(&latencies, 1.0)));
    figure("realtime.2000.frames", latencies.len() as f64);
    figure("realtime.2000.cpu_us_per_frame", cpu.as_secs_f64() * 1_000_000.0 / latencies.len() as f64);
    figure("realtime.2000.kb_per_client", (connected - before) * 1_024.0 / CLIENTS as f64);
    figure("realtime.2000.server_mb", server.peak_memory_mb());
}
