//! One unreadable element never loses its neighbours, and no body takes the parser down or holds it up.

use std::time::{Duration, Instant};

use comms_core::{Event, EventKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::webhook_support::{change, events, receive};

fn text(id: usize) -> Value {
    json!({ "from": "16505551234", "id": format!("wamid.{id}"), "timestamp": "1749416383", "type": "text", "text": { "body": format!("nr. {id}") } })
}

fn report(id: usize) -> Value {
    json!({ "id": format!("wamid.{id}"), "status": "delivered", "timestamp": "1749416383", "recipient_id": "16505551234" })
}

fn unreadable(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event.kind, EventKind::Unknown { .. })).count()
}

#[test]
fn of_a_thousand_updates_three_unreadable_ones_cost_nothing() {
    let mut messages: Vec<Value> = (0..600).map(text).collect();
    let mut statuses: Vec<Value> = (0..400).map(report).collect();
    messages[17] = json!("not a message");
    messages[599] = json!({ "type": "text", "text": { "body": "without an id" } });
    statuses[200] = json!(42);
    let body = change("messages", json!({ "messages": messages, "statuses": statuses }));
    let batch = receive(body.to_string());
    assert_eq!(batch.events.len(), 1_000);
    assert_eq!(unreadable(&batch.events), 3);
    assert_eq!(batch.problem.as_deref(), Some("3 updates could not be read and are kept raw"));
    let mut without = body;
    let value = &mut without["entry"][0]["changes"][0]["value"];
    value["messages"].as_array_mut().unwrap().retain(|it| it["id"].is_string());
    value["statuses"].as_array_mut().unwrap().retain(|it| it["id"].is_string());
    let kept: Vec<Event> =
        batch.events.into_iter().filter(|event| !matches!(event.kind, EventKind::Unknown { .. })).collect();
    assert_eq!(kept, events(&without));
}

/// Each spoils one element of three in a way that no JSON value can hold.
#[test]
fn what_json_cannot_hold_spoils_its_own_element_only() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    for spoiled in [
        r#"{"id":"wamid.x","type":"text","text":{"body":"half a character: \ud83d"}}"#,
        r#"{"id":"wamid.x","type":"location","location":{"latitude":1e999}}"#,
        &format!(r#"{{"id":"wamid.x","type":"text","deep":{deep}}}"#),
    ] {
        let body = change("messages", json!({ "messages": [text(1), "HERE", text(2)] }));
        let body = body.to_string().replace("\"HERE\"", spoiled);
        let batch = receive(body);
        assert_eq!(batch.events.len(), 3);
        assert_eq!(unreadable(&batch.events), 1);
        let EventKind::Unknown { name, raw } = &batch.events[1].kind else { panic!("{:?}", batch.events[1]) };
        assert_eq!((name.as_str(), raw), ("messages", &json!(spoiled)));
    }
}

#[test]
fn bytes_that_are_no_text_spoil_that_text_only() {
    let body = change("messages", json!({ "messages": [text(1), text(2)] })).to_string();
    let at = body.find("nr. 2").unwrap();
    let mut body = body.into_bytes();
    body[at] = 0xff;
    let batch = receive(body);
    assert_eq!(batch.events.len(), 2);
    assert_eq!(unreadable(&batch.events), 0);
}

#[test]
fn places_that_hold_something_else_are_kept_raw() {
    let text = text(1);
    let good = json!({ "field": "messages", "value": { "messages": [text] } });
    for (odd, problem) in [
        (json!({ "entry": [{ "id": "1", "changes": [good] }, "not an entry"] }), true),
        (json!({ "entry": [{ "id": "1", "changes": [good] }, { "id": "2", "messaging": [{}] }] }), true),
        (json!({ "entry": [{ "id": "1", "changes": [good, null] }] }), true),
        (json!({ "entry": [{ "id": "1", "changes": [good, { "field": "messages" }] }] }), true),
        (json!({ "entry": [{ "id": "1", "changes": [good, { "field": "messages", "value": "x" }] }] }), true),
        (json!({ "entry": [{ "id": "1", "changes": [good, { "field": 7, "value": { "messages": {} } }] }] }), false),
    ] {
        let batch = receive(odd.to_string());
        assert_eq!(batch.events.len(), 2, "{odd}");
        assert_eq!(unreadable(&batch.events), 1, "{odd}");
        assert_eq!(batch.problem.is_some(), problem, "{odd}");
    }
}

#[test]
fn a_body_that_is_no_webhook_is_an_empty_batch_with_a_problem() {
    for body in ["", "null", "[]", "{}", "{\"entry\":{}}", "{\"entry\":[", "hola", "\u{0}"] {
        let batch = receive(body);
        assert!(batch.events.is_empty(), "{body}");
        assert!(batch.problem.is_some(), "{body}");
    }
}

/// Three megabytes of whatever shape: a second is far more than any of them takes, and far less than a shape that were quadratic.
#[test]
fn the_largest_body_is_read_in_bounded_time() {
    let size = 3 * 1024 * 1024;
    let many = |element: &str| {
        let elements = vec![element; size / (element.len() + 1)].join(",");
        change("messages", json!({ "messages": ["HERE"] })).to_string().replace("\"HERE\"", &elements)
    };
    let contact = r#"{"wa_id":"16505551234","user_id":"US.1"}"#;
    let contacts: Vec<Value> = (0..50_000).map(|n| json!({ "wa_id": n.to_string() })).collect();
    let senders: Vec<Value> = (0..50_000).map(|n| json!({ "id": n.to_string(), "from": n.to_string() })).collect();
    let bodies = [
        "[".repeat(size),
        format!("{{\"entry\":{}{}}}", "[".repeat(size / 2), "]".repeat(size / 2)),
        many(&text(1).to_string()),
        many(&format!("[{contact}]")),
        change("messages", json!({ "contacts": contacts, "messages": senders })).to_string(),
    ];
    for body in bodies {
        let head: String = body.chars().take(60).collect();
        let start = Instant::now();
        receive(body);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}: {head}");
    }
}

/// Any JSON, not too large.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(member(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The names that the parser knows, and others.
fn member() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 28] = [
        "id",
        "type",
        "text",
        "body",
        "image",
        "from",
        "from_user_id",
        "timestamp",
        "system",
        "edit",
        "message",
        "original_message_id",
        "contacts",
        "errors",
        "code",
        "context",
        "interactive",
        "reaction",
        "status",
        "recipient_id",
        "history",
        "threads",
        "messages",
        "location",
        "latitude",
        "user_id",
        "wa_id",
        "value",
    ];
    prop_oneof![
        4 => prop::sample::select(&KNOWN[..]).prop_map(str::to_owned),
        1 => "[a-z]{1,8}",
    ]
}

/// Puts `odd` somewhere into `value`, along `path`.
fn mutate(value: &mut Value, path: &[usize], odd: Value) {
    let Some((at, path)) = path.split_first() else {
        *value = odd;
        return;
    };
    let next = match value {
        Value::Array(elements) if !elements.is_empty() => {
            let at = at % elements.len();
            elements.get_mut(at)
        }
        Value::Object(members) if !members.is_empty() => {
            let at = at % members.len();
            members.values_mut().nth(at)
        }
        _ => None,
    };
    match next {
        Some(next) => mutate(next, path, odd),
        None => *value = odd,
    }
}

fn rich() -> Value {
    json!({
        "from": "16505551234", "id": "wamid.rich", "timestamp": "1749854575", "type": "interactive",
        "context": { "from": "15550783881", "id": "wamid.0" },
        "interactive": { "type": "list_reply", "list_reply": { "id": "a", "title": "b" } },
        "referral": { "source_id": "1" }, "errors": [{ "code": 131_051 }],
    })
}

proptest! {
    #[test]
    fn a_mutated_element_leaves_its_neighbours_alone(
        list in prop::sample::select(&["messages", "statuses", "message_echoes", "calls", "user_preferences"][..]),
        path in prop::collection::vec(any::<usize>(), 0..4),
        odd in anything(),
    ) {
        let mut element = rich();
        mutate(&mut element, &path, odd);
        let mut value = json!({ "messages": [text(1)], "statuses": [report(2)] });
        let before = events(&change("messages", value.clone()));
        match value[list].as_array_mut() {
            Some(elements) => elements.push(element),
            None => value[list] = json!([element]),
        }
        let after = events(&change("messages", value));
        prop_assert_eq!(after.len(), 3);
        for event in before {
            prop_assert!(after.contains(&event));
        }
    }

    #[test]
    fn no_mutation_of_a_webhook_panics_or_loses_another_entry(
        path in prop::collection::vec(any::<usize>(), 0..8),
        odd in anything(),
    ) {
        let mut body = change("messages", json!({ "contacts": [{ "wa_id": "16505551234" }], "messages": [rich(), text(1)], "statuses": [report(2)] }));
        let intact = change("messages", json!({ "messages": [text(7)] }));
        let expected = events(&intact);
        mutate(&mut body["entry"][0], &path, odd);
        body["entry"].as_array_mut().unwrap().push(intact["entry"][0].clone());
        let all = events(&body);
        prop_assert!(all.ends_with(&expected));
    }

    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        receive(body);
    }

    #[test]
    fn keys_do_not_depend_on_the_order(order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let keys = |numbers: &[usize]| {
            let messages: Vec<Value> = numbers.iter().copied().map(text).collect();
            let statuses: Vec<Value> = numbers.iter().copied().map(report).collect();
            let mut keys: Vec<_> = events(&change("messages", json!({ "messages": messages, "statuses": statuses })))
                .into_iter()
                .map(|event| (event.account, event.kind.name(), event.key))
                .collect();
            keys.sort_unstable();
            keys
        };
        let sorted: Vec<usize> = (0..12).collect();
        let straight = keys(&sorted);
        prop_assert_eq!(straight.len(), 24);
        prop_assert_eq!(straight, keys(&order));
    }
}
