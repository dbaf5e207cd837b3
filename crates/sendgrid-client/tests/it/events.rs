//! Events: each by itself, whatever kinds their fields have.

use sendgrid_client::webhook::{Element, Event, EventType, Webhook};
use serde_json::{Value, json};

fn event(value: Value) -> Event {
    Event::read(&value).unwrap()
}

fn read(body: &Value) -> Vec<Element> {
    match Webhook::read("application/json", &body.to_string().into()) {
        Webhook::Events(elements) => elements,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_are_read_whatever_kinds_they_have() {
    let a = event(json!({"event": "deferred", "email": "ana@example.com", "timestamp": "1513299569", "attempt": "5",
        "category": "cat", "asm_group_id": "10", "sg_machine_open": "true", "tls": 1}));
    let b = event(
        json!({"event": "deferred", "email": "ana@example.com", "timestamp": 1_513_299_569_000_i64, "attempt": 5,
        "category": ["cat"], "asm_group_id": 10, "sg_machine_open": true, "tls": "1"}),
    );
    for event in [&a, &b] {
        assert_eq!(event.at.unwrap().unix_timestamp(), 1_513_299_569);
        assert_eq!((event.attempt, event.group, event.machine_open), (Some(5), Some(10), true));
        assert_eq!(event.categories, ["cat"]);
    }
    assert_eq!(a.other["tls"], 1);
}

#[test]
fn what_is_of_the_wrong_kind_is_absent_and_kept() {
    let strange = json!({"event": "open", "email": ["x"], "timestamp": {"a": 1}, "sg_event_id": null, "category": {"a": 1},
        "attempt": -3, "asm_group_id": 1e300});
    let event = event(strange.clone());
    assert_eq!((event.email, event.at, event.id, event.attempt, event.group), (None, None, None, None, None));
    assert_eq!(event.raw, strange);
}

#[test]
fn an_element_that_is_none_loses_no_neighbour() {
    let body = json!([{"event": "delivered", "sg_event_id": "a"}, 7, {"nothing": true}, {"event": "hologram", "x": 1}]);
    let elements = read(&body);
    assert!(matches!(&elements[0], Element::Event(event) if event.kind == EventType::Delivered));
    assert_eq!(elements[1], Element::Strange(json!(7)));
    assert_eq!(elements[2], Element::Strange(json!({"nothing": true})));
    assert!(matches!(&elements[3], Element::Event(event) if event.kind == EventType::Other("hologram".to_owned())));
}

#[test]
fn the_words_of_other_programs_are_known() {
    let body = json!({"message_id": "test-message-id", "event_type": "opened", "to_email": "test@example.com",
        "from_email": "noreply@example.org", "subject": "Prueba", "timestamp": 1_672_531_200});
    let elements = read(&body);
    let [Element::Event(event)] = &elements[..] else { panic!("{elements:?}") };
    assert_eq!(event.kind, EventType::Open);
    assert_eq!(event.mail_id(), Some("test-message-id"));
    assert_eq!(event.from_email.as_deref(), Some("noreply@example.org"));
    let words = ["bounced", "dropped", "spam_report", "unsubscribe", "opened", "clicked", "processed", "delivered"];
    for word in words {
        assert!(!matches!(EventType::from(word), EventType::Other(_)), "{word}");
    }
}

#[test]
fn the_callers_own_arguments_are_found() {
    let event =
        event(json!({"event": "delivered", "sg_message_id": "x.recvd-1", "comms_message_id": "ours", "pedido": "A-1"}));
    assert_eq!((event.custom_arg("comms_message_id"), event.custom_arg("pedido")), (Some("ours"), Some("A-1")));
    assert_eq!(event.other.len(), 2);
}

#[test]
fn the_mails_id_stands_before_sendgrids_mark() {
    let of = |id: &str| event(json!({"event": "x", "sg_message_id": id})).mail_id().map(str::to_owned);
    assert_eq!(of("14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0").as_deref(), Some("14c5d75ce93.dfd.64b469"));
    assert_eq!(of("Ua9z9lSTSaqYBWJe_Xfc-Q.recvd-5b-1-5F.0").as_deref(), Some("Ua9z9lSTSaqYBWJe_Xfc-Q"));
    assert_eq!(
        of("Ua9z9lSTSaqYBWJe_Xfc-Q.filterdrecv-p3mdw1-756-18-5F-9.0").as_deref(),
        Some("Ua9z9lSTSaqYBWJe_Xfc-Q")
    );
    assert_eq!(of("filter0093p1las1.9128.5717FB6F5.0"), None);
    assert_eq!(of("plain").as_deref(), Some("plain"));
}

/// The collection of the folder that `COMMS_VECTORS` names: no element of it is strange, and nothing of it is lost.
#[test]
fn vectors_of_events() {
    let Some(root) = std::env::var_os("COMMS_VECTORS") else {
        return println!("vectors sendgrid events: skipped, COMMS_VECTORS is not set");
    };
    let folder = std::path::PathBuf::from(root).join("email/sendgrid/events");
    let (mut events, mut files) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let whole: Value = serde_json::from_slice(&bytes).unwrap();
        let elements = read(&whole);
        let expected = whole.as_array().map_or(1, Vec::len);
        assert_eq!(elements.len(), expected);
        for element in elements {
            let Element::Event(event) = element else { panic!("{element:?}") };
            assert!(
                event.at.is_some_and(|at| (2_000..2_100).contains(&at.year()) || at.year() < 1_975),
                "{:?}",
                event.raw
            );
            events += 1;
        }
        files += 1;
    }
    println!("vectors sendgrid events: {events} of {files} files");
    assert!(events > 0);
}
