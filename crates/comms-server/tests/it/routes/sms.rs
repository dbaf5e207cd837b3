use comms_simulator::{
    Fault, FaultRule,
    faults::ProviderError,
    twilio::{Contact, Delivery, InboundMessage, NUMBER},
};
use serde_json::json;

use crate::support::{HISTORY, SMS, TestServer, masked};

const PHONE: &str = "+34600000000";
const CHANGING: [&str; 5] = ["id", "mensaje_id", "sid_externo", "fecha_creacion", "conversacion_id"];

#[tokio::test(flavor = "multi_thread")]
async fn an_sms_is_answered_with_its_row_and_what_it_is_charged_as() {
    let server = TestServer::start().await;
    server.simulator.configure(|config| config.twilio.messages.sent_ms = 1_500);
    let body = json!({"hacia": PHONE, "mensaje": "Su cita está confirmada 👍", "lead_id": 42});
    let answer = server.seller().post(SMS, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_json_snapshot!(masked(answer.json(), &CHANGING), @r#"
    {
      "data": {
        "adjuntos": [],
        "canal": "sms",
        "cliente_id": null,
        "codificacion": "UCS-2",
        "contenido": "Su cita está confirmada 👍",
        "contrato_id": null,
        "conversacion_id": "…",
        "destinatario": "+34600000000",
        "direccion": "saliente",
        "duracion_seg": null,
        "error": null,
        "estado": "enviado",
        "fecha_creacion": "…",
        "id": "…",
        "lead_id": 42,
        "mensaje_id": "…",
        "segmentos": 1,
        "sid_externo": "…",
        "usuario_id": 7
      },
      "success": true
    }
    "#);
    let long = json!({"telefono": 34_600_000_000_i64, "mensaje": "ñ".repeat(161)});
    let answer = server.seller().post(SMS, &long).await.data();
    assert_eq!((&answer["segmentos"], &answer["codificacion"]), (&json!(2), &json!("GSM-7")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_by_sms() {
    let server = TestServer::start().await;
    let twilio = server.simulator.twilio();
    twilio.inbound_message(InboundMessage::sms(PHONE, NUMBER, "¿Tienen hora mañana?")).unwrap();
    let asked = server.until(|rows| rows.iter().find(|row| row["canal"] == "sms").cloned()).await;
    assert_eq!((&asked["direccion"], &asked["estado"]), (&json!("entrante"), &json!("recibido")));
    assert_eq!((&asked["destinatario"], &asked["contenido"]), (&json!(PHONE), &json!("¿Tienen hora mañana?")));
    let answer = server.seller().post(SMS, &json!({"hacia": PHONE, "mensaje": "Sí, a las diez."})).await.data();
    assert_eq!(answer["conversacion_id"], asked["conversacion_id"], "one conversation");
    server.until_state(answer["mensaje_id"].as_str().unwrap(), "entregado").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_under_the_same_key_is_sent_once() {
    let server = TestServer::start().await;
    let seller = server.seller().with("idempotency-key", "form-17");
    let body = json!({"hacia": PHONE, "mensaje": "una vez"});
    let first = seller.post(SMS, &body).await.data();
    let again = seller.post(SMS, &body).await.data();
    assert_eq!(first["mensaje_id"], again["mensaje_id"]);
    assert_eq!(server.simulator.ledger().sends().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_as_an_mms_and_come_as_attachments() {
    let server = TestServer::start().await;
    let files = ["https://example.com/a.png", "https://example.com/b.pdf"];
    let body = json!({"hacia": PHONE, "mensaje": "Las fotos", "media_urls": files});
    let sent = server.seller().post(SMS, &body).await.data();
    assert_eq!((&sent["contenido"], &sent["segmentos"]), (&json!("Las fotos"), &json!(null)));
    let mms = InboundMessage::sms(PHONE, NUMBER, "Mi anillo").file("image/png", &[1, 2, 3]).file("image/gif", &[4]);
    server.simulator.twilio().inbound_message(mms).unwrap();
    let row = server
        .until(|rows| {
            let row = rows.iter().find(|row| row["direccion"] == "entrante")?;
            let files = row["adjuntos"].as_array()?;
            (files.len() == 2 && files.iter().all(|file| file["estado"] == "disponible")).then(|| row.clone())
        })
        .await;
    assert_eq!(row["contenido"], "Mi anillo");
    let file = server.seller().get(row["adjuntos"][0]["url"].as_str().unwrap()).await;
    assert_eq!((file.header("content-type"), file.bytes.as_slice()), ("image/png", &[1, 2, 3][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_stop_is_not_written_to_until_they_write_start() {
    let server = TestServer::start().await;
    let twilio = server.simulator.twilio();
    let body = json!({"hacia": PHONE, "mensaje": "Rebajas"});
    for (word, status) in [("STOP", 409), ("START", 200), ("stop", 409)] {
        twilio.inbound_message(InboundMessage::sms(PHONE, NUMBER, word)).unwrap();
        server.until(|rows| (rows.first()?["contenido"] == word).then_some(())).await;
        let before = server.simulator.ledger().sends().len();
        let answer = server.seller().post(SMS, &body).await;
        assert_eq!(answer.status, status, "{word}: {}", answer.text());
        if status == 409 {
            assert_eq!(answer.code(), "destinatario_de_baja");
            assert_eq!(server.simulator.ledger().sends().len(), before, "nothing was sent");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_twilio_refuses_the_row_says_why() {
    let server = TestServer::start().await;
    let error = ProviderError { code: 21_614, ..ProviderError::default() };
    server.simulator.inject(FaultRule::new("twilio.messages.create", Fault::Error(error)).times(1));
    let answer = server.seller().post(SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "destinatario_invalido"), "{}", answer.text());
    assert_eq!(answer.json()["details"]["codigo_proveedor"], "21614");
    // Refused later, by a status.
    let gone = Contact::new(PHONE).reached(Delivery::Undelivered, Some(30_003));
    server.simulator.twilio().set_contact(gone);
    let sent = server.seller().post(SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await.data();
    let row = server.until_state(sent["mensaje_id"].as_str().unwrap(), "fallido").await;
    assert_eq!(row["error"]["codigo"], "30003");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_sms_is_refused_with_its_field() {
    let server = TestServer::start().await;
    for (body, code, field) in [
        (json!({"mensaje": "a"}), "validacion", "hacia"),
        (json!({"hacia": "nobody", "mensaje": "a"}), "destinatario_invalido", "hacia"),
        (json!({"hacia": "ES.1349120865530274", "mensaje": "a"}), "destinatario_invalido", "hacia"),
        (json!({"hacia": PHONE}), "validacion", "mensaje"),
        (json!({"hacia": PHONE, "mensaje": " "}), "texto_vacio", "mensaje"),
        (json!({"hacia": PHONE, "mensaje": "a".repeat(1_601)}), "texto_muy_largo", "mensaje"),
        (json!({"hacia": PHONE, "media_urls": ["file:///etc/hosts"]}), "validacion", "media_urls"),
    ] {
        let answer = server.seller().post(SMS, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{}", answer.text());
        assert_eq!(answer.json()["details"]["campo"], field, "{}", answer.text());
    }
    assert!(server.simulator.ledger().sends().is_empty());
    assert_eq!(server.seller().get(HISTORY).await.data(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_the_channel_is_off_and_says_so() {
    let server = TestServer::start_with(|settings| settings.twilio = Default::default()).await;
    let answer = server.seller().post(SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "canal_no_configurado"));
    let health = server.nobody().get("/health").await.json();
    assert_eq!(health["dependencies"]["twilio"], "not_configured");
    let answer = server.twilio(crate::support::SMS_WEBHOOK, &[("Body", "hola")]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "proveedor_desconocido"));
}
