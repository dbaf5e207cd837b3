//! What the tests of webhooks share.

use comms_core::{Batch, Event, EventKind, Inbound, InboundMessage, StatusUpdate};
use comms_http::{Secret, WebhookRequest, signature};
use serde_json::{Value, json};
use whatsapp_cloud::{WhatsAppInbound, webhook::Verifier};

pub const SECRET: &str = "an invented app secret";
pub const URL: &str = "https://comms.example/webhooks/whatsapp";

pub fn verifier() -> Verifier {
    let verifier = Verifier::new(Secret::from(SECRET)).unwrap();
    verifier.verify_token(Secret::from("a verify token")).unwrap()
}

/// A POST as Meta makes it.
pub fn signed(body: impl Into<Vec<u8>>) -> WebhookRequest {
    let body = body.into();
    let digest = signature::hmac_sha256_hex(&Secret::from(SECRET), &body);
    WebhookRequest::post(URL, body).header("x-hub-signature-256", &format!("sha256={digest}"))
}

pub fn receive(body: impl Into<Vec<u8>>) -> Batch {
    WhatsAppInbound::new(verifier()).receive(&signed(body)).unwrap()
}

pub fn events(body: &Value) -> Vec<Event> {
    receive(body.to_string()).events
}

/// A webhook of one change for one of our numbers.
pub fn change(field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({ "display_phone_number": "15550783881", "phone_number_id": "106540352242922" });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": field, "value": value }] }],
    })
}

/// The only event of a message of this type with this content.
pub fn message_event(kind: &str, content: Value) -> Event {
    let mut message = json!({ "from": "16505551234", "id": "wamid.1", "timestamp": "1749416383", "type": kind });
    if !content.is_null() {
        message[kind] = content;
    }
    only(change("messages", json!({ "messages": [message] })))
}

pub fn only(body: Value) -> Event {
    let mut events = events(&body);
    assert_eq!(events.len(), 1, "{body}");
    events.remove(0)
}

pub fn message(event: &Event) -> &InboundMessage {
    match &event.kind {
        EventKind::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

pub fn status(event: &Event) -> &StatusUpdate {
    match &event.kind {
        EventKind::Status(status) => status,
        other => panic!("not a status: {other:?}"),
    }
}

/// How many messages, statuses and other updates stand in a body: counted on the JSON alone, without the crate.
pub fn count(body: &Value) -> (usize, usize, usize) {
    let (mut messages, mut statuses, mut others) = (0, 0, 0);
    for change in body["entry"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|entry| entry["changes"].as_array().into_iter().flatten())
    {
        let value = &change["value"];
        let len = |name: &str| value[name].as_array().map_or(0, Vec::len);
        let imported = |chunk: &Value| -> usize {
            let threads = chunk["threads"].as_array().into_iter().flatten();
            threads.map(|thread| thread["messages"].as_array().map_or(0, Vec::len)).sum()
        };
        let chunks: Vec<usize> =
            value["history"].as_array().map(|chunks| chunks.iter().map(imported).collect()).unwrap_or_default();
        let in_history: usize = chunks.iter().sum();
        let empty_chunks = chunks.iter().filter(|n| **n == 0).count();
        let m = len("messages") + len("message_echoes") + in_history;
        let s = len("statuses");
        let mut o = empty_chunks
            + ["calls", "groups", "state_sync", "automatic_events", "user_preferences"]
                .iter()
                .map(|name| len(name))
                .sum::<usize>();
        if value["metadata"].is_object() {
            o += len("errors");
        }
        (messages, statuses) = (messages + m, statuses + s);
        others += if m + s + o == 0 { 1 } else { o };
    }
    (messages, statuses, others)
}
