//! The in-memory parser passes; each way to break it is caught.

use std::{sync::Arc, thread, time::Duration};

use bytes::Bytes;
use comms_conformance::inbound::{CASES, Fuzzing, InboundHarness, Key, Strange};
use comms_core::{
    AccountId, Address, Batch, Content, Error, Event, EventKey, EventKind, InMemoryChannel, Inbound, InboundMessage,
    MessageId, Party, Result, StoredWebhook, WebhookRequest, signature,
};
use serde_json::{Value, json};

use crate::bites::every_case_bites;

const HEADER: &str = "x-memory-signature";

#[tokio::test]
async fn the_in_memory_parser_keeps_every_promise() {
    comms_conformance::inbound(&Harness(Flaw::None)).await.unwrap();
}

#[tokio::test]
async fn every_case_of_a_parser_bites() {
    use Flaw::*;
    let flaws = [
        ("a_signed_webhook_is_read", ReadsNothing),
        ("both_secrets_of_a_rotation_are_accepted", KnowsOneSecret),
        ("a_strange_secret_is_refused", VerifiesNothing),
        ("an_unsigned_webhook_is_refused", AcceptsTheUnsigned),
        ("every_changed_character_of_the_signature_is_refused", ComparesHalf),
        ("every_shortened_signature_is_refused", ComparesWhatIsGiven),
        ("a_lengthened_signature_is_refused", ComparesTheStart),
        ("a_signature_given_twice_is_refused", TakesTheFirstOfTwo),
        ("every_changed_byte_of_the_body_is_refused", TrimsTheBody),
        ("a_refusal_reveals_neither_secret_nor_signature", ShowsWhatItExpected),
        ("every_message_is_read_in_its_order", ReadsBackwards),
        ("the_same_webhook_gives_the_same_keys", MakesFreshKeys),
        ("keys_are_distinct_within_a_batch", KeysByText),
        ("a_replay_reads_what_the_receipt_read", ReplaysNothing),
        ("a_type_from_the_future_is_kept", DropsUnknownTypes),
        ("a_misshapen_element_is_kept", DropsTheMisshapen),
        ("a_strange_element_does_not_lose_its_neighbours", FailsAsAWhole),
        ("signed_garbage_is_accepted_and_told", SwallowsGarbage),
        ("a_webhook_of_three_megabytes_is_accepted", RefusesMegabytes),
        ("nothing_that_is_signed_panics", Panics),
    ];
    every_case_bites(CASES, &flaws, |flaw| -> Arc<dyn InboundHarness> { Arc::new(Harness(flaw)) }).await;
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let fuzzed = Fuzzing::from_env().run(&Harness(Flaw::None), Vec::new()).unwrap();
    assert!(fuzzed.webhooks > 100 && fuzzed.batches >= 3, "{fuzzed:?}");
}

#[test]
fn fuzzing_finds_what_is_broken() {
    let fuzzing = Fuzzing { time: Duration::from_secs(20), seed: 7 };
    for (flaw, found) in [
        (Flaw::Panics, "the parser panics"),
        (Flaw::ReplaysNothing, "the replay reads something else"),
        (Flaw::Hangs, "it takes"),
    ] {
        let violation = fuzzing.run(&Harness(flaw), Vec::new()).unwrap_err().to_string();
        assert!(violation.starts_with(found) && violation.contains("seed 7"), "{violation}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    ReadsNothing,
    KnowsOneSecret,
    VerifiesNothing,
    AcceptsTheUnsigned,
    ComparesHalf,
    ComparesWhatIsGiven,
    ComparesTheStart,
    TakesTheFirstOfTwo,
    TrimsTheBody,
    ShowsWhatItExpected,
    ReadsBackwards,
    MakesFreshKeys,
    KeysByText,
    ReplaysNothing,
    DropsUnknownTypes,
    DropsTheMisshapen,
    FailsAsAWhole,
    SwallowsGarbage,
    RefusesMegabytes,
    Panics,
    Hangs,
}

struct Harness(Flaw);

impl InboundHarness for Harness {
    fn inbound(&self) -> Box<dyn Inbound> {
        let mut secrets = vec![Key::Current.secret(), Key::Next.secret()];
        if self.0 == Flaw::KnowsOneSecret {
            secrets.pop();
        }
        Box::new(Flawed { memory: InMemoryChannel::new("desk").with_secrets(secrets), flaw: self.0 })
    }

    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        InMemoryChannel::new("desk").with_secrets(vec![key.secret()]).sign(body)
    }

    fn signature_header(&self) -> &'static str {
        HEADER
    }

    fn longest_batch(&self) -> usize {
        100
    }

    fn texts(&self, texts: &[&str]) -> Bytes {
        let events: Vec<Event> = texts.iter().map(|text| message(text)).collect();
        serde_json::to_vec(&events).unwrap().into()
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, texts: &[&str]) -> Bytes {
        let mut elements: Vec<Value> = texts.iter().map(|text| serde_json::to_value(message(text)).unwrap()).collect();
        let element = match strange {
            Strange::UnknownType => json!({"type": "hologram", "note": marker}),
            Strange::Misshapen => json!({"account": 5, "kind": "message", "note": marker}),
        };
        elements.insert(elements.len() / 2, element);
        serde_json::to_vec(&elements).unwrap().into()
    }
}

fn message(text: &str) -> Event {
    let id = MessageId::new().to_string();
    Event {
        account: AccountId::of("memory", "desk"),
        key: EventKey::new(&id),
        subject: id,
        occurred_at: None,
        kind: EventKind::Message(Box::new(InboundMessage::new(
            Party::of(Address::phone("+34600000000", None).unwrap()),
            Content::text(text),
        ))),
    }
}

/// The in-memory parser, broken in one way.
#[derive(Debug)]
struct Flawed {
    memory: InMemoryChannel,
    flaw: Flaw,
}

impl Inbound for Flawed {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        if self.flaw == Flaw::RefusesMegabytes && request.body.len() > 1024 * 1024 {
            return Err(Error::invalid_signature("the body is too long"));
        }
        if self.flaw == Flaw::Panics {
            assert!(std::str::from_utf8(&request.body).is_ok(), "not UTF-8");
        }
        if self.flaw == Flaw::Hangs && request.body.contains(&0xff) {
            thread::sleep(Duration::from_millis(1_100));
        }
        let batch = match self.memory.receive(request) {
            Ok(batch) => batch,
            Err(_) if self.is_fooled_by(request) => self.memory.receive(&self.memory.sign(request.body.clone()))?,
            Err(_) if self.flaw == Flaw::ShowsWhatItExpected => {
                let expected = expected(&request.body);
                return Err(Error::invalid_signature(format!("{expected} was expected")));
            }
            Err(error) => return Err(error),
        };
        Ok(self.spoilt(batch))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        match self.flaw {
            Flaw::ReplaysNothing => Batch::default(),
            _ => self.spoilt(self.memory.reparse(stored)),
        }
    }
}

impl Flawed {
    /// Whether this parser takes a wrong signature for a right one.
    fn is_fooled_by(&self, request: &WebhookRequest) -> bool {
        let first = request.headers.get(HEADER).and_then(|v| v.to_str().ok());
        let given = first.unwrap_or_default();
        let expected = expected(&request.body);
        match self.flaw {
            Flaw::VerifiesNothing => true,
            Flaw::AcceptsTheUnsigned => first.is_none(),
            Flaw::ComparesHalf => given.starts_with(&expected[..32]),
            Flaw::ComparesWhatIsGiven => expected.starts_with(given),
            Flaw::ComparesTheStart => given.starts_with(&expected),
            Flaw::TakesTheFirstOfTwo => given == expected,
            Flaw::TrimsTheBody => given == self::expected(request.body.trim_ascii()),
            _ => false,
        }
    }

    fn spoilt(&self, mut batch: Batch) -> Batch {
        let events = &mut batch.events;
        match self.flaw {
            Flaw::ReadsNothing => events.clear(),
            Flaw::ReadsBackwards => events.reverse(),
            Flaw::MakesFreshKeys => {
                for event in events {
                    event.key = EventKey::new(MessageId::new().to_string());
                }
            }
            Flaw::KeysByText => {
                for event in events {
                    if let EventKind::Message(message) = &event.kind {
                        event.key = EventKey::new(message.content.summary());
                    }
                }
            }
            Flaw::DropsUnknownTypes => events.retain(|event| !has(event, "type")),
            Flaw::DropsTheMisshapen => events.retain(|event| !has(event, "account")),
            Flaw::FailsAsAWhole if events.iter().any(|e| e.kind.name() == "unknown") => {
                events.retain(|event| event.kind.name() == "unknown");
            }
            Flaw::SwallowsGarbage => batch.problem = None,
            _ => {}
        }
        batch
    }
}

fn expected(body: &[u8]) -> String {
    signature::hmac_sha256_hex(&Key::Current.secret(), body)
}

/// Whether it is an element that is not understood and has this field.
fn has(event: &Event, field: &str) -> bool {
    matches!(&event.kind, EventKind::Unknown { raw, .. } if raw.get(field).is_some())
}
