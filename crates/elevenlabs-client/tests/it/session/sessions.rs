//! Sessions by hand: what is refused before anything is opened, tools of ours, several messages.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_http::ErrorKind;
use elevenlabs_client::{
    ClientData, limits,
    session::{
        ClientTool, ClientTools, Close, Opening,
        frames::{ClientToolCall, ServerFrame},
    },
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    dialogue::{metadata, response},
    peer::{Line, Peer, Scenario},
};

fn says(frame: Value) -> Line {
    Line::Says(frame.to_string())
}

fn hears(kind: &str) -> Line {
    Line::Hears(json!({"type": kind}))
}

/// Opens, and answers one message.
fn answering(then: impl IntoIterator<Item = Line>) -> Scenario {
    let open = [hears("conversation_initiation_client_data"), says(metadata()), hears("user_message")];
    Scenario::new("by hand", open.into_iter().chain(then))
}

fn tool_call(name: &str) -> Line {
    let call = json!({"tool_name": name, "tool_call_id": "tool_1", "parameters": {"order": "4521"}, "event_id": 3});
    says(json!({"type": "client_tool_call", "client_tool_call": call}))
}

#[derive(Debug)]
struct Lookup(Duration);

#[async_trait]
impl ClientTool for Lookup {
    async fn run(&self, call: &ClientToolCall) -> Result<String, String> {
        tokio::time::sleep(self.0).await;
        match call.parameters["order"].as_str() {
            Some("4521") => Ok(json!({"status": "on the way"}).to_string()),
            _ => Err("no such order".to_owned()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_of_ours_is_used_and_its_result_is_text() {
    let ping = says(json!({"type": "ping", "ping_event": {"event_id": 9}}));
    let script =
        answering([tool_call("lookup"), ping, hears("pong"), hears("client_tool_result"), says(response("Va.", 4))]);
    let peer = Peer::new([script]);
    let tools = ClientTools::none().with("lookup", Arc::new(Lookup(Duration::from_secs(3))));
    let sessions = peer.client().text_sessions().tools(tools);
    let answer = sessions.answer(&Opening::agent("agent_test"), &[], "¿Dónde está?").await.unwrap();
    assert_eq!(answer.texts, ["Va."]);
    assert!(!answer.tools[0].is_error);
    let result = &peer.heard(0)[3];
    assert_eq!(result["result"], "{\"status\":\"on the way\"}");
    assert_eq!(result["is_error"], false);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_hangs_is_an_error_to_the_model() {
    let script = answering([tool_call("lookup"), hears("client_tool_result"), says(response("No lo sé.", 4))]);
    let peer = Peer::new([script]);
    let tools = ClientTools::none().with("lookup", Arc::new(Lookup(Duration::from_secs(600))));
    let began = Instant::now();
    let sessions = peer.client().text_sessions().tools(tools);
    let answer = sessions.answer(&Opening::agent("agent_test"), &[], "¿Dónde está?").await.unwrap();
    assert_eq!(answer.texts, ["No lo sé."]);
    assert!(answer.tools[0].is_error);
    assert!(began.elapsed() < limits::TOOL_WITHIN + Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_session_takes_several_messages() {
    let script = answering([
        says(response("El jueves.", 3)),
        hears("user_activity"),
        hears("user_message"),
        // What was said to the first comes once more.
        says(response("El jueves.", 3)),
        says(response("A las nueve.", 5)),
    ]);
    let peer = Peer::new([script]);
    let mut session = peer.client().text_sessions().open(&Opening::agent("agent_test")).await.unwrap();
    assert_eq!(session.conversation_id(), Some("conv_1"));
    assert_eq!(session.ask("¿Cuándo?").await.unwrap().texts, ["El jueves."]);
    session.activity().await.unwrap();
    session.idle(Duration::from_secs(30)).await.unwrap();
    assert_eq!(session.ask("¿A qué hora?").await.unwrap().texts, ["A las nueve."]);
    session.close().await;
    assert_eq!(peer.left(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_agent_and_the_key_are_named_and_a_signed_address_needs_no_key() {
    let script = answering([says(response("Sí.", 3))]);
    let peer = Peer::new([script]);
    let sessions = peer.client().text_sessions();
    sessions.answer(&Opening::agent("agent test"), &[], "¿Sí?").await.unwrap();
    let signed = "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=a&conversation_signature=cvtkn_secret";
    sessions.answer(&Opening::signed_url(signed), &[], "¿Sí?").await.unwrap();
    let handshakes = peer.handshakes();
    assert_eq!(handshakes[0].url.as_str(), "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=agent+test");
    assert_eq!(handshakes[0].headers["xi-api-key"], "sk_an-invented-key");
    assert!(handshakes[0].headers["xi-api-key"].is_sensitive());
    assert_eq!(handshakes[1].url.as_str(), signed);
    assert!(handshakes[1].headers.is_empty());
    let shown = format!("{handshakes:?} {:?}", Opening::signed_url(signed));
    assert!(!shown.contains("cvtkn_secret") && !shown.contains("invented"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_opens_nothing() {
    let peer = Peer::new([answering([])]);
    let sessions = peer.client().text_sessions();
    let agent = Opening::agent("agent_test");
    let long = "a".repeat(limits::MESSAGE_BYTES + 1);
    let cases = [
        (agent.clone(), " \n"),
        (agent.clone(), long.as_str()),
        (Opening::agent(" "), "Hola"),
        (Opening::signed_url("ws://api.elevenlabs.io/v1/convai/conversation"), "Hola"),
        (Opening::signed_url("nothing"), "Hola"),
    ];
    for (opening, message) in cases {
        let error = sessions.answer(&opening, &[], message).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    assert_eq!(peer.sessions(), 0);
    for data in [ClientData::new().variable("system__x", 1), ClientData::new().variable("list", json!([1]))] {
        let error = sessions.answer(&agent.clone().data(data), &[], "Hola").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    let context = "a".repeat(limits::CONTEXT_BYTES + 1);
    let error = sessions.answer(&agent, &[("chat", &context)], "Hola").await.unwrap_err();
    assert_eq!(error.field_name(), Some("contexts"));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_whatever_became_of_the_session() {
    let broken = Scenario::new("broken", [Line::Closes(Close::broken())]);
    let peer = Peer::new([broken.clone(), broken, answering([says(response("Sí.", 3))])]);
    let client = peer.client();
    let free = client.free_sessions();
    let sessions = client.text_sessions();
    assert!(sessions.answer(&Opening::agent("agent_test"), &[], "¿Sí?").await.is_err());
    assert_eq!(client.free_sessions(), free);
    sessions.answer(&Opening::agent("agent_test"), &[], "¿Sí?").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(client.free_sessions(), free);
}

/// A server that says so much that there is never a moment of silence.
#[tokio::test(start_paused = true)]
async fn chatter_does_not_hold_the_deadline_up() {
    let frame = json!({"type": "agent_typing", "agent_typing_event": {"is_typing": true}});
    let mut lines = Vec::new();
    for _ in 0..200 {
        lines.push(says(frame.clone()));
        lines.push(Line::Sleeps(Duration::from_millis(500)));
    }
    let peer = Peer::new([answering(lines)]);
    let began = Instant::now();
    let mut session = peer.client().text_sessions().open(&Opening::agent("agent_test")).await.unwrap();
    let error = session.ask("¿Sí?").await.unwrap_err();
    assert_eq!(error.provider_code(), Some("no_answer"));
    assert!(began.elapsed() < limits::ANSWER_WITHIN + Duration::from_secs(2));
    let is_typing = ServerFrame::read(&frame.to_string()).unwrap();
    assert_eq!(is_typing.name(), "agent_typing");
}
