//! The eighteen conversations, on a clock that does not wait.

use std::time::Duration;

use comms_http::{ErrorKind, Outcome, Result};
use elevenlabs_client::session::{Answer, Close, TextSessions};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    frames::without_empty,
    peer::{Line, Peer, Scenario},
};

async fn answer(sessions: &TextSessions, scenario: &Scenario) -> Result<Answer> {
    let contexts = scenario.contexts();
    let contexts: Vec<_> = contexts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    sessions.answer(&scenario.opening(), &contexts, &scenario.message()).await
}

async fn play(scenario: &Scenario) -> (Result<Answer>, Peer) {
    let peer = Peer::new([scenario.clone()]);
    let answered = answer(&peer.client().text_sessions(), scenario).await;
    // What is left to do is the close.
    tokio::time::sleep(Duration::from_secs(1)).await;
    (answered, peer)
}

/// A scenario, its texts or the code of its error, and how many sessions it takes.
pub type Expected = (&'static str, std::result::Result<&'static [&'static str], &'static str>, usize);

/// What becomes of each.
pub const EXPECTED: [Expected; 18] = [
    ("01_single_turn", Ok(&["Hola Marta, el jueves entre las 9 y las 12."]), 1),
    ("02_parts_only", Ok(&["Hola Marta"]), 1),
    ("03_first_message_not_reply", Ok(&["Hola Marta, el jueves entre las 9 y las 12."]), 1),
    ("04_correction", Ok(&["El jueves entre las 9"]), 1),
    ("05_client_tool_unsupported", Ok(&["No puedo consultarlo ahora, pero es el jueves."]), 1),
    ("06_end_call", Ok(&["¡Hasta luego!"]), 1),
    ("07_override_error", Err("override_error"), 1),
    ("08_override_close_only", Err("override_error"), 1),
    ("09_missing_dynamic_variable", Err("missing_dynamic_variable"), 1),
    ("10_llm_timeout", Err("llm_timeout"), 1),
    ("11_silence", Err("no_answer"), 2),
    ("12_idle_60s", Ok(&["Hola Marta, el jueves entre las 9 y las 12."]), 1),
    ("13_two_replies", Ok(&["Un momento, por favor.", "Hola Marta, el jueves entre las 9 y las 12."]), 1),
    ("14_unknown_and_noise", Ok(&["Hola Marta, el jueves entre las 9 y las 12."]), 1),
    ("15_abrupt_close_mid_reply", Err("broken_off"), 2),
    ("16_max_duration", Err("max_duration_exceeded"), 1),
    ("17_metadata_never_comes", Err("no_metadata"), 2),
    ("18_text_frame_not_json", Ok(&["Hola Marta, el jueves entre las 9 y las 12."]), 1),
];

#[tokio::test(start_paused = true)]
async fn each_scenario_yields_one_reply_or_none() {
    let all = Scenario::all();
    assert_eq!(all.len(), EXPECTED.len());
    for (scenario, (name, expected, sessions)) in all.iter().zip(EXPECTED) {
        assert_eq!(scenario.name, name);
        let began = Instant::now();
        let (answered, peer) = play(scenario).await;
        match (&answered, expected) {
            (Ok(answer), Ok(texts)) => assert_eq!(answer.texts, texts, "{name}"),
            (Err(error), Err(code)) => assert_eq!(error.provider_code(), Some(code), "{name}: {error}"),
            _ => panic!("{name}: {answered:?}"),
        }
        assert_eq!(peer.sessions(), sessions, "{name}");
        assert!(began.elapsed() <= elevenlabs_client::limits::TURN_WITHIN + Duration::from_secs(1), "{name}");
        if answered.is_ok() {
            assert_eq!(peer.left(), 1, "{name}: closed in order");
        }
    }
}

/// What is said is what the scripts have us say, word for word.
#[tokio::test(start_paused = true)]
async fn each_scenario_hears_what_it_expects() {
    for scenario in Scenario::all() {
        let (_, peer) = play(&scenario).await;
        let mut expected: Vec<Value> = Vec::new();
        let mut asked = false;
        for line in &scenario.lines {
            if let Line::Hears(frame) = line {
                asked |= frame["type"] == "user_message";
                let mut frame = without_empty(frame.clone());
                if frame["type"] == "client_tool_result" {
                    frame["result"] = "Client tool lookup_order is not available in this conversation".into();
                }
                expected.push(frame);
            }
        }
        let mut heard = peer.heard(0);
        // A script that ends before the message may hear it all the same.
        if !asked {
            heard.retain(|frame| frame["type"] != "user_message");
        }
        assert_eq!(heard, expected, "{}", scenario.name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_what_else_happened() {
    let (ended, _) = play(&Scenario::named("06")).await;
    let ended = ended.unwrap();
    assert!(ended.ended);
    assert_eq!(ended.tools[0].name, "end_call");
    assert_eq!(ended.conversation_id.as_deref(), Some("conv_0000test0000conv0000000002"));
    let (spoken, _) = play(&Scenario::named("14")).await;
    assert!(spoken.unwrap().spoke, "the override text_only was passed over");
    let (tools, _) = play(&Scenario::named("05")).await;
    let tools = tools.unwrap().tools;
    assert_eq!((tools[0].name.as_str(), tools[0].is_error), ("lookup_order", true));
    assert_eq!(tools[0].parameters["order"], "4521");
}

#[tokio::test(start_paused = true)]
async fn whether_asking_again_helps_is_in_the_error() {
    let table = [
        ("07", ErrorKind::Config, Outcome::Rejected),
        ("08", ErrorKind::Config, Outcome::Rejected),
        ("09", ErrorKind::Config, Outcome::Rejected),
        ("10", ErrorKind::Provider, Outcome::NotSent),
        ("11", ErrorKind::Provider, Outcome::NotSent),
        ("15", ErrorKind::Transport, Outcome::NotSent),
        ("16", ErrorKind::Provider, Outcome::NotSent),
        ("17", ErrorKind::Provider, Outcome::NotSent),
    ];
    for (name, kind, outcome) in table {
        let error = play(&Scenario::named(name)).await.0.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{name}: {error}");
        assert_eq!(error.provider_name(), Some("elevenlabs"), "{name}");
        assert!(!error.is_about_account(), "{name}: another agent may answer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_waits_ends_after_a_minute() {
    let scenario = Scenario::named("12");
    let peer = Peer::new([scenario.clone()]);
    let mut session = peer.client().text_sessions().open(&scenario.opening()).await.unwrap();
    assert_eq!(session.ask(&scenario.message()).await.unwrap().texts.len(), 1);
    let began = Instant::now();
    let error = session.idle(Duration::from_secs(90)).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("transport_receive_timeout"));
    assert!(began.elapsed() >= Duration::from_secs(58));
    assert!(session.ask("¿Hola?").await.is_err(), "nobody is there to be asked");
}

#[tokio::test(start_paused = true)]
async fn the_second_session_answers_for_the_first() {
    for first in ["11", "15", "17"] {
        let peer = Peer::new([Scenario::named(first), Scenario::named("01")]);
        let answered = answer(&peer.client().text_sessions(), &Scenario::named("01")).await.unwrap();
        assert_eq!(answered.texts, ["Hola Marta, el jueves entre las 9 y las 12."], "{first}");
        assert_eq!(peer.sessions(), 2);
        // The new one is told all of it again.
        let kinds: Vec<_> = peer.heard(1).iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect();
        let expected = ["conversation_initiation_client_data", "contextual_update", "user_message", "pong"];
        assert_eq!(kinds, expected, "{first}");
    }
}

/// Whatever the script, wherever it is cut, however the connection ends: what is handed on is whole.
#[tokio::test(start_paused = true)]
async fn a_script_that_is_cut_anywhere_yields_no_half_text() {
    for (scenario, (_, expected, _)) in Scenario::all().into_iter().zip(EXPECTED) {
        let whole = match scenario.name.get(..2) {
            Some("04") => vec!["El jueves entre las 9 y las 12. ¿Algo más?", "El jueves entre las 9"],
            _ => expected.map(<[_]>::to_vec).unwrap_or_default(),
        };
        for at in 0..=scenario.lines.len() {
            for close in [Close::broken(), Close::new(1000, ""), Close::new(1005, ""), Close::new(1011, "crash")] {
                let mut cut = scenario.clone();
                cut.lines.truncate(at);
                // By then the answer has been handed on.
                let is_late = cut.lines.iter().any(|line| !matches!(line, Line::Hears(_) | Line::Says(_)));
                cut.lines.push(Line::Closes(close.clone()));
                let peer = Peer::new([cut]);
                let answered = answer(&peer.client().text_sessions(), &scenario).await;
                let texts = answered.map(|answer| answer.texts).unwrap_or_default();
                let is_whole = texts.iter().all(|text| whole.contains(&text.as_str()));
                assert!(is_whole, "{} cut at {at} by {close:?}: {texts:?}", scenario.name);
                assert!(
                    texts.is_empty() || close.is_orderly() || is_late,
                    "{} cut at {at} by {close:?}",
                    scenario.name
                );
            }
        }
    }
}
