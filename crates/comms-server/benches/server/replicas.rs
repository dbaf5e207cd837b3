//! Two servers on one database beside one: what they take together, and how soon a client of one hears of what the other took.

use std::time::Duration;

use crate::{
    database::Target,
    figure,
    load::{self, Pace},
    ms,
    process::{Postmaster, Process},
    quantile, server,
    sockets::Sockets,
    traffic::Traffic,
};

const MEASURED: Duration = Duration::from_secs(5);

/// More than two servers take in a second.
const FASTEST: u64 = 20_000;

const CONNECTIONS: usize = 128;

/// How many events are told.
const EVENTS: u64 = 200;

const GAP: Duration = Duration::from_millis(50);

/// Numbers far from those of the other runs.
const TOLD: u64 = 100_000_000;

/// On PostgreSQL.
pub async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create("postgres", folder.path(), "replicas").await else {
        return;
    };
    let Target::Postgres(address) = &target else {
        return;
    };
    let postgres = Postmaster::of(address).await;
    let start = || Process::start(&mut server::command(&target, folder.path()));
    let servers = [start(), start()];
    // Connections are opened, statements prepared.
    let mut next = load(&servers, 0, Duration::from_secs(1)).await.next;
    for used in [&servers[..1], &servers[..]] {
        let cpu = postgres.cpu();
        let loaded = load(used, next, MEASURED).await;
        next = loaded.next;
        let told = |what: &str, value: f64| figure(&format!("replicas.{}.{what}", used.len()), value);
        told("per_second", loaded.rate);
        told("p99_ms", loaded.p99_ms);
        told("postgres_cpu_ms", (postgres.cpu() - cpu).as_secs_f64() * 1_000.0 / loaded.answered as f64);
    }
    let [here, there] = &servers;
    let mut sockets = Sockets::open(there.port, 1).await;
    sockets.follow(here.port, TOLD..TOLD + 10, GAP).await;
    for (name, port, first) in [("same", there.port, TOLD + 1_000), ("across", here.port, TOLD + 2_000)] {
        let latencies = sockets.follow(port, first..first + EVENTS, GAP).await;
        figure(&format!("replicas.{name}.p50_ms"), ms(quantile(&latencies, 0.5)));
        figure(&format!("replicas.{name}.p99_ms"), ms(quantile(&latencies, 0.99)));
    }
}

/// What servers took together.
struct Loaded {
    rate: f64,
    p99_ms: f64,
    answered: u64,
    /// The number of the next webhook.
    next: u64,
}

/// Sends to one or two servers as fast as they answer, over as many connections in all.
async fn load(servers: &[Process], first: u64, length: Duration) -> Loaded {
    let most = FASTEST * length.as_secs() / servers.len() as u64;
    let connections = CONNECTIONS / servers.len();
    let mut next = first;
    let mut run = |server: &Process| {
        let requests = Traffic::Messages.requests(next..next + most);
        next += most;
        load::run(server.port, connections, requests, Pace::Full, length)
    };
    let runs = match servers {
        [one, two] => {
            let (one, two) = (run(one), run(two));
            let (one, two) = tokio::join!(one, two);
            vec![one, two]
        }
        _ => vec![run(&servers[0]).await],
    };
    Loaded {
        rate: runs.iter().map(load::Run::rate).sum(),
        p99_ms: runs.iter().map(|run| run.latency_ms(0.99)).fold(0.0, f64::max),
        answered: runs.iter().map(load::Run::answered).sum(),
        next,
    }
}
