//! The whole of it: a call ends, the template goes out, the customer writes, the agent answers once and knows of the call, a person takes
//! over.

use comms_server::config::Settings;
use comms_simulator::{
    elevenlabs::{AGENT_ID, API_KEY, Behaviour, Manner, PhoneCall, TextSession, WEBHOOK_SECRET},
    twilio::{CONTENT_SID, InboundMessage, NUMBER},
};
use serde_json::Value;

use crate::support::TestServer;

const MARTA: &str = "+34600000021";
const LUIS: &str = "+34600000022";
const SERVICE: &str = "an-invented-service-token";

async fn start() -> TestServer {
    start_with(agents).await
}

async fn start_with(set: impl FnOnce(&mut Settings)) -> TestServer {
    let server = TestServer::start_with(set).await;
    let url = format!("{}/webhook/elevenlabs", server.base);
    server.simulator.configure(|config| config.elevenlabs.set_webhook_url(&url));
    server
}

fn agents(settings: &mut Settings) {
    settings.auth.microservice_token = Some(SERVICE.into());
    let elevenlabs = &mut settings.elevenlabs;
    elevenlabs.api_base.clone_from(&settings.twilio.api_base);
    elevenlabs.api_key = Some(API_KEY.into());
    elevenlabs.webhook_secret = Some(WEBHOOK_SECRET.into());
    elevenlabs.agent_ids = vec![AGENT_ID.to_owned()];
    elevenlabs.debounce_ms = 1_000;
    elevenlabs.rules.account = Some(format!("twilio-whatsapp:{NUMBER}").as_str().into());
    elevenlabs.rules.template = Some(CONTENT_SID.to_owned());
    elevenlabs.rules.template_variables = Some(vec!["{client_name|cliente}".to_owned(), "{summary|—}".to_owned()]);
}

/// A call ends, ElevenLabs tells of it, and the first message goes out.
async fn called(server: &TestServer, phone: &str, name: &str) {
    let call = PhoneCall::to(phone).with_variable("client_name", name);
    server.simulator.elevenlabs().call(call).unwrap();
    until(server, phone, |one| one["messages"][0]["direction"] == "outbound").await;
}

fn writes(server: &TestServer, phone: &str, text: &str) {
    server.simulator.twilio().inbound_message(InboundMessage::whatsapp(phone, NUMBER, text)).unwrap();
}

/// Waits until a conversation is as it should be.
async fn until(server: &TestServer, phone: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/conversations/{phone}");
    server
        .until_on(&path, |answer| {
            let conversation = answer.json()["conversation"].clone();
            wanted(&conversation).then_some(conversation)
        })
        .await
}

fn outbound(conversation: &Value) -> Vec<&str> {
    let messages = conversation["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours = messages.iter().filter(|message| message["direction"] == "outbound");
    ours.filter_map(|message| message["content"].as_str()).collect()
}

/// What was sent to somebody: template or text.
fn sent(server: &TestServer, phone: &str) -> Vec<String> {
    let sends = server.simulator.ledger().sends();
    let to_them = sends
        .iter()
        .filter_map(|call| call.body.as_ref())
        .filter(|body| body["To"].as_str().is_some_and(|to| to.trim_start_matches("whatsapp:") == phone));
    to_them.map(|body| body["Body"].as_str().or_else(|| body["ContentSid"].as_str()).unwrap().to_owned()).collect()
}

/// The sessions in which something of this was asked.
fn asked(server: &TestServer, text: &str) -> Vec<TextSession> {
    let all = server.simulator.elevenlabs().text_sessions();
    all.into_iter().filter(|session| session.messages.iter().any(|message| message.contains(text))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_as_a_chat_until_a_person_takes_over() {
    let server = start().await;
    // The agent asks for a person by itself, at a word that no rule of ours knows.
    let manner = Manner { delay_ms: 50, escalate_on: Some("gerencia".to_owned()), ..Manner::default() };
    server.simulator.elevenlabs().set_manner(AGENT_ID, manner);
    called(&server, MARTA, "Marta").await;
    assert_eq!(sent(&server, MARTA), [CONTENT_SID], "nobody wrote within 24 hours, so a template");

    for text in ["Hola", "¿A qué hora llega?", "El jueves, digo."] {
        writes(&server, MARTA, text);
    }
    let conversation = until(&server, MARTA, |one| outbound(one).len() == 2).await;
    let answer = outbound(&conversation)[1].to_owned();
    assert!(answer.starts_with("Recibido: «"), "{answer}");
    let sessions = asked(&server, "¿A qué hora llega?");
    assert_eq!(sessions.len(), 1, "three messages, one question: {sessions:?}");
    for text in ["Hola", "¿A qué hora llega?", "El jueves, digo."] {
        assert!(sessions[0].messages[0].contains(text), "{sessions:?}");
    }
    let known: Vec<_> = sessions[0].contexts.iter().map(|(_, text)| text.as_str()).collect();
    assert!(known.iter().any(|text| text.contains("Premium")), "it knows of the call: {known:?}");
    assert_eq!(sessions[0].closed, Some(1000));

    writes(&server, MARTA, "Quiero hablar con gerencia.");
    until(&server, MARTA, |one| one["status"] == "escalated").await;
    writes(&server, MARTA, "¿Hola? ¿Sigue ahí?");
    // Somebody else is answered meanwhile, to whom it would have come later.
    called(&server, LUIS, "Luis").await;
    writes(&server, LUIS, "¿Cuánto cuesta?");
    until(&server, LUIS, |one| outbound(one).len() == 2).await;
    assert!(asked(&server, "¿Sigue ahí?").is_empty(), "who was given to a person is the person's");
    let luis = asked(&server, "¿Cuánto cuesta?");
    assert!(!format!("{:?}", luis[0].contexts).contains("El jueves, digo."), "nobody hears of another: {luis:?}");

    let texts = sent(&server, MARTA);
    assert_eq!(texts.iter().filter(|text| **text == answer).count(), 1, "{texts:?}");
    assert!(server.simulator.ledger().violations().is_empty(), "{:?}", server.simulator.ledger().violations());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_is_told_to_the_next_session() {
    let server = start().await;
    called(&server, MARTA, "Marta").await;
    writes(&server, MARTA, "¿Hay descuento?");
    until(&server, MARTA, |one| outbound(one).len() == 2).await;
    writes(&server, MARTA, "¿Y para dos?");
    until(&server, MARTA, |one| outbound(one).len() == 3).await;
    let second = asked(&server, "¿Y para dos?");
    assert_eq!(second.len(), 1);
    let known = format!("{:?}", second[0].contexts);
    assert!(known.contains("¿Hay descuento?") && known.contains("Recibido: «¿Hay descuento?»"), "{known}");
    assert_eq!(second[0].messages, ["¿Y para dos?"], "the past is context, and not said again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_kept_answers_the_next_burst_and_a_new_one_is_told_everything_once_it_is_cut() {
    let server = start_with(|settings| {
        agents(settings);
        settings.elevenlabs.keep_sessions = 300;
    })
    .await;
    called(&server, MARTA, "Marta").await;
    for (at, text) in ["¿Hay descuento?", "¿Y para dos?"].into_iter().enumerate() {
        writes(&server, MARTA, text);
        until(&server, MARTA, |one| outbound(one).len() == at + 2).await;
    }
    let kept = server.simulator.elevenlabs().text_sessions();
    assert_eq!(kept.len(), 1, "one WebSocket for both: {kept:?}");
    assert_eq!(
        (kept[0].messages.as_slice(), kept[0].closed),
        (["¿Hay descuento?", "¿Y para dos?"].map(str::to_owned).as_slice(), None)
    );
    assert!(!format!("{:?}", kept[0].contexts).contains("¿Hay descuento?"), "it was there: {kept:?}");

    server.simulator.elevenlabs().cut_sessions();
    writes(&server, MARTA, "¿Y para tres?");
    let conversation = until(&server, MARTA, |one| outbound(one).len() == 4).await;
    let all = server.simulator.elevenlabs().text_sessions();
    assert_eq!((all.len(), all[0].closed, all[1].messages.len()), (2, Some(1006), 1), "{all:?}");
    let known = format!("{:?}", all[1].contexts);
    assert!(known.contains("Premium") && known.contains("¿Y para dos?"), "the call and the chat: {known}");
    let answers: Vec<&String> = all.iter().flat_map(|session| &session.answers).collect();
    assert_eq!(outbound(&conversation)[1..], answers, "one answer for each, as the agent said it");
    assert_eq!(sent(&server, MARTA).len(), 4);

    assert!(server.simulator.ledger().violations().is_empty(), "{:?}", server.simulator.ledger().violations());
    server.ask_to_stop().await;
    server.running.stop().await;
    let last = server.simulator.elevenlabs().text_sessions();
    assert_eq!(last[1].closed, Some(1000), "closed in order when the server ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_is_never_sent() {
    let server = start().await;
    called(&server, MARTA, "Marta").await;
    // The connection breaks in the middle, twice: the first session and the one that is tried at once.
    server.simulator.elevenlabs().next_sessions(AGENT_ID, [Behaviour::Cut, Behaviour::Cut]);
    writes(&server, MARTA, "¿A qué hora llega el pedido de mañana?");
    let conversation = until(&server, MARTA, |one| outbound(one).len() == 2).await;
    let whole = asked(&server, "pedido de mañana").into_iter().find_map(|session| session.answers.first().cloned());
    assert_eq!(Some(outbound(&conversation)[1].to_owned()), whole);
    assert_eq!(asked(&server, "pedido de mañana").len(), 3);
    // What is accepted is sent a moment later.
    until(&server, MARTA, |_| sent(&server, MARTA).len() == 2).await;
    assert_eq!(sent(&server, MARTA).len(), 2, "{:?}", sent(&server, MARTA));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_permits_no_overrides_is_a_matter_for_an_operator() {
    let server = start().await;
    called(&server, MARTA, "Marta").await;
    let reason = "Override for field 'text_only' is not allowed by config.".to_owned();
    let refuse = Behaviour::Refuse { code: 1008, error_type: None, reason };
    server.simulator.elevenlabs().set_behaviour(AGENT_ID, refuse);
    writes(&server, MARTA, "¿A qué hora llega?");
    // Asking again does not help: the customer is not left alone.
    let conversation = until(&server, MARTA, |one| one["status"] == "escalated").await;
    assert_eq!(asked(&server, "¿A qué hora llega?").len(), 0, "it was refused before anything was said");
    let told = until(&server, MARTA, |one| outbound(one).len() == 2).await;
    assert!(outbound(&told)[1].contains("persona"), "{told}");
    assert!(conversation["reason"].is_string(), "{conversation}");
}
