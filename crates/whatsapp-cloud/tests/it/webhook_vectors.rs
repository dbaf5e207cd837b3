//! Every webhook that was collected: none of its elements is lost, and each says what it said.

use std::{collections::HashMap, env, fs, path::PathBuf};

use comms_core::{Event, EventKind};
use serde_json::Value;

use crate::webhook_support::{count, events, receive};

/// The webhooks that belong to the crate, and those of the folder that `COMMS_VECTORS` names.
fn vectors() -> Vec<(String, Value)> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/webhooks");
    let mut files: Vec<PathBuf> = list(&own, "");
    match env::var_os("COMMS_VECTORS") {
        Some(folder) => files.extend(list(&PathBuf::from(folder).join("meta/whatsapp"), "wh__")),
        None => println!("vectors meta/whatsapp wh: skipped, COMMS_VECTORS is not set"),
    }
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            (file.display().to_string(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

fn list(folder: &PathBuf, prefix: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = found
        .map(|entry| entry.unwrap().path())
        .filter(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".json")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no webhooks in {}", folder.display());
    files
}

#[test]
fn every_element_becomes_one_event() {
    let (mut files, mut messages, mut statuses, mut others) = (0, 0, 0, 0);
    for (file, body) in vectors() {
        let batch = receive(body.to_string());
        let (m, s, o) = count(&body);
        assert_eq!(batch.events.len(), m + s + o, "{file}");
        assert_eq!(batch.problem, None, "{file}");
        let reports = |event: &&Event| matches!(event.kind, EventKind::Status(_));
        assert_eq!(batch.events.iter().filter(reports).count(), s, "{file}");
        let written = |event: &&Event| matches!(event.kind, EventKind::Message(_) | EventKind::Identity(_));
        assert_eq!(batch.events.iter().filter(written).count(), m, "{file}");
        // The line is about the collected ones: the crate's own are copies of some of them.
        if file.contains("wh__") {
            files += 1;
            (messages, statuses, others) = (messages + m, statuses + s, others + o);
        }
    }
    if files > 0 {
        println!("vectors meta/whatsapp wh: {files} files, {messages} messages, {statuses} statuses, {others} others");
    }
}

#[test]
fn a_key_stands_for_one_thing() {
    for (file, body) in vectors() {
        let mut seen: HashMap<(String, &str, String), Event> = HashMap::new();
        for event in events(&body) {
            let identity = (event.account.to_string(), event.kind.name(), event.key.to_string());
            let Some(first) = seen.insert(identity, event.clone()) else {
                continue;
            };
            // Two elements with one key are equal, or carry one id: some collected batches repeat an invented `wamid`.
            let same_id = first.subject == event.subject && first.subject.starts_with("wamid.");
            assert!(first == event || same_id, "{file}: {event:?}");
        }
    }
}

#[test]
fn events_do_not_depend_on_the_order_of_elements() {
    for (file, body) in vectors() {
        let mut straight = events(&body);
        let mut reversed = events(&backwards(&body));
        let by_content = |event: &Event| format!("{:?}", serde_json::to_value(event).unwrap());
        straight.sort_by_key(by_content);
        reversed.sort_by_key(by_content);
        assert_eq!(straight, reversed, "{file}");
    }
}

/// The same webhook with entries, changes and elements in reverse.
fn backwards(body: &Value) -> Value {
    let mut body = body.clone();
    let reverse = |value: &mut Value| value.as_array_mut().into_iter().for_each(|a| a.reverse());
    for entry in body["entry"].as_array_mut().into_iter().flatten() {
        for change in entry["changes"].as_array_mut().into_iter().flatten() {
            let members = change["value"].as_object_mut().into_iter().flatten();
            members
                .filter(|(name, _)| ["messages", "statuses", "contacts"].contains(&name.as_str()))
                .for_each(|(_, list)| reverse(list));
        }
        reverse(&mut entry["changes"]);
    }
    reverse(&mut body["entry"]);
    body
}

#[test]
fn nothing_that_an_element_says_is_lost() {
    for (file, body) in vectors() {
        let told = serde_json::to_string(&events(&body)).unwrap();
        for change in body["entry"].as_array().unwrap().iter().flat_map(|e| e["changes"].as_array().unwrap()) {
            let value = &change["value"];
            let mut leaves = Vec::new();
            collect(value, &mut leaves);
            for leaf in leaves {
                assert!(told.contains(&leaf), "{file}: {leaf} is not in {told}");
            }
        }
    }
}

/// Every text and number as it is written in JSON, but for what is said in another way: addresses, times, types, our own number.
fn collect(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let elsewhere = matches!(
                    name.as_str(),
                    "contacts" | "metadata" | "timestamp" | "messaging_product" | "type" | "from" | "to"
                );
                if !elsewhere {
                    collect(member, leaves);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, leaves)),
        Value::String(text) => {
            let written = Value::String(text.clone()).to_string();
            leaves.push(written.trim_matches('"').to_owned());
        }
        Value::Number(number) => leaves.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}
