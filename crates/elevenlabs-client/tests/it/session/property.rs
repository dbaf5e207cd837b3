//! Whatever is said, in whatever order and at whatever pace: at most one answer, and nothing half.

use std::time::Duration;

use elevenlabs_client::session::{Close, Expectation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::dialogue::{Came, Driven, correction, metadata, part, response};

/// Something that happens, after a wait in milliseconds.
#[derive(Clone, Debug)]
enum Event {
    Hears(Value),
    Closes(u16),
}

/// Texts of which no piece is a text itself.
const TEXTS: [&str; 3] = ["<uno dos tres>", "<cuatro cinco>", "<seis>"];
const CORRECTED: &str = "<corregido>";
const GREETING: &str = "<hola>";

/// A text as the server says it: in pieces, cut anywhere, as a whole, or both; perhaps corrected. Ids count from 10.
fn said(at: usize) -> impl Strategy<Value = Vec<Event>> {
    let (text, id) = (TEXTS[at], 10 + i64::try_from(at).unwrap());
    let cuts = prop::collection::vec(0..=text.len(), 0..4);
    (cuts, any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        move |(mut cuts, pieces, whole, with_id, corrected)| {
            let id: Value = if with_id { json!(id) } else { Value::Null };
            let mut frames = Vec::new();
            if pieces || !whole {
                cuts.sort_unstable();
                cuts.push(text.len());
                frames.push(part("start", "", id.clone()));
                let mut from = 0;
                for to in cuts {
                    frames.push(part("delta", &text[from..to], id.clone()));
                    from = to;
                }
                frames.push(part("stop", "", id.clone()));
            }
            if whole {
                frames.push(response(text, id));
            }
            if corrected {
                frames.push(correction(text, CORRECTED, 10 + i64::try_from(at).unwrap()));
            }
            frames.into_iter().map(Event::Hears).collect()
        },
    )
}

fn noise() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(json!({"type": "keep_alive"})),
        Just(json!({"type": "ping", "ping_event": {"event_id": 1}})),
        Just(json!({"type": "audio", "audio_event": {"audio_base_64": "AA", "event_id": 2}})),
        Just(json!({"type": "client_tool_call", "client_tool_call": {"tool_name": "x", "tool_call_id": "t", "expects_response": false}})),
        Just(json!({"type": "agent_tool_response", "agent_tool_response": {"tool_name": "x"}})),
        Just(json!({"type": "agent_tool_response", "agent_tool_response": {"tool_name": "end_call"}})),
        Just(json!({"type": "agent_typing", "agent_typing_event": {"is_typing": true}})),
        Just(response(GREETING, 1)),
        Just(part("delta", "<ho", 1)),
        Just(metadata()),
        Just(json!({"type": "error", "error_event": {"code": 1000, "error_type": "max_duration_exceeded"}})),
        Just(json!({"type": "error", "error_event": {"code": 1002, "error_type": "llm_timeout"}})),
        Just(json!({"type": "agent_response", "agent_response_event": {"agent_response": ""}})),
    ]
    .prop_map(Event::Hears)
}

/// Several texts, one after the other, with noise in between, and an end somewhere.
fn story() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let texts = (said(0), said(1), said(2), 0..=3_usize)
        .prop_map(|(one, two, three, most)| [one, two, three].into_iter().take(most).flatten().collect::<Vec<_>>());
    let insertions = prop::collection::vec((any::<prop::sample::Index>(), noise()), 0..6);
    let end = prop::option::of((
        any::<prop::sample::Index>(),
        prop::sample::select(vec![1000, 1002, 1005, 1006, 1008, 1011]),
    ));
    (texts, insertions, end).prop_flat_map(|(mut events, insertions, end)| {
        for (at, event) in insertions {
            events.insert(at.index(events.len() + 1), event);
        }
        if let Some((at, code)) = end {
            events.insert(at.index(events.len() + 1), Event::Closes(code));
        }
        let count = events.len();
        let waits = prop::collection::vec(prop_oneof![4 => 0..400_u64, 1 => 0..4_000_u64], count);
        waits.prop_map(move |waits| waits.into_iter().zip(events.clone()).collect())
    })
}

/// Plays it to its end; what came of it.
fn play(driven: &mut Driven, events: &[(u64, Event)]) -> Vec<Came> {
    let mut came = Vec::new();
    for (wait, event) in events {
        came.extend(driven.waits(*wait));
        came.extend(match event {
            Event::Hears(frame) => driven.hears(frame.clone()),
            Event::Closes(code) => driven.closes(Close::new(*code, "")),
        });
    }
    came.extend(driven.waits(120_000));
    came.extend(driven.waits(120_000));
    came
}

/// Asked after a greeting, which may come once more.
fn greeted() -> Driven {
    let mut driven = Driven::begun(Expectation { silent_start: true, text_only: true });
    driven.hears(metadata());
    driven.hears(response(GREETING, 1));
    driven.asks();
    driven
}

fn ends(came: &[Came]) -> usize {
    came.iter().filter(|one| matches!(one, Came::Answer(_) | Came::Error(_))).count()
}

fn is_whole(text: &str) -> bool {
    TEXTS.contains(&text) || text == CORRECTED
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// In order, as a server would.
    #[test]
    fn a_message_has_one_end_and_its_answer_is_whole(events in story()) {
        let mut driven = greeted();
        let came = play(&mut driven, &events);
        let answers: Vec<_> = came.iter().filter_map(|one| match one {
            Came::Answer(answer) => Some(answer),
            _ => None,
        }).collect();
        prop_assert!(answers.len() <= 1, "{came:?}");
        let failed = came.iter().any(|one| matches!(one, Came::Error(_)));
        prop_assert!(failed || answers.len() == 1, "each message comes to an end: {came:?}");
        for text in answers.iter().flat_map(|answer| &answer.texts) {
            prop_assert!(is_whole(text), "{text:?} is half, or no answer: {came:?}");
        }
        // What comes after an answer is no second one: at most the end of the session is told.
        prop_assert!(ends(&came) <= 2, "{came:?}");
    }

    /// In no order at all. Pieces then join to anything; but as soon as all texts are said as wholes, only these are handed on.
    #[test]
    fn wholes_in_any_order_stay_whole(
        order in Just((0..TEXTS.len()).collect::<Vec<_>>()).prop_shuffle(),
        repeats in 1..3_usize,
        waits in prop::collection::vec(0..1_400_u64, TEXTS.len() * 2),
        noises in prop::collection::vec(noise(), 0..4),
    ) {
        let mut driven = greeted();
        let texts = order.iter().cycle().take(order.len() * repeats);
        let mut events: Vec<_> = texts
            .map(|at| Event::Hears(response(TEXTS[*at], 10 + i64::try_from(*at).unwrap())))
            .chain(noises)
            .collect();
        let at = events.len() / 2;
        events.rotate_left(at);
        let events: Vec<_> = waits.into_iter().cycle().zip(events).collect();
        for came in play(&mut driven, &events) {
            if let Came::Answer(answer) = came {
                let mut unique = answer.texts.clone();
                unique.sort();
                unique.dedup();
                prop_assert_eq!(unique.len(), answer.texts.len(), "a text is handed on twice");
                prop_assert!(answer.texts.iter().all(|text| is_whole(text)), "{:?}", answer.texts);
            }
        }
    }

    /// No frame, however odd, makes the machine stop short or say anything before it was asked.
    #[test]
    fn nothing_is_answered_before_the_message(frames in prop::collection::vec(noise(), 0..30), gap in 0..500_u64) {
        let mut driven = Driven::begun(Expectation::default());
        let events: Vec<_> = frames.into_iter().map(|frame| (gap, frame)).collect();
        let came = play(&mut driven, &events);
        prop_assert!(!came.iter().any(|one| matches!(one, Came::Answer(_))), "{came:?}");
        prop_assert!(driven.now >= Duration::ZERO);
    }
}
