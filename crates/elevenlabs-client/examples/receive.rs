//! Verifies a webhook and prints what it says.
//!
//! ```sh
//! cargo run -p elevenlabs-client --example elevenlabs-client-receive       # a sample, signed with an invented secret
//! ELEVENLABS_WEBHOOK_SECRET=wsec_… cargo run -p elevenlabs-client --example elevenlabs-client-receive -- \
//!     "$ELEVENLABS_SIGNATURE" < body.json
//! ```

use std::{io::Read, sync::Arc};

use anyhow::{Context, Result};
use comms_http::{ManualClock, WebhookRequest};
use elevenlabs_client::{
    Config,
    webhook::{SIGNATURE_HEADER, Verifier, Webhook},
};

const URL: &str = "https://example.org/webhook/elevenlabs";
const SECRET: &str = "wsec_TEST";
const TIME: i64 = 1_767_225_630;
const SIGNATURE: &str = "t=1767225630,v0=e0b5aa5fa6df948bfa0b96e0a2e1a9d38d17e2c0c109e7c241259b3f5d4d0655";
const BODY: &str =
    "{\"type\":\"post_call_transcription\",\"data\":{\"transcript_summary\":\"El señor pidió café ☕\"}}";

fn main() -> Result<()> {
    let (verifier, request) = match std::env::args().nth(1) {
        Some(signature) => from_outside(&signature)?,
        None => sample()?,
    };
    // What is signed by nobody we know ends here: answer it with 401.
    let verified = verifier.verify(&request)?;
    // A server stores the request now, answers, and reads it afterwards.
    match verified.parse() {
        Webhook::PostCall(call) => {
            let call = call.conversation;
            println!("{} is {}: {}", call.conversation_id, call.status, call.summary().unwrap_or("no summary"));
        }
        Webhook::Audio(audio) => println!("a recording of {} of about {} bytes", audio.conversation_id, audio.length()),
        Webhook::InitiationFailure(failure) => {
            println!("{:?} was not reached: {}", failure.phone(), failure.failure_reason)
        }
        Webhook::Other(event) => println!("{}: {}", event.kind, event.data),
        other => println!("{other:?}"),
    }
    Ok(())
}

fn from_outside(signature: &str) -> Result<(Verifier, WebhookRequest)> {
    let verifier = Config::from_env().verifier()?.context("ELEVENLABS_WEBHOOK_SECRET is not set")?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    Ok((verifier, WebhookRequest::post(URL, body).header(SIGNATURE_HEADER, signature)))
}

fn sample() -> Result<(Verifier, WebhookRequest)> {
    // It was signed long ago.
    let verifier = Verifier::new([SECRET.into()])?.clock(Arc::new(ManualClock::at_unix(TIME)));
    Ok((verifier, WebhookRequest::post(URL, BODY).header(SIGNATURE_HEADER, SIGNATURE)))
}
