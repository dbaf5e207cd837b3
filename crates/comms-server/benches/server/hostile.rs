//! What others notice of mails that want to be too much: the same webhooks at the same rate without them, while SendGrid posts them, and while
//! they are read from a mailbox.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use comms_server::registry::MAIL_WEBHOOK;
use comms_simulator::{
    Simulator,
    google::{Letter, MAILBOX, SERVICE_ACCOUNT, service_account_key},
    sendgrid::{API_KEY, SENDER, SendgridConfig, WEBHOOK_KEY},
    signing::{Payload, Signer, Webhook},
};
use time::OffsetDateTime;

use crate::{
    Options,
    database::Target,
    figure,
    hostile_mail::hostile_mails,
    ingest::{Bench, USUAL},
    load::Pace,
    ms,
    process::Process,
    server,
    traffic::Traffic,
};

/// 200 webhooks a second.
const GAP: Duration = Duration::from_millis(5);
const LENGTH: Duration = Duration::from_secs(30);
/// How often each of the mails comes, and the time from one to the next: the last one ends within the run.
const ROUNDS: usize = 3;
const EVERY: Duration = Duration::from_secs(1);
const BOUNDARY: &str = "xYzZY";

/// For each engine.
pub async fn run(options: &Options) {
    for engine in options.engines() {
        let folder = tempfile::tempdir().unwrap();
        let Some(target) = Target::create(engine, folder.path(), "hostile").await else {
            continue;
        };
        let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
        let server = start(&target, folder.path(), &simulator);
        let told = |what: &str, value: f64| figure(&format!("hostile.{engine}.{what}"), value);
        let mut bench = Bench::of(engine, "hostile", server, &target).await;
        let alone = p99(&mut bench).await;
        told("alone.p99_ms", alone);

        let posting = post_all(bench.process.port, requests());
        let posted = p99(&mut bench).await;
        let slowest = posting.join().unwrap();
        told("posted.p99_ms", posted);
        told("posted.ratio", posted / alone);
        told("posted.slowest_ms", ms(slowest));

        let writing = write_all(simulator);
        let read = p99(&mut bench).await;
        let simulator = writing.join().unwrap();
        told("read.p99_ms", read);
        told("read.ratio", read / alone);
        told("peak_mb", bench.process.peak_memory_mb());
        drop((bench, simulator));
    }
}

async fn p99(bench: &mut Bench) -> f64 {
    bench.run(Traffic::Messages, USUAL, Pace::Every(GAP), LENGTH).await.latency_ms(0.99)
}

fn start(target: &Target, folder: &Path, simulator: &Simulator) -> Process {
    let key = service_account_key(simulator.url()).to_string();
    assert!(key.contains(SERVICE_ACCOUNT), "the key is another account's");
    Process::start(server::command(target, folder).envs([
        ("SENDGRID_API_KEY", API_KEY),
        ("SENDGRID_API_BASE", simulator.url()),
        ("SENDGRID_FROM_EMAIL", SENDER),
        ("SENDGRID_WEBHOOK_KEY", WEBHOOK_KEY),
        ("SENDGRID_OWNER_ID", "1"),
        ("GOOGLE_API_BASE", simulator.url()),
        ("GOOGLE_SERVICE_ACCOUNT_KEY", key.as_str()),
        ("GMAIL_DELEGATED", MAILBOX),
        ("GMAIL_STRANGERS", "true"),
    ]))
}

/// The mails as SendGrid posts them, each signed and each different from every other.
fn requests() -> Vec<Vec<u8>> {
    let mails = hostile_mails();
    let numbered = (0..ROUNDS).flat_map(|round| mails.iter().map(move |(_, raw)| (round, raw)));
    numbered.map(|(round, raw)| request(&[format!("X-Round: {round}\r\n").as_bytes(), raw].concat())).collect()
}

fn request(raw: &[u8]) -> Vec<u8> {
    let mut form = Vec::new();
    let envelope = format!(r#"{{"to":["{SENDER}"],"from":"eva@example.net"}}"#);
    for (name, value) in [("envelope", envelope.as_bytes()), ("email", raw)] {
        form.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
        );
        form.extend_from_slice(value);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let head = format!(
        "POST {MAIL_WEBHOOK} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: {content_type}\r\n"
    );
    let payload = Payload::Raw { content_type, bytes: form.clone().into() };
    let key = SendgridConfig::default().signing_key.unwrap().into();
    let signer = Signer::Sendgrid { key, time: OffsetDateTime::now_utc().unix_timestamp() };
    let signature = signer.headers(&Webhook { url: MAIL_WEBHOOK.to_owned(), payload });
    let signature: String = signature.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    [head.as_bytes(), signature.as_bytes(), format!("content-length: {}\r\n\r\n", form.len()).as_bytes(), &form]
        .concat()
}

/// Posts them one after the other on a thread of its own; gives the longest time that one took.
fn post_all(port: u16, requests: Vec<Vec<u8>>) -> thread::JoinHandle<Duration> {
    thread::spawn(move || {
        let mut slowest = Duration::ZERO;
        for request in requests {
            let began = Instant::now();
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            stream.write_all(&request).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
            slowest = slowest.max(began.elapsed());
            thread::sleep(EVERY.saturating_sub(began.elapsed()));
        }
        slowest
    })
}

/// Lets them come into a mailbox, and lets the server know after each.
fn write_all(simulator: Simulator) -> thread::JoinHandle<Simulator> {
    thread::spawn(move || {
        for round in 0..ROUNDS {
            for (_, raw) in hostile_mails() {
                let began = Instant::now();
                let raw = [format!("X-Round: {round}\r\n").as_bytes(), &raw].concat();
                let letter = Letter { to: MAILBOX.to_owned(), raw: Some(STANDARD.encode(raw)), ..Letter::default() };
                simulator.google().write(letter).unwrap();
                thread::sleep(EVERY.saturating_sub(began.elapsed()));
            }
        }
        simulator
    })
}
