//! Whatever a push says is read: Google's token proves who pushes, and covers nothing of what is pushed.

use std::sync::Arc;

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::Inbound;
use comms_http::{ManualClock, WebhookRequest};
use gmail_client::{
    GmailInbound,
    webhook::{Keys, Verifier},
};
use serde_json::Value;

const TOKENS: &str = include_str!("../data/tokens.json");
const PUSH: &str = include_str!("../data/push/push_standard.json");

struct Pushes {
    tokens: Value,
    good: String,
}

impl Pushes {
    fn new() -> Self {
        let tokens: Value = serde_json::from_str(TOKENS).unwrap();
        let good = tokens["cases"].as_array().unwrap().iter().find(|case| case["valid"] == true).unwrap();
        Self { good: good["token"].as_str().unwrap().to_owned(), tokens }
    }
}

impl InboundHarness for Pushes {
    fn inbound(&self) -> Box<dyn Inbound> {
        let keys = Keys::default();
        keys.replace(include_str!("../data/jwks.json")).unwrap();
        let text = |name: &str| self.tokens[name].as_str().unwrap();
        let clock = Arc::new(ManualClock::at_unix(self.tokens["now"].as_i64().unwrap()));
        Box::new(GmailInbound::new(Verifier::new(text("audience"), text("email"), keys, clock).unwrap()))
    }

    fn sign(&self, body: Bytes, _: Key) -> WebhookRequest {
        WebhookRequest::post("https://example.com/webhooks/gmail", body)
            .header("authorization", &format!("Bearer {}", self.good))
    }

    fn signature_header(&self) -> &'static str {
        "authorization"
    }

    fn longest_batch(&self) -> usize {
        1
    }

    fn texts(&self, _: &[&str]) -> Bytes {
        Bytes::from_static(PUSH.as_bytes())
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
        let mut push: Value = serde_json::from_str(PUSH).unwrap();
        match strange {
            Strange::UnknownType => push["message"]["data"] = marker.into(),
            Strange::Misshapen => push["message"] = marker.into(),
        }
        push.to_string().into()
    }
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let bare = Bytes::from_static(br#"{"emailAddress":"ana@example.com","historyId":9876543210}"#);
    let fuzzed = Fuzzing::from_env().run(&Pushes::new(), vec![bare]).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 20 && fuzzed.batches > 1, "{fuzzed:?}");
}
