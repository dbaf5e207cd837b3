//! Two processes of the real program on one PostgreSQL, of which one is asked to stop.

use std::{
    net::TcpListener,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use comms_core::{Secret, Status, SystemClock, signature};
use comms_http::{Body, Request, ReqwestTransport, Transport};
use comms_server::{
    auth::{Identity, Role, Tokens},
    config::AuthSettings,
};
use comms_simulator::{
    Fault, FaultRule, Simulator,
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, PHONE_ID, VERIFY_TOKEN, WABA_ID},
};
use futures_util::{TryStreamExt, future::join_all};
use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{SEND, WEBHOOK, text_webhook};

const SECRET: &str = "an invented secret for tests";
const CLIENTS: usize = 4;
/// Between two things that one client does.
const PAUSE: Duration = Duration::from_millis(20);
/// How many messages are sent before the stop, and how many after it.
const LOAD: usize = 60;
/// A claim that nobody gave back ends after a minute.
const LEASE: Duration = Duration::from_secs(60);
/// More than anything that is under way needs.
const SHUTDOWN: Duration = Duration::from_secs(10);
const START: Duration = Duration::from_secs(60);

/// A process, killed when it is dropped.
struct Process {
    child: Child,
    base: String,
}

impl Process {
    async fn start(database: &str, simulator: &Simulator, folder: &std::path::Path) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_comms-server"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("PORT", port.to_string())
            .env("BIND_ADDRESS", "127.0.0.1")
            .env("WORKERS", "2")
            .env("DATABASE_URL", database)
            .env("MIGRATE_ON_START", "true")
            .env("JWT_SECRET", SECRET)
            .env("RATE_LIMIT_PER_MINUTE", "1000000")
            .env("SHUTDOWN_SECONDS", SHUTDOWN.as_secs().to_string())
            .env("RUST_LOG", "warn")
            .env("WHATSAPP_API_BASE", simulator.url())
            .env("WHATSAPP_ACCESS_TOKEN", ACCESS_TOKEN)
            .env("WHATSAPP_PHONE_NUMBER_ID", PHONE_ID)
            .env("WHATSAPP_BUSINESS_ACCOUNT_ID", WABA_ID)
            .env("WHATSAPP_APP_ID", APP_ID)
            .env("WHATSAPP_APP_SECRET", APP_SECRET)
            .env("WHATSAPP_VERIFY_TOKEN", VERIFY_TOKEN)
            .env("WHATSAPP_OWNER_ID", "7")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = Self { child, base: format!("http://127.0.0.1:{port}") };
        let health: http::Uri = format!("{}/health", process.base).parse().unwrap();
        let deadline = Instant::now() + START;
        let transport = ReqwestTransport::ring().unwrap();
        while transport.execute(Request::new(Method::GET, health.to_string().parse().unwrap())).await.is_err() {
            assert!(process.child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(Instant::now() < deadline, "the server does not start");
            sleep(PAUSE).await;
        }
        process
    }

    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    async fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not stop");
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one client did: the texts that were answered 2xx, and those that got no answer, or no success.
#[derive(Debug, Default)]
struct Told {
    heard: Vec<String>,
    sent: Vec<String>,
    unanswered: Vec<String>,
}

/// Somebody whose customers write to one server and are written to through another, each once, until enough was sent or until
/// a server is gone.
struct Client {
    transport: ReqwestTransport,
    hears: String,
    sends: String,
    token: String,
    number: usize,
    /// How many messages all together are sent before this one ends.
    until: usize,
}

impl Client {
    async fn work(self, sent_by_all: Arc<AtomicUsize>) -> Told {
        let mut told = Told::default();
        for turn in 0.. {
            if sent_by_all.load(Ordering::Relaxed) >= self.until {
                break;
            }
            let (heard, sent) = (format!("oye {}-{turn}", self.number), format!("dime {}-{turn}", self.number));
            let phone = format!("346{:02}{turn:06}", self.number);
            let webhook = text_webhook(&phone, &format!("wamid.{}.{turn}", self.number), &heard);
            if !self.hear(webhook).await {
                told.unanswered.push(heard);
                break;
            }
            told.heard.push(heard);
            if !self.send(&phone, &sent).await {
                told.unanswered.push(sent);
                break;
            }
            told.sent.push(sent);
            sent_by_all.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
        told
    }

    async fn hear(&self, body: Vec<u8>) -> bool {
        let signed = format!("sha256={}", signature::hmac_sha256_hex(&Secret::from(APP_SECRET), &body));
        self.post(&format!("{}{WEBHOOK}", self.hears), ("x-hub-signature-256", signed), body).await
    }

    async fn send(&self, phone: &str, text: &str) -> bool {
        let body = json!({"telefono": format!("+{phone}"), "mensaje": text}).to_string();
        let bearer = ("authorization", format!("Bearer {}", self.token));
        self.post(&format!("{}{SEND}", self.sends), bearer, body.into_bytes()).await
    }

    /// Whether it was answered with a success.
    async fn post(&self, url: &str, header: (&str, String), body: Vec<u8>) -> bool {
        let mut request = Request::new(Method::POST, url.parse().unwrap());
        request.body = Body::Bytes(body.into());
        let request = request.header("content-type".parse().unwrap(), "application/json").unwrap();
        let request = request.header(header.0.parse().unwrap(), &header.1).unwrap();
        let Ok(response) = self.transport.execute(request).await else { return false };
        let (status, body) = (response.status, response.body.try_collect::<Vec<_>>().await);
        // A server that stops answers what it began with what it would have said anyway.
        assert!(status.is_success() && body.is_ok(), "{status} {body:?}");
        true
    }
}

fn token() -> String {
    let identity = Identity { user: "7".into(), role: Role::Seller, organization: None };
    let tokens = Tokens::new(&Secret::from(SECRET), &AuthSettings::default(), Arc::new(SystemClock));
    tokens.issue(&identity, Duration::from_secs(3_600)).unwrap()
}

/// A message as it is in the end: its text, how often it is stored, and its state.
async fn stored(database: &str) -> Vec<(String, usize, i16)> {
    let query = "SELECT body || '|' || count(*) || '|' || min(status) FROM comms.messages GROUP BY body";
    let rows = comms_conformance::database::texts(database, query).await;
    let read = |row: String| {
        let mut parts = row.rsplitn(3, '|');
        let (state, count) = (parts.next().unwrap().parse().unwrap(), parts.next().unwrap().parse().unwrap());
        (parts.next().unwrap().to_owned(), count, state)
    };
    rows.into_iter().map(read).collect()
}

/// The texts that the provider took.
fn taken(simulator: &Simulator) -> Vec<String> {
    let sends = simulator.ledger().sends();
    let body = |body: &Value| body["text"]["body"].as_str().unwrap_or_default().to_owned();
    sends.iter().filter(|send| send.processed).filter_map(|send| send.body.as_ref().map(body)).collect()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_doubles_and_delays_nothing() {
    let Some(database) = comms_conformance::database::postgres().await else { return };
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut a = Process::start(&database, &simulator, folder.path()).await;
    let b = Process::start(&database, &simulator, folder.path()).await;
    let callback = format!("{}{WEBHOOK}", b.base);
    simulator.configure(|config| config.meta.app.callback_url = Some(callback));
    // Some wait and are tried again: at the moment of the stop there are always claims.
    simulator.inject(FaultRule::new("meta.messages", Fault::error(130_429)).probability(0.2));
    simulator.inject(FaultRule::new("meta.messages", Fault::Delay { ms: 200 }).probability(0.2));

    let sent = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS * 2).map(|number| {
        // Half of them hear through A and send through B, the others the other way round.
        let (hears, sends) = if number.is_multiple_of(2) { (&a, &b) } else { (&b, &a) };
        let client = Client {
            transport: ReqwestTransport::ring().unwrap(),
            hears: hears.base.clone(),
            sends: sends.base.clone(),
            token: token(),
            number,
            until: usize::MAX,
        };
        tokio::spawn(client.work(Arc::clone(&sent)))
    });
    let clients: Vec<_> = clients.collect();
    while sent.load(Ordering::Relaxed) < LOAD {
        sleep(PAUSE).await;
    }
    let asked = Instant::now();
    a.signal("TERM");
    let status = a.ended(LEASE / 2).await;
    assert!(status.success(), "{status}");
    let after = Arc::new(AtomicUsize::new(0));
    let later = (0..CLIENTS).map(|at| {
        let client = Client {
            transport: ReqwestTransport::ring().unwrap(),
            hears: b.base.clone(),
            sends: b.base.clone(),
            token: token(),
            number: 10 + at,
            until: LOAD,
        };
        tokio::spawn(client.work(Arc::clone(&after)))
    });
    let later: Vec<_> = later.collect();
    let told: Vec<Told> = join_all(clients.into_iter().chain(later)).await.into_iter().map(Result::unwrap).collect();
    simulator.clear_faults();

    let rows = settled(&database, asked).await;
    check(&told, &rows, &taken(&simulator));
    assert!(told.iter().any(|one| !one.unanswered.is_empty()), "nobody met the stop");
}

/// The messages once none of them waits: long before a lease could have ended.
async fn settled(database: &str, asked: Instant) -> Vec<(String, usize, i16)> {
    loop {
        let rows = stored(database).await;
        let Some(open) = rows.iter().find(|row| row.2 < Status::Accepted.rank()) else { return rows };
        assert!(asked.elapsed() < LEASE, "waits for a lease: {open:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

fn check(told: &[Told], rows: &[(String, usize, i16)], taken: &[String]) {
    let times = |text: &String| rows.iter().find(|row| row.0 == *text).map_or(0, |row| row.1);
    for text in told.iter().flat_map(|one| one.heard.iter().chain(&one.sent)) {
        assert_eq!(times(text), 1, "{text} was answered");
    }
    for text in told.iter().flat_map(|one| &one.sent) {
        assert_eq!(taken.iter().filter(|one| *one == text).count(), 1, "{text} at the provider");
    }
    // What got no answer was never begun.
    for text in told.iter().flat_map(|one| &one.unanswered) {
        assert_eq!(times(text), 0, "{text} was accepted and cut");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_holds_a_stop_up_for_its_time_only() {
    let Some(database) = comms_conformance::database::postgres().await else { return };
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(&database, &simulator, folder.path()).await;
    // A request that is never finished.
    let mut stream = tokio::net::TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let beginning = format!("POST {WEBHOOK} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, beginning.as_bytes()).await.unwrap();
    sleep(PAUSE * 10).await;
    server.signal("INT");
    let status = server.ended(SHUTDOWN + LEASE / 4).await;
    assert!(status.success(), "{status}");
}
