//! Makes a token and TwiML and verifies a webhook: no HTTP client, no runtime, no domain model.

use comms_http::WebhookRequest;
use twilio_core::webhook::Verifier;
use twilio_voice::{
    token::{AccessToken, Signer, VoiceGrant},
    twiml::{Dial, VoiceResponse},
};

fn token(now: time::OffsetDateTime) -> comms_http::Result<comms_http::Secret> {
    let signer = Signer::new(
        "AC00000000000000000000000000000001",
        "SK00000000000000000000000000000001",
        comms_http::Secret::from("an-invented-secret"),
    )?;
    let token = AccessToken::new("7").voice(VoiceGrant::default());
    Ok(signer.sign(&token, now)?.jwt)
}

fn answer() -> String {
    VoiceResponse::new().dial(Dial::number("+34600000000").caller_id("+15005550006")).to_xml()
}

fn receive(request: &WebhookRequest) -> comms_http::Result<String> {
    let verified = Verifier::new("AC00000000000000000000000000000001", "an-invented-token")?.verify(request)?;
    Ok(verified.params().get("CallSid").unwrap_or_default().to_owned())
}

fn main() {
    let _ = (token, receive);
    println!("{}", answer());
}
