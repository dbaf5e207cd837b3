//! Other systems are told of what happens: signed, again until they take it, and only where they may be called.

use std::{collections::BTreeSet, time::Duration};

use comms_core::{Secret, history::HookStats};
use comms_http::standard_webhooks::{SigningKey, verify};
use comms_simulator::meta::{Customer, PHONE_ID};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::support::{CUSTOMER, TestServer, masked};

const HOOKS: &str = "/api/comunicaciones/admin/webhooks-salientes";

/// A system beside ours: takes what comes, with the status that its path names.
struct Receiver {
    url: String,
    got: mpsc::UnboundedReceiver<(HeaderMap, Vec<u8>)>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, got) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, told.clone()));
            }
        });
        Self { url, got }
    }

    async fn next(&mut self) -> (HeaderMap, Vec<u8>) {
        tokio::time::timeout(Duration::from_secs(20), self.got.recv()).await.unwrap().unwrap()
    }
}

async fn take(mut stream: TcpStream, told: mpsc::UnboundedSender<(HeaderMap, Vec<u8>)>) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            break (head.to_owned(), length.unwrap_or(0));
        }
    };
    let begins = head.len() + 4;
    while bytes.len() < begins + length {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(['/', ' ']).nth(2).unwrap().to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers = fields
        .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap()));
    told.send((headers.collect(), bytes[begins..].to_vec())).unwrap();
    let answer = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: 4\r\n\r\nvale");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn server() -> TestServer {
    TestServer::start_with(|settings| {
        settings.webhooks.allow = vec!["127.0.0.1".to_owned()];
        settings.encryption.key = Some(Secret::from("5".repeat(64)));
    })
    .await
}

async fn add(server: &TestServer, body: &Value) -> (String, SigningKey) {
    let made = server.admin().post(HOOKS, body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let row = made.data();
    let key = SigningKey::parse(&Secret::from(row["secreto"].as_str().unwrap())).unwrap();
    (row["id"].as_str().unwrap().to_owned(), key)
}

fn writes(server: &TestServer, text: &str) {
    server.simulator.meta().inbound_text(PHONE_ID, &Customer::new(CUSTOMER).named("Ana"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_system_is_told_what_a_stream_would_tell_signed() {
    let (server, mut receiver) = (server().await, Receiver::start().await);
    let body = json!({"url": format!("{}/200", receiver.url), "descripcion": "ERP", "tipos": ["mensaje"]});
    let (id, key) = add(&server, &body).await;
    let listed = server.admin().get(HOOKS).await;
    assert!(!listed.text().contains("whsec_"), "the key is shown once");
    insta::assert_json_snapshot!(masked(listed.json()["data"][0].clone(), &["id", "url", "creado", "cursor"]), @r#"
    {
      "canales": [],
      "creado": "…",
      "cursor": "…",
      "desactivado": null,
      "descripcion": "ERP",
      "estado": "activo",
      "falla_desde": null,
      "id": "…",
      "motivo": null,
      "secreto_anterior_hasta": null,
      "tipos": [
        "mensaje"
      ],
      "url": "…"
    }
    "#);
    writes(&server, "¿hay alguien?");
    let (headers, body) = receiver.next().await;
    let message = verify(&[key], &headers, &body, OffsetDateTime::now_utc()).unwrap();
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&told["type"], &told["data"]["tipo"]), (&json!("mensaje"), &json!("mensaje")));
    assert_eq!(told["data"]["fila"]["contenido"], "¿hay alguien?");
    let deliveries = format!("{HOOKS}/{id}/entregas?estado=entregada");
    let row = server.until_on(&deliveries, |answer| answer.data().as_array()?.first().cloned()).await;
    assert_eq!(message, format!("msg_{}", row["id"].as_str().unwrap().replace('-', "")));
    assert_eq!((&row["estado_http"], &row["respuesta"]), (&json!(200), &json!("vale")));

    // Told again, it has the same id.
    let again = format!("{HOOKS}/{id}/entregas/{}/reintentar", row["id"].as_str().unwrap());
    assert_eq!(server.admin().post(&again, &Value::Null).await.data(), json!({"reintentadas": 1}));
    assert_eq!(receiver.next().await.0["webhook-id"], message.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_listed_and_told_again() {
    let (server, mut receiver) = (server().await, Receiver::start().await);
    let (id, _) = add(&server, &json!({"url": format!("{}/410", receiver.url)})).await;
    writes(&server, "hola");
    receiver.next().await;
    let row = server.until_on(HOOKS, |answer| {
        let row = answer.data()[0].clone();
        (row["estado"] == "desactivado").then_some(row)
    });
    assert_eq!(row.await["motivo"], "eliminado");
    let health = server.nobody().get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["webhooks"]["disabled"]), (200, &json!(1)));
    let edited = server.admin().put(&format!("{HOOKS}/{id}"), &json!({"url": format!("{}/200", receiver.url)})).await;
    assert_eq!(edited.data()["estado"], "desactivado");
    let enabled = server.admin().post(&format!("{HOOKS}/{id}/activar"), &json!({})).await.data();
    assert_eq!((&enabled["estado"], &enabled["motivo"]), (&json!("activo"), &Value::Null));
    receiver.next().await;
    let since = json!({"desde": "2020-01-01T00:00:00Z"});
    let none = server.admin().post(&format!("{HOOKS}/{id}/entregas/reintentar"), &since).await;
    assert_eq!(none.data(), json!({"reintentadas": 0}));
    let stats = server.running.state.repository.hook_stats().await.unwrap();
    assert_eq!(HookStats { pending: 0, oldest_at: None, ..stats }, HookStats::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_paused_given_another_key_and_removed() {
    let (server, mut receiver) = (server().await, Receiver::start().await);
    let (id, old) = add(&server, &json!({"url": format!("{}/200", receiver.url)})).await;
    let at = |what: &str| format!("{HOOKS}/{id}/{what}");
    let pinged = server.admin().post(&at("probar"), &Value::Null).await.data();
    assert_eq!((&pinged["entregado"], &pinged["estado_http"]), (&json!(true), &json!(200)));
    let (headers, body) = receiver.next().await;
    verify(&[old], &headers, &body, OffsetDateTime::now_utc()).unwrap();
    let rotated = server.admin().post(&at("secreto"), &Value::Null).await.data();
    let new = SigningKey::parse(&Secret::from(rotated["secreto"].as_str().unwrap())).unwrap();
    server.admin().post(&at("probar"), &Value::Null).await.data();
    let (headers, body) = receiver.next().await;
    assert_eq!(headers["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    verify(&[new], &headers, &body, OffsetDateTime::now_utc()).unwrap();
    let paused = server.admin().post(&at("pausar"), &Value::Null).await.data();
    assert_eq!(paused["estado"], "pausado");
    let removed = server.admin().send(Method::DELETE, &format!("{HOOKS}/{id}"), None).await;
    assert_eq!(removed.status, 204);
    for gone in [at("probar"), at("secreto"), at("pausar")] {
        assert_eq!(server.admin().post(&gone, &Value::Null).await.status, 404, "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_named_as_it_is_told() {
    let server = server().await;
    let all = "archivo conversacion contacto consentimiento cuenta desconocido edicion estado grabacion identidad mensaje webhook";
    let all: BTreeSet<&str> = all.split(' ').collect();
    add(&server, &json!({"url": "https://example.com/", "tipos": all})).await;
    let row = server.admin().get(HOOKS).await.json()["data"][0].take();
    let shown: BTreeSet<&str> = row["tipos"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(shown, all);
    let own = server.admin().post(HOOKS, &json!({"url": "https://example.com/", "tipos": ["conversation"]})).await;
    assert_eq!(own.status, 400, "the log's own words are nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_called_or_kept_is_refused_with_its_reason() {
    let key = Some(Secret::from("5".repeat(64)));
    let server = TestServer::start_with(|settings| settings.encryption.key = key).await;
    let refused = [
        (json!({}), "validacion", "url"),
        (json!({"url": "http://example.com/"}), "url_no_permitida", "url"),
        (json!({"url": "https://169.254.169.254/latest"}), "url_no_permitida", "url"),
        (json!({"url": "https://[::ffff:10.0.0.1]/"}), "url_no_permitida", "url"),
        (json!({"url": "https://example.com/", "tipos": ["fax"]}), "validacion", "tipos"),
        (json!({"url": "https://example.com/", "canales": ["fax"]}), "validacion", "canales"),
        (json!({"url": "https://example.com/", "descripcion": "a".repeat(501)}), "valor_invalido", "descripcion"),
    ];
    for (body, code, field) in refused {
        let answer = server.admin().post(HOOKS, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{body}");
        assert_eq!(answer.json()["details"]["campo"], field, "{body}");
    }
    let unknown = server.admin().post(HOOKS, &json!({"direccion": "https://example.com/"})).await;
    assert_eq!(unknown.status, 400);
    let (id, _) = add(&server, &json!({"url": "https://example.com/"})).await;
    let bad = server.admin().get(&format!("{HOOKS}/{id}/entregas?estado=perdida")).await;
    assert_eq!(bad.json()["details"]["campo"], "estado");
    let bad = server.admin().post(&format!("{HOOKS}/{id}/entregas/reintentar"), &json!({"desde": "ayer"})).await;
    assert_eq!(bad.json()["details"]["campo"], "desde");
    // A name that leads inside is refused when it is called.
    let (id, _) = add(&server, &json!({"url": "https://localhost/"})).await;
    let pinged = server.admin().post(&format!("{HOOKS}/{id}/probar"), &Value::Null).await.data();
    assert_eq!((&pinged["entregado"], &pinged["estado_http"]), (&json!(false), &Value::Null));
    assert_eq!(pinged["error"], "the address is not one of the public internet");

    let keyless = TestServer::start().await;
    let answer = keyless.admin().post(HOOKS, &json!({"url": "https://example.com/"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "cifrado_no_configurado"));
    assert_eq!(answer.json()["details"]["faltan"], json!(["COMMS_ENCRYPTION_KEY"]));
    assert_eq!(keyless.seller().get(HOOKS).await.status, 403);
}
