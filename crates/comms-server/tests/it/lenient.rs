//! Clients of the seeds write addresses as Express takes them.

use comms_simulator::twilio::{ACCOUNT_SID, NUMBER};
use http::Method;
use serde_json::json;

use crate::support::{HISTORY, SEND, SMS_WEBHOOK, TestServer, WEBHOOK, twilio_signature};

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_changes_nothing() {
    let server = TestServer::start().await;
    let sent = server.seller().post(&format!("{SEND}/"), &json!({"telefono": "34600000000", "mensaje": "hola"})).await;
    assert_eq!(sent.code(), "ventana_cerrada", "{}", sent.text());
    server.customer_writes("buenas").await;
    for path in [format!("{HISTORY}/"), format!("{HISTORY}/?limit=1")] {
        let answer = server.seller().get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.data().as_array().map(Vec::len)), (200, Some(1)), "{path}");
    }
    let id = server.seller().get(HISTORY).await.data()[0]["mensaje_id"].as_str().unwrap().to_owned();
    let one = server.seller().get(&format!("/api/comunicaciones/mensajes/{id}/")).await;
    assert_eq!(one.data()["contenido"], "buenas");
    let two = server.seller().get(&format!("{HISTORY}//")).await;
    assert_eq!(two.status, 404, "two slashes are another address");
    let nobody = server.nobody().get(&format!("{HISTORY}/")).await;
    assert_eq!(nobody.status, 401, "who may call is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_is_the_address_as_it_was_called() {
    let server = TestServer::start().await;
    let called = format!("{SMS_WEBHOOK}/");
    let form = [
        ("MessageSid", "SM00000000000000000000000000000042"),
        ("AccountSid", ACCOUNT_SID),
        ("From", "+34600000000"),
        ("To", NUMBER),
        ("Body", "con barra"),
        ("NumMedia", "0"),
    ];
    for (signed, status) in [(SMS_WEBHOOK, 401), (called.as_str(), 200)] {
        let signature = twilio_signature(&format!("{}{signed}", server.base), &form);
        let answer = server.nobody().with("x-twilio-signature", &signature).form(&called, &form).await;
        assert_eq!(answer.status, status, "signed for {signed}: {}", answer.text());
    }
    assert_eq!(server.admin().get(HISTORY).await.data()[0]["contenido"], "con barra");
    let challenge = "?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1";
    assert_eq!(server.nobody().get(&format!("{WEBHOOK}/{challenge}")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_as_get_without_a_body() {
    let server = TestServer::start().await;
    server.customer_writes("buenas").await;
    for path in ["/health", HISTORY, "/api/comunicaciones/historial/", "/docs"] {
        let asked = server.seller().send(Method::HEAD, path, None).await;
        let told = server.seller().get(path).await;
        assert_eq!((asked.status, asked.bytes.len()), (told.status, 0), "{path}");
        assert_eq!(asked.header("content-type"), told.header("content-type"), "{path}");
    }
    let length: usize =
        server.seller().send(Method::HEAD, HISTORY, None).await.header("content-length").parse().unwrap();
    assert_eq!(length, server.seller().get(HISTORY).await.bytes.len());
    let refused = server.nobody().send(Method::HEAD, HISTORY, None).await;
    assert_eq!(refused.status, 401, "who may look is the same");
    let posted = server.seller().send(Method::HEAD, SEND, None).await;
    assert_eq!(posted.status, 405, "there is no GET");
    // What looks at a link must not use it up.
    let consent = server.nobody().send(Method::HEAD, "/api/comunicaciones/email/oauth/callback/?state=x", None).await;
    assert_eq!(consent.status, 405);
    // A stream has no end, and is not waited for.
    let stream = server.seller().send(Method::HEAD, "/api/eventos", None).await;
    assert_eq!((stream.status.as_u16(), stream.bytes.len()), (200, 0));
}
