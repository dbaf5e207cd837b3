//! Every frame there and back.

use std::path::PathBuf;

use elevenlabs_client::session::frames::{ClientFrame, EventId, ServerFrame};
use serde_json::{Value, json};

fn vectors(folder: &str) -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/ws").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    files.iter().map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), read(file))).collect()
}

/// An object without anything in it says nothing.
pub fn without_empty(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.as_object().is_some_and(serde_json::Map::is_empty));
    }
    value
}

#[test]
fn every_frame_of_ours_there_and_back() {
    let all = vectors("client");
    assert_eq!(all.len(), 12);
    for (name, vector) in all {
        let frame: ClientFrame =
            serde_json::from_value(vector.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(&frame).unwrap(), without_empty(vector), "{name}");
    }
}

#[test]
fn every_frame_of_theirs_there_and_back() {
    let all = vectors("server");
    assert_eq!(all.len(), 29);
    for (name, vector) in all {
        let frame = ServerFrame::read(&vector.to_string()).unwrap();
        assert_eq!(frame.to_value(), vector, "{name}");
        assert_eq!(frame.name(), vector["type"], "{name}");
        let is_other = matches!(frame, ServerFrame::Other(_));
        assert_eq!(is_other, name == "keep_alive_unknown", "{name}: {frame:?}");
    }
}

#[test]
fn every_frame_of_the_scenarios_can_be_read() {
    for scenario in super::peer::Scenario::all() {
        for line in &scenario.lines {
            match line {
                super::peer::Line::Hears(frame) => {
                    let read: ClientFrame = serde_json::from_value(frame.clone()).unwrap();
                    assert_eq!(serde_json::to_value(read).unwrap(), without_empty(frame.clone()), "{}", scenario.name);
                }
                super::peer::Line::Says(text) if text != "not json" => {
                    let value: Value = serde_json::from_str(text).unwrap();
                    assert_eq!(ServerFrame::read(text).unwrap().to_value(), value, "{}", scenario.name);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_field_that_is_not_known_survives() {
    let frame = json!({"type": "agent_response", "agent_response_event": {"agent_response": "Sí.", "event_id": 3, "mood": "kind"}});
    assert_eq!(ServerFrame::read(&frame.to_string()).unwrap().to_value(), frame);
}

#[test]
fn what_a_known_type_cannot_mean_is_kept_as_it_came() {
    for frame in [
        json!({"type": "agent_response"}),
        json!({"type": "agent_response", "agent_response_event": {"agent_response": 7}}),
        json!({"type": "ping", "ping_event": "now"}),
        json!({"type": 7}),
        json!({"no": "type"}),
        json!([1, 2]),
        json!("text"),
        json!(null),
    ] {
        let read = ServerFrame::read(&frame.to_string()).unwrap();
        assert!(matches!(read, ServerFrame::Other(_)), "{read:?}");
        assert_eq!(read.to_value(), frame);
    }
    assert_eq!(ServerFrame::read("not json").unwrap_err().kind(), elevenlabs_client::ErrorKind::Decode);
}

#[test]
fn an_event_is_the_same_however_its_number_is_written() {
    let (number, text) = (EventId::Number(3), EventId::Text("3".to_owned()));
    assert!(number.is(&text) && text.is(&number));
    assert!(!number.is(&EventId::Number(4)) && !number.is(&EventId::Text("three".to_owned())));
    assert!(EventId::Text("a".to_owned()).is(&EventId::Text("a".to_owned())));
}
