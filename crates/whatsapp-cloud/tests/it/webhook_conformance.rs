//! The parser keeps what every parser promises.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::Inbound;
use comms_http::{WebhookRequest, signature};
use serde_json::{Value, json};
use whatsapp_cloud::{
    WhatsAppInbound,
    webhook::{SIGNATURE_HEADER, Verifier},
};

use crate::webhook_support::{URL, change};

#[derive(Default)]
struct Meta {
    messages: AtomicUsize,
}

impl Meta {
    fn message(&self, text: &str) -> Value {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        json!({ "from": "16505551234", "id": format!("wamid.{number}"), "timestamp": "1749416383", "type": "text", "text": { "body": text } })
    }
}

fn webhook(messages: Vec<Value>) -> Bytes {
    change("messages", json!({ "messages": messages })).to_string().into()
}

impl InboundHarness for Meta {
    fn inbound(&self) -> Box<dyn Inbound> {
        let verifier = Verifier::new(Key::Next.secret())
            .and_then(|verifier| verifier.previous_secret(Key::Current.secret()))
            .unwrap();
        Box::new(WhatsAppInbound::new(verifier))
    }

    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        let digest = signature::hmac_sha256_hex(&key.secret(), &body);
        WebhookRequest::post(URL, body).header(SIGNATURE_HEADER, &format!("sha256={digest}"))
    }

    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn longest_batch(&self) -> usize {
        1_000
    }

    fn texts(&self, texts: &[&str]) -> Bytes {
        webhook(texts.iter().map(|text| self.message(text)).collect())
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, texts: &[&str]) -> Bytes {
        let mut messages: Vec<Value> = texts.iter().map(|text| self.message(text)).collect();
        let mut element = self.message(marker);
        match strange {
            Strange::UnknownType => {
                element["type"] = json!("hologram");
                element["hologram"] = element["text"].take();
            }
            Strange::Misshapen => {
                element["id"] = json!([marker]);
                element["text"] = json!(7);
            }
        }
        messages.insert(messages.len() / 2, element);
        webhook(messages)
    }
}

#[tokio::test]
async fn every_promise_of_a_parser_is_kept() {
    comms_conformance::inbound(&Meta::default()).await.unwrap();
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let fuzzed = Fuzzing::from_env().run(&Meta::default(), own_webhooks()).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
}

/// The webhooks that were collected.
fn own_webhooks() -> Vec<Bytes> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/webhooks");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.map(Bytes::from).collect()
}
