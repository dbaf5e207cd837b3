//! The machine without a socket: what counts as an answer, and when.

use std::time::Duration;

use comms_http::Error;
use elevenlabs_client::session::{
    Answer, Close, Dialogue, Expectation, Step, Timing,
    frames::{ClientFrame, ServerFrame},
};
use serde_json::{Value, json};

/// A session that is driven by hand. Time passes only here.
pub struct Driven {
    pub dialogue: Dialogue,
    pub now: Duration,
}

/// What came of it.
#[derive(Debug)]
pub enum Came {
    Ready,
    Answer(Answer),
    Error(Error),
    Frame(Value),
    Tool,
}

impl Came {
    fn of(step: Step) -> Self {
        match step {
            Step::Ready => Self::Ready,
            Step::Answered(answer) => Self::Answer(answer),
            Step::Failed(error) => Self::Error(error),
            Step::Send(frame) => Self::Frame(serde_json::to_value(frame).unwrap()),
            Step::Use(_) => Self::Tool,
        }
    }

    pub fn texts(self) -> Vec<String> {
        match self {
            Self::Answer(answer) => answer.texts,
            other => panic!("{other:?}"),
        }
    }

    fn code(self) -> String {
        match self {
            Self::Error(error) => error.provider_code().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

impl Driven {
    /// Begun, and not ready.
    pub fn begun(expected: Expectation) -> Self {
        Self { dialogue: Dialogue::new(Timing::default(), expected), now: Duration::ZERO }
    }

    /// Asked.
    pub fn asked() -> Self {
        let mut driven = Self::begun(Expectation { silent_start: true, text_only: true });
        assert!(driven.hears(metadata()).is_none());
        assert!(matches!(driven.waits(5_000), Some(Came::Ready)));
        driven.asks();
        driven
    }

    pub fn asks(&mut self) {
        assert!(self.dialogue.is_ready());
        self.dialogue.asked(self.now);
    }

    pub fn hears(&mut self, frame: Value) -> Option<Came> {
        let frame = ServerFrame::read(&frame.to_string()).unwrap();
        self.dialogue.frame(frame, self.now).map(Came::of)
    }

    pub fn closes(&mut self, close: Close) -> Option<Came> {
        self.dialogue.closed(&close).map(Came::of)
    }

    /// Lets time pass, as far as something comes of it.
    pub fn waits(&mut self, millis: u64) -> Option<Came> {
        let end = self.now + Duration::from_millis(millis);
        while let Some(due) = self.dialogue.due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            if let Some(step) = self.dialogue.tick(self.now) {
                return Some(Came::of(step));
            }
        }
        self.now = end;
        None
    }
}

pub fn metadata() -> Value {
    json!({"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": {"conversation_id": "conv_1"}})
}

pub fn response(text: &str, id: impl Into<Value>) -> Value {
    json!({"type": "agent_response", "agent_response_event": {"agent_response": text, "event_id": id.into()}})
}

pub fn part(kind: &str, text: &str, id: impl Into<Value>) -> Value {
    json!({"type": "agent_chat_response_part", "text_response_part": {"text": text, "type": kind, "event_id": id.into()}})
}

pub fn correction(from: &str, to: &str, id: i64) -> Value {
    let event = json!({"original_agent_response": from, "corrected_agent_response": to, "event_id": id});
    json!({"type": "agent_response_correction", "agent_response_correction_event": event})
}

fn tool_call(id: &str) -> Value {
    json!({"type": "client_tool_call", "client_tool_call": {"tool_name": "look", "tool_call_id": id, "parameters": {}}})
}

fn tool_response(name: &str) -> Value {
    json!({"type": "agent_tool_response", "agent_tool_response": {"tool_name": name, "tool_call_id": "t", "tool_type": "system", "is_error": false, "is_called": true}})
}

fn without_event(mut frame: Value, field: &str) -> Value {
    frame[field].as_object_mut().unwrap().remove("event_id");
    frame
}

#[test]
fn nothing_is_an_answer_before_it_has_been_quiet() {
    let mut driven = Driven::asked();
    assert!(driven.hears(response("Sí.", 3)).is_none());
    assert!(driven.waits(1_499).is_none());
    assert_eq!(driven.waits(1).unwrap().texts(), ["Sí."]);
    assert!(driven.waits(600_000).is_none(), "one answer, and no other");
}

#[test]
fn each_thing_that_is_said_begins_the_quiet_anew() {
    let mut driven = Driven::asked();
    driven.hears(response("Un momento.", 3));
    assert!(driven.waits(1_000).is_none());
    driven.hears(part("start", "", 4));
    assert!(driven.waits(10_000).is_none(), "a text is being said");
    driven.hears(part("delta", "El jueves.", 4));
    driven.hears(part("stop", "", 4));
    assert!(driven.waits(1_000).is_none());
    driven.hears(response("El jueves.", 4));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["Un momento.", "El jueves."]);
}

#[test]
fn noise_does_not_put_an_answer_off() {
    let mut driven = Driven::asked();
    driven.hears(response("Sí.", 3));
    for _ in 0..14 {
        assert!(driven.waits(100).is_none());
        driven.hears(json!({"type": "vad_score", "vad_score_event": {"vad_score": 0.1}}));
        driven.hears(json!({"type": "keep_alive"}));
        driven.hears(json!({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 3}}));
    }
    assert_eq!(driven.waits(100).unwrap().texts(), ["Sí."]);
}

#[test]
fn the_whole_text_takes_the_place_of_its_pieces() {
    // In whatever order, and whether or not the frames bring their event.
    for ids in [Some(3), None] {
        let mut driven = Driven::asked();
        let strip = |frame: Value, field: &str| if ids.is_none() { without_event(frame, field) } else { frame };
        driven.hears(strip(part("start", "", 3), "text_response_part"));
        driven.hears(strip(part("delta", "El ", 3), "text_response_part"));
        driven.hears(strip(part("delta", "jueves", 3), "text_response_part"));
        driven.hears(strip(response("El jueves.", 3), "agent_response_event"));
        driven.hears(strip(part("stop", "", 3), "text_response_part"));
        assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."], "{ids:?}");
    }
    let mut driven = Driven::asked();
    driven.hears(part("start", "", "3"));
    driven.hears(part("delta", "El jueves", "3"));
    driven.hears(part("stop", "", "3"));
    driven.hears(response("El jueves.", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."], "an event as text and as number is one");
}

#[test]
fn a_text_that_comes_twice_is_said_once() {
    let mut driven = Driven::asked();
    driven.hears(response("Sí.", 3));
    driven.hears(response("Sí.", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["Sí."]);
    let mut driven = Driven::asked();
    driven.hears(response("Un momento.", 3));
    driven.hears(response("El jueves.", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["Un momento.", "El jueves."], "two texts of one event");
}

#[test]
fn a_correction_counts_within_the_quiet_and_not_after_it() {
    let mut driven = Driven::asked();
    driven.hears(response("El jueves. ¿Algo más?", 3));
    driven.waits(1_400);
    driven.hears(correction("El jueves. ¿Algo más?", "El jueves.", 3));
    // Somebody repeats what was corrected.
    driven.hears(response("El jueves. ¿Algo más?", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."]);
    assert!(driven.hears(correction("El jueves.", "El viernes.", 3)).is_none());
    assert!(driven.waits(60_000).is_none());
}

#[test]
fn a_correction_of_something_else_changes_nothing() {
    let mut driven = Driven::asked();
    driven.hears(response("El jueves.", 3));
    driven.hears(correction("Otra cosa.", "Nada.", 9));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."]);
}

#[test]
fn a_text_without_its_end_is_no_answer() {
    for close in [Close::new(1000, ""), Close::new(1005, ""), Close::broken(), Close::new(1011, "")] {
        let mut driven = Driven::asked();
        driven.hears(response("Un momento.", 3));
        driven.hears(part("start", "", 4));
        driven.hears(part("delta", "El jue", 4));
        assert!(matches!(driven.closes(close), Some(Came::Error(_))));
    }
    let mut driven = Driven::asked();
    driven.hears(part("start", "", 4));
    driven.hears(part("delta", "El jue", 4));
    assert_eq!(driven.waits(28_000).unwrap().code(), "broken_off");
}

#[test]
fn a_connection_that_breaks_takes_the_answer_along() {
    // More may have been on its way.
    let mut driven = Driven::asked();
    driven.hears(response("Un momento.", 3));
    assert_eq!(driven.closes(Close::broken()).unwrap().code(), "broken_off");
    let mut driven = Driven::asked();
    driven.hears(response("¡Hasta luego!", 3));
    assert_eq!(driven.closes(Close::new(1000, "")).unwrap().texts(), ["¡Hasta luego!"]);
}

#[test]
fn a_greeting_is_never_an_answer() {
    // The agent was asked to wait, and greets all the same.
    let mut driven = Driven::begun(Expectation { silent_start: true, text_only: true });
    driven.hears(metadata());
    assert!(matches!(driven.hears(response("Hola, soy Ana.", 1)), Some(Came::Ready)));
    driven.asks();
    driven.hears(response("Hola, soy Ana.", 1));
    assert!(driven.waits(20_000).is_none(), "it comes once more, late");
    driven.hears(response("El jueves.", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."]);
    // In pieces, before and after the message.
    let mut driven = Driven::begun(Expectation::default());
    driven.hears(metadata());
    driven.hears(part("start", "", 1));
    driven.hears(part("delta", "Hola, ", 1));
    assert!(matches!(driven.waits(10_000), Some(Came::Ready)));
    driven.asks();
    driven.hears(part("delta", "soy Ana.", 1));
    driven.hears(part("stop", "", 1));
    driven.hears(response("Hola, soy Ana.", 1));
    assert_eq!(driven.waits(28_000).unwrap().code(), "no_answer");
}

#[test]
fn a_greeting_without_end_is_not_waited_for_for_ever() {
    let mut driven = Driven::begun(Expectation::default());
    driven.hears(metadata());
    let mut ready = false;
    for _ in 0..10 {
        driven.hears(part("delta", "y ", 1));
        ready |= matches!(driven.waits(1_000), Some(Came::Ready));
    }
    assert!(ready);
}

#[test]
fn the_answer_to_one_message_is_none_to_the_next() {
    let mut driven = Driven::asked();
    driven.hears(response("El jueves.", 3));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["El jueves."]);
    driven.asks();
    driven.hears(response("El jueves.", 3));
    driven.hears(response("A las nueve.", 5));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["A las nueve."]);
}

#[test]
fn a_tool_gives_the_agent_time_to_think() {
    let mut driven = Driven::asked();
    driven.hears(response("Un momento.", 3));
    assert!(matches!(driven.hears(tool_call("t1")), Some(Came::Tool)));
    assert!(driven.hears(tool_call("t1")).is_none(), "used once");
    assert!(driven.waits(9_000).is_none(), "the tool is at work");
    driven.dialogue.tool_done("t1", false, driven.now);
    assert!(driven.waits(7_999).is_none(), "the model thinks");
    driven.hears(response("El jueves.", 4));
    assert_eq!(driven.waits(1_500).unwrap().texts(), ["Un momento.", "El jueves."]);
    // A tool after which nothing is said does not take the answer along.
    let mut driven = Driven::asked();
    driven.hears(response("Lo anoto.", 3));
    driven.hears(tool_response("note"));
    assert!(driven.waits(7_999).is_none());
    assert_eq!(driven.waits(1).unwrap().texts(), ["Lo anoto."]);
}

#[test]
fn an_agent_may_leave_or_say_nothing() {
    let mut driven = Driven::asked();
    driven.hears(tool_response("end_call"));
    match driven.waits(1_500) {
        Some(Came::Answer(answer)) => assert!(answer.ended && answer.texts.is_empty()),
        other => panic!("{other:?}"),
    }
    let mut driven = Driven::asked();
    driven.hears(tool_response("skip_turn"));
    match driven.waits(1_500) {
        Some(Came::Answer(answer)) => assert!(!answer.ended && answer.texts.is_empty()),
        other => panic!("{other:?}"),
    }
    assert!(driven.dialogue.is_ready());
}

#[test]
fn pings_are_answered_at_any_time() {
    let ping = json!({"type": "ping", "ping_event": {"event_id": 7, "ping_ms": null}});
    let mut driven = Driven::begun(Expectation::default());
    for ask in [false, true] {
        let Some(Came::Frame(pong)) = driven.hears(ping.clone()) else { panic!("no pong") };
        let expected = serde_json::to_value(ClientFrame::Pong { event_id: 7.into() }).unwrap();
        assert_eq!(pong, expected);
        if !ask {
            driven = Driven::asked();
        }
    }
    assert!(driven.hears(json!({"type": "ping", "ping_event": {}})).is_none(), "nothing to repeat");
}

#[test]
fn an_agent_that_only_speaks_is_an_agent_without_the_override() {
    let mut driven = Driven::asked();
    driven.hears(json!({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 2}}));
    assert_eq!(driven.waits(28_000).unwrap().code(), "text_only_ignored");
}

#[test]
fn an_answer_without_end_is_given_up() {
    let mut driven = Driven::asked();
    let long = "a".repeat(10_000);
    let came = (0..100).find_map(|_| driven.hears(part("delta", &long, 3)));
    assert_eq!(came.unwrap().code(), "reply_too_long");
    assert!(driven.dialogue.is_over());
}

#[test]
fn why_a_session_was_closed() {
    let table = [
        (1008, "Override for field 'text_only' is not allowed by config.", "override_error"),
        (1008, "Missing required dynamic variables", "missing_dynamic_variable"),
        (1008, "something else", "1008"),
        (1002, "LLM timed out", "1002"),
        (1011, "", "unknown_websocket_crash"),
        (1006, "", "broken_off"),
        (1000, "", "no_answer"),
        (3000, "", "3000"),
        (4321, "", "4321"),
    ];
    for (code, reason, expected) in table {
        let mut driven = Driven::asked();
        assert_eq!(driven.closes(Close::new(code, reason)).unwrap().code(), expected, "{code} {reason}");
    }
    let mut driven = Driven::asked();
    match driven.closes(Close::new(1002, "This request exceeds your quota limit.")) {
        Some(Came::Error(error)) => assert!(error.is_about_account() && error.is_retryable(), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_end_that_is_announced_is_told_as_announced() {
    let announced = json!({"type": "error", "error_event": {"code": 1000, "error_type": "max_duration_exceeded"}});
    let mut driven = Driven::asked();
    assert!(driven.hears(announced.clone()).is_none());
    assert_eq!(driven.closes(Close::new(1000, "")).unwrap().code(), "max_duration_exceeded");
    let mut driven = Driven::asked();
    driven.hears(response("Sí.", 3));
    driven.hears(announced);
    assert_eq!(driven.closes(Close::new(1000, "")).unwrap().texts(), ["Sí."]);
}

#[test]
fn an_error_of_a_type_that_is_not_known_keeps_its_name() {
    let mut driven = Driven::asked();
    let frame = json!({"type": "error", "error_event": {"code": 1011, "error_type": "brand_new", "message": "?"}});
    assert_eq!(driven.hears(frame).unwrap().code(), "brand_new");
    assert!(driven.closes(Close::new(1011, "")).is_none(), "told once");
}
