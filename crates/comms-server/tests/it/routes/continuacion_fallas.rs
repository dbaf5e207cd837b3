//! What goes wrong with calls that go on: agents that may not be written with, first messages that do not arrive. Each is shown where an
//! operator looks.

use std::time::Duration;

use comms_simulator::{
    elevenlabs::{AGENT_ID, Behaviour, Manner, PhoneCall},
    twilio::{CONTENT_SID, Contact, Delivery, InboundMessage, NUMBER},
};
use serde_json::{Value, json};

use super::continuacion::{PHONE, SERVICE, call, conversation_of, sent, start, stats, tell, told, until};
use crate::support::TestServer;

const OTHER: &str = "+34600000012";

/// How long an agent is waited for that says nothing.
const SECONDS: u32 = 60;

/// An agent that may be spoken with alone: it speaks what it should write.
const SPEAKS: &str = r#"{"dir": "c2s", "frame": {"type": "conversation_initiation_client_data"}}
{"dir": "s2c", "frame": {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": {"conversation_id": "conv_spoken", "agent_output_audio_format": "pcm_16000", "user_input_audio_format": "pcm_16000"}}}
{"dir": "c2s", "frame": {"type": "user_message"}}
{"dir": "s2c", "frame": {"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 1}}}
{"close": "client"}"#;

/// A call whose first message is on its way.
async fn goes_on(server: &TestServer, phone: &str) {
    let id = call(server, PhoneCall::to(phone)).await;
    let mut body = told(&id, "completed");
    body["recipient"]["phone_number"] = json!(phone);
    let answer = tell(server, &body).await.json();
    assert_eq!(answer["status"], "message_sent", "{answer}");
}

fn writes(server: &TestServer, phone: &str, text: &str) {
    server.simulator.twilio().inbound_message(InboundMessage::whatsapp(phone, NUMBER, text)).unwrap();
}

/// Waits until the conversation with this number is as it should be.
async fn until_with(server: &TestServer, phone: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    server
        .until_on(&conversation_of(phone), |answer| {
            let conversation = answer.json()["conversation"].clone();
            wanted(&conversation).then_some(conversation)
        })
        .await
}

async fn elevenlabs_is(server: &TestServer) -> Value {
    server.nobody().get("/health").await.json()["dependencies"]["elevenlabs"].clone()
}

/// An agent that may not be written with is shown with this code; once that is mended the next customer is answered.
async fn is_shown_until_it_is_mended(behaviour: Behaviour, code: &str) {
    let server = start().await;
    goes_on(&server, PHONE).await;
    server.simulator.elevenlabs().set_behaviour(AGENT_ID, behaviour);
    writes(&server, PHONE, "¿A qué hora llega?");
    // How long an agent is given that says nothing is up to the session: longer than a test waits elsewhere.
    for _ in 0..SECONDS {
        if server.nobody().get("/health").await.json()["dependencies"]["elevenlabs"] == "error" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The customer is not left alone, and what is known of the call stays.
    let conversation = until(&server, |one| one["status"] == "escalated").await;
    assert_eq!((&conversation["reason"], &conversation["error"]["code"]), (&json!("failures"), &json!(code)));
    assert!(conversation["error"]["message"].as_str().unwrap().contains("text_only"), "{conversation}");
    assert!(conversation["call_summary"].as_str().unwrap().contains("Premium"), "{conversation}");
    let shown = stats(&server).await;
    assert_eq!((&shown["queue"]["failed"], &shown["agent"]["ok"]), (&json!(1), &json!(false)), "{shown}");
    assert_eq!((&shown["agent"]["code"], shown["agent"]["failing_since"].is_string()), (&json!(code), true));
    server.simulator.elevenlabs().set_behaviour(AGENT_ID, Behaviour::Echo);
    goes_on(&server, OTHER).await;
    writes(&server, OTHER, "¿Cuánto cuesta?");
    until_with(&server, OTHER, |one| one["message_count"] == 3).await;
    assert_eq!((elevenlabs_is(&server).await, &stats(&server).await["agent"]["code"]), (json!("ok"), &Value::Null));
    let kept = until(&server, |one| one["status"] == "escalated").await;
    assert_eq!(kept["error"]["code"], code, "what happened to the first is not forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_refuses_to_write_is_shown_where_an_operator_looks() {
    let reason = "Override for field 'text_only' is not allowed by config.".to_owned();
    let refuses = Behaviour::Refuse { code: 1008, error_type: Some("override_error".to_owned()), reason };
    is_shown_until_it_is_mended(refuses, "override_error").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_speaks_instead_of_writing_is_shown_where_an_operator_looks() {
    is_shown_until_it_is_mended(Behaviour::script(SPEAKS).unwrap(), "text_only_ignored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_speaks_as_it_writes_is_heard() {
    let server = start().await;
    goes_on(&server, PHONE).await;
    server.simulator.elevenlabs().set_behaviour(AGENT_ID, Behaviour::Deaf);
    writes(&server, PHONE, "¿A qué hora llega?");
    let conversation = until(&server, |one| one["message_count"] == 3).await;
    assert_eq!((&conversation["status"], &conversation["error"]), (&json!("active"), &Value::Null), "{conversation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_fails_again_and_again_gives_way_to_a_person() {
    let server = start().await;
    server.simulator.elevenlabs().set_manner(AGENT_ID, Manner::default());
    goes_on(&server, PHONE).await;
    server.simulator.elevenlabs().set_behaviour(AGENT_ID, Behaviour::Cut);
    writes(&server, PHONE, "¿A qué hora llega?");
    // Until then it is tried again, and the customer's question waits.
    until(&server, |one| one["error"]["code"].is_string()).await;
    let (waits, shown) = (until(&server, |_| true).await, stats(&server).await);
    assert_eq!((&waits["status"], &shown["queue"]["failed"]), (&json!("active"), &json!(0)), "{waits} {shown}");
    let conversation = until(&server, |one| one["status"] == "escalated").await;
    assert_eq!(conversation["reason"], "failures", "{conversation}");
    assert_eq!(stats(&server).await["queue"]["failed"], 1);
    let texts: Vec<_> = sent(&server).into_iter().filter_map(|body| body["Body"].as_str().map(str::to_owned)).collect();
    assert_eq!((texts.len(), texts[0].contains("persona")), (1, true), "half an answer is none: {texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_that_did_not_arrive_is_shown_with_the_providers_reason() {
    let server = start().await;
    let gone = Contact::new(PHONE).reached(Delivery::Failed, Some(63_024));
    server.simulator.twilio().set_contact(gone);
    goes_on(&server, PHONE).await;
    assert!(server.simulator.twilio().settled(Duration::from_secs(20)).await);
    server.running.state.engine.keep_continuations().await.unwrap();
    let conversation = until(&server, |one| one["status"] == "closed").await;
    assert_eq!((&conversation["reason"], &conversation["error"]["code"]), (&json!("not_sent"), &json!("63024")));
    assert!(conversation["closed_at"].is_string());
    let shown = stats(&server).await;
    let figures = (&shown["active_conversations"], &shown["total_conversations_today"], &shown["queue"]["failed"]);
    assert_eq!(figures, (&json!(0), &json!(0), &json!(1)), "{shown}");
    let id = conversation["elevenlabs_conversation_id"].as_str().unwrap();
    let again = tell(&server, &told(id, "completed")).await.json();
    assert_eq!((&again["success"], &again["status"]), (&json!(false), &json!("failed")), "{again}");
    assert_eq!(sent(&server).len(), 1, "nothing is sent twice");
    // Who writes nevertheless is a person's.
    writes(&server, PHONE, "¿Me llamaron?");
    until(&server, |one| one["message_count"] == 2).await;
    let talks = server.seller().get("/api/comunicaciones/conversaciones?no_leidas=true").await;
    assert_eq!(talks.data().as_array().map(Vec::len), Some(1), "{}", talks.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_came_too_late_for_whatsapp_is_followed_by_the_template() {
    let server = start().await;
    // They wrote, as we know it; WhatsApp sees that otherwise.
    let form = [
        ("SmsMessageSid", "SM00000000000000000000000000000008"),
        ("MessageSid", "SM00000000000000000000000000000008"),
        ("AccountSid", comms_simulator::twilio::ACCOUNT_SID),
        ("From", "whatsapp:+34600000011"),
        ("To", "whatsapp:+15005550006"),
        ("Body", "Llámenme, por favor"),
        ("NumMedia", "0"),
    ];
    assert_eq!(server.twilio("/webhook/twilio/incoming", &form).await.status, 200);
    goes_on(&server, PHONE).await;
    assert!(sent(&server)[0]["Body"].is_string(), "the window is open as far as we know");
    assert!(server.simulator.twilio().settled(Duration::from_secs(20)).await);
    server.running.state.engine.keep_continuations().await.unwrap();
    until(&server, |_| sent(&server).len() == 2).await;
    let messages = sent(&server);
    assert_eq!((messages.len(), &messages[1]["ContentSid"]), (2, &json!(CONTENT_SID)), "{messages:?}");
    let service = server.nobody().with("x-service-token", SERVICE);
    let one = service.get(&conversation_of(PHONE)).await.json()["conversation"].clone();
    assert_eq!((&one["status"], &one["error"]), (&json!("active"), &Value::Null), "{one}");
}
