//! An echo bot: what a customer writes comes back to them. Everything a bot needs in one file, with no account and no
//! network: Meta and the customer are simulated, the history is a SQLite file, the web server is whichever you like.
//!
//! ```sh
//! cargo run -p examples --example echo_bot
//! ```

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    routing::get,
};
use comms_core::{
    AccountId, Address, Channel, ChannelDirectory, ChannelKind, Content, Direction, MessageId, Secret, Status,
    SystemClock, WebhookRequest,
    history::{Account, DatabaseSettings, HistoryEntry, HistoryFilter, Organization, Repository, Scope, open},
};
use comms_engine::{Engine, ReceiveError, SendRequest};
use comms_simulator::{
    Simulator,
    meta::{ACCESS_TOKEN, APP_SECRET, Customer, PHONE_ID, VERIFY_TOKEN},
};
use whatsapp_cloud::{Client, Config, Error, WhatsAppChannel, WhatsAppInbound, webhook::Verifier};

const ORGANIZATION: &str = "bakery";
/// The user in whose name the bot writes.
const BOT: &str = "1";
const WORDS: &str = "¿Hay alguien?";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let simulator = Simulator::start(comms_simulator::Config::default())?;
    let number = number(&simulator)?;
    let store = store(folder.path(), number.account()).await?;

    let verifier = Verifier::new(Secret::from(APP_SECRET))?.verify_token(VERIFY_TOKEN.into())?;
    let engine = Engine::builder(Arc::clone(&store), Arc::new(OneNumber(number)))
        .inbound("whatsapp", Arc::new(WhatsAppInbound::new(verifier.clone())))
        .build();
    let workers = engine.start().await;
    let bot = tokio::spawn(echo(engine.clone()));
    let address = serve(engine, verifier).await?;
    let ana = Customer::new("34600000000").named("Ana");
    simulator.configure(|config| {
        config.meta.app.callback_url = Some(address);
        config.meta.customers.push(ana.clone());
    });
    simulator.meta().verify_callback().await?;

    simulator.meta().inbound_text(PHONE_ID, &ana, WORDS)?;
    let arrived = tokio::time::timeout(PATIENCE, answer(store.as_ref())).await;
    print_history(&history(store.as_ref()).await?);

    bot.abort();
    workers.stop().await;
    store.close().await;
    arrived.context("the answer did not arrive in time")?
}

/// The bot: reads the event log and answers each message that came in. The key makes an answer one, however often the
/// same message is looked at, also after a crash.
async fn echo(engine: Engine) -> Result<()> {
    let store = engine.repository();
    let mut news = store.events_hint();
    let mut seen = 0;
    loop {
        // A hint says "look now"; the log is the truth, and never shows a later event before an earlier one.
        for event in store.events(Some(&ORGANIZATION.into()), seen, 100).await? {
            seen = event.cursor;
            let Some(id) = event.message.filter(|_| event.kind == "message") else {
                continue;
            };
            let entry = store.message(&everything(), id).await?.entry;
            if entry.direction == Direction::Inbound {
                reply(&engine, id, &entry).await?;
            }
        }
        news.changed().await?;
    }
}

async fn reply(engine: &Engine, id: MessageId, entry: &HistoryEntry) -> Result<()> {
    let to = Address::parse_recipient(&entry.counterpart, None)?;
    let words = entry.text.clone().unwrap_or_default();
    let content = Content::text(format!("Eco: {words}"));
    let mut message = SendRequest::new(everything(), BOT.into(), ChannelKind::WhatsApp, to, content);
    message.reply_to = Some(id);
    message.idempotency_key = Some(format!("echo:{id}"));
    engine.send(message).await?;
    Ok(())
}

/// The number that the bot writes from. For Meta itself: `Config::from_env()`.
fn number(simulator: &Simulator) -> Result<WhatsAppChannel> {
    let mut config = Config::new(ACCESS_TOKEN, PHONE_ID);
    config.api_base = simulator.url().to_owned();
    Ok(WhatsAppChannel::new(Client::builder(config).build()?))
}

/// The history in a file, with one organisation that has one number.
async fn store(folder: &Path, number: &AccountId) -> Result<Arc<dyn Repository>> {
    let file = DatabaseSettings::sqlite(folder.join("history.sqlite"));
    let store = open(file, Arc::new(SystemClock)).await?;
    store.migrate().await?;
    let organization = Organization { id: ORGANIZATION.into(), name: "The bakery".to_owned() };
    store.put_organization(&organization).await?;
    let account = Account {
        id: number.clone(),
        organization: ORGANIZATION.into(),
        channel: ChannelKind::WhatsApp,
        name: None,
        parent: None,
        owner: Some(BOT.into()),
        caller_id: None,
        active: true,
    };
    store.put_account(&account).await?;
    Ok(store)
}

/// Every account has the same channel: there is one.
#[derive(Debug)]
struct OneNumber(WhatsAppChannel);

#[async_trait]
impl ChannelDirectory for OneNumber {
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>, Error> {
        if account == self.0.account() {
            Ok(Arc::new(self.0.clone()))
        } else {
            Err(Error::config(format!("{account} is not ours")))
        }
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        let ours = kind == ChannelKind::WhatsApp;
        ours.then(|| self.0.account().clone()).into_iter().collect()
    }
}

/// Serves the webhook; returns the address to register at Meta.
async fn serve(engine: Engine, verifier: Verifier) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let app =
        Router::new().route("/webhook", get(challenge).post(receive)).with_state((engine, verifier, address.clone()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("{address}/webhook"))
}

type Served = State<(Engine, Verifier, String)>;

/// Meta asks whether the address is ours.
async fn challenge(State((_, verifier, address)): Served, uri: Uri) -> (StatusCode, String) {
    let request = WebhookRequest {
        method: Method::GET,
        url: format!("{address}{uri}"),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    match verifier.challenge(&request) {
        Ok(challenge) => (StatusCode::OK, challenge),
        Err(_) => (StatusCode::FORBIDDEN, String::new()),
    }
}

/// Meta tells of messages: answered 200 once they are committed, and only then.
async fn receive(State((engine, _, address)): Served, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = WebhookRequest { method: Method::POST, url: format!("{address}{uri}"), headers, body };
    match engine.receive("whatsapp", request).await {
        Ok(_) => StatusCode::OK,
        Err(ReceiveError::InvalidSignature(_)) => StatusCode::UNAUTHORIZED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Waits until the bot's answer is on the customer's phone.
async fn answer(store: &dyn Repository) -> Result<()> {
    let mut news = store.events_hint();
    let arrived = |entry: &HistoryEntry| {
        entry.direction == Direction::Outbound
            && entry.text.as_deref() == Some(&format!("Eco: {WORDS}"))
            && matches!(entry.status, Status::Delivered | Status::Read)
    };
    while !history(store).await?.iter().any(arrived) {
        news.changed().await?;
    }
    Ok(())
}

async fn history(store: &dyn Repository) -> Result<Vec<HistoryEntry>> {
    let newest = HistoryFilter { limit: 50, ..HistoryFilter::default() };
    Ok(store.history(&everything(), &newest).await?.entries)
}

/// What an administrator sees; a seller's id in `seller` would narrow it to theirs.
fn everything() -> Scope {
    Scope { organization: ORGANIZATION.into(), seller: None }
}

fn print_history(entries: &[HistoryEntry]) {
    for entry in entries.iter().rev() {
        let arrow = match entry.direction {
            Direction::Inbound => "→",
            Direction::Outbound => "←",
        };
        let words = entry.text.as_deref().unwrap_or_default();
        let state = entry.status.as_str();
        println!("{} {arrow} {words} ({state})", entry.counterpart);
        if let Some(problem) = &entry.problem {
            println!("    {}: {}", problem.code, problem.message);
        }
    }
}
