//! The queue against the simulator: how fast it drains, and how exactly it keeps an account's rate.
//!
//! Messages are scheduled for tomorrow, then all are made due at once. The simulator's ledger says when each one arrived.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use comms_conformance::database;
use comms_server::auth::Role;
use comms_simulator::{
    Config, Fault, FaultRule, Simulator,
    meta::{Phone, WindowPolicy},
};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    database::Target,
    figure,
    load::{self, Pace},
    process::{Postmaster, Process},
    server::{self, ACCESS_TOKEN},
    traffic::{BUSINESS_ACCOUNT_ID, PHONE_NUMBER_ID},
};

const SEND: &str = "/api/comunicaciones/whatsapp/enviar";

/// How many numbers share the load, so that no number's own rate is the bound.
const ACCOUNTS: u64 = 40;

/// How many messages are drained.
const DRAINED: u64 = 5_000;

/// How many messages one number has to pace: twenty seconds of them.
const PACED: u64 = 1_600;

/// The rate of a number at Meta.
const RATE: f64 = 80.0;

/// What a pacer may let through at once at the beginning is no error of its rate.
const BURST: time::Duration = time::Duration::seconds(2);

/// How many requests are under way while the queue is filled.
const CALLERS: usize = 32;

/// The longest that a queue may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Sends a second, with a provider that answers within 1 ms and within 100 ms.
pub async fn drain() {
    for provider_ms in [1, 100] {
        let Some(queue) = Queue::filled(ACCOUNTS, DRAINED).await else {
            return;
        };
        queue.simulator.inject(FaultRule::new("meta.messages", Fault::Delay { ms: provider_ms }));
        let postgres = Postmaster::of(&queue.address).await;
        let before = (queue.server.cpu(), postgres.cpu());
        let arrivals = queue.release(DRAINED).await;
        let (server, database) = (queue.server.cpu() - before.0, postgres.cpu() - before.1);
        let told = |what: &str, value: f64| figure(&format!("outbox.{provider_ms}ms.{what}"), value);
        told("per_second", rate(&arrivals));
        told("sends", arrivals.len() as f64);
        told("server_cpu_ms", crate::ms(server) / arrivals.len() as f64);
        told("postgres_cpu_ms", crate::ms(database) / arrivals.len() as f64);
        told("settled_after_ms", crate::ms(queue.settled().await));
    }
}

/// How far the sends of one number are from its rate.
pub async fn pacing() {
    let Some(queue) = Queue::filled(1, PACED).await else {
        return;
    };
    let arrivals = queue.release(PACED).await;
    let steady: Vec<OffsetDateTime> = arrivals.iter().copied().filter(|at| *at >= arrivals[0] + BURST).collect();
    let error = (rate(&steady) / RATE - 1.0) * 100.0;
    figure("pacing.error_percent", error.abs());
    figure("pacing.per_second", rate(&steady));
    figure("pacing.most_in_a_second", most_in_a_second(&arrivals) as f64);
    figure("pacing.sends", arrivals.len() as f64);
}

/// A server with a full queue, and the simulator that it sends to.
struct Queue {
    simulator: Simulator,
    server: Process,
    address: String,
    _folder: tempfile::TempDir,
}

impl Queue {
    /// Fills the queue of a new server; `None`, with a notice, where no PostgreSQL is named.
    async fn filled(accounts: u64, messages: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::create("postgres", folder.path(), "outbox").await?;
        let simulator = simulator(accounts);
        configure(folder.path(), accounts);
        let mut command = server::command(&target, folder.path());
        command.env("WHATSAPP_API_BASE", simulator.url());
        let server = Process::start(&mut command);
        let requests = (0..messages).map(|number| send(number, accounts)).collect();
        let filling = load::run(server.port, CALLERS, requests, Pace::Full, PATIENCE).await;
        assert_eq!(filling.answered(), messages, "the queue could not be filled");
        eprintln!("{messages} messages were accepted at {:.0} a second", filling.rate());
        let Target::Postgres(address) = target else {
            return None;
        };
        database::execute(&address, "ANALYZE").await;
        Some(Self { simulator, server, address, _folder: folder })
    }

    /// Makes all of it due, and waits until it has been sent. Returns when each message arrived, in that order.
    async fn release(&self, messages: u64) -> Vec<OffsetDateTime> {
        database::execute(&self.address, "UPDATE comms.outbox SET due_at = now(), ordered_at = now()").await;
        let ledger = self.simulator.ledger();
        let all = ledger.wait_until(PATIENCE, |ledger| ledger.totals().sent >= messages).await;
        let sends = ledger.sends();
        assert!(all, "{} of {messages} messages were sent in time", sends.len());
        let distinct: HashSet<&str> = sends.iter().filter_map(|call| Some(call.send.as_ref()?.to.as_str())).collect();
        assert_eq!(distinct.len(), sends.len(), "messages were sent twice");
        let mut arrivals: Vec<OffsetDateTime> = sends.iter().map(|call| call.at).collect();
        arrivals.sort_unstable();
        arrivals
    }

    /// How long after the last arrival the queue is empty.
    async fn settled(&self) -> Duration {
        let started = std::time::Instant::now();
        loop {
            let left = database::texts(&self.address, "SELECT count(*)::text FROM comms.outbox").await;
            if left == ["0"] {
                return started.elapsed();
            }
            assert!(started.elapsed() < PATIENCE, "{left:?} sends were never recorded");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Meta with so many numbers. No reports follow a send: they would be ingest, which is measured elsewhere.
fn simulator(accounts: u64) -> Simulator {
    let mut config = Config { ledger_capacity: 1_000_000, ..Config::default() };
    config.meta.allow_token(ACCESS_TOKEN);
    config.meta.window = WindowPolicy::Open;
    let account = config.meta.wabas.first_mut().unwrap();
    account.phones = (0..accounts)
        .map(|number| Phone {
            id: phone(number),
            number: format!("1555078{number:04}"),
            country_code: "1".to_owned(),
            verified_name: format!("Simulated shop {number}"),
            registered: true,
        })
        .collect();
    config.meta.statuses.sent_ms = None;
    config.meta.statuses.delivered_ms = None;
    config.meta.statuses.read_ms = None;
    Simulator::start(config).unwrap()
}

/// The numbers after the first, which the environment names.
fn configure(folder: &Path, accounts: u64) {
    let number = |number| {
        let (id, owner) = (phone(number), number + 1);
        format!(
            "[[accounts]]\nchannel = \"whatsapp\"\nnumber = \"{id}\"\nowner = \"{owner}\"\nbusiness_account = \"{BUSINESS_ACCOUNT_ID}\"\n"
        )
    };
    let file: String = (1..accounts).map(number).collect();
    fs::write(folder.join("comms.toml"), file).unwrap();
}

fn phone(number: u64) -> String {
    (PHONE_NUMBER_ID.parse::<u64>().unwrap() + number).to_string()
}

/// One message to a person of its own, for tomorrow.
fn send(number: u64, accounts: u64) -> Vec<u8> {
    let tomorrow = (OffsetDateTime::now_utc() + time::Duration::days(1)).format(&Rfc3339).unwrap();
    let body = json!({
        "telefono": format!("+346{number:08}"),
        "template": "hello_world",
        "idioma": "en_US",
        "cuenta": format!("whatsapp:{}", phone(number % accounts)),
        "programado_para": tomorrow,
    });
    server::post(SEND, &server::token("1", Role::Admin), &body)
}

/// Arrivals a second, between the first and the last.
fn rate(arrivals: &[OffsetDateTime]) -> f64 {
    let [first, .., last] = arrivals else {
        return 0.0;
    };
    (arrivals.len() - 1) as f64 / (*last - *first).as_seconds_f64()
}

fn most_in_a_second(arrivals: &[OffsetDateTime]) -> usize {
    let within = |(at, first): (usize, &OffsetDateTime)| {
        let end = *first + time::Duration::seconds(1);
        arrivals[at..].partition_point(|arrival| *arrival < end)
    };
    arrivals.iter().enumerate().map(within).max().unwrap_or_default()
}
