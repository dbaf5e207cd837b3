//! Sessions that stay open between two messages of a thread: used only by who missed nothing, and given up for everything else.

use std::{sync::Arc, time::Duration};

use comms_conformance::script::Script;
use elevenlabs_client::{
    Client, Config, limits,
    session::{Answer, Close, Opening, TextSessions, Thread},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    dialogue::{correction, metadata, part, response},
    peer::{Line, Peer, Scenario},
};

const KEEP: u64 = 300;
const PAST: [(&str, &str); 1] = [("prior_call", "She chose Thursday.")];

fn says(frame: Value) -> Line {
    Line::Says(frame.to_string())
}

fn hears(kind: &str) -> Line {
    Line::Hears(json!({"type": kind}))
}

fn sleeps(seconds: u64) -> Line {
    Line::Sleeps(Duration::from_secs(seconds))
}

/// A session that answers one message, and then does this.
fn answers(text: &str, then: impl IntoIterator<Item = Line>) -> Scenario {
    let first = [
        hears("conversation_initiation_client_data"),
        says(metadata()),
        hears("user_message"),
        says(response(text, 3)),
    ];
    Scenario::new("kept", first.into_iter().chain(then))
}

/// The answer to a further message.
fn answers_next(text: &str, event: i64) -> [Line; 2] {
    [hears("user_message"), says(response(text, event))]
}

fn client(peer: &Peer, set: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::new("sk_an-invented-key");
    config.keep_sessions = Some(KEEP);
    set(&mut config);
    Client::builder(config).transport(Script::new([])).connector(Arc::new(peer.clone())).build().unwrap()
}

fn opening() -> Opening {
    Opening::agent("agent_test")
}

fn thread(number: u64, answered: Option<&str>) -> Thread<'_> {
    Thread { id: "thread-1", number, answered, since: None, facts: 7, leaves_by: &[] }
}

async fn ask(sessions: &TextSessions, thread: Thread<'_>, message: &str) -> Answer {
    sessions.answer_in(thread, &opening(), &PAST, message).await.unwrap()
}

/// What the agent was told and asked in a session, by the types of the frames.
fn heard(peer: &Peer, session: usize) -> Vec<String> {
    peer.heard(session).iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect()
}

/// The first message is answered, and a session is kept.
async fn begun(peer: &Peer) -> (Client, TextSessions) {
    let client = client(peer, |_| {});
    let sessions = client.text_sessions();
    let first = ask(&sessions, thread(1, None), "¿Cuándo?").await;
    assert_eq!((first.texts, first.kept), (vec!["El jueves.".to_owned()], false));
    (client, sessions)
}

fn fresh() -> Scenario {
    answers("De nuevo.", [])
}

#[tokio::test(start_paused = true)]
async fn the_next_message_of_a_thread_is_said_in_the_same_session_and_the_past_is_not_told_again() {
    let ping = says(json!({"type": "ping", "ping_event": {"event_id": 9}}));
    let between = [sleeps(70), ping, hears("pong")];
    let peer = Peer::new([answers("El jueves.", between.into_iter().chain(answers_next("A las nueve.", 5)))]);
    let (client, sessions) = begun(&peer).await;
    sleep(Duration::from_secs(90)).await;
    let since = ("since_2", "Meanwhile: [team] Le llamo luego.");
    // Joined and divided on its way, and still what was said.
    let second = Thread { since: Some(since), ..thread(2, Some("El \njueves. ")) };
    let answer = ask(&sessions, second, "¿A qué hora?").await;
    assert_eq!(
        (answer.texts, answer.kept, answer.conversation_id.as_deref()),
        (vec!["A las nueve.".to_owned()], true, Some("conv_1"))
    );
    assert_eq!(
        heard(&peer, 0),
        [
            "conversation_initiation_client_data",
            "contextual_update",
            "user_message",
            "user_activity",
            "user_activity",
            "pong",
            "user_activity",
            "contextual_update",
            "user_message"
        ]
    );
    let told = &peer.heard(0)[7];
    assert_eq!((&told["context_id"], &told["text"]), (&json!(since.0), &json!(since.1)));
    assert_eq!((peer.sessions(), client.kept_sessions()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_have_missed_something_is_closed_and_a_new_one_is_told_everything() {
    let agent_says = Some("El jueves.");
    let cases = [
        ("the same message again", thread(1, None)),
        ("the same message again, after its answer", thread(1, agent_says)),
        ("a message that another process answered", thread(3, Some("Otra cosa."))),
        ("an answer that was not sent", thread(2, None)),
        ("another answer was sent", thread(2, Some("El viernes."))),
        ("other facts", Thread { facts: 8, ..thread(2, agent_says) }),
    ];
    for (why, next) in cases {
        let peer = Peer::new([answers("El jueves.", answers_next("Nunca.", 5)), fresh()]);
        let (client, sessions) = begun(&peer).await;
        let answer = ask(&sessions, next, "¿Y?").await;
        assert_eq!((answer.texts, answer.kept), (vec!["De nuevo.".to_owned()], false), "{why}");
        assert_eq!(
            heard(&peer, 1),
            ["conversation_initiation_client_data", "contextual_update", "user_message"],
            "{why}"
        );
        sleep(Duration::from_secs(1)).await;
        assert_eq!((peer.left(), client.kept_sessions()), (1, 1), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn threads_and_agents_have_sessions_of_their_own() {
    let peer = Peer::new([answers("El jueves.", []), fresh()]);
    let (client, sessions) = begun(&peer).await;
    let other = Thread { id: "thread-2", ..thread(2, Some("El jueves.")) };
    assert!(!ask(&sessions, other, "¿Y?").await.kept);
    let agent = Opening::agent("agent_other");
    assert!(!sessions.answer_in(thread(2, Some("El jueves.")), &agent, &PAST, "¿Y?").await.unwrap().kept);
    assert_eq!((peer.sessions(), client.kept_sessions()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_the_agent_says_while_nobody_asks_is_no_answer() {
    let idle = || sleeps(40);
    let bare = |mut frame: Value, field: &str| {
        frame[field].as_object_mut().unwrap().remove("event_id");
        says(frame)
    };
    let tool = json!({"tool_name": "note", "tool_call_id": "t1", "parameters": {}});
    let spoken = json!({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 4}});
    let cases: Vec<(&str, Vec<Line>)> = vec![
        ("a text", vec![idle(), says(response("¿Sigue ahí?", 4))]),
        ("a text without an event", vec![idle(), bare(response("¿Sigue ahí?", 4), "agent_response_event")]),
        ("a second text of the last event", vec![sleeps(3), says(response("Perdón, el viernes.", 3))]),
        ("the beginning of a text", vec![idle(), says(part("start", "", 4))]),
        ("half a text", vec![idle(), bare(part("delta", "¿Sigue", 4), "text_response_part")]),
        ("a late correction", vec![sleeps(3), says(correction("El jueves.", "El viernes.", 3))]),
        ("a tool", vec![idle(), says(json!({"type": "client_tool_call", "client_tool_call": tool}))]),
        ("sound", vec![idle(), says(spoken)]),
    ];
    for (why, between) in cases {
        // The end of what was begun comes after the next message.
        let late = [bare(part("stop", "", 4), "text_response_part"), says(response("Nunca.", 9))];
        let lines = between.into_iter().chain([hears("user_message")]).chain(late);
        let peer = Peer::new([answers("El jueves.", lines), fresh()]);
        let (_client, sessions) = begun(&peer).await;
        sleep(Duration::from_millis(45_100)).await;
        let answer = ask(&sessions, thread(2, Some("El jueves.")), "¿A qué hora?").await;
        assert_eq!((answer.texts, answer.kept), (vec!["De nuevo.".to_owned()], false), "{why}");
        assert!(!heard(&peer, 0)[3..].contains(&"user_message".to_owned()), "{why}: it is not even asked");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_when_a_message_is_about_to_be_said_is_heard_before() {
    let lines = [Line::Sleeps(Duration::from_millis(11_600)), says(response("¿Sigue ahí?", 4)), hears("user_message")];
    let peer = Peer::new([answers("El jueves.", lines), fresh()]);
    let (_client, sessions) = begun(&peer).await;
    // A moment before it comes; the quiet after the first answer counts from 0.
    sleep(Duration::from_millis(10_000)).await;
    assert_eq!(ask(&sessions, thread(2, Some("El jueves.")), "¿A qué hora?").await.texts, ["De nuevo."]);
}

#[tokio::test(start_paused = true)]
async fn what_is_repeated_late_changes_nothing() {
    let late =
        [sleeps(3), says(response("El jueves.", 3)), says(part("stop", "", 3)), says(json!({"type": "keep_alive"}))];
    let peer = Peer::new([answers("El jueves.", late.into_iter().chain(answers_next("A las nueve.", 5)))]);
    let (_client, sessions) = begun(&peer).await;
    sleep(Duration::from_secs(30)).await;
    assert!(ask(&sessions, thread(2, Some("El jueves.")), "¿A qué hora?").await.kept);
}

#[tokio::test(start_paused = true)]
async fn a_kept_session_answers_by_the_same_rule_as_a_new_one() {
    let next = [
        hears("user_message"),
        says(part("start", "", 5)),
        says(part("delta", "A las ", 5)),
        sleeps(10),
        says(part("delta", "nueve", 5)),
        says(part("stop", "", 5)),
        says(response("A las nueve.", 5)),
        sleeps(1),
        says(correction("A las nueve.", "A las diez.", 5)),
        sleeps(1),
        says(response("¿Algo más?", 6)),
    ];
    let peer = Peer::new([answers("El jueves.", next)]);
    let (_client, sessions) = begun(&peer).await;
    let answer = ask(&sessions, thread(2, Some("El jueves.")), "¿A qué hora?").await;
    assert_eq!((answer.texts, answer.kept), (vec!["A las diez.".to_owned(), "¿Algo más?".to_owned()], true));
}

#[tokio::test(start_paused = true)]
async fn a_kept_session_that_fails_is_followed_by_a_new_one_once() {
    let half = says(part("delta", "A las", 5));
    let cases: Vec<(&str, Vec<Line>)> = vec![
        ("closed while idle", vec![sleeps(5), Line::Closes(Close::new(1000, ""))]),
        ("idle for too long", vec![sleeps(5), Line::Closes(Close::new(1002, "No user input received"))]),
        ("cut while idle", vec![sleeps(5), Line::Closes(Close::broken())]),
        ("closed when asked", vec![hears("user_message"), Line::Closes(Close::new(1000, ""))]),
        ("cut in the middle", vec![hears("user_message"), half, Line::Closes(Close::broken())]),
        ("refused", vec![hears("user_message"), Line::Closes(Close::new(1008, "max duration"))]),
        ("never answers", vec![hears("user_message")]),
    ];
    for (why, lines) in cases {
        let peer = Peer::new([answers("El jueves.", lines), fresh()]);
        let (client, sessions) = begun(&peer).await;
        sleep(Duration::from_secs(10)).await;
        let asked = Instant::now();
        let answer = ask(&sessions, thread(2, Some("El jueves.")), "¿A qué hora?").await;
        assert_eq!((answer.texts, answer.kept), (vec!["De nuevo.".to_owned()], false), "{why}");
        assert!(asked.elapsed() < limits::TURN_WITHIN, "{why}");
        assert_eq!((peer.sessions(), client.kept_sessions()), (2, 1), "{why}");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(client.free_sessions(), limits::SESSIONS - 1, "{why}");
    }
    let silent = Scenario::new("silent", [hears("conversation_initiation_client_data"), says(metadata())]);
    let peer = Peer::new([answers("El jueves.", [hears("user_message")]), silent]);
    let (_client, sessions) = begun(&peer).await;
    let error = sessions.answer_in(thread(2, Some("El jueves.")), &opening(), &PAST, "¿Y?").await.unwrap_err();
    assert_eq!((error.provider_code(), peer.sessions()), (Some("no_answer"), 2));
}

#[tokio::test(start_paused = true)]
async fn a_session_is_closed_when_its_time_is_over_and_gives_its_place_back() {
    let peer = Peer::new([answers("El jueves.", []), fresh()]);
    let (client, sessions) = begun(&peer).await;
    sleep(Duration::from_secs(KEEP - 1)).await;
    assert_eq!((client.kept_sessions(), client.free_sessions(), peer.left()), (1, limits::SESSIONS - 1, 0));
    sleep(Duration::from_secs(2)).await;
    assert_eq!((client.kept_sessions(), client.free_sessions(), peer.left()), (0, limits::SESSIONS, 1));
    let said = heard(&peer, 0).iter().filter(|kind| *kind == "user_activity").count();
    assert_eq!(said, 11, "each 25 s");
    assert!(!ask(&sessions, thread(2, Some("El jueves.")), "¿Y?").await.kept);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_where_the_settings_do_not_say_so_or_the_agent_is_done() {
    let tool = |name: &str, kind: &str| {
        let call =
            json!({"tool_name": name, "tool_call_id": "t", "tool_type": kind, "is_error": false, "is_called": true});
        says(json!({"type": "agent_tool_response", "agent_tool_response": call}))
    };
    let audio = says(json!({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 3}}));
    let leaves_by = ["escalate_to_human".to_owned()];
    let cases: Vec<(&str, u64, Vec<Line>)> = vec![
        ("off", 0, vec![]),
        ("ended", KEEP, vec![tool("end_call", "system")]),
        ("a person is to go on", KEEP, vec![tool("escalate_to_human", "client")]),
        ("it speaks", KEEP, vec![audio]),
    ];
    for (why, keep, then) in cases {
        let peer = Peer::new([answers("El jueves.", then)]);
        let client = client(&peer, |config| config.keep_sessions = Some(keep));
        let first = Thread { leaves_by: &leaves_by, ..thread(1, None) };
        ask(&client.text_sessions(), first, "¿Cuándo?").await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!((client.kept_sessions(), peer.left(), client.free_sessions()), (0, 1, limits::SESSIONS), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_places_are_taken_the_session_that_was_idle_longest_makes_room() {
    let peer = Peer::new([answers("El jueves.", answers_next("A las nueve.", 5))]);
    let client = client(&peer, |config| config.concurrency = Some(2));
    let sessions = client.text_sessions();
    let of = |id: &'static str, number, answered| Thread { id, ..thread(number, answered) };
    ask(&sessions, of("a", 1, None), "¿Cuándo?").await;
    ask(&sessions, of("b", 1, None), "¿Cuándo?").await;
    // `a` is used again, so that `b` is the one that has been idle longest.
    assert!(ask(&sessions, of("a", 2, Some("El jueves.")), "¿A qué hora?").await.kept);
    assert_eq!((client.kept_sessions(), client.free_sessions()), (2, 0));
    let began = Instant::now();
    assert!(!ask(&sessions, of("c", 1, None), "¿Cuándo?").await.kept);
    assert!(began.elapsed() < Duration::from_secs(3), "nobody waits for what is only kept");
    assert_eq!(peer.left(), 1);
    assert!(!ask(&sessions, of("b", 2, Some("El jueves.")), "¿A qué hora?").await.kept, "it was closed");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_starves_nobody() {
    let peer = Peer::new([answers("El jueves.", [])]);
    let client = client(&peer, |config| config.concurrency = Some(2));
    let names: Vec<String> = (0..30).map(|number| format!("thread-{number}")).collect();
    let asked = names.iter().map(|id| {
        let sessions = client.text_sessions();
        async move { sessions.answer_in(Thread { id, ..thread(1, None) }, &opening(), &PAST, "¿Cuándo?").await }
    });
    let began = Instant::now();
    // Each takes about 1.7 s, two at a time: the last of 30 waits for less than a place may be waited for.
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|answer| answer.is_err()));
    assert!(began.elapsed() < Duration::from_secs(28), "{:?}", began.elapsed());
    sleep(Duration::from_secs(1)).await;
    assert!(client.kept_sessions() <= 2);
    assert_eq!(client.kept_sessions() + client.free_sessions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_waits_for_any_more_takes_its_session_along() {
    let peer =
        Peer::new([answers("El jueves.", [hears("user_message"), sleeps(20), says(response("Tarde.", 5))]), fresh()]);
    let (client, sessions) = begun(&peer).await;
    let second = thread(2, Some("El jueves."));
    let opening = opening();
    let asked = sessions.answer_in(second, &opening, &PAST, "¿A qué hora?");
    assert!(tokio::time::timeout(Duration::from_secs(5), asked).await.is_err());
    assert_eq!((client.kept_sessions(), client.free_sessions()), (0, limits::SESSIONS));
    assert_eq!(ask(&sessions, second, "¿A qué hora?").await.texts, ["De nuevo."]);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_a_process_all_are_closed_in_order_and_none_is_kept() {
    let peer = Peer::new([answers("El jueves.", [])]);
    let (client, sessions) = begun(&peer).await;
    client.close_kept().await;
    assert_eq!((peer.left(), client.kept_sessions(), client.free_sessions()), (1, 0, limits::SESSIONS));
    ask(&sessions, thread(1, None), "¿Cuándo?").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((peer.left(), client.kept_sessions()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_ends_with_its_client() {
    let peer = Peer::new([answers("El jueves.", [])]);
    let (client, sessions) = begun(&peer).await;
    drop((client, sessions));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(peer.left(), 1);
}

proptest! {
    /// However turns come and whatever went out, a session that is used again heard the turn before and said what went out; and each
    /// turn has its answer.
    #[test]
    fn a_session_is_used_again_only_where_it_missed_nothing(turns in proptest::collection::vec((0u64..4, 0u8..3, prop_oneof![0..KEEP, KEEP + 1..KEEP * 2]), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let more = (0..12).flat_map(|at| answers_next("El jueves.", 5 + at));
            let peer = Peer::new([answers("El jueves.", more)]);
            let client = client(&peer, |_| {});
            let sessions = client.text_sessions();
            let mut last: Option<u64> = None;
            let mut number = 1;
            for (step, sent, wait) in turns {
                number += step;
                let answered = [Some("El jueves."), None, Some("Otra.")][usize::from(sent)];
                let answer = ask(&sessions, thread(number, answered), "¿Y?").await;
                prop_assert_eq!(&answer.texts, &["El jueves."]);
                let missed_nothing = last.is_some_and(|last| last + 1 == number) && sent == 0;
                prop_assert_eq!(answer.kept, missed_nothing, "{} after {:?}", number, last);
                last = Some(number);
                if wait > KEEP {
                    last = None;
                }
                sleep(Duration::from_secs(wait)).await;
            }
            Ok(())
        })?;
    }
}
