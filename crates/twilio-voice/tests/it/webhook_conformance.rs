//! The parser keeps what every parser promises.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::{Inbound, InboundMessage};
use comms_http::WebhookRequest;
use twilio_core::Params;
use twilio_voice::{
    TwilioVoiceInbound,
    webhook::{self, SIGNATURE_HEADER, Verifier},
};

use crate::support::{ACCOUNT, CALLBACK, NUMBER, PERSON};

/// Calls to our number. What one says is the name of who calls.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Calls {
    fn call(&self, more: &[(&str, &str)]) -> Bytes {
        let sid = format!("CA{:032x}", self.0.fetch_add(1, Ordering::Relaxed));
        let call = [("CallSid", &*sid), ("From", PERSON), ("To", NUMBER), ("Direction", "inbound")];
        encoded(&[&call[..], more].concat())
    }
}

fn encoded(params: &[(&str, &str)]) -> Bytes {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish().into()
}

impl InboundHarness for Calls {
    fn inbound(&self) -> Box<dyn Inbound> {
        let verifier = Verifier::new(ACCOUNT, Key::Next.secret())
            .and_then(|verifier| verifier.previous_token(Key::Current.secret()))
            .unwrap();
        Box::new(TwilioVoiceInbound::new(verifier, CALLBACK).unwrap())
    }

    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        let signature = webhook::sign(&key.secret(), CALLBACK, Params::parse(&body).iter());
        WebhookRequest::post(CALLBACK, body)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(SIGNATURE_HEADER, &signature)
    }

    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn longest_batch(&self) -> usize {
        1
    }

    fn texts(&self, texts: &[&str]) -> Bytes {
        self.call(&[("CallStatus", "ringing"), ("CallerName", texts[0])])
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
        match strange {
            Strange::UnknownType => encoded(&[("HologramSid", "HO1"), ("HologramStatus", marker)]),
            // Of two calls at once, and so of none.
            Strange::Misshapen => self.call(&[("CallSid", "CA1"), ("CallStatus", "ringing"), ("CallerName", marker)]),
        }
    }

    fn said(&self, message: &InboundMessage) -> Option<String> {
        message.party.name.clone()
    }
}

#[tokio::test]
async fn every_promise_of_a_parser_is_kept() {
    comms_conformance::inbound(&Calls::default()).await.unwrap();
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let fuzzed = Fuzzing::from_env().run(&Calls::default(), samples()).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
}

/// A webhook of each kind that is told apart by its parameters.
fn samples() -> Vec<Bytes> {
    let leg = [("CallSid", CALL), ("ParentCallSid", PARENT), ("CallStatus", "completed"), ("CallDuration", "12")];
    let recording = [
        ("CallSid", CALL),
        ("RecordingSid", RECORDING),
        ("RecordingStatus", "completed"),
        ("RecordingUrl", "https://x.test/r"),
    ];
    let step =
        [("CallSid", CALL), ("DialCallStatus", "no-answer"), ("DialCallSid", PARENT), ("From", PERSON), ("To", NUMBER)];
    let browser =
        [("CallSid", CALL), ("From", "client:7"), ("To", PERSON), ("Direction", "inbound"), ("lead_id", "42")];
    let machine = [
        ("CallSid", CALL),
        ("AnsweredBy", "machine_start"),
        ("CallStatus", "in-progress"),
        ("Timestamp", "Mon, 02 Mar 2026 10:00:00 +0000"),
    ];
    [&leg[..], &recording, &step, &browser, &machine].map(encoded).into()
}

const CALL: &str = "CA00000000000000000000000000000007";
const PARENT: &str = "CA00000000000000000000000000000008";
const RECORDING: &str = "RE00000000000000000000000000000009";
