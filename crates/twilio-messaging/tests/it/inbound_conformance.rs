//! The parser keeps what every parser promises.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
use comms_core::Inbound;
use comms_http::WebhookRequest;
use twilio_core::webhook::sign;
use twilio_messaging::{
    TwilioMessagingInbound,
    webhook::{Params, SIGNATURE_HEADER, Verifier},
};

use crate::support::{ACCOUNT, NUMBER, TO, URL};

#[derive(Default)]
struct Twilio {
    messages: AtomicUsize,
}

impl Twilio {
    fn sid(&self) -> String {
        format!("SM{:032x}", self.messages.fetch_add(1, Ordering::Relaxed))
    }
}

/// A form that does not name its account: the suite changes each of its bytes, and Twilio signs what concerns another account with
/// another token.
fn form(fields: &[(&str, &str)]) -> Bytes {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into()
}

impl InboundHarness for Twilio {
    fn inbound(&self) -> Box<dyn Inbound> {
        let verifier = Verifier::new(ACCOUNT, Key::Next.secret())
            .and_then(|verifier| verifier.previous_token(Key::Current.secret()))
            .unwrap();
        Box::new(TwilioMessagingInbound::new(verifier))
    }

    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
        let signature = sign(&key.secret(), URL, Params::parse(&body).iter());
        WebhookRequest::post(URL, body)
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
        let text = texts.first().copied().unwrap_or_default();
        let sid = self.sid();
        form(&[("MessageSid", &sid), ("From", TO), ("To", NUMBER), ("Body", text), ("NumMedia", "0")])
    }

    fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
        let sid = self.sid();
        let fields = match strange {
            Strange::UnknownType => {
                [("MessageSid", &*sid), ("From", TO), ("To", NUMBER), ("MessageType", "hologram"), ("Hologram", marker)]
            }
            // Two texts, and nobody who wrote them.
            Strange::Misshapen => {
                [("MessageSid", &*sid), ("To", NUMBER), ("Body", marker), ("Body", "other"), ("NumMedia", "two")]
            }
        };
        form(&fields)
    }
}

#[tokio::test]
async fn every_promise_of_a_parser_is_kept() {
    comms_conformance::inbound(&Twilio::default()).await.unwrap();
}

#[test]
fn webhooks_that_nobody_would_write_are_read() {
    let fuzzed = Fuzzing::from_env().run(&Twilio::default(), samples()).unwrap();
    println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
    assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
}

/// A webhook of each kind that is told apart by its parameters.
fn samples() -> Vec<Bytes> {
    let file = [
        ("MessageSid", SID),
        ("From", TO),
        ("To", NUMBER),
        ("NumMedia", "1"),
        ("MediaUrl0", "https://x.test/m"),
        ("MediaContentType0", "image/png"),
    ];
    let report =
        [("MessageSid", SID), ("MessageStatus", "undelivered"), ("ErrorCode", "30008"), ("From", NUMBER), ("To", TO)];
    let stop = [("MessageSid", SID), ("From", TO), ("To", NUMBER), ("Body", "STOP"), ("OptOutType", "STOP")];
    let place = [
        ("MessageSid", SID),
        ("From", "whatsapp:+15005550124"),
        ("To", NUMBER),
        ("Latitude", "1.5"),
        ("Longitude", "-2e3"),
        ("ProfileName", "Ana"),
    ];
    let button = [
        ("MessageSid", SID),
        ("From", TO),
        ("To", NUMBER),
        ("ButtonPayload", "si"),
        ("ButtonText", "Sí"),
        ("OriginalRepliedMessageSid", SID),
    ];
    [&file[..], &report, &stop, &place, &button].map(form).into()
}

const SID: &str = "SM00000000000000000000000000000007";
