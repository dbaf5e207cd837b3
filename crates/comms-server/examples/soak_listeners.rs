//! Many clients of the event stream, for `cargo xtask soak`: half of them over Server-Sent Events as `comms-client` reads them, half
//! over WebSockets that are read as they come. Each reconnects with its cursor whenever it is cut.
//!
//! ```sh
//! soak_listeners http://127.0.0.1:8080 TOKEN 500
//! ```
//!
//! A line on the standard input names a file with the cursors of the log, one on each line. It waits until every client has the last
//! of them, compares, and prints what each client has that it should not, or has not.

use std::{
    collections::HashSet,
    io::BufRead as _,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use comms_client::Events;
use comms_http::{ReqwestTransport, Secret, Transport};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};
use url::Url;

/// How long the clients have to hear the end of the log.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a WebSocket may be silent: three heartbeats of a second.
const SILENCE: Duration = Duration::from_secs(3);
/// The longest pause before a WebSocket is opened again.
const PAUSE_MS: u64 = 300;
/// How many faults are named.
const EXAMPLES: usize = 10;

/// What a client heard, in its order.
type Heard = Arc<Mutex<Vec<i64>>>;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, token, clients] = &arguments[..] else {
        bail!("BASE TOKEN CLIENTS");
    };
    let base: Url = base.parse()?;
    let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::ring()?);
    let connections = Arc::new(AtomicUsize::new(0));
    let mut heard = Vec::new();
    for client in 0..clients.parse::<usize>()? {
        let list = Heard::default();
        if client % 2 == 0 {
            let events = Events::subscribe(base.clone(), Secret::from(token.clone()));
            let events = events.service_token().after(Some(0)).silence(SILENCE).transport(Arc::clone(&transport));
            tokio::spawn(read_events(events, Arc::clone(&list)));
        } else {
            let (base, token) = (base.clone(), token.clone());
            tokio::spawn(read_socket(base, token, Arc::clone(&list), Arc::clone(&connections)));
        }
        heard.push(list);
    }
    let file = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next()).await?;
    let file = file.context("no file was named")??;
    let log = std::fs::read_to_string(&file).with_context(|| file.clone())?;
    let log: Vec<i64> = log.lines().map(str::parse).collect::<Result<_, _>>()?;
    wait(&heard, log.last().copied().unwrap_or_default()).await;
    Ok(judge(&heard, &log, connections.load(Ordering::SeqCst)))
}

async fn read_events(events: Events, heard: Heard) {
    let mut stream = match events.stream() {
        Ok(stream) => stream,
        Err(error) => return eprintln!("{error}"),
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => lock(&heard).push(event.cursor),
            Err(error) => eprintln!("a stream ended: {error}"),
        }
    }
}

/// Goes on after the cursor of the last frame, whatever it was.
async fn read_socket(base: Url, token: String, heard: Heard, connections: Arc<AtomicUsize>) {
    let mut after = 0;
    loop {
        // How it ended is of no interest: it is opened again.
        if read_once(&base, &token, &heard, &mut after).await.is_ok() {
            connections.fetch_add(1, Ordering::SeqCst);
        }
        sleep(Duration::from_millis(fastrand::u64(..PAUSE_MS))).await;
    }
}

async fn read_once(base: &Url, token: &str, heard: &Heard, after: &mut i64) -> Result<()> {
    let mut url = base.join(&format!("/ws?cursor={after}"))?;
    if url.set_scheme("ws").is_err() {
        bail!("no address of a WebSocket");
    }
    let mut request = url.as_str().into_client_request()?;
    request.headers_mut().insert("X-Service-Token", token.parse()?);
    let (mut socket, _) = timeout(SILENCE, connect_async(request)).await??;
    while let Ok(Some(Ok(message))) = timeout(SILENCE, socket.next()).await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text)?;
        let Some(cursor) = frame["cursor"].as_i64() else { continue };
        if !["listo", "latido", "fin"].iter().any(|control| frame["tipo"] == *control) {
            lock(heard).push(cursor);
        }
        *after = cursor;
    }
    Ok(())
}

async fn wait(heard: &[Heard], last: i64) {
    let start = Instant::now();
    let missing = || heard.iter().filter(|list| lock(list).last().is_none_or(|cursor| *cursor < last)).count();
    while missing() > 0 && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(100)).await;
    }
}

fn judge(heard: &[Heard], log: &[i64], sockets: usize) -> ExitCode {
    let wanted: HashSet<i64> = log.iter().copied().collect();
    let (mut events, mut gaps, mut repeats, mut strangers) = (0, 0, 0, 0);
    for (client, list) in heard.iter().enumerate() {
        let list = lock(list);
        if *list == log {
            events += list.len();
            continue;
        }
        let known: HashSet<i64> = list.iter().copied().collect();
        let missing: Vec<&i64> = log.iter().filter(|cursor| !known.contains(cursor)).collect();
        let back = list.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        events += known.intersection(&wanted).count();
        gaps += missing.len();
        repeats += back;
        strangers += known.difference(&wanted).count();
        if client < EXAMPLES {
            println!(
                "FAULT client {client}: {} of {}, {} missing from {:?} on, {back} steps back",
                list.len(),
                log.len(),
                missing.len(),
                missing.first()
            );
        }
    }
    println!("events={events} gaps={gaps} repeats={repeats} strangers={strangers} sockets={sockets}");
    ExitCode::SUCCESS
}

fn lock(list: &Heard) -> std::sync::MutexGuard<'_, Vec<i64>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
