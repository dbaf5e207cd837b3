//! What goes wrong between Google and us: no mail is lost or doubled, and it is seen why a mailbox stands still.

use std::{sync::Arc, time::Duration};

use comms_core::Secret;
use comms_http::{ReqwestTransport, RetryPolicy};
use comms_server::config::Settings;
use comms_simulator::{
    Fault, FaultRule,
    faults::ProviderError,
    google::{
        ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Correspondent, GivenGrant, Letter, MAILBOX, SECOND_ACCESS_TOKEN,
        SECOND_MAILBOX, TOPIC, service_account_key,
    },
};
use gmail_client::{
    Client as Gmail, Config,
    model::{label::LabelChange, mailbox::WatchRequest},
    oauth::StaticToken,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::correo::{CUSTOMER, PUSH, SEND, connect, connected, google, letter, with_google};
use crate::support::{HISTORY, TestServer};

const OWN: &str = "/api/comunicaciones/email/oauth";
const ALL: &str = "/api/comunicaciones/admin/buzones";
const QUARANTINE: &str = "/api/comunicaciones/admin/cuarentena";
const PATIENCE: Duration = Duration::from_secs(20);

/// A mailbox whose customer is known: the seller has written to them.
async fn office() -> TestServer {
    let server = connected().await;
    greeted(&server).await;
    server
}

async fn greeted(server: &TestServer) {
    let body = json!({"to": CUSTOMER, "asunto": "Bienvenido", "text": "hola", "lead_id": 42});
    server.seller().post(SEND, &body).await.data();
}

/// Nobody pushes: only looking finds what comes.
fn silence(server: &TestServer) {
    server.simulator.configure(|config| config.google.push.lost = 1.0);
}

/// The mailbox's next look is due.
fn the_time_comes(server: &TestServer) {
    let file = server.running.state.settings.database.data_dir.join("comms.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    database.execute("UPDATE comms_sources SET next_at = 0", []).unwrap();
}

fn texts(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|at| format!("texto {at:02}")).collect()
}

fn write(server: &TestServer, texts: &[String]) {
    for text in texts {
        google(server).write(letter(text, text)).unwrap();
    }
}

/// What came in, in alphabetical order.
async fn came(server: &TestServer) -> Vec<String> {
    let rows = server.admin().get(&format!("{HISTORY}?direccion=entrante&limit=100")).await.data();
    let mut texts: Vec<String> =
        rows.as_array().unwrap().iter().map(|row| row["contenido"].as_str().unwrap().to_owned()).collect();
    texts.sort_unstable();
    texts
}

/// Waits until as many came; looks once more then, so that what would come twice has.
async fn all_come(server: &TestServer, expected: &[String]) {
    server
        .until_on(&format!("{HISTORY}?direccion=entrante&limit=100"), |answer| {
            (answer.data().as_array().unwrap().len() >= expected.len()).then_some(())
        })
        .await;
    looked_again(server).await;
    assert_eq!(came(server).await, expected);
}

async fn looked_again(server: &TestServer) {
    let before = OffsetDateTime::now_utc();
    the_time_comes(server);
    server
        .until_on(ALL, |answer| {
            let read = OffsetDateTime::parse(answer.data()[0]["leido"].as_str()?, &Rfc3339).unwrap();
            (read > before).then_some(())
        })
        .await;
}

/// What the log tells of reading the mailbox.
async fn told(server: &TestServer) -> Vec<String> {
    let events = server.running.state.repository.events(None, 0, 1_000).await.unwrap();
    let changes = events.iter().filter(|event| event.kind == "changed");
    let words = changes.filter_map(|event| event.payload["change"].as_str());
    words.filter(|word| ["stopped", "resumed"].contains(word)).map(str::to_owned).collect()
}

/// Somebody else who uses a mailbox, with a token of their own.
fn other_program(server: &TestServer, token: &'static str) -> Gmail {
    let mut config = Config::new(CLIENT_ID, CLIENT_SECRET);
    config.api_base = server.simulator.url().to_owned();
    let transport = Arc::new(ReqwestTransport::ring().unwrap());
    let token = Arc::new(StaticToken::new(token));
    Gmail::builder(config).transport(transport).retry(RetryPolicy::never()).token_provider(token).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_that_are_lost_early_doubled_or_shuffled_lose_and_double_nothing() {
    let server = office().await;
    server.simulator.configure(|config| {
        let push = &mut config.google.push;
        (push.lost, push.copies, push.shuffle_ms, push.history_lag_ms) = (0.3, 3, 40, 400);
    });
    write(&server, &texts(0..15));
    // The last of them is told of by nobody.
    silence(&server);
    write(&server, &texts(15..18));
    tokio::time::sleep(Duration::from_millis(500)).await;
    the_time_comes(&server);
    all_come(&server, &texts(0..18)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_forgotten_is_listed_anew() {
    let server = office().await;
    write(&server, &texts(0..2));
    all_come(&server, &texts(0..2)).await;
    silence(&server);
    write(&server, &texts(2..6));
    google(&server).expire_history(MAILBOX).unwrap();
    the_time_comes(&server);
    all_come(&server, &texts(0..6)).await;
    write(&server, &texts(6..7));
    the_time_comes(&server);
    all_come(&server, &texts(0..7)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_ends_while_the_mailbox_is_read_stops_it_until_it_is_given_anew() {
    let server = office().await;
    looked_again(&server).await;
    silence(&server);
    write(&server, &texts(0..12));
    server.simulator.inject(FaultRule::new("google.messages.get", Fault::Delay { ms: 400 }));
    let ledger = server.simulator.ledger();
    let before = ledger.totals().received;
    the_time_comes(&server);
    assert!(ledger.wait_until(PATIENCE, |ledger| ledger.totals().received >= before + 4).await);
    google(&server).revoke(MAILBOX);
    let row = server
        .until_on(ALL, |answer| {
            let row = answer.data()[0].clone();
            (row["lectura"] == "detenida").then_some(row)
        })
        .await;
    assert_eq!((&row["estado"], &row["codigo"]), (&json!("revocado"), &json!("invalid_grant")));
    let own = server.seller().get(OWN).await.data()[0].clone();
    assert_eq!(own["reconectar"], true);
    assert!(own["motivo"].as_str().unwrap().contains("conecte el buzón otra vez"), "{own}");
    assert!(came(&server).await.len() < 12);
    assert_eq!(told(&server).await, ["stopped"]);

    server.simulator.clear_faults();
    server.simulator.configure(|config| {
        let first = config.google.grants[0].clone();
        config.google.grants.push(GivenGrant { refresh_token: "1//again".to_owned(), ..first });
    });
    connect(&server, "principal", "7", MAILBOX, "1//again").await;
    all_come(&server, &texts(0..12)).await;
    let own = server.seller().get(OWN).await.data()[0].clone();
    assert_eq!((&own["estado"], &own["lectura"], &own["motivo"]), (&json!("activo"), &json!("al_dia"), &Value::Null));
    assert_eq!(told(&server).await, ["stopped", "resumed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_within_a_text_is_kept_and_shown() {
    let server = office().await;
    looked_again(&server).await;
    write(&server, &texts(0..1));
    all_come(&server, &texts(0..1)).await;
    silence(&server);
    write(&server, &texts(1..3));
    let until = OffsetDateTime::now_utc() + Duration::from_secs(300);
    let words = format!("User-rate limit exceeded.  Retry after {}", until.format(&Rfc3339).unwrap());
    let error = ProviderError { code: 429, details: Some(words), ..ProviderError::default() };
    server.simulator.inject(FaultRule::new("google.history.list", Fault::Error(error)).times(1));
    the_time_comes(&server);
    let row = server
        .until_on(ALL, |answer| {
            let row = answer.data()[0].clone();
            (row["lectura"] == "espera").then_some(row)
        })
        .await;
    assert_eq!((&row["estado"], &row["codigo"]), (&json!("activo"), &json!("rateLimitExceeded")));
    assert!(row["motivo"].as_str().unwrap().contains("pausa"), "{row}");
    let next = |row: &Value| OffsetDateTime::parse(row["proxima_lectura"].as_str().unwrap(), &Rfc3339).unwrap();
    assert!(next(&row) >= until - Duration::from_secs(2), "{row}");
    // A push does not make it ask sooner.
    server.simulator.configure(|config| config.google.push.lost = 0.0);
    let ledger = server.simulator.ledger();
    let before = ledger.totals().acknowledged;
    google(&server).notify(MAILBOX, None).unwrap();
    assert!(ledger.wait_until(PATIENCE, |ledger| ledger.totals().acknowledged > before).await);
    assert_eq!(server.admin().get(ALL).await.data()[0]["proxima_lectura"], row["proxima_lectura"]);
    assert_eq!(came(&server).await, texts(0..1));
    the_time_comes(&server);
    all_come(&server, &texts(0..3)).await;
    assert!(told(&server).await.is_empty(), "it has passed by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_of_a_service_account_is_read_without_anybody_s_consent() {
    let delegated = |settings: &mut Settings| {
        with_google(settings);
        let key = service_account_key(settings.whatsapp.api_base.as_ref().unwrap());
        settings.gmail.service_account_key = Some(Secret::from(key.to_string()));
        settings.gmail.delegated = vec![SECOND_MAILBOX.to_owned()];
    };
    let server = TestServer::start_with(delegated).await;
    connect(&server, "principal", "7", MAILBOX, comms_simulator::google::REFRESH_TOKEN).await;
    greeted(&server).await;
    let to = |text: &str| Letter::new(CUSTOMER, SECOND_MAILBOX, text, text);
    google(&server).write(to("texto 00")).unwrap();
    google(&server).write(to("texto 01")).unwrap();
    the_time_comes(&server);
    all_come(&server, &texts(0..2)).await;
    // The administrator takes the delegation back, and gives it again.
    server.simulator.configure(|config| config.google.service_accounts[0].disabled = true);
    google(&server).expire_tokens(SECOND_MAILBOX);
    google(&server).write(to("texto 02")).unwrap();
    the_time_comes(&server);
    let standing = || async {
        let sources = server.running.state.repository.sources(None).await.unwrap();
        sources.into_iter().find(|source| source.account.external_id() == SECOND_MAILBOX).unwrap()
    };
    let broken = async {
        while standing().await.problem.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, broken).await.unwrap();
    server.simulator.configure(|config| config.google.service_accounts[0].disabled = false);
    // Google is left alone for a moment after it has refused.
    let again = async {
        while came(&server).await.len() < 3 {
            the_time_comes(&server);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(2 * PATIENCE, again).await.unwrap();
    all_come(&server, &texts(0..3)).await;
    assert!(standing().await.problem.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_a_mailbox_that_nobody_connected_is_stored_and_acknowledged() {
    let server = office().await;
    let stranger = other_program(&server, SECOND_ACCESS_TOKEN);
    stranger.mailbox().watch(&WatchRequest::new(TOPIC)).await.unwrap();
    google(&server).write(Letter::new(CUSTOMER, SECOND_MAILBOX, "Privado", "No es nuestro")).unwrap();
    let of_it = |row: &Value| row["cuenta"] == format!("gmail:{SECOND_MAILBOX}") && row["webhooks"].as_i64() >= Some(1);
    server.until_on(QUARANTINE, |answer| answer.data().as_array().unwrap().iter().any(of_it).then_some(())).await;
    // Anything else than a success, and Google would push it again for days.
    let ledger = server.simulator.ledger();
    let last = format!("{SECOND_MAILBOX}:{}", google(&server).history_id(SECOND_MAILBOX).unwrap());
    assert!(ledger.wait_until(PATIENCE, |ledger| ledger.acknowledged(&last)).await, "{:?}", ledger.totals());
    looked_again(&server).await;
    assert!(came(&server).await.is_empty(), "nobody reads it");
    assert_eq!(ledger.totals().given_up, 0);
    assert_eq!(server.nobody().post(PUSH, &json!({})).await.status, 401, "a stranger's push is still refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_comes_back_is_marked_as_failed_with_the_reason() {
    let server = office().await;
    server.simulator.configure(|config| {
        config.google.people.push(Correspondent {
            address: "nadie@example.net".to_owned(),
            bounces: true,
            ..Correspondent::default()
        });
    });
    let body = json!({"to": "nadie@example.net", "asunto": "Oferta", "text": "hola", "lead_id": 42});
    let sent = server.seller().post(SEND, &body).await.data();
    let row = server.until_state(sent["mensaje_id"].as_str().unwrap(), "fallido").await;
    assert_eq!(
        (&row["error"]["codigo"], &row["error"]["tipo"]),
        (&json!("5.1.1"), &json!("invalid_recipient")),
        "{row}"
    );
    assert!(row["error"]["mensaje"].as_str().unwrap().contains("does not exist"), "{row}");
    looked_again(&server).await;
    assert!(came(&server).await.is_empty(), "the postmaster is nobody's contact");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_seller_reads_in_gmail_is_read_here() {
    let server = office().await;
    let id = google(&server).write(letter("Consulta", "texto 00")).unwrap();
    all_come(&server, &texts(0..1)).await;
    write(&server, &texts(1..2));
    all_come(&server, &texts(0..2)).await;
    let gmail = other_program(&server, ACCESS_TOKEN);
    gmail.messages().modify(&id, &LabelChange::remove("UNREAD")).await.unwrap();
    let rows = server
        .until(|rows| {
            let read = rows.iter().any(|row| row["contenido"] == "texto 00" && row["estado"] == "leido");
            read.then(|| rows.to_vec())
        })
        .await;
    let later = rows.iter().find(|row| row["contenido"] == "texto 01").unwrap();
    assert_eq!(later["estado"], "recibido", "another conversation");
}
