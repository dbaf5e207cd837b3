//! Answers as Google gives them.

use gmail_client::model::{HistoryId, history::HistoryRecord, label::Label, message::Message, send_as::SendAsAddress};
use proptest::prelude::*;
use serde_json::{Value, json};

const FULL: &str = include_str!("../data/pairs/alt_text_html_cid.full.json");
const RAW: &str = include_str!("../data/pairs/alt_text_html_cid.raw.json");

fn with_snippet(text: &str) -> Message {
    let mut message = Message::default();
    message.snippet = text.to_owned();
    message
}

#[test]
fn a_message_is_read_whole_and_written_back_unchanged() {
    for text in [FULL, RAW, include_str!("../data/message_metadata.json")] {
        let message: Message = serde_json::from_str(text).unwrap();
        let before: Value = serde_json::from_str(text).unwrap();
        let after = serde_json::to_value(&message).unwrap();
        for (name, value) in before.as_object().unwrap() {
            if name != "payload" && value != "" {
                assert_eq!(after.get(name), Some(value), "{name}");
            }
        }
    }
}

#[test]
fn parts_are_found_by_their_place() {
    let message: Message = serde_json::from_str(FULL).unwrap();
    let places: Vec<&str> = message.parts().map(|part| part.part_id.as_str()).collect();
    assert_eq!(places, ["", "0", "0.0", "0.1", "1"]);
    assert_eq!(message.header("message-id"), Some("<a1@example.com>"));
    assert_eq!(message.received_at().unwrap().unix_timestamp(), 1_793_710_800);
    assert_eq!(message.attachments().count(), 1);
    let text = message.parts().find(|part| part.mime_type == "text/plain").unwrap();
    assert!(!text.body.bytes().unwrap().is_empty());
}

#[test]
fn the_raw_form_is_the_message_itself() {
    let message: Message = serde_json::from_str(RAW).unwrap();
    let raw = message.raw_bytes().unwrap();
    let parsed = gmail_client::mime::Incoming::parse(&raw, &gmail_client::mime::Limits::default()).unwrap();
    assert_eq!(parsed.message_id.as_deref(), Some("<a1@example.com>"));
    let full: Message = serde_json::from_str(FULL).unwrap();
    assert!(full.raw_bytes().is_err());
}

#[test]
fn a_snippet_is_text_after_its_escapes() {
    let snippet = |text: &str| with_snippet(text).snippet_text();
    assert_eq!(
        snippet("n&ordm; 12 &lt;ana@example.com&gt; d&#39;água &#x20ac; R&D &foo; &"),
        "nº 12 <ana@example.com> d'água € R&D &foo; &"
    );
}

#[test]
fn what_is_new_survives() {
    let message: Message = serde_json::from_value(json!({ "id": "1", "smartSummary": { "a": 1 } })).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap()["smartSummary"]["a"], 1);
    let label: Label = serde_json::from_value(json!({ "id": "L", "name": "n", "type": "shared" })).unwrap();
    assert_eq!(label.kind.unwrap().as_str(), "shared");
}

#[test]
fn lists_of_settings_and_changes_are_read() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Lists {
        #[serde(default)]
        labels: Vec<Label>,
        #[serde(default)]
        send_as: Vec<SendAsAddress>,
        #[serde(default)]
        history: Vec<HistoryRecord>,
    }
    let read = |text: &str| serde_json::from_str::<Lists>(text).unwrap();
    assert!(read(include_str!("../data/labels_list.json")).labels.iter().any(|label| label.id == "INBOX"));
    assert!(read(include_str!("../data/send_as_list.json")).send_as.iter().any(SendAsAddress::is_usable));
    let changes = read(include_str!("../data/history_mixed_page2.json")).history;
    assert_eq!(changes[0].messages_added[0].message.label_ids, ["DRAFT"]);
    assert_eq!(changes[3].labels_added[0].label_ids, ["TRASH"]);
    assert_eq!(changes[4].id, Some(HistoryId(4_178_330)));
}

proptest! {
    #[test]
    fn a_history_id_is_the_same_as_text_and_as_number(id: u64) {
        let as_text: HistoryId = serde_json::from_value(json!(id.to_string())).unwrap();
        let as_number: HistoryId = serde_json::from_value(json!(id)).unwrap();
        prop_assert_eq!(as_text, as_number);
        prop_assert_eq!(as_text.0, id);
    }

    #[test]
    fn no_snippet_makes_it_stumble(text in ".{0,60}") {
        let _ = with_snippet(&text).snippet_text();
    }
}
