//! What waits goes out by itself; what did not arrive is listed, tried again, discarded.

use comms_simulator::{Fault, FaultRule};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{SEND, TestServer};

const PHONE: &str = "+34600000000";
const OUTGOING: &str = "/api/comunicaciones/admin/salida";

fn from_now(wait: Duration) -> String {
    (OffsetDateTime::now_utc() + wait).format(&Rfc3339).unwrap()
}

async fn listed(server: &TestServer, state: &str) -> Vec<Value> {
    let answer = server.admin().get(&format!("{OUTGOING}?estado={state}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data().as_array().cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_throttled_waits_and_is_sent_by_itself() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    server.simulator.inject(FaultRule::new("meta.messages", Fault::error(130_429)).times(1));
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "ya voy"})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.data()["estado"], "en_cola", "{}", answer.text());
    assert_eq!(answer.data()["cola"]["intentos"], 1);
    assert!(answer.data()["error"]["mensaje"].is_string(), "{}", answer.text());
    let id = answer.data()["mensaje_id"].as_str().unwrap().to_owned();
    server
        .until_on(&format!("/api/comunicaciones/mensajes/{id}"), |answer| {
            ["enviado", "entregado", "leido"].iter().any(|state| answer.data()["estado"] == *state).then_some(())
        })
        .await;
    assert_eq!(server.simulator.ledger().sends().len(), 2, "throttled once, taken once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_goes_at_its_time() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let body = json!({"telefono": PHONE, "mensaje": "luego", "programado_para": from_now(Duration::seconds(2))});
    let answer = server.seller().post(SEND, &body).await;
    assert_eq!((answer.status.as_u16(), &answer.data()["estado"]), (202, &json!("programado")), "{}", answer.text());
    assert!(server.simulator.ledger().sends().is_empty());
    let id = answer.data()["mensaje_id"].as_str().unwrap().to_owned();
    server
        .until_on(&format!("/api/comunicaciones/mensajes/{id}"), |answer| {
            ["enviado", "entregado", "leido"].iter().any(|state| answer.data()["estado"] == *state).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_the_callers_own_is_kept_on_every_channel() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let (at, until) = (from_now(Duration::hours(1)), from_now(Duration::hours(3)));
    let mut whatsapp = json!({"telefono": PHONE, "mensaje": "luego"});
    let mut sms = json!({"hacia": PHONE, "mensaje": "luego"});
    for (path, body) in [(SEND, &mut whatsapp), ("/api/comunicaciones/sms/enviar", &mut sms)] {
        (body["programado_para"], body["caduca"]) = (json!(at), json!(until));
        let answer = server.seller().post(path, body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let kept = answer.data()["cola"]["caduca"].as_str().unwrap().to_owned();
        assert_eq!(kept.get(..19), until.get(..19), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_withdrawn() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let body = json!({"telefono": PHONE, "mensaje": "nunca", "programado_para": from_now(Duration::hours(1))});
    let answer = server.seller().post(SEND, &body).await;
    let path = format!("/api/comunicaciones/mensajes/{}/cancelar", answer.data()["mensaje_id"].as_str().unwrap());
    assert_eq!(listed(&server, "programado").await.len(), 1);
    for _ in 0..2 {
        let canceled = server.seller().post(&path, &json!({})).await;
        assert_eq!((canceled.status.as_u16(), &canceled.data()["estado"]), (200, &json!("cancelado")));
    }
    assert!(listed(&server, "programado").await.is_empty());
    let sent = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "ya"})).await;
    let path = format!("/api/comunicaciones/mensajes/{}/cancelar", sent.data()["mensaje_id"].as_str().unwrap());
    let refused = server.seller().post(&path, &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "no_cancelable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_listed_tried_again_and_discarded() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    server.simulator.inject(FaultRule::new("meta.messages", Fault::error(131_026)).times(2));
    for body in ["uno", "dos"] {
        let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": body})).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let failed = listed(&server, "fallido").await;
    assert_eq!(failed.len(), 2, "{failed:?}");
    let discard = format!("{OUTGOING}/{}/descartar", failed[0]["mensaje_id"].as_str().unwrap());
    for changed in [true, false] {
        assert_eq!(server.admin().post(&discard, &json!({})).await.data()["cambiado"], changed);
    }
    assert_eq!(listed(&server, "fallido").await.len(), 1);
    let again = server.admin().post(&format!("{OUTGOING}/reintentar"), &json!({"estado": "fallido"})).await;
    assert_eq!(again.data().as_array().unwrap().len(), 1, "{}", again.text());
    // Its reports may overtake the answer.
    let estado = again.data()[0]["estado"].clone();
    assert!(["enviado", "entregado", "leido"].iter().any(|state| estado == *state), "{}", again.text());
    assert!(listed(&server, "fallido").await.is_empty());
    let wrong = server.admin().get(&format!("{OUTGOING}?estado=leido")).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_discarded_together_by_state_channel_and_time() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    server.simulator.inject(FaultRule::new("meta.messages", Fault::error(131_026)).times(3));
    for body in ["uno", "dos", "tres"] {
        let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": body})).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let discard = async |body: Value| server.admin().post(&format!("{OUTGOING}/descartar"), &body).await;
    let before = from_now(-Duration::hours(1));
    for none in [
        json!({"estado": "fallido", "canal": "sms"}),
        json!({"estado": "fallido", "hasta": before}),
        json!({"estado": "expirado"}),
    ] {
        assert_eq!(discard(none.clone()).await.data(), json!({"descartados": 0, "quedan": false}), "{none}");
    }
    assert_eq!(listed(&server, "fallido").await.len(), 3);
    let all = json!({"estado": "fallido", "canal": "whatsapp", "hasta": from_now(Duration::hours(1))});
    for count in [3, 0] {
        assert_eq!(discard(all.clone()).await.data(), json!({"descartados": count, "quedan": false}));
    }
    assert!(listed(&server, "fallido").await.is_empty());
    for wrong in [json!({}), json!({"estado": "en_cola"}), json!({"estado": "fallido", "hasta": "ayer"})] {
        assert_eq!(discard(wrong.clone()).await.status, 400, "{wrong}");
    }
}
