//! The parser keeps what every parser promises.

use std::sync::{
    LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::{AccountId, Content, Inbound, InboundMessage};
use comms_http::{Secret, WebhookRequest};
use sendgrid_client::{
    SendgridInbound,
    webhook::{SIGNATURE_HEADER, Verifier},
};
use serde_json::json;

use crate::support::{FORM, NOW, Signing, clock, inbound};

/// One pair for each of the suite's keys.
static KEYS: LazyLock<[Signing; 3]> = LazyLock::new(|| Key::ALL.map(|_| Signing::generate()));

#[derive(Default)]
struct Sendgrid {
    mails: AtomicUsize,
}

fn signing(key: Key) -> &'static Signing {
    let [current, next, strange] = &*KEYS;
    match key {
        Key::Current => current,
        Key::Next => next,
        Key::Strange => strange,
    }
}

pub fn parser() -> SendgridInbound {
    let keys = [signing(Key::Current).public(), signing(Key::Next).public()];
    let verifier = Verifier::new(keys.iter().map(String::as_str)).unwrap().clock(clock(NOW));
    SendgridInbound::new(verifier)
        .account(AccountId::from("sendgrid:ventas@example.org"))
        .route("entrada.example.org", AccountId::from("sendgrid:ventas@example.org"))
}

impl InboundHarness for Sendgrid {
    fn inbound(&self) -> Box<dyn Inbound> {
        Box::new(parser())
    }

    /// A body that begins as a form does is posted as one.
    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        let content_type = if body.starts_with(b"--") { FORM } else { "application/json" };
        signing(key).post(content_type, body)
    }

    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn longest_batch(&self) -> usize {
        1
    }

    fn texts(&self, texts: &[&str]) -> Bytes {
        let number = self.mails.fetch_add(1, Ordering::Relaxed);
        let fields = [
            ("envelope", r#"{"to":["equipo@entrada.example.org"],"from":"ana@example.com"}"#.to_owned()),
            ("headers", format!("From: Ana <ana@example.com>\r\nMessage-ID: <{number}@example.com>\r\n")),
            ("text", texts.first().copied().unwrap_or_default().to_owned()),
        ];
        let parts = fields.map(|(name, value)| {
            format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        format!("{}--xYzZY--\r\n", parts.concat()).into()
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
        let number = self.mails.fetch_add(1, Ordering::Relaxed);
        let id = format!("event-{number}");
        let element = match strange {
            Strange::UnknownType => json!({"event": "hologram", "sg_event_id": id, "hologram": marker}),
            Strange::Misshapen => json!({"event": "delivered", "email": [marker], "sg_message_id": {"a": number}}),
        };
        json!([element]).to_string().into()
    }

    fn said(&self, message: &InboundMessage) -> Option<String> {
        match &message.content {
            Content::Email(email) => email.text.clone(),
            _ => None,
        }
    }

    /// What is given to the parser is public.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

#[tokio::test]
async fn every_promise_of_a_parser_is_kept() {
    comms_conformance::inbound(&Sendgrid::default()).await.unwrap();
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let files = ["anymail_mixed_charsets", "own_default_with_attachments", "own_raw_mode_8bit_latin1"].map(inbound);
    let event = json!([{"event": "bounce", "email": "ana@example.com", "sg_event_id": "e", "sg_message_id": "m.filter1",
        "timestamp": 1_700_000_000, "type": "blocked", "reason": "421", "attempt": "5", "category": ["a"]}]);
    let group = json!({"event": "group_unsubscribe", "email": "ana@example.com", "asm_group_id": 7, "timestamp": "1"});
    let samples = files.into_iter().chain([event.to_string().into(), group.to_string().into()]).collect();
    let fuzzed = Fuzzing::from_env().run(&Sendgrid::default(), samples).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
}
