//! ElevenLabs' agents as the toolkit sees them: what they answer in writing. Over a socket in memory, on a clock that stands still.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use comms_core::{AgentChat, AgentContext, AgentTurn, TextAgent};
use comms_http::{ErrorKind, Outcome, Result};
use elevenlabs_client::{
    Client, Config, ElevenLabsAgent,
    session::{Close, Connector, Handshake, Incoming, Socket},
};
use serde_json::{Value, json};

use crate::support::Script;

/// What the other side does, in order.
#[derive(Clone, Debug)]
enum Step {
    /// Waits for a frame of this type.
    Hear(&'static str),
    Say(Value),
    Close(u16, &'static str),
}

/// ElevenLabs: a script for each session, and what was said to it.
#[derive(Debug, Default)]
struct Double {
    sessions: Mutex<VecDeque<Vec<Step>>>,
    heard: Arc<Mutex<Vec<Value>>>,
    opened: Mutex<Vec<String>>,
}

impl Double {
    fn new(sessions: impl IntoIterator<Item = Vec<Step>>) -> Arc<Self> {
        Arc::new(Self { sessions: Mutex::new(sessions.into_iter().collect()), ..Self::default() })
    }

    fn agent(self: &Arc<Self>) -> ElevenLabsAgent {
        self.agent_that_keeps(0)
    }

    fn agent_that_keeps(self: &Arc<Self>, seconds: u64) -> ElevenLabsAgent {
        let mut config = Config::new("sk_an-invented-key");
        config.keep_sessions = Some(seconds);
        let builder = Client::builder(config).transport(Script::new([]));
        ElevenLabsAgent::new(builder.connector(self.clone()).build().unwrap())
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }

    fn opened(&self) -> usize {
        self.opened.lock().unwrap().len()
    }
}

#[async_trait]
impl Connector for Double {
    async fn connect(&self, call: Handshake) -> Result<Box<dyn Socket>> {
        self.opened.lock().unwrap().push(call.url.into());
        let steps = self.sessions.lock().unwrap().pop_front().expect("one session too many");
        Ok(Box::new(Line { steps: steps.into(), heard: self.heard.clone(), waiting: VecDeque::new() }))
    }
}

#[derive(Debug)]
struct Line {
    steps: VecDeque<Step>,
    heard: Arc<Mutex<Vec<Value>>>,
    /// Types of frames that were said to us and not waited for yet.
    waiting: VecDeque<String>,
}

#[async_trait]
impl Socket for Line {
    async fn send(&mut self, text: String) -> Result<()> {
        let frame: Value = serde_json::from_str(&text).unwrap();
        self.waiting.push_back(frame["type"].as_str().unwrap().to_owned());
        self.heard.lock().unwrap().push(frame);
        Ok(())
    }

    async fn next(&mut self) -> Incoming {
        while let Some(Step::Hear(kind)) = self.steps.front() {
            match self.waiting.pop_front() {
                Some(heard) if heard == *kind => drop(self.steps.pop_front()),
                Some(_) => {}
                // Nothing comes before something was said.
                None => return std::future::pending().await,
            }
        }
        match self.steps.front().cloned() {
            Some(Step::Say(frame)) => {
                self.steps.pop_front();
                Incoming::Text(frame.to_string())
            }
            Some(Step::Close(code, reason)) => Incoming::Closed(Close::new(code, reason)),
            _ => std::future::pending().await,
        }
    }

    async fn close(&mut self) {}
}

fn metadata() -> Step {
    Step::Say(json!({"type": "conversation_initiation_metadata",
        "conversation_initiation_metadata_event": {"conversation_id": "conv_2", "agent_output_audio_format": "pcm_16000"}}))
}

fn says(text: &str) -> Step {
    says_as(text, 3)
}

fn says_as(text: &str, event: i64) -> Step {
    Step::Say(json!({"type": "agent_response", "agent_response_event": {"agent_response": text, "event_id": event}}))
}

const BEGUN: Step = Step::Hear("conversation_initiation_client_data");
const ASKED: Step = Step::Hear("user_message");

fn turn() -> AgentTurn {
    let mut turn = AgentTurn::new("agent_01", "thread-1", "Hola, ¿a qué hora llega?");
    turn.user = Some("cliente-42".to_owned());
    turn.language = Some("es".to_owned());
    turn
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_a_session_that_is_told_the_past_and_asked_once() {
    let double = Double::new([vec![BEGUN, metadata(), ASKED, says("El jueves.")]]);
    let mut turn = turn();
    turn.variables = [
        ("client_name", json!("Ana")),
        ("calls", json!(2)),
        ("system__time", json!("now")),
        ("empty", json!(null)),
        ("list", json!(["a"])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    turn.contexts = [("prior_call", "Phone call (27 s): Thursday."), ("chat", "[customer] Hola")]
        .map(|(id, text)| AgentContext { id: id.to_owned(), text: text.to_owned() })
        .into();
    let reply = double.agent().reply(&turn).await.unwrap();
    assert_eq!(
        (reply.texts, reply.session.as_deref(), reply.ended),
        (vec!["El jueves.".to_owned()], Some("conv_2"), false)
    );
    assert_eq!((reply.escalation, &reply.raw["agent_response"]), (None, &json!(["El jueves."])));
    let heard = double.heard();
    let begun = &heard[0];
    assert_eq!(begun["conversation_config_override"]["agent"], json!({"first_message": "", "language": "es"}));
    assert_eq!(begun["conversation_config_override"]["conversation"]["text_only"], true);
    assert_eq!(begun["user_id"], "cliente-42");
    // What ElevenLabs would not take does not end the session.
    assert_eq!(begun["dynamic_variables"], json!({"client_name": "Ana", "calls": 2, "list": "[\"a\"]"}));
    let told: Vec<_> =
        heard[1..].iter().map(|frame| (frame["type"].as_str().unwrap(), frame["context_id"].as_str())).collect();
    assert_eq!(
        told,
        [("contextual_update", Some("prior_call")), ("contextual_update", Some("chat")), ("user_message", None)]
    );
    assert!(double.opened.lock().unwrap()[0].ends_with("/v1/convai/conversation?agent_id=agent_01"));
}

#[tokio::test(start_paused = true)]
async fn the_agents_tool_asks_for_a_person() {
    let call = |name: &str| {
        Step::Say(json!({"type": "client_tool_call", "client_tool_call": {
            "tool_name": name, "tool_call_id": "t1", "parameters": {"reason": "wants a refund"}, "event_id": 4}}))
    };
    let asks = |name| {
        vec![BEGUN, metadata(), ASKED, call(name), Step::Hear("client_tool_result"), says("Le paso con una persona.")]
    };
    let double = Double::new([asks("escalate_to_human"), asks("another"), asks("pedir_persona")]);
    let reply = double.agent().reply(&turn()).await.unwrap();
    assert_eq!(reply.escalation.as_deref(), Some("wants a refund"));
    assert_eq!(reply.texts, ["Le paso con una persona."]);
    let results: Vec<_> = double.heard().into_iter().filter(|frame| frame["type"] == "client_tool_result").collect();
    assert_eq!((results.len(), &results[0]["is_error"]), (1, &json!(false)));
    assert_eq!(double.agent().reply(&turn()).await.unwrap().escalation, None);
    let named = double.agent().escalation_tools(["pedir_persona"]);
    assert!(named.reply(&turn()).await.unwrap().escalation.is_some());
}

#[tokio::test(start_paused = true)]
async fn where_the_agent_never_answers_it_is_asked_once_more_in_a_new_session() {
    let silent = || vec![BEGUN, metadata(), ASKED];
    let double = Double::new([silent(), vec![BEGUN, metadata(), ASKED, says("El jueves.")]]);
    assert_eq!(double.agent().reply(&turn()).await.unwrap().texts, ["El jueves."]);
    assert_eq!(double.opened(), 2);
    let double = Double::new([silent(), silent()]);
    let error = double.agent().reply(&turn()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome(), double.opened()), (ErrorKind::Provider, Outcome::NotSent, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_an_operator_has_to_mend() {
    let refusals = [
        ("Override for field 'text_only' is not allowed by config.", "override_error"),
        ("Missing required dynamic variables in first message: {'order_id'}", "missing_dynamic_variable"),
    ];
    for (reason, code) in refusals {
        let double = Double::new([vec![BEGUN, Step::Close(1008, reason)]]);
        let error = double.agent().reply(&turn()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::Rejected), "{error}");
        assert_eq!((error.provider_code(), error.is_about_account()), (Some(code), false));
        assert_eq!(double.opened(), 1);
    }
}

/// The turn of this number in a chat.
fn turn_of(burst: u32, answered: Option<&str>) -> AgentTurn {
    let mut turn = turn();
    turn.contexts.push(AgentContext { id: "chat".to_owned(), text: "[customer] Hola".to_owned() });
    turn.chat = Some(AgentChat { burst, answered: answered.map(str::to_owned), since: None, facts: 1 });
    turn
}

#[tokio::test(start_paused = true)]
async fn a_kept_session_is_told_only_what_happened_since() {
    let asked_twice = vec![BEGUN, metadata(), ASKED, says("El jueves."), ASKED, says_as("A las nueve.", 5)];
    let double = Double::new([asked_twice, vec![BEGUN, metadata(), ASKED, says("De nuevo.")]]);
    let agent = double.agent_that_keeps(300);
    assert_eq!(agent.reply(&turn_of(1, None)).await.unwrap().raw["kept"], false);
    let mut second = turn_of(2, Some("El jueves."));
    let since = AgentContext { id: "since_2".to_owned(), text: "[team] Le llamo luego.".to_owned() };
    second.chat.as_mut().unwrap().since = Some(since);
    let reply = agent.reply(&second).await.unwrap();
    assert_eq!((reply.texts, &reply.raw["kept"]), (vec!["A las nueve.".to_owned()], &json!(true)));
    assert_eq!(reply.session.as_deref(), Some("conv_2"));
    let told = double.heard();
    let told: Vec<_> = told.iter().filter_map(|frame| frame["context_id"].as_str()).collect();
    assert_eq!(told, ["chat", "since_2"]);
    // What is not known to follow is a session of its own, told everything.
    let unknown = AgentTurn { chat: None, ..turn_of(3, None) };
    assert_eq!(agent.reply(&unknown).await.unwrap().texts, ["De nuevo."]);
    agent.close().await;
    assert_eq!((double.opened(), agent.client().kept_sessions()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_asked_for_a_person_is_not_kept() {
    let call = json!({"tool_name": "escalate_to_human", "tool_call_id": "t1", "parameters": {}, "event_id": 4});
    let call = Step::Say(json!({"type": "client_tool_call", "client_tool_call": call}));
    let steps = vec![BEGUN, metadata(), ASKED, call, Step::Hear("client_tool_result"), says("Le paso.")];
    let double = Double::new([steps]);
    let agent = double.agent_that_keeps(300);
    assert!(agent.reply(&turn_of(1, None)).await.unwrap().escalation.is_some());
    assert_eq!(agent.client().kept_sessions(), 0);
}
