use comms_core::{
    AccountId, Address, Call, Change, Content, ErrorKind, Event, EventKey, EventKind, IdentityChange, InboundMessage,
    Links, Media, MediaKind, MediaRef, MessageOrigin, OptChange, Party, Problem, Recording, Status, StatusUpdate,
};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_order_of_fields_does_not_change_a_key() {
    let one: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": [1, 2], "d": null}}"#).unwrap();
    let same: Value = serde_json::from_str(r#"{ "b": {"d": null, "c": [1, 2]}, "a": 1 }"#).unwrap();
    assert_eq!(EventKey::of_value(&one), EventKey::of_value(&same));
}

#[test]
fn a_difference_anywhere_changes_a_key() {
    let element = json!({"a": 1, "b": {"c": [1, 2]}});
    for other in [
        json!({"a": 1, "b": {"c": [2, 1]}}),
        json!({"a": "1", "b": {"c": [1, 2]}}),
        json!({"a": 1, "b": {"c": [1, 2], "d": null}}),
        json!({"a": 1}),
    ] {
        assert_ne!(EventKey::of_value(&element), EventKey::of_value(&other), "{other}");
    }
}

#[test]
fn a_key_is_the_same_in_every_version() {
    // They are in databases: another hash would store everything again.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(EventKey::of_bytes(b"").as_str(), empty);
    let element = EventKey::of_value(&json!({"b": 1, "a": "ñ"}));
    assert_eq!(element, EventKey::of_bytes(r#"{"a":"ñ","b":1}"#.as_bytes()));
}

#[test]
fn every_kind_of_event_survives_json_under_its_name() {
    let ana =
        || Party { addresses: vec![Address::from_wa_id("34600000000")], name: Some("Ana".to_owned()), username: None };
    let kinds = [
        EventKind::Message(Box::new(InboundMessage {
            origin: MessageOrigin::Echo,
            reply_to: Some("wamid.0".to_owned()),
            extra: json!({"forwarded": true}),
            ..InboundMessage::new(ana(), Content::text("hola"))
        })),
        EventKind::Status(Box::new(StatusUpdate {
            recipient: ana(),
            correlation: Some("0198".to_owned()),
            ..StatusUpdate::new(Some(Status::Read), "read")
        })),
        EventKind::Message(Box::new(InboundMessage {
            origin: MessageOrigin::Echo,
            status: Some(Status::CallFailed),
            problem: Some(premium()),
            author: Some("2".into()),
            links: Links { lead: Some("7".into()), ..Links::default() },
            ..InboundMessage::new(ana(), Content::Call(Call::default()))
        })),
        EventKind::Status(Box::new(StatusUpdate {
            problem: Some(premium()),
            duration_seconds: Some(42),
            answered_by: Some("machine_start".to_owned()),
            ..StatusUpdate::new(None, "amd")
        })),
        EventKind::Recording(Box::new(recording())),
        EventKind::Identity(IdentityChange {
            previous: None,
            previous_aliases: Vec::new(),
            current: ana(),
            reason: "user_changed_number".to_owned(),
            raw: Value::Null,
        }),
        EventKind::Opt(OptChange {
            party: ana(),
            opted_in: false,
            scope: "marketing_messages".to_owned(),
            raw: Value::Null,
        }),
        EventKind::Changed(Change { field: "account_update".to_owned(), value: json!({"a": 1}) }),
        EventKind::Unknown { name: "hologram".to_owned(), raw: json!([1, "dos", null]) },
    ];
    for kind in kinds {
        let event = Event {
            account: AccountId::of("whatsapp", "106540352242922"),
            subject: "wamid.1".to_owned(),
            key: EventKey::new("wamid.1"),
            occurred_at: Some(time::macros::datetime!(2026-01-02 03:04:05 UTC)),
            kind,
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["kind"]["kind"], event.kind.name());
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}

fn premium() -> Problem {
    Problem { code: "21215".to_owned(), message: "not permitted".to_owned(), kind: ErrorKind::InvalidRequest }
}

fn recording() -> Recording {
    let media = Media {
        kind: MediaKind::Audio,
        source: MediaRef::Id("RE1".to_owned()),
        caption: None,
        filename: None,
        mime_type: Some("audio/mpeg".to_owned()),
        sha256: None,
    };
    Recording { media, duration_seconds: Some(42), extra: json!({"channels": 2}) }
}

/// Events are stored as they were written: what older versions stored is read, and what is absent is not written.
#[test]
fn what_a_call_adds_may_be_absent() {
    let message = json!({"party": {"addresses": []}, "content": {"type": "text", "body": "hola"}});
    let read: InboundMessage = serde_json::from_value(message).unwrap();
    assert_eq!((read.status, read.problem, read.author, read.links), (None, None, None, Links::default()));
    let read: StatusUpdate = serde_json::from_value(json!({"status": "read", "provider_status": "read"})).unwrap();
    assert_eq!(read, StatusUpdate::new(Some(Status::Read), "read"));
    let written = serde_json::to_value(StatusUpdate::new(Some(Status::CallRinging), "ringing")).unwrap();
    let names: Vec<&String> = written.as_object().unwrap().keys().collect();
    assert_eq!(names, ["provider_status", "recipient", "status"]);
    let written = serde_json::to_value(InboundMessage::new(Party::default(), Content::text("hola"))).unwrap();
    let names: Vec<&String> = written.as_object().unwrap().keys().collect();
    assert_eq!(names, ["content", "origin", "party"]);
}

#[test]
fn the_most_lasting_address_comes_first() {
    assert_eq!(Party::default().primary(), None);
    let phone = Address::from_wa_id("34600000000");
    assert_eq!(Party::of(phone.clone()).primary(), Some(&phone));
}

proptest! {
    #[test]
    fn equal_bytes_and_no_others_have_equal_keys(a in prop::collection::vec(any::<u8>(), 0..50), b in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assert_eq!(EventKey::of_bytes(&a) == EventKey::of_bytes(&b), a == b);
        prop_assert_eq!(EventKey::of_bytes(&a), EventKey::of_bytes(&a.clone()));
    }
}
