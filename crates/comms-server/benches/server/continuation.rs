//! Conversations of agents at once: from what a customer writes to the agent's answer at the provider.

use std::{collections::BTreeMap, time::Duration};

use comms_simulator::{
    Config, Simulator,
    elevenlabs::{AGENT_ID, API_KEY, Manner, PhoneCall},
    meta::{Customer, WindowPolicy},
};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    database::Target,
    figure,
    load::{self, Pace},
    ms,
    process::Process,
    quantile,
    server::{self, ACCESS_TOKEN},
    traffic::{APP_SECRET, PHONE_NUMBER_ID},
};

/// How many people write at once.
const PEOPLE: u64 = 200;

/// How long the agent takes for an answer.
const THINKING: Duration = Duration::from_secs(3);

/// How long a burst is waited for.
const DEBOUNCE: Duration = Duration::from_millis(1_500);

/// How long an agent has to say nothing more before its answer is whole.
const QUIET: Duration = elevenlabs_client::limits::QUIET;

const TOKEN: &str = "an-invented-token-of-the-bench!!";

/// How many calls are told of at once.
const CALLERS: usize = 16;

/// The longest that any of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// On PostgreSQL: once all wait for their answer at the same time.
pub async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create("postgres", folder.path(), "continuation").await else {
        return;
    };
    let simulator = simulator();
    let mut command = server::command(&target, folder.path());
    command.env("WHATSAPP_API_BASE", simulator.url()).envs([
        ("MICROSERVICE_TOKEN", TOKEN),
        ("ELEVENLABS_API_KEY", API_KEY),
        ("ELEVENLABS_API_BASE", simulator.url()),
        ("ELEVENLABS_CONCURRENCY", "1000"),
        // A number that Meta lets send more: at the usual 80 a second the last of them would wait two seconds for that alone.
        ("WHATSAPP_PER_SECOND", "1000"),
        ("ELEVENLABS_TEMPLATE", "hello_world"),
        ("ELEVENLABS_TEMPLATE_LANGUAGE", "en_US"),
    ]);
    let server = Process::start(&mut command);
    simulator.configure(|config| {
        config.meta.app.callback_url =
            Some(format!("http://127.0.0.1:{}/api/comunicaciones/webhook/whatsapp", server.port));
    });
    let idle = server.memory_mb();
    hand_off(&simulator, &server).await;
    let opened = simulator.ledger().totals().sent;
    assert_eq!(opened, PEOPLE, "not every conversation was begun");
    let (cpu, began) = (server.cpu(), OffsetDateTime::now_utc());
    let latencies = converse(&simulator).await;
    let asked = sessions(&simulator, began);
    figure("continuation.200.asked_p50_ms", ms(quantile(&asked, 0.5)));
    figure("continuation.200.asked_max_ms", ms(quantile(&asked, 1.0)));
    figure("continuation.200.p50_ms", ms(quantile(&latencies, 0.5)));
    figure("continuation.200.p99_ms", ms(quantile(&latencies, 0.99)));
    figure("continuation.200.max_ms", ms(quantile(&latencies, 1.0)));
    let waited = ms(THINKING + DEBOUNCE + QUIET);
    figure("continuation.200.p99_beyond_ms", ms(quantile(&latencies, 0.99)) - waited);
    figure("continuation.200.cpu_ms_per_answer", ms(server.cpu() - cpu) / latencies.len() as f64);
    figure("continuation.idle_mb", idle);
    figure("continuation.200.server_mb", server.peak_memory_mb());
}

/// ElevenLabs and Meta; no reports follow a send: they would be ingest, which is measured elsewhere.
fn simulator() -> Simulator {
    let mut config = Config { ledger_capacity: 1_000_000, ..Config::default() };
    config.meta.allow_token(ACCESS_TOKEN);
    config.meta.app.secret = APP_SECRET.to_owned();
    config.meta.window = WindowPolicy::Open;
    config.meta.statuses.sent_ms = None;
    config.meta.statuses.delivered_ms = None;
    config.meta.statuses.read_ms = None;
    let simulator = Simulator::start(config).unwrap();
    let delay_ms = THINKING.as_millis().try_into().unwrap();
    simulator.elevenlabs().set_manner(AGENT_ID, Manner { delay_ms, ..Manner::default() });
    simulator
}

/// Calls that have ended, and of which the server is told.
async fn hand_off(simulator: &Simulator, server: &Process) {
    let calls: Vec<(String, String)> = (0..PEOPLE)
        .map(|number| {
            let phone = format!("+{}", digits(number));
            (simulator.elevenlabs().call(PhoneCall::to(&phone)).unwrap(), phone)
        })
        .collect();
    assert!(simulator.elevenlabs().settled(PATIENCE).await);
    let requests = calls.into_iter().map(|(conversation, phone)| told(&conversation, &phone)).collect();
    let answers = load::run(server.port, CALLERS, requests, Pace::Full, PATIENCE).await;
    assert_eq!(answers.answered(), PEOPLE, "calls were not taken");
    let all = simulator.ledger().wait_until(PATIENCE, |ledger| ledger.totals().sent >= PEOPLE).await;
    assert!(all, "{} of {PEOPLE} conversations were begun", simulator.ledger().totals().sent);
}

fn told(conversation: &str, phone: &str) -> Vec<u8> {
    let body = json!({
        "agent_id": AGENT_ID,
        "recipient": {"phone_number": phone, "status": "completed", "conversation_id": conversation},
        "call_metadata": {"client_name": "Ana"},
    })
    .to_string();
    format!(
        "POST /api/call-completed HTTP/1.1\r\nhost: 127.0.0.1\r\nx-service-token: {TOKEN}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Everybody writes at once; how long each waited for the answer, sorted.
async fn converse(simulator: &Simulator) -> Vec<Duration> {
    let mut written: BTreeMap<String, OffsetDateTime> = BTreeMap::new();
    for number in 0..PEOPLE {
        let customer = Customer::new(digits(number));
        simulator.meta().inbound_text(PHONE_NUMBER_ID, &customer, "¿Cuál es el precio?").unwrap();
        written.insert(digits(number), OffsetDateTime::now_utc());
    }
    let ledger = simulator.ledger();
    let all = ledger.wait_until(PATIENCE, |ledger| ledger.totals().sent >= 2 * PEOPLE).await;
    assert!(all, "{} of {PEOPLE} answers came in time", ledger.totals().sent - PEOPLE);
    let mut latencies: Vec<Duration> = Vec::new();
    for call in ledger.sends().into_iter().skip(PEOPLE as usize) {
        let to = call.send.map(|send| send.to).unwrap_or_default();
        let at = written.remove(to.trim_start_matches('+'));
        let at = at.unwrap_or_else(|| panic!("{to} was answered twice, or never wrote"));
        latencies.push((call.at - at).unsigned_abs());
    }
    latencies.sort_unstable();
    latencies
}

/// How long after `began` each conversation with an agent was opened, sorted.
fn sessions(simulator: &Simulator, began: OffsetDateTime) -> Vec<Duration> {
    let received = simulator.ledger().received();
    let sessions = received.iter().filter(|call| call.endpoint.as_deref() == Some("elevenlabs.session"));
    let mut opened: Vec<Duration> = sessions.map(|call| (call.at - began).unsigned_abs()).collect();
    opened.sort_unstable();
    opened
}

fn digits(number: u64) -> String {
    format!("346{number:08}")
}
