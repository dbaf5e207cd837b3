//! Webhooks of calls: verified first, then read.
//!
//! Twilio signs the address it calls and the form it posts. [`Verifier::verify`] is the only way to a [`Verified`], and [`parse`]
//! takes nothing else: no event without a proof.
//!
//! ```
//! use comms_http::WebhookRequest;
//! use twilio_voice::{Secret, webhook::{self, Verifier, Webhook}};
//!
//! let token = Secret::from("an auth token");
//! let verifier = Verifier::new("AC00000000000000000000000000000001", token.clone())?;
//!
//! let url = "https://example.com/voz";
//! let form = [("CallSid", "CA00000000000000000000000000000001"), ("From", "client:ana"), ("To", "+34600000000")];
//! let request = WebhookRequest::post(url, "CallSid=CA00000000000000000000000000000001&From=client%3Aana&To=%2B34600000000")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .header(webhook::SIGNATURE_HEADER, &webhook::sign(&token, url, form));
//! match webhook::parse(&verifier.verify(&request)?) {
//!     Webhook::Request(request) => assert_eq!(request.call.client_identity(), Some("ana")),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), twilio_voice::Error>(())
//! ```
//!
//! A browser that calls comes as `From=client:<identity>` with `Direction=inbound`: the identity is that of its access token, so it
//! can be trusted once the signature holds. Its `To` is what somebody typed: check it before you dial it.
//!
//! *See [Twilio docs/TwiML for Programmable Voice](https://www.twilio.com/docs/voice/twiml)*

use bytes::Bytes;
use serde_json::Value;
use twilio_core::Params;
pub use twilio_core::webhook::{IDEMPOTENCY_HEADER, SIGNATURE_HEADER, Verified, Verifier, sign};

use crate::model::webhook::Rest;
pub use crate::model::webhook::{
    Amd, CallInfo, ConversationRelay, Debugger, DialAction, Fallback, Gather, RecordAction, RecordingCallback,
    StatusCallback, Transcription, VoiceRequest, Webhook,
};

/// What a webhook says. Nothing makes it fail: what is none of the known kinds is [`Webhook::Other`], with everything that came.
#[must_use]
pub fn parse(verified: &Verified) -> Webhook {
    read(verified.params(), verified.body())
}

/// The same for parameters, or the body where it is no form.
pub(crate) fn read(params: &Params, body: Option<&Bytes>) -> Webhook {
    match body {
        Some(body) if params.is_empty() => of_body(body),
        _ => Webhook::of_parameters(Rest::new(params.iter())),
    }
}

fn of_body(body: &[u8]) -> Webhook {
    let is_event = |value: &Value| value.get("specversion").is_some();
    match serde_json::from_slice(body) {
        Ok(Value::Array(events)) if !events.is_empty() && events.iter().all(is_event) => Webhook::Events(events),
        Ok(event) if is_event(&event) => Webhook::Events(vec![event]),
        Ok(other) => Webhook::Other(other),
        Err(_) => Webhook::Other(Value::String(String::from_utf8_lossy(body).into_owned())),
    }
}
