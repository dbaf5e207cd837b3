//! Several servers on one PostgreSQL.

use std::{sync::Arc, time::Duration};

use comms_core::{
    AccountId, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage, OrganizationId, Party, Secret,
    SystemClock, WebhookId, WebhookRequest,
    history::{Account, DatabaseSettings, NewWebhook, Organization, Repository, Scope, open},
};
use comms_engine::{
    Engine,
    realtime::{Delivery, EventFilter},
};
use comms_server::{auth::Role, config::Settings};
use comms_simulator::{
    google::{Letter, MAILBOX, REFRESH_TOKEN},
    meta::{Customer, PHONE_ID},
};
use futures_util::future::join_all;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    routes::correo,
    streams::Stream,
    support::{HISTORY, SEND, TestServer, WEBHOOK, text_webhook},
};

/// Far less than the timers that would find the same.
const SOON: Duration = Duration::from_secs(10);
const NEVER: Duration = Duration::from_secs(3_600);

/// Two servers on one database; Meta calls the second.
struct Pair {
    a: TestServer,
    b: TestServer,
    database: String,
}

async fn pair() -> Option<Pair> {
    pair_with(|_| {}).await
}

async fn pair_with(change: impl Fn(&mut Settings)) -> Option<Pair> {
    let database = comms_conformance::database::postgres().await?;
    let (mut api_base, url) = (None, Secret::from(database.as_str()));
    let mut servers = Vec::new();
    for _ in 0..2 {
        let server = TestServer::start_with(|settings| {
            settings.database.url = Some(url.clone());
            settings.database.migrate_on_start = Some(true);
            settings.http.rate_limit_per_minute = 100_000.try_into().unwrap();
            if let Some(base) = api_base.clone() {
                settings.whatsapp.api_base = Some(base);
            }
            change(settings);
        })
        .await;
        api_base.get_or_insert_with(|| server.simulator.url().to_owned());
        servers.push(server);
    }
    let (b, a) = (servers.pop()?, servers.pop()?);
    let callback = format!("{}{WEBHOOK}", b.base);
    a.simulator.configure(|config| config.meta.app.callback_url = Some(callback));
    Some(Pair { a, b, database })
}

impl Pair {
    /// How many rows a query finds.
    async fn count(&self, from: &str) -> String {
        let query = format!("SELECT count(*)::text FROM {from}");
        comms_conformance::database::texts(&self.database, &query).await.remove(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_does_the_clients_of_the_other_see() {
    let Some(Pair { a, b, .. }) = pair().await else { return };
    let token = a.token("1", Role::Admin, None);
    let mut streams = Vec::new();
    for server in [&a, &b] {
        for path in ["/api/eventos", "/ws"] {
            let mut stream = Stream::open(server, path, "tipo=mensaje,estado", &token).await;
            stream.until_ready().await;
            streams.push(stream);
        }
    }
    // Meta brings this to B.
    a.simulator.meta().inbound_text(PHONE_ID, &Customer::new("34600000000").named("Ana"), "hola").unwrap();
    for stream in &mut streams {
        assert_eq!(stream.next().await["fila"]["contenido"], "hola");
    }
    let body = json!({"telefono": "+34600000000", "mensaje": "buenas"});
    let sent = a.seller().post(SEND, &body).await.data();
    for stream in &mut streams {
        // Until B has heard that it was read.
        loop {
            let event = stream.next().await;
            assert_eq!(event["mensaje_id"], sent["mensaje_id"]);
            if event["estado_informado"] == "leido" {
                break;
            }
        }
    }
    let rows = b.seller().get(HISTORY).await.data();
    assert_eq!(rows[0]["mensaje_id"], sent["mensaje_id"]);
    assert_eq!(rows[0]["estado"], "leido");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_at_both_at_once_is_one_message() {
    let Some(pair) = pair().await else { return };
    let (a, b) = (&pair.a, &pair.b);
    assert_eq!(b.webhook(&text_webhook("34600000000", "wamid.1", "hola")).await.status, 200);
    let body = json!({"telefono": "+34600000000", "mensaje": "una vez"});
    for round in 0..5 {
        let key = format!("clave {round}");
        let send = async |server: &TestServer| {
            let client = server.seller().with("idempotency-key", &key);
            client.post(SEND, &body).await.data()["mensaje_id"].clone()
        };
        let ids = join_all((0..8).map(|at| send(if at % 2 == 0 { a } else { b }))).await;
        assert!(ids[0].is_string() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        // Where it could not be sent at once it was queued, and goes from there.
        let ledger = a.simulator.ledger();
        assert!(ledger.wait_until(SOON, |ledger| ledger.sends().len() > round).await, "it never goes");
        assert_eq!(ledger.sends().len(), round + 1, "requests to the provider");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_first_messages_over_both_make_one_conversation() {
    let Some(pair) = pair().await else { return };
    let hear = async |at: usize| {
        let server = if at.is_multiple_of(2) { &pair.a } else { &pair.b };
        let body = text_webhook("34600000009", &format!("wamid.{at}"), &format!("mensaje {at}"));
        // Meta comes again; so does whoever waits for an answer from both.
        let (first, again) = tokio::join!(server.webhook(&body), pair.b.webhook(&body));
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200));
    };
    join_all((0..64).map(hear)).await;
    assert_eq!(pair.count("comms.contacts").await, "1");
    assert_eq!(pair.count("comms.conversations").await, "1");
    assert_eq!(pair.count("comms.messages").await, "64");
    assert_eq!(pair.count("comunicaciones").await, "64");
    assert_eq!(pair.count("comms.conversations WHERE inbound_count = 64").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_that_both_make_at_once_do_everything_once() {
    let Some(pair) = pair().await else { return };
    let another = "INSERT INTO comunicaciones (usuario_id, canal, direccion, destinatario, contenido) \
        SELECT 7, 'whatsapp', 'saliente', '+34600000000', 'de otro programa ' || n FROM generate_series(1, 200) n";
    comms_conformance::database::execute(&pair.database, another).await;
    let engines = [&pair.a.running.state.engine, &pair.b.running.state.engine];
    for _ in 0..3 {
        let rounds = (0..8).map(|at| async move {
            engines[at % 2].intake().await.unwrap();
            engines[at % 2].wake().await.unwrap();
            engines[at % 2].release_quarantine().await.unwrap();
        });
        join_all(rounds).await;
    }
    assert_eq!(pair.count("comms.messages").await, "200");
    let holders = "(SELECT DISTINCT holder FROM comms.leases WHERE until > now()) AS holders";
    assert_ne!(pair.count(holders).await, "0", "the workers take turns");
    assert_eq!(pair.count("comms.leases WHERE name IN ('intake', 'quarantine', 'wake')").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_refresh_one_token_of_google_once() {
    let Some(Pair { a, b, .. }) = pair_with(correo::with_google).await else { return };
    correo::connect(&a, "principal", "7", MAILBOX, REFRESH_TOKEN).await;
    let google = a.simulator.google();
    google.write(Letter::new("luis@example.org", MAILBOX, "Consulta", "¿Precio?")).unwrap();
    let refreshed = || {
        let received = a.simulator.ledger().received();
        received.iter().filter(|call| call.endpoint.as_deref() == Some("google.oauth.token")).count()
    };
    // Sellers at both look into the mailbox, and the workers of both read it.
    let look = async |server: &TestServer| {
        let inbox = server.seller().get("/api/comunicaciones/email/bandeja").await;
        assert_eq!(inbox.data()[0]["asunto"], "Consulta", "{}", inbox.text());
    };
    let at_both = || join_all((0..16).map(|at| look(if at % 2 == 0 { &a } else { &b })));
    at_both().await;
    assert_eq!(refreshed(), 1, "refreshes of a token that nobody had");
    // Google ends it before its time. Both meet the refusal, and whoever comes first makes another one for both.
    google.expire_tokens(MAILBOX);
    at_both().await;
    assert_eq!(refreshed(), 2, "refreshes of a token that Google has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_at_once() {
    let server = TestServer::start().await;
    assert_eq!(server.nobody().get("/health").await.json()["status"], "ok");
    server.running.state.engine.begin_stop();
    let answer = server.nobody().get("/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (503, &json!("stopping")));
    // What comes all the same is served.
    assert_eq!(server.webhook(&text_webhook("34600000000", "wamid.1", "hola")).await.status, 200);
}

/// A store with one organisation and one account, opened by so many processes.
async fn stores(database: &str, count: usize) -> Vec<Arc<dyn Repository>> {
    let mut stores = Vec::new();
    for _ in 0..count {
        let settings = DatabaseSettings::parse(database).unwrap();
        stores.push(open(settings, Arc::new(SystemClock)).await.unwrap());
    }
    stores[0].migrate().await.unwrap();
    let organization = Organization { id: "norte".into(), name: "Norte".to_owned() };
    stores[0].put_organization(&organization).await.unwrap();
    let account = Account {
        id: "memory:norte".into(),
        organization: "norte".into(),
        channel: ChannelKind::WebChat,
        name: None,
        parent: None,
        owner: Some("1".into()),
        caller_id: None,
        active: true,
    };
    stores[0].put_account(&account).await.unwrap();
    stores
}

fn heard(key: &str) -> NewWebhook {
    let party = Party::of(comms_core::Address::verbatim(comms_core::AddressKind::Other, "ana"));
    let event = Event {
        account: AccountId::from("memory:norte"),
        subject: key.to_owned(),
        key: EventKey::new(key),
        occurred_at: None,
        kind: EventKind::Message(Box::new(InboundMessage::new(party, Content::text(key)))),
    };
    NewWebhook {
        id: WebhookId::new(),
        provider: "memory".to_owned(),
        request: Some(WebhookRequest::post("https://example.com/", key.to_owned())),
        received_at: OffsetDateTime::now_utc(),
        batch: comms_core::Batch { events: vec![event], ..Default::default() },
    }
}

/// No channel at all.
#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl comms_core::ChannelDirectory for Nothing {
    async fn resolve(&self, _: &AccountId) -> comms_core::Result<Arc<dyn comms_core::Channel>> {
        Err(comms_core::Error::config("no channel"))
    }

    fn accounts(&self, _: ChannelKind) -> Vec<AccountId> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_told_by_the_database_and_not_by_its_timer() {
    let Some(database) = comms_conformance::database::postgres().await else { return };
    let stores = stores(&database, 2).await;
    let mut settings = comms_engine::Settings::default();
    settings.realtime_every = NEVER;
    let engine = Engine::builder(Arc::clone(&stores[1]), Arc::new(Nothing)).settings(settings).build();
    let workers = engine.start().await;
    let organization = OrganizationId::from("norte");
    let scope = Scope { organization, seller: None };
    let mut filter = EventFilter::default();
    filter.kinds.insert("message".to_owned());
    let mut listener = engine.subscribe(scope, filter, None).await.unwrap();
    assert!(matches!(listener.next().await.unwrap(), Delivery::CaughtUp));
    let hear = async |listener: &mut comms_engine::realtime::Subscription, key: &str| {
        stores[0].ingest(heard(key)).await.unwrap();
        let told = tokio::time::timeout(SOON, listener.next()).await;
        let Ok(Ok(Delivery::Event(told))) = told else { panic!("{key}: {told:?}") };
        assert_eq!(told.message.as_ref().unwrap().text.as_deref(), Some(key));
    };
    for number in 0..3 {
        hear(&mut listener, &format!("mensaje {number}")).await;
    }
    // The connection that listens is cut: it comes back, and what was written meanwhile is looked at.
    let cut = "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND query IN ('LISTEN comms_events', 'SELECT 1'); END $$";
    comms_conformance::database::execute(&database, cut).await;
    hear(&mut listener, "después del corte").await;
    workers.stop().await;
    for store in stores {
        store.close().await;
    }
    let listening =
        "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    assert!(comms_conformance::database::texts(&database, listening).await.is_empty(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_hears_of_its_own_rounds_once() {
    let Some(database) = comms_conformance::database::postgres().await else { return };
    let stores = stores(&database, 2).await;
    let (mut own, mut other) = (stores[0].events_hint(), stores[1].events_hint());
    // Both listen from now on: the first look is due when they do.
    for hint in [&mut own, &mut other] {
        tokio::time::timeout(SOON, hint.changed()).await.expect("nobody listens").unwrap();
    }
    stores[0].ingest(heard("uno")).await.unwrap();
    let cursor = stores[0].log_end().await.unwrap();
    assert_eq!(*own.borrow_and_update(), cursor, "before the answer");
    tokio::time::timeout(SOON, other.changed()).await.expect("the other is not told").unwrap();
    other.borrow_and_update();
    // What is told to the other would have been told to us as well.
    assert!(!own.has_changed().unwrap(), "told again what it wrote itself");
}
