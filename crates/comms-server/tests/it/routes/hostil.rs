//! Mails that want to be too much, by both ways in, while others ask: each is taken and contained, and nobody else notices. How long the
//! others wait is measured by `cargo xtask bench --only hostile`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use comms_simulator::{
    google::{Letter, MAILBOX, REFRESH_TOKEN},
    sendgrid::{Mail, PARSE_DOMAIN, SENDER},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{correo, sendgrid};
use crate::{
    hostile_mail::hostile_mails,
    support::{HISTORY, TestServer, text_webhook},
};

const MAILS: &str = "/api/comunicaciones/historial?canal=email&limit=200";
/// Who asks and is told of messages meanwhile.
const OTHERS: usize = 4;
/// What a list shows of a text, and how many files are kept of a mail.
const LONGEST_TEXT: usize = 64 * 1024 + 4;
const MOST_FILES: usize = 500;
/// No page of the history is longer than that, whatever was written to us.
const LONGEST_PAGE: usize = 16 * 1024 * 1024;

/// Does `work` while others use the server; each of their requests must succeed.
async fn while_others_ask<T>(server: &TestServer, work: impl Future<Output = T>) -> T {
    let (asked, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let ask = async |person: usize| {
        while !over.load(Ordering::Relaxed) {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let body = text_webhook(&format!("3460000100{person}"), &format!("wamid.{number}"), "hola");
            assert_eq!(server.webhook(&body).await.status, 200);
            let page = server.admin().get(&format!("{HISTORY}?limit=5&canal=whatsapp")).await;
            assert!(page.data().as_array().is_some_and(|rows| !rows.is_empty()), "{}", page.text());
            assert_eq!(server.nobody().get("/health").await.status, 200);
        }
    };
    let work = async {
        let done = work.await;
        over.store(true, Ordering::Relaxed);
        done
    };
    let (done, _) = tokio::join!(work, join_all((0..OTHERS).map(ask)));
    assert!(asked.into_inner() > OTHERS, "nobody asked meanwhile");
    done
}

/// The mails in the history: each is contained, whatever it wanted.
async fn contained(server: &TestServer) -> Vec<Value> {
    let page = server.admin().get(MAILS).await;
    assert!(page.bytes.len() < LONGEST_PAGE, "{} bytes in one page", page.bytes.len());
    let rows = page.data().as_array().unwrap().clone();
    for row in &rows {
        assert_eq!(row["destinatario"], "eva@example.net");
        assert!(row["contenido"].as_str().unwrap_or_default().len() <= LONGEST_TEXT);
        let files = row["adjuntos"].as_array().unwrap();
        assert!(files.len() <= MOST_FILES, "{} files", files.len());
        for name in files.iter().filter_map(|file| file["nombre"].as_str()) {
            assert!(!name.contains(['/', '\\', '\r', '\n']), "{name:?}");
        }
    }
    let threads = server.admin().get("/api/comunicaciones/conversaciones?canal=email").await.data();
    for subject in threads.as_array().unwrap().iter().filter_map(|thread| thread["asunto"].as_str()) {
        assert!(!subject.contains(['\r', '\n', '\0']), "{subject:?}");
    }
    rows
}

/// A mail that is nobody's enemy.
fn harmless(text: &str) -> Vec<u8> {
    format!("From: Eva <eva@example.net>\r\nSubject: Consulta\r\nMessage-ID: <harmless@example.net>\r\n\r\n{text}\r\n")
        .into_bytes()
}

fn is_well(health: &Value) {
    assert_eq!(health["status"], "ok", "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_mails_that_sendgrid_posts_are_contained() {
    let server = sendgrid::start_with(|settings| {
        settings.http.rate_limit_per_minute = 1_000_000.try_into().unwrap();
        settings.http.webhook_limit_per_minute = 1_000_000.try_into().unwrap();
    })
    .await;
    // A build for tests is slow, and so is the machine of whoever runs many of them at once.
    server.simulator.configure(|config| config.webhooks.timeout_ms = 100_000);
    let to = format!("ventas@{PARSE_DOMAIN}");
    let posts = hostile_mails();
    let count = posts.len();
    while_others_ask(&server, async {
        for (_, raw) in posts {
            server.simulator.sendgrid().receive(&Mail::raw("eva@example.net", &to, &raw)).unwrap();
        }
        // The same taken apart: what is no part of a message has no limit of one.
        let words =
            Mail { text: "ñ".repeat(4_000_000), html: Some("<div>".repeat(100_000)), ..apart("palabras", &to) };
        server.simulator.sendgrid().receive(&words).unwrap();
        server.simulator.sendgrid().receive(&Mail::raw("eva@example.net", &to, &harmless("al final"))).unwrap();
        assert!(server.simulator.sendgrid().settled(sendgrid::LIMIT * 6).await);
        server.until_on(MAILS, |page| page.text().contains("\"al final\"").then_some(())).await;
    })
    .await;
    let answered = server.simulator.ledger().webhooks();
    assert_eq!(answered.len(), count + 2);
    assert!(answered.iter().all(|one| one.acked_at.is_some()), "{answered:?}");
    // Of all that was posted only the bomb of messages cannot be read; it is kept as it came.
    let rows = contained(&server).await;
    assert_eq!(rows.len(), count + 1);
    // Of the longest text the list has the beginning, the message as much as one may be, and its file all of it.
    let long = rows.iter().find(|row| row["adjuntos"][0]["nombre"] == "mensaje.txt").unwrap();
    assert_eq!(long["contenido_cortado"], true);
    let path = format!("/api/comunicaciones/mensajes/{}", long["mensaje_id"].as_str().unwrap());
    let kept = server.admin().get(&path).await.data()["contenido_tipado"]["text"].as_str().map(str::len);
    assert_eq!(kept, Some(sendgrid_client::limits::INBOUND_TEXT));
    is_well(&server.nobody().get("/health").await.json());
}

fn apart(subject: &str, to: &str) -> Mail {
    let (from, subject) = ("Eva <eva@example.net>".to_owned(), subject.to_owned());
    Mail { from, to: vec![to.to_owned()], header_to: Some(SENDER.to_owned()), subject, ..Mail::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_mails_in_a_mailbox_are_contained() {
    let server = correo::server_with(|settings| {
        settings.http.rate_limit_per_minute = 1_000_000.try_into().unwrap();
        settings.http.webhook_limit_per_minute = 1_000_000.try_into().unwrap();
        // Nobody knows Eva.
        settings.gmail.strangers = true;
    })
    .await;
    correo::connect(&server, "principal", "7", MAILBOX, REFRESH_TOKEN).await;
    let google = server.simulator.google().clone();
    let mails_in = hostile_mails();
    while_others_ask(&server, async {
        for (_, raw) in &mails_in {
            google.write(Letter::raw(MAILBOX, raw)).unwrap();
        }
        google.write(Letter::raw(MAILBOX, &harmless("al final"))).unwrap();
        server.until_on(MAILS, |page| page.text().contains("\"al final\"").then_some(())).await;
    })
    .await;
    let rows = contained(&server).await;
    assert!(rows.len() >= mails_in.len(), "{} of {}", rows.len(), mails_in.len());
    let mailbox = server.seller().get("/api/comunicaciones/email/oauth").await.data()[0].clone();
    assert_eq!((&mailbox["estado"], &mailbox["motivo"]), (&json!("activo"), &Value::Null), "{mailbox}");
    is_well(&server.nobody().get("/health").await.json());
    // Whoever opens one of them gets what is left of it.
    for row in server.seller().get("/api/comunicaciones/email/bandeja?maxResults=20").await.data().as_array().unwrap() {
        let path = format!("/api/comunicaciones/email/{}", row["id"].as_str().unwrap());
        let opened = server.seller().get(&path).await;
        assert!(opened.status.is_success() || opened.status.is_client_error(), "{path}: {}", opened.text());
        assert!(opened.bytes.len() < LONGEST_PAGE, "{path}: {} bytes", opened.bytes.len());
    }
}
