//! The routes of S1 and S2: the same handlers under other names, in other words.

use std::time::Duration;

use comms_server::auth::Role;
use comms_simulator::twilio::{
    CONTENT_SID, InboundMessage, NUMBER, SUBACCOUNT_AUTH_TOKEN, SUBACCOUNT_NUMBER, SUBACCOUNT_SID,
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{HISTORY, SMS, TestServer, masked, twilio_signature};

const PHONE: &str = "+34600000000";
const SEND_WHATSAPP: &str = "/api/channels/twilio/send/whatsapp";
const SEND_SMS: &str = "/api/channels/twilio/send/sms";
const SERVICE: &str = "an-invented-service-token";

async fn with_service() -> TestServer {
    TestServer::start_with(|settings| settings.auth.microservice_token = Some(SERVICE.into())).await
}

fn status_of(id: &Value) -> String {
    format!("/api/channels/twilio/message/{}/status", id.as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_get_tells_whether_a_channel_is_taken() {
    let server = TestServer::start().await;
    for channel in ["voip", "sms", "whatsapp"] {
        let answer = server.nobody().get(&format!("/api/webhooks/{channel}/twilio?MessageSid=SM1&Body=x")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({"success": true, "channel": channel, "configured": true}));
    }
    assert_eq!(server.seller().get(HISTORY).await.data(), json!([]), "nothing was stored");
    let off = TestServer::start_with(|settings| settings.twilio = Default::default()).await;
    let answer = off.nobody().get("/api/webhooks/sms/twilio").await;
    assert_eq!(answer.json(), json!({"success": true, "channel": "sms", "configured": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_get_is_a_webhook() {
    let server = TestServer::start().await;
    let path = format!(
        "/api/webhooks/sms/twilio?MessageSid=SM00000000000000000000000000000001&AccountSid={}&From=%2B34600000000&To=%2B15005550006&Body=por+GET&NumMedia=0",
        comms_simulator::twilio::ACCOUNT_SID
    );
    let refused = server.nobody().with("x-twilio-signature", "wrong").get(&path).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "firma_invalida"));
    let signature = twilio_signature(&format!("{}{path}", server.base), &[]);
    let answer = server.nobody().with("x-twilio-signature", &signature).get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("content-type").starts_with("text/xml"));
    assert_eq!(server.admin().get(HISTORY).await.data()[0]["contenido"], "por GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_of_messages_is_the_same_handler() {
    let server = TestServer::start().await;
    let addresses = [
        "/api/comunicaciones/webhook/sms",
        "/api/webhooks/sms/twilio",
        "/api/webhooks/whatsapp/twilio",
        "/api/channels/twilio/webhook",
    ];
    for (at, path) in addresses.iter().enumerate() {
        server.simulator.configure(|config| config.twilio.set_messaging_url(&format!("{}{path}", server.base)));
        let message = InboundMessage::whatsapp(PHONE, NUMBER, format!("mensaje {at}"));
        server.simulator.twilio().inbound_message(message).unwrap();
        let text = format!("mensaje {at}");
        let row = server.until(|rows| rows.iter().find(|row| row["contenido"] == text.as_str()).cloned()).await;
        assert_eq!((&row["canal"], &row["direccion"]), (&json!("whatsapp"), &json!("entrante")));
    }
    // A message is in the history before its webhook is answered.
    assert!(server.simulator.twilio().settled(Duration::from_secs(20)).await);
    let hooks = server.simulator.ledger().webhooks();
    assert!(hooks.iter().all(|hook| hook.acked_at.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_through_twilio_in_the_words_of_the_second_seed() {
    let server = TestServer::start().await;
    let body = json!({"to": format!("whatsapp:{PHONE}"), "message": "¡Hola desde el backend!"});
    let closed = server.seller().post(SEND_WHATSAPP, &body).await;
    assert_eq!((closed.status.as_u16(), closed.code().as_str()), (409, "ventana_cerrada"), "{}", closed.text());
    server.simulator.twilio().inbound_message(InboundMessage::whatsapp(PHONE, NUMBER, "Hola")).unwrap();
    server.until(|rows| rows.iter().find(|row| row["contenido"] == "Hola").cloned()).await;
    let sent = server.seller().post(SEND_WHATSAPP, &body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    insta::assert_json_snapshot!(masked(sent.json(), &["messageId", "sid"]), @r#"
    {
      "messageId": "…",
      "sid": "…",
      "status": "accepted",
      "success": true,
      "to": "+34600000000"
    }
    "#);
    let sid = sent.json()["sid"].clone();
    let read = server
        .until_on(&status_of(&sid), |answer| {
            (answer.json()["status"] == "read").then(|| masked(answer.json(), &["messageId", "sid", "dateCreated"]))
        })
        .await;
    insta::assert_json_snapshot!(read, @r#"
    {
      "dateCreated": "…",
      "direction": "outbound",
      "errorCode": null,
      "errorMessage": null,
      "messageId": "…",
      "sid": "…",
      "status": "read",
      "success": true,
      "to": "+34600000000"
    }
    "#);
    let ours = server.seller().get(&status_of(&sent.json()["messageId"])).await;
    assert_eq!(ours.json()["sid"], sid);
    let calls = server.simulator.ledger().sends();
    assert!(
        calls.iter().all(|call| call.endpoint.as_deref().unwrap().starts_with("twilio.")),
        "nothing of it went to Meta"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_both_are_there_whatsapp_goes_through_meta() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let body = json!({"telefono": PHONE, "mensaje": "por Meta"});
    let sent = server.seller().post(crate::support::SEND, &body).await.data();
    assert!(sent["sid_externo"].as_str().unwrap().starts_with("wamid."), "{sent}");
    server.simulator.twilio().inbound_message(InboundMessage::whatsapp(PHONE, NUMBER, "aquí")).unwrap();
    server.until(|rows| rows.iter().find(|row| row["contenido"] == "aquí").cloned()).await;
    let body = json!({"telefono": PHONE, "mensaje": "por Twilio", "cuenta": format!("twilio-whatsapp:{NUMBER}")});
    let sent = server.seller().post(crate::support::SEND, &body).await.data();
    assert!(sent["sid_externo"].as_str().unwrap().starts_with("SM"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_through_twilio_by_its_content_sid() {
    let server = TestServer::start().await;
    let account = format!("twilio-whatsapp:{NUMBER}");
    let body = json!({"telefono": PHONE, "template": CONTENT_SID, "params": ["Ana", "A-1001"], "cuenta": account});
    let sent = server.seller().post(crate::support::SEND, &body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    server.until_state(sent.data()["mensaje_id"].as_str().unwrap(), "leido").await;
    let list = format!("/api/comunicaciones/whatsapp/plantillas?cuenta={}", account.replace('+', "%2B"));
    let templates = server.seller().get(&list).await.data();
    let names: Vec<_> = templates.as_array().unwrap().iter().map(|one| one["nombre"].as_str().unwrap()).collect();
    assert!(!names.is_empty(), "{templates}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_back_end_sends_for_the_owner_of_the_account() {
    let server = with_service().await;
    let service = server.nobody().with("x-service-token", SERVICE);
    let body = json!({"to": PHONE, "message": "Las fotos", "mediaUrl": "https://example.com/a.png"});
    let sent = service.post(SEND_SMS, &body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let row = server.until(|rows| rows.first().cloned()).await;
    assert_eq!((&row["usuario_id"], &row["contenido"]), (&json!(7), &json!("Las fotos")));
    let status = service.get(&status_of(&sent.json()["messageId"])).await;
    assert_eq!(status.json()["success"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_nobody_has_nobody_to_send_for() {
    let server = TestServer::start_with(|settings| {
        settings.auth.microservice_token = Some(SERVICE.into());
        settings.twilio.owner = None;
    })
    .await;
    let service = server.nobody().with("x-service-token", SERVICE);
    let answer = service.post(SEND_SMS, &json!({"to": PHONE, "message": "hola"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "remitente_requerido"));
    assert!(server.simulator.ledger().sends().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_are_named_as_the_second_seed_writes_them() {
    let server = TestServer::start().await;
    for (body, field) in [
        (json!({"message": "a"}), "to"),
        (json!({"to": "nobody", "message": "a"}), "to"),
        (json!({"to": PHONE}), "message"),
        (json!({"to": PHONE, "message": ""}), "message"),
        (json!({"to": PHONE, "mediaUrl": ["no address"]}), "mediaUrl"),
    ] {
        let answer = server.seller().post(SEND_SMS, &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["details"]["campo"], field, "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_its_organisations_alone() {
    let server = TestServer::start().await;
    let sent = server.seller().post(SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await.data();
    let unknown = server.seller().get("/api/channels/twilio/message/SM000000000000000000000000000000ff/status").await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (404, "no_encontrado"));
    let nonsense = server.seller().get("/api/channels/twilio/message/nothing/status").await;
    assert_eq!(nonsense.status, 400);
    let other = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(other.get(&status_of(&sent["sid_externo"])).await.status, 404, "another seller's");
    assert_eq!(server.seller().get(&status_of(&sent["sid_externo"])).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_what_twilio_does() {
    let server = TestServer::start().await;
    let health = server.nobody().get("/api/channels/twilio/health").await;
    insta::assert_json_snapshot!(masked(health.json(), &["timestamp"]), @r#"
    {
      "channel": "twilio",
      "channels": [
        "voice",
        "sms",
        "whatsapp"
      ],
      "status": "ok",
      "success": true,
      "timestamp": "…"
    }
    "#);
    let unreachable = TestServer::start_with(|settings| settings.twilio.auth_token = None).await;
    let health = unreachable.nobody().get("/health").await.json();
    assert_eq!(health["dependencies"]["twilio"], "send_only", "an API key sends and proves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_status_nor_an_account_of_another_organisation() {
    let server = TestServer::start_with(|settings| {
        settings.organization.id = "norte".into();
        let table = format!(
            "channel = \"sms\"\nnumber = \"{SUBACCOUNT_NUMBER}\"\naccount_sid = \"{SUBACCOUNT_SID}\"\nauth_token = \"{SUBACCOUNT_AUTH_TOKEN}\"\norganization = \"sur\"\n"
        );
        settings.accounts.push(toml::from_str(&table).unwrap());
    })
    .await;
    let [north, south] = ["norte", "sur"].map(|one| server.client(&server.token("1", Role::Admin, Some(one))));
    let sent = south.post(SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await.data();
    assert_eq!(south.get(&status_of(&sent["sid_externo"])).await.status, 200);
    for id in ["sid_externo", "mensaje_id"] {
        assert_eq!(north.get(&status_of(&sent[id])).await.status, 404, "{id}");
    }
    let borrowed = json!({"hacia": PHONE, "mensaje": "hola", "cuenta": format!("twilio-sms:{NUMBER}")});
    let refused = south.post(SMS, &borrowed).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (404, "cuenta_desconocida"));
    let none = south.post(SEND_WHATSAPP, &json!({"to": PHONE, "message": "hola"})).await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (503, "canal_no_configurado"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subaccount_signs_with_its_own_token() {
    let server = TestServer::start_with(|settings| {
        let table = format!(
            "channel = \"sms\"\nnumber = \"{SUBACCOUNT_NUMBER}\"\naccount_sid = \"{SUBACCOUNT_SID}\"\nauth_token = \"{SUBACCOUNT_AUTH_TOKEN}\"\nowner = \"8\"\n"
        );
        settings.accounts.push(toml::from_str(&table).unwrap());
    })
    .await;
    server.simulator.twilio().inbound_message(InboundMessage::sms(PHONE, SUBACCOUNT_NUMBER, "a la sucursal")).unwrap();
    let row = server.until(|rows| rows.first().cloned()).await;
    assert_eq!((&row["contenido"], &row["usuario_id"]), (&json!("a la sucursal"), &json!(8)));
    let body =
        json!({"hacia": PHONE, "mensaje": "de la sucursal", "cuenta": format!("twilio-sms:{SUBACCOUNT_NUMBER}")});
    let sent = server.seller().post(SMS, &body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_are_405() {
    let server = TestServer::start().await;
    let answer = server.nobody().send(Method::GET, SEND_SMS, None).await;
    assert_eq!(answer.status, 405);
}
