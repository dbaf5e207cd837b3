//! SendGrid's webhooks: who may tell us of mails, and what comes of it.

use std::time::Duration;

use comms_server::config::Settings;
use comms_simulator::sendgrid::{API_KEY, File, Mail, PARSE_DOMAIN, SENDER};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, HISTORY, TestServer};

const EVENTS: &str = "/api/comunicaciones/webhook/sendgrid";
const MAIL: &str = "/api/comunicaciones/webhook/sendgrid/entrada";
const S1: &str = "/api/webhooks/email/twilio";
const TOKEN: &str = "an-invented-relay-token";
pub const LIMIT: Duration = Duration::from_secs(20);

async fn start() -> TestServer {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut Settings)) -> TestServer {
    let server = TestServer::start_with(|settings| {
        let sendgrid = &mut settings.sendgrid;
        sendgrid.api_key = Some(API_KEY.into());
        sendgrid.from_email = Some(SENDER.to_owned());
        sendgrid.inbound_domain = vec![PARSE_DOMAIN.to_owned()];
        sendgrid.webhook_token = Some(TOKEN.into());
        change(settings);
    })
    .await;
    let base = server.base.clone();
    server.simulator.configure(|config| {
        config.sendgrid.set_event_url(&format!("{base}{EVENTS}"));
        config.sendgrid.set_parse_url(PARSE_DOMAIN, &format!("{base}{MAIL}"), false);
    });
    server
}

fn single(id: &str, from: &str) -> Value {
    json!({"message_id": id, "event_type": "delivered", "to_email": "test@example.com", "from_email": from,
        "subject": "Email de prueba", "timestamp": 1_672_531_200})
}

async fn post(client: Client<'_>, path: &str, body: &Value) -> (u16, String) {
    let answer = client
        .with("content-type", "application/json")
        .send(Method::POST, path, Some(body.to_string().as_bytes()))
        .await;
    let code = if answer.status == 200 { String::new() } else { answer.code() };
    (answer.status.as_u16(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_proves_nothing_is_refused() {
    let server = start().await;
    for path in [EVENTS, MAIL, S1, "/api/webhooks/email/sendgrid"] {
        let unsigned = post(server.nobody(), path, &single("m1", SENDER)).await;
        assert_eq!(unsigned, (401, "firma_invalida".to_owned()), "{path}");
        let wrong = server.nobody().with("authorization", "Bearer another");
        assert_eq!(post(wrong, path, &single("m1", SENDER)).await.0, 401, "{path}");
    }
    let off = TestServer::start_with(|settings| settings.sendgrid = Default::default()).await;
    assert_eq!(post(off.nobody(), S1, &single("m1", SENDER)).await, (404, "proveedor_desconocido".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_single_object_of_s1_is_taken_with_the_token_and_quarantined_for_a_stranger() {
    let server = start().await;
    let bearer = format!("Bearer {TOKEN}");
    for from in [SENDER, "noreply@example.net"] {
        let relay = server.nobody().with("authorization", &bearer);
        assert_eq!(post(relay, S1, &single("m1", from)).await.0, 200);
    }
    let health = server.nobody().get("/health").await.json();
    assert_eq!(health["counts"]["quarantined"], 1, "{health}");
    assert_eq!(health["dependencies"]["sendgrid"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_tells_whether_e_mail_is_taken() {
    let server = start().await;
    for path in [S1, "/api/webhooks/email/sendgrid"] {
        let answer = server.nobody().get(path).await.json();
        assert_eq!(answer, json!({"success": true, "channel": "email", "configured": true}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_comes_is_in_the_history_once_with_its_file() {
    let server = start().await;
    server.simulator.configure(|config| config.webhooks.copies = 3);
    let mail = Mail {
        from: "Ana <ana@example.com>".to_owned(),
        to: vec![format!("equipo@{PARSE_DOMAIN}")],
        subject: "¿Sigue en venta?".to_owned(),
        text: "Me interesa".to_owned(),
        files: vec![File {
            name: "plano.png".to_owned(),
            content_type: "image/png".to_owned(),
            content: "iVBORw0KGgo=".to_owned(),
            content_id: None,
        }],
        ..Mail::default()
    };
    server.simulator.sendgrid().receive(&mail).unwrap();
    assert!(server.simulator.sendgrid().settled(LIMIT).await);
    let rows = server.admin().get(HISTORY).await.data();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    let found = (&row["canal"], &row["direccion"], &row["destinatario"], &row["contenido"]);
    assert_eq!(found, (&json!("email"), &json!("entrante"), &json!("ana@example.com"), &json!("Me interesa")));
    let stored = |rows: &[Value]| {
        let id = rows.first()?["adjuntos"].get(0)?["id"].as_str()?.to_owned();
        (rows[0]["adjuntos"][0]["estado"] != "pendiente").then_some(id)
    };
    let file = server.until(stored).await;
    let answer = server.admin().get(&format!("/api/comunicaciones/adjuntos/{file}")).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.as_slice()), (200, &b"\x89PNG\r\n\x1a\n"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companys_mail_goes_out_with_its_file_and_what_became_of_it_is_told() {
    let server = start().await;
    let body = json!({
        "to": "ana@example.com", "asunto": "Su presupuesto", "cuerpo": "Va adjunto.", "cuenta": format!("sendgrid:{SENDER}"),
        "adjuntos": [{"nombre": "oferta.pdf", "tipo": "application/pdf", "contenido": "JVBERi0xLjc="}],
    });
    let sent = server.seller().post("/api/comunicaciones/email/enviar", &body).await;
    assert_eq!(sent.data()["estado"], "enviado", "{}", sent.text());
    let sends = server.simulator.ledger().sends();
    assert_eq!(sends.len(), 1);
    let file = &sends[0].body.as_ref().unwrap()["attachments"][0];
    assert_eq!((&file["filename"], &file["content"]), (&json!("oferta.pdf"), &json!("JVBERi0xLjc=")), "{sends:?}");
    server.until(|rows| (rows.first()?["estado"] == "entregado").then_some(())).await;
}
