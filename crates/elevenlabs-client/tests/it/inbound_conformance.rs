//! The parser keeps what every parser promises.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::{Event, EventKind, Inbound, WebhookRequest};
use comms_http::{ManualClock, signature::hmac_sha256_hex};
use elevenlabs_client::{
    ElevenLabsInbound,
    webhook::{SIGNATURE_HEADER, Verifier},
};
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_630;

#[derive(Default)]
struct Calls {
    told: AtomicUsize,
}

/// Stands between what a call says here and its number.
const NUMBER: char = '#';

fn call(id: &str) -> Value {
    json!({"type": "post_call_transcription", "event_timestamp": NOW, "data": {
        "agent_id": "agent_1", "conversation_id": id, "status": "done", "user_id": null,
        "transcript": [{"role": "user", "message": "hola", "time_in_call_secs": 1}],
        "metadata": {"start_time_unix_secs": NOW - 30, "call_duration_secs": 27, "phone_call": {"type": "twilio", "direction": "outbound",
            "external_number": "+34600000000", "agent_number": "+15005550006", "call_sid": "CA1"}},
        "analysis": {"call_successful": "success", "transcript_summary": "Quiere una cita."},
        "conversation_initiation_client_data": {"dynamic_variables": {"client_name": "Ana", "system__time": "now"}}}})
}

impl Calls {
    /// Another call, whose id says this.
    fn call(&self, said: &str) -> Value {
        call(&format!("{said}{NUMBER}{}", self.told.fetch_add(1, Ordering::Relaxed)))
    }
}

impl InboundHarness for Calls {
    fn inbound(&self) -> Box<dyn Inbound> {
        let keys = [Key::Current.secret(), Key::Next.secret()];
        let verifier = Verifier::new(keys).unwrap().clock(Arc::new(ManualClock::at_unix(NOW)));
        Box::new(ElevenLabsInbound::new(verifier))
    }

    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        let signed = [format!("{NOW}.").as_bytes(), &body].concat();
        let header = format!("t={NOW},v0={}", hmac_sha256_hex(&key.secret(), &signed));
        WebhookRequest::post("https://api.example.com/webhook/elevenlabs", body).header(SIGNATURE_HEADER, &header)
    }

    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn longest_batch(&self) -> usize {
        1
    }

    fn texts(&self, texts: &[&str]) -> Bytes {
        self.call(texts.first().copied().unwrap_or_default()).to_string().into()
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
        let mut told = self.call(marker);
        match strange {
            Strange::UnknownType => told["type"] = "post_call_hologram".into(),
            Strange::Misshapen => told["data"]["conversation_id"] = json!([marker]),
        }
        told.to_string().into()
    }

    /// Of a call nothing is kept but which it was.
    fn told(&self, event: &Event) -> Option<String> {
        let said = event.subject.split_once(NUMBER).map(|(said, _)| said.to_owned());
        said.filter(|_| matches!(event.kind, EventKind::Changed(_)))
    }
}

#[tokio::test]
async fn every_promise_of_a_parser_is_kept() {
    comms_conformance::inbound(&Calls::default()).await.unwrap();
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let failure = json!({"type": "call_initiation_failure", "event_timestamp": NOW, "data": {"agent_id": "agent_1",
        "conversation_id": "conv_2", "failure_reason": "busy", "metadata": {"type": "twilio", "body": {"CallStatus": "busy"}}}});
    let audio = json!({"type": "post_call_audio", "event_timestamp": NOW, "data": {"agent_id": "agent_1", "conversation_id": "conv_3",
        "full_audio": "SUQz"}});
    let samples = [failure, audio].map(|one| one.to_string().into()).into();
    let fuzzed = Fuzzing::from_env().run(&Calls::default(), samples).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
}
