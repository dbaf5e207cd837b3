//! Against the double of ElevenLabs, over a network.

use std::time::Duration;

use comms_http::ErrorKind;
use comms_simulator::{
    Config as World, Fault, FaultRule, Simulator,
    elevenlabs::{AGENT_ID, API_KEY, Behaviour, CLOSED_AGENT_ID, Manner},
    faults::ProviderError,
};
use elevenlabs_client::{
    Client, ClientData, Config,
    session::{Answer, Opening, TextSessions, Thread, Timing},
};

use super::peer::Scenario;

fn world() -> (Simulator, TextSessions) {
    let simulator = Simulator::start(World::default()).unwrap();
    let sessions = sessions(&simulator, API_KEY);
    (simulator, sessions)
}

fn sessions(simulator: &Simulator, key: &str) -> TextSessions {
    sessions_of(&client(simulator, key))
}

fn client(simulator: &Simulator, key: &str) -> Client {
    let transport = comms_conformance::script::Script::new([]);
    let mut config = Config::new(key);
    config.keep_sessions = Some(60);
    Client::builder(config).base_url(simulator.url()).transport(transport).build().unwrap()
}

fn sessions_of(client: &Client) -> TextSessions {
    let mut timing = Timing::default();
    timing.quiet = Duration::from_millis(150);
    timing.settle = Duration::from_millis(50);
    timing.metadata = Duration::from_millis(500);
    timing.answer = Duration::from_millis(1_500);
    client.text_sessions().timing(timing)
}

async fn ask(sessions: &TextSessions, text: &str) -> comms_http::Result<Answer> {
    let opening = Opening::agent(AGENT_ID).user("cliente-42").variable("client_name", "Marta");
    sessions.answer(&opening, &[("prior_call", "She chose Thursday."), ("chat", "[customer] Yes.")], text).await
}

#[tokio::test]
async fn an_agent_knows_what_it_was_told() {
    let (simulator, sessions) = world();
    let answer = ask(&sessions, "¿A qué hora?").await.unwrap();
    assert_eq!(answer.texts, ["Recibido: «¿A qué hora?». Sé de: prior_call, chat, client_name."]);
    let held = simulator.elevenlabs().text_sessions();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].conversation_id, answer.conversation_id);
    assert_eq!(held[0].contexts[0], ("prior_call".to_owned(), "She chose Thursday.".to_owned()));
    assert_eq!(held[0].client_data["user_id"], "cliente-42");
    assert_eq!((held[0].messages.len(), &held[0].answers), (1, &answer.texts));
    let violations = simulator.ledger().violations();
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test]
async fn an_agent_writes_in_pieces_asks_for_a_person_and_leaves() {
    let (simulator, sessions) = world();
    let manner = Manner { whole: false, end_on: Some("adiós".to_owned()), ..Manner::default() };
    simulator.elevenlabs().set_manner(AGENT_ID, manner);
    let pieces = ask(&sessions, "Hola").await.unwrap();
    assert!(pieces.texts[0].starts_with("Recibido: «Hola»"), "{pieces:?}");
    let person = ask(&sessions, "Quiero hablar con un humano").await.unwrap();
    assert_eq!(person.texts, ["Le paso con una persona."]);
    assert_eq!(person.tools[0].name, "escalate_to_human");
    assert_eq!(person.tools[0].parameters["reason"], "Quiero hablar con un humano");
    assert!(person.tools[0].is_error, "nobody gave it that tool");
    let gone = ask(&sessions, "Gracias, adiós").await.unwrap();
    assert!(gone.ended && gone.texts.len() == 1, "{gone:?}");
}

#[tokio::test]
async fn an_agent_that_fails_once_is_asked_again() {
    let (simulator, sessions) = world();
    for behaviour in [Behaviour::Cut, Behaviour::Silent, Behaviour::Dumb] {
        simulator.elevenlabs().next_sessions(AGENT_ID, [behaviour.clone()]);
        let answer = ask(&sessions, "¿Sí?").await.unwrap_or_else(|error| panic!("{behaviour:?}: {error}"));
        assert_eq!(answer.texts.len(), 1, "{behaviour:?}");
    }
    assert_eq!(simulator.elevenlabs().text_sessions().len(), 6);
}

#[tokio::test]
async fn overrides_are_refused_or_passed_over() {
    let (simulator, sessions) = world();
    let closed = Opening::agent(CLOSED_AGENT_ID);
    let error = sessions.answer(&closed, &[], "Hola").await.unwrap_err();
    assert_eq!((error.provider_code(), error.kind()), (Some("override_error"), ErrorKind::Config));
    // As it is set, it greets first.
    let plain = closed.data(ClientData::new());
    let answer = sessions.answer(&plain, &[], "¿A qué hora?").await.unwrap();
    assert_eq!(answer.texts, ["Recibido: «¿A qué hora?»."]);
    simulator.elevenlabs().next_sessions(AGENT_ID, [Behaviour::Deaf]);
    let deaf = ask(&sessions, "¿A qué hora?").await.unwrap();
    assert!(deaf.spoke && deaf.texts.len() == 1 && deaf.texts[0].starts_with("Recibido"), "{deaf:?}");
}

#[tokio::test]
async fn what_refuses_a_session() {
    let (simulator, good) = world();
    let wrong_key = sessions(&simulator, "sk_another-invented-key");
    assert_eq!(ask(&wrong_key, "Hola").await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let nobody = good.answer(&Opening::agent("agent_nobody"), &[], "Hola").await.unwrap_err();
    assert_eq!(nobody.status(), Some(404));
    let busy = ProviderError { status: Some(429), ..ProviderError::default() };
    simulator.inject(FaultRule::new("elevenlabs.session", Fault::Error(busy)));
    assert_eq!(ask(&good, "Hola").await.unwrap_err().kind(), ErrorKind::RateLimited);
    simulator.clear_faults();
    simulator.configure(|config| config.elevenlabs.concurrency = Some(0));
    assert_eq!(ask(&good, "Hola").await.unwrap_err().provider_code(), Some("concurrent_limit_exceeded"));
    simulator.configure(|config| config.elevenlabs.concurrency = None);
    let manner = Manner { variables: vec!["order".to_owned()], ..Manner::default() };
    simulator.elevenlabs().set_manner(AGENT_ID, manner);
    assert_eq!(ask(&good, "Hola").await.unwrap_err().provider_code(), Some("missing_dynamic_variable"));
}

#[tokio::test]
async fn the_scenarios_go_the_same_way_over_a_network() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/ws_scenarios");
    let (simulator, sessions) = world();
    for (scenario, (name, expected, _)) in Scenario::all().iter().zip(super::scenarios::EXPECTED) {
        let text = std::fs::read_to_string(format!("{folder}/{name}.jsonl")).unwrap();
        let script = Behaviour::script(&text).unwrap();
        simulator.elevenlabs().set_behaviour(AGENT_ID, script);
        let contexts = scenario.contexts();
        let contexts: Vec<_> = contexts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        let opening = Opening::agent(AGENT_ID).data(scenario.opening().data);
        let answered = sessions.answer(&opening, &contexts, &scenario.message()).await;
        match (&answered, expected) {
            (Ok(answer), Ok(texts)) => assert_eq!(answer.texts, texts, "{name}"),
            (Err(error), Err(code)) => assert_eq!(error.provider_code(), Some(code), "{name}: {error}"),
            _ => panic!("{name}: {answered:?}"),
        }
    }
}

/// One message of a thread.
async fn ask_in(sessions: &TextSessions, number: u64, answered: Option<&str>, text: &str) -> Answer {
    let thread = Thread { id: "thread-1", number, answered, since: None, facts: 0, leaves_by: &[] };
    let opening = Opening::agent(AGENT_ID);
    sessions.answer_in(thread, &opening, &[("chat", "[customer] Yes.")], text).await.unwrap()
}

#[tokio::test]
async fn two_messages_are_said_over_one_web_socket_and_the_third_over_a_new_one_once_it_is_cut() {
    let (simulator, _) = world();
    let client = client(&simulator, API_KEY);
    let sessions = sessions_of(&client);
    let first = ask_in(&sessions, 1, None, "¿Cuándo?").await;
    let second = ask_in(&sessions, 2, Some(&first.texts[0]), "¿A qué hora?").await;
    assert_eq!((first.kept, second.kept), (false, true));
    assert_eq!(second.texts, ["Recibido: «¿A qué hora?». Sé de: chat."]);
    let held = simulator.elevenlabs().text_sessions();
    assert_eq!((held.len(), held[0].messages.len(), held[0].contexts.len(), held[0].closed), (1, 2, 1, None));
    simulator.elevenlabs().cut_sessions();
    let third = ask_in(&sessions, 3, Some(&second.texts[0]), "¿Y el viernes?").await;
    assert_eq!((third.texts, third.kept), (vec!["Recibido: «¿Y el viernes?». Sé de: chat.".to_owned()], false));
    client.close_kept().await;
    let held = simulator.elevenlabs().text_sessions();
    let closed: Vec<_> = held.iter().map(|session| session.closed).collect();
    assert_eq!(closed, [Some(1006), Some(1000)]);
    let violations = simulator.ledger().violations();
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test]
async fn an_agent_that_ends_a_kept_conversation_for_want_of_words_is_opened_anew() {
    let (simulator, _) = world();
    simulator.elevenlabs().set_manner(AGENT_ID, Manner { idle_ms: 400, ..Manner::default() });
    let sessions = sessions_of(&client(&simulator, API_KEY));
    let first = ask_in(&sessions, 1, None, "¿Cuándo?").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(simulator.elevenlabs().text_sessions()[0].closed, Some(1002));
    assert!(!ask_in(&sessions, 2, Some(&first.texts[0]), "¿A qué hora?").await.kept);
}
