//! The routes of S4 against the simulator: calls that end, what is told of them, how their conversations stand.

use std::time::Duration;

use comms_server::{auth::Role, config::Settings, registry::INITIATION_HEADER};
use comms_simulator::{
    Fault, FaultRule,
    elevenlabs::{AGENT_ID, API_KEY, CLOSED_AGENT_ID, Outcome, PhoneCall, WEBHOOK_SECRET},
    faults::ProviderError,
    twilio::{CONTENT_SID, InboundMessage, NUMBER},
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, HISTORY, TestServer, masked, twilio_signature};

pub(super) const PHONE: &str = "+34600000011";
pub(super) const SERVICE: &str = "an-invented-service-token";
const COMPLETED: &str = "/api/call-completed";
const CALLS: &str = "/webhook/elevenlabs";
const BEGINS: &str = "/webhook/elevenlabs/iniciacion";
const LIMIT: Duration = Duration::from_secs(20);

fn agents(settings: &mut Settings) {
    settings.auth.microservice_token = Some(SERVICE.into());
    let elevenlabs = &mut settings.elevenlabs;
    elevenlabs.api_base.clone_from(&settings.twilio.api_base);
    elevenlabs.api_key = Some(API_KEY.into());
    elevenlabs.webhook_secret = Some(WEBHOOK_SECRET.into());
    elevenlabs.initiation_secret = Some("an-invented-initiation-secret".into());
    elevenlabs.agent_ids = vec![AGENT_ID.to_owned(), CLOSED_AGENT_ID.to_owned()];
    elevenlabs.debounce_ms = 1_000;
    elevenlabs.rules.account = Some(format!("twilio-whatsapp:{NUMBER}").as_str().into());
    elevenlabs.rules.template = Some(CONTENT_SID.to_owned());
    elevenlabs.rules.template_variables = Some(vec!["{client_name|cliente}".to_owned(), "{summary|—}".to_owned()]);
}

pub(super) async fn start() -> TestServer {
    start_with(|_| {}).await
}

pub(super) async fn start_with(change: impl FnOnce(&mut Settings)) -> TestServer {
    let server = TestServer::start_with(|settings| {
        agents(settings);
        change(settings);
    })
    .await;
    server.simulator.configure(|config| {
        config.elevenlabs.set_webhook_url(&format!("{}{CALLS}", server.base));
        let begins = format!("{}{BEGINS}", server.base);
        config.elevenlabs.set_initiation_url(&begins, INITIATION_HEADER, "an-invented-initiation-secret");
    });
    server
}

/// A call of an agent that has ended, and of which nobody told.
pub(super) async fn call(server: &TestServer, call: PhoneCall) -> String {
    let url = server.simulator.config().elevenlabs.webhook_url;
    server.simulator.configure(|config| config.elevenlabs.webhook_url = None);
    let id = server.simulator.elevenlabs().call(call).unwrap();
    assert!(server.simulator.elevenlabs().settled(LIMIT).await);
    server.simulator.configure(|config| config.elevenlabs.webhook_url = url);
    id
}

pub(super) fn told(conversation: &str, status: &str) -> Value {
    json!({
        "batch_id": "btcal_1", "agent_id": AGENT_ID, "agent_name": "Ana", "phone_number_id": "phnum_1", "batch_name": "Octubre",
        "recipient": {"id": "rcpt_1", "phone_number": PHONE, "status": status, "conversation_id": conversation,
                      "created_at_unix": 1_761_694_074, "updated_at_unix": 1_761_694_074},
        "call_metadata": {"client_name": "Ana García", "client_id": 42, "group_id": 5, "group_name": "Campaña Octubre"},
    })
}

pub(super) async fn tell(server: &TestServer, body: &Value) -> Answer {
    server.nobody().with("x-service-token", SERVICE).post(COMPLETED, body).await
}

pub(super) fn conversation_of(phone: &str) -> String {
    format!("/api/conversations/{phone}")
}

/// Waits until the conversation with the usual number is as it should be.
pub(super) async fn until(server: &TestServer, wanted: impl Fn(&Value) -> bool) -> Value {
    server
        .until_on(&conversation_of(PHONE), |answer| {
            let conversation = answer.json()["conversation"].clone();
            wanted(&conversation).then_some(conversation)
        })
        .await
}

/// What was sent to Twilio.
pub(super) fn sent(server: &TestServer) -> Vec<Value> {
    let sends = server.simulator.ledger().sends().into_iter();
    let messages = sends.filter(|call| call.endpoint.as_deref() == Some("twilio.messages.create"));
    messages.map(|call| call.body.unwrap_or_default()).collect()
}

pub(super) async fn stats(server: &TestServer) -> Value {
    let answer = server.nobody().with("x-service-token", SERVICE).get("/api/stats").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["stats"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_talked_in_is_continued_once() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    let first = tell(&server, &told(&id, "completed")).await;
    assert_eq!(first.status, 200, "{}", first.text());
    insta::assert_json_snapshot!(masked(first.json(), &["whatsapp_message_id", "conversation_id"]), @r#"
    {
      "conversation_id": "…",
      "message": "Conversación iniciada exitosamente",
      "reason": null,
      "status": "message_sent",
      "success": true,
      "whatsapp_message_id": "…"
    }
    "#);
    assert!(first.json()["conversation_id"].as_str().unwrap().starts_with("conv_local_"));
    let again = tell(&server, &told(&id, "completed")).await;
    assert_eq!(again.json(), first.json(), "the same conversation, and the same message");
    let messages = sent(&server);
    assert_eq!(messages.len(), 1, "one message");
    assert_eq!(messages[0]["ContentSid"], CONTENT_SID, "outside of 24 hours a template");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_has_the_form_of_s4() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    tell(&server, &told(&id, "completed")).await;
    let conversation = until(&server, |one| one["messages"][0]["direction"] == "outbound").await;
    let shown = masked(
        conversation,
        &["id", "started_at", "last_message_at", "timestamp", "elevenlabs_conversation_id", "content"],
    );
    insta::assert_json_snapshot!(shown, @r#"
    {
      "agent_id": "agent_0000sim00000000000000000001",
      "agent_name": "Ana",
      "call_duration_secs": 27,
      "call_summary": "Ana llamó a usted, que se interesa por el plan Premium y pide los detalles por WhatsApp.",
      "client_name": "Ana García",
      "closed_at": null,
      "elevenlabs_conversation_id": "…",
      "error": null,
      "id": "…",
      "last_message_at": "…",
      "message_count": 1,
      "messages": [
        {
          "content": "…",
          "direction": "outbound",
          "timestamp": "…"
        }
      ],
      "metadata": {
        "agent_name": "Ana",
        "batch_name": "Octubre",
        "client_id": 42,
        "client_name": "Ana García",
        "group_id": 5,
        "group_name": "Campaña Octubre",
        "phone_number_id": "phnum_1",
        "recipient_status": "completed"
      },
      "phone_number": "+34600000011",
      "reason": null,
      "started_at": "…",
      "status": "active"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_talked_with_is_not_thanked() {
    let server = start().await;
    let cases = [
        (Outcome::Voicemail, "voicemail", "voicemail"),
        (Outcome::NoAnswer, "failed", "no_answer"),
        (Outcome::Busy, "busy", "busy"),
        (Outcome::Failed, "failed", "failed"),
        // The one who tells knows no better: ElevenLabs does.
        (Outcome::Voicemail, "completed", "voicemail"),
    ];
    for (outcome, status, reason) in cases {
        let id = call(&server, PhoneCall::to(PHONE).with_outcome(outcome)).await;
        let answer = tell(&server, &told(&id, status)).await.json();
        assert_eq!((&answer["success"], &answer["status"]), (&json!(true), &json!("skipped")), "{outcome:?} {answer}");
        assert!(answer["whatsapp_message_id"].is_null());
        assert!(["failed", reason].contains(&answer["reason"].as_str().unwrap()), "{outcome:?} {answer}");
    }
    assert!(sent(&server).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_body_is_said_in_s4s_form() {
    let server = start().await;
    let good = told("conv_1", "completed");
    let without = |pointer: &str| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = Value::Null;
        body
    };
    let mut no_number = good.clone();
    no_number["recipient"]["phone_number"] = json!("hola");
    let mut strange = good.clone();
    strange["recipient"]["conversation_id"] = json!("conv 1\n");
    let cases = [
        (without("/recipient/conversation_id"), "recipient.conversation_id"),
        (without("/recipient/phone_number"), "recipient.phone_number"),
        (without("/recipient"), "recipient"),
        (without("/agent_id"), "agent_id"),
        (no_number, "recipient.phone_number"),
        (strange, "recipient.conversation_id"),
    ];
    for (body, field) in cases {
        let answer = tell(&server, &body).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.text());
        let answer = answer.json();
        assert_eq!((&answer["success"], &answer["code"]), (&json!(false), &json!("validacion")), "{answer}");
        assert!(answer["error"].is_string());
        assert!(answer["details"].as_str().unwrap().starts_with(field), "{answer}");
    }
    let client = server.nobody().with("x-service-token", SERVICE).with("content-type", "application/json");
    let answer = client.send(Method::POST, COMPLETED, Some(b"{")).await;
    assert_eq!(answer.status, 400);
    for client in [server.nobody(), server.nobody().with("x-service-token", "another"), server.admin()] {
        let answer = client.post(COMPLETED, &good).await;
        assert_eq!((answer.status.as_u16(), answer.json()["success"].clone()), (401, json!(false)));
    }
    assert_eq!(stats(&server).await["queue"]["waiting"], 0, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_nobody_knows_is_looked_up() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    let answer = tell(&server, &told(&id, "abducted")).await.json();
    assert_eq!(answer["status"], "message_sent", "{answer}");
    let nowhere = tell(&server, &told("conv_that_is_not", "abducted")).await.json();
    assert_eq!((&nowhere["status"], &nowhere["reason"]), (&json!("skipped"), &json!("unknown")), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_elevenlabs_does_not_answer_the_call_is_kept_and_goes_on_later() {
    for error in [
        ProviderError { code: 500, ..ProviderError::default() },
        ProviderError { code: 401, ..ProviderError::default() },
        ProviderError { code: 429, retry_after: Some(1), ..ProviderError::default() },
        ProviderError { code: 429, details: Some("system_busy".to_owned()), ..ProviderError::default() },
    ] {
        let server = start().await;
        let id = call(&server, PhoneCall::to(PHONE)).await;
        let code = error.code;
        server.simulator.inject(FaultRule::new("elevenlabs.conversations.get", Fault::Error(error)));
        let answer = tell(&server, &told(&id, "completed")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(
            (&answer["status"], &answer["whatsapp_message_id"]),
            (&json!("queued"), &Value::Null),
            "{code}: {answer}"
        );
        let stats = stats(&server).await;
        assert_eq!((&stats["queue"]["waiting"], &stats["agent"]["ok"]), (&json!(1), &json!(false)), "{code}: {stats}");
        let health = server.nobody().get("/health").await;
        assert_eq!((health.status.as_u16(), &health.json()["dependencies"]["elevenlabs"]), (200, &json!("error")));
        if code == 500 {
            server.simulator.clear_faults();
            until(&server, |one| one["messages"][0]["direction"] == "outbound").await;
            assert_eq!(server.nobody().get("/health").await.json()["dependencies"]["elevenlabs"], "ok");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_sent_is_an_error_and_is_kept() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    let refused = Fault::Error(ProviderError { code: 63_016, status: Some(400), ..ProviderError::default() });
    server.simulator.inject(FaultRule::new("twilio.messages.create", refused));
    let answer = tell(&server, &told(&id, "completed")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!((&answer["success"], &answer["status"]), (&json!(false), &json!("failed")), "{answer}");
    assert!(answer["error"].is_string() && answer["details"].is_string(), "{answer}");
    let conversation = until(&server, |one| one["status"] == "closed").await;
    assert_eq!(conversation["elevenlabs_conversation_id"], id.as_str());
    assert_eq!(stats(&server).await["queue"]["failed"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn elevenlabs_tells_of_a_call_and_it_is_continued() {
    let server = start().await;
    let talk = PhoneCall::to(PHONE).with_variable("client_name", "Marta");
    let id = server.simulator.elevenlabs().call(talk).unwrap();
    let conversation = until(&server, |one| one["messages"][0]["direction"] == "outbound").await;
    assert_eq!((&conversation["client_name"], &conversation["call_duration_secs"]), (&json!("Marta"), &json!(27)));
    assert!(conversation["call_summary"].as_str().unwrap().contains("Premium"));
    assert!(server.simulator.ledger().acknowledged(&id));
    // The back end tells of it as well.
    let answer = tell(&server, &told(&id, "completed")).await.json();
    assert_eq!(answer["status"], "message_sent");
    assert_eq!(sent(&server).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_which_nobody_told_is_looked_for() {
    let server = start_with(|settings| {
        // Half the least that an operator may set: a test does not wait for a minute.
        settings.elevenlabs.poll_seconds = 10;
    })
    .await;
    server.running.state.engine.poll_calls().await.unwrap();
    let id = call(&server, PhoneCall::to(PHONE)).await;
    assert!(server.running.state.engine.poll_calls().await.unwrap() >= 1);
    let conversation = until(&server, |one| one["messages"][0]["direction"] == "outbound").await;
    assert_eq!(conversation["elevenlabs_conversation_id"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_elevenlabs_tells_is_stored_whatever_it_is() {
    let server = start().await;
    let bodies = [
        json!({"type": "answering_machine_detection", "event_timestamp": 1_767_225_606, "data": {"agent_id": AGENT_ID, "conversation_id": "conv_1", "result": "x"}}),
        json!({"type": "post_call_audio", "event_timestamp": 1, "data": {"agent_id": AGENT_ID, "conversation_id": "conv_1", "full_audio": "SUQz"}}),
        json!({"type": "post_call_transcription", "event_timestamp": "1767225630", "data": {"agent_id": AGENT_ID, "conversation_id": "conv_2", "status": "done", "metadata": {}, "transcript": []}}),
        json!({"resourceSpans": []}),
        json!([1, 2]),
    ];
    for body in &bodies {
        server.simulator.elevenlabs().emit(body).unwrap();
        assert!(server.simulator.elevenlabs().settled(LIMIT).await);
    }
    let hooks = server.simulator.ledger().webhooks();
    assert!(hooks.iter().all(|hook| hook.last_status == Some(200)), "{hooks:?}");
    assert_eq!(hooks.len(), bodies.len());
    for header in [None, Some("t=1,v0=00"), Some("v0=00")] {
        let client = server.nobody().with("content-type", "application/json");
        let client = header.iter().fold(client, |client, value| client.with("elevenlabs-signature", value));
        let answer = client.send(Method::POST, CALLS, Some(b"{}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "firma_invalida"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_agent_that_nobody_registered_wait() {
    let server = start_with(|settings| settings.elevenlabs.agent_ids = vec![CLOSED_AGENT_ID.to_owned()]).await;
    let id = server.simulator.elevenlabs().call(PhoneCall::to(PHONE)).unwrap();
    assert!(server.simulator.elevenlabs().settled(LIMIT).await);
    assert!(server.simulator.ledger().acknowledged(&id));
    assert_eq!(server.nobody().get("/health").await.json()["counts"]["quarantined"], 1);
    assert_eq!(server.admin().get(&conversation_of(PHONE)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_customer_is_acknowledged_at_once() {
    let server = start().await;
    let path = "/webhook/twilio/incoming";
    let form = [
        ("SmsMessageSid", "SM00000000000000000000000000000009"),
        ("MessageSid", "SM00000000000000000000000000000009"),
        ("AccountSid", comms_simulator::twilio::ACCOUNT_SID),
        ("From", "whatsapp:+34600000011"),
        ("To", "whatsapp:+15005550006"),
        ("Body", "Sí me interesa, ¿cuál es el precio?"),
        ("NumMedia", "0"),
    ];
    let unsigned = server.nobody().form(path, &form).await;
    assert_eq!((unsigned.status.as_u16(), unsigned.code().as_str()), (401, "firma_invalida"));
    let elsewhere = twilio_signature(&format!("http://localhost{path}"), &form);
    let wrong = server.nobody().with("x-twilio-signature", &elsewhere).form(path, &form).await;
    assert_eq!(wrong.status, 401, "the signature is over the public address");
    for _ in 0..2 {
        let answer = server.twilio(path, &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("content-type").starts_with("text/xml"));
        assert!(answer.text().contains("<Response"), "{}", answer.text());
    }
    assert_eq!(server.admin().get(HISTORY).await.data().as_array().unwrap().len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_shown_and_closed() {
    let server = start().await;
    let service = server.nobody().with("x-service-token", SERVICE);
    let id = call(&server, PhoneCall::to(PHONE)).await;
    assert_eq!(service.get(&conversation_of(PHONE)).await.status, 404);
    tell(&server, &told(&id, "completed")).await;
    let encoded = service.get("/api/conversations/%2B34600000011").await;
    assert_eq!(encoded.json()["conversation"]["status"], "active", "{}", encoded.text());
    assert_eq!(service.get("/api/conversations/hola").await.status, 400);
    assert_eq!(server.nobody().get(&conversation_of(PHONE)).await.status, 401);
    let close = format!("{}/close", conversation_of(PHONE));
    let closed = service.post(&close, &json!({"reason": "resuelto"})).await.json();
    assert_eq!(
        (&closed["conversation"]["status"], &closed["conversation"]["reason"]),
        (&json!("closed"), &json!("resuelto"))
    );
    assert!(closed["conversation"]["closed_at"].is_string());
    let again = service.post(&close, &json!({})).await.json();
    assert_eq!(again["conversation"]["reason"], "resuelto", "what has ended stays as it is");
    // What is said now is nobody's to answer but a person's.
    server.simulator.twilio().inbound_message(InboundMessage::whatsapp(PHONE, NUMBER, "¿Hola?")).unwrap();
    let repeated = tell(&server, &told(&id, "completed")).await.json();
    assert_eq!(repeated["status"], "closed", "{repeated}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_takes_a_call_is_told_of_the_chat() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    tell(&server, &told(&id, "completed")).await;
    let coming = server.simulator.elevenlabs().call(PhoneCall::by(PHONE)).unwrap();
    assert!(server.simulator.elevenlabs().settled(LIMIT).await);
    let given = server.simulator.elevenlabs().conversation(&coming).unwrap();
    let variables = &given["conversation_initiation_client_data"]["dynamic_variables"];
    assert_eq!((&variables["client_name"], &variables["last_channel"]), (&json!("Ana García"), &json!("whatsapp")));
    assert!(variables["call_summary"].as_str().unwrap().contains("Premium"), "{variables}");
    // Nobody knows this one: every variable is there all the same.
    let stranger = server.simulator.elevenlabs().call(PhoneCall::by("+34600000099")).unwrap();
    assert!(server.simulator.elevenlabs().settled(LIMIT).await);
    let given = server.simulator.elevenlabs().conversation(&stranger).unwrap();
    assert_eq!(given["conversation_initiation_client_data"]["dynamic_variables"]["chat_history"], "");
    let question =
        json!({"caller_id": PHONE, "agent_id": AGENT_ID, "called_number": "+15005550010", "call_sid": "CA1"});
    for client in [server.nobody(), server.nobody().with(INITIATION_HEADER, "another"), server.admin()] {
        assert_eq!(client.post(BEGINS, &question).await.status, 401);
    }
    let knows = server.nobody().with(INITIATION_HEADER, "an-invented-initiation-secret");
    assert_eq!(knows.post(BEGINS, &json!({"agent_id": AGENT_ID})).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_does_not_tell_of_anothers_agents() {
    let server = start_with(|settings| {
        settings.elevenlabs.agent_ids.clear();
        let table = format!("id = \"{AGENT_ID}\"\norganization = \"sur\"");
        settings.elevenlabs.agents = vec![toml::from_str(&table).unwrap()];
    })
    .await;
    let answer = tell(&server, &told("conv_1", "completed")).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.json()["details"].as_str().unwrap().starts_with("agent_id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_the_conversations_that_they_see_elsewhere() {
    let server = start().await;
    let id = call(&server, PhoneCall::to(PHONE)).await;
    tell(&server, &told(&id, "completed")).await;
    assert_eq!(server.seller().get(&conversation_of(PHONE)).await.status, 200, "the owner of the account");
    let other = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(other.get(&conversation_of(PHONE)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_elevenlabs_nothing_is_pretended() {
    let server = TestServer::start_with(|settings| settings.auth.microservice_token = Some(SERVICE.into())).await;
    assert_eq!(server.nobody().post(CALLS, &json!({})).await.status, 404);
    assert_eq!(server.nobody().post(BEGINS, &json!({})).await.status, 404);
    let answer = tell(&server, &told("conv_1", "completed")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (200, &json!("queued")),
        "kept until there is a key"
    );
}
