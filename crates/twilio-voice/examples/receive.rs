//! Verifies a webhook, prints what it says and what it would be answered.
//!
//! ```sh
//! cargo run -p twilio-voice --example twilio-voice-receive        # a sample, signed with an invented token
//! TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… \
//!     cargo run -p twilio-voice --example twilio-voice-receive -- "$URL" "$X_TWILIO_SIGNATURE" < body.form
//! ```

use std::io::Read;

use anyhow::{Context, Result};
use comms_http::WebhookRequest;
use twilio_voice::{
    Secret,
    twiml::{self, Client, Dial, Reject, VoiceResponse},
    webhook::{self, SIGNATURE_HEADER, Verifier, Webhook},
};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const URL: &str = "https://example.com/voz";
const SAMPLE: [(&str, &str); 6] = [
    ("AccountSid", ACCOUNT),
    ("CallSid", "CA00000000000000000000000000000001"),
    ("CallStatus", "ringing"),
    ("Direction", "inbound"),
    ("From", "+34600000000"),
    ("To", "+15005550006"),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verifier, request) = match arguments.as_slice() {
        [url, signature] => from_outside(url, signature)?,
        _ => sample()?,
    };
    // What is signed by nobody we know ends here: answer it with 401.
    let read = webhook::parse(&verifier.verify(&request)?);
    println!("{read:?}");
    println!("{}", answer(&read));
    Ok(())
}

/// Twilio waits for it, at most 15 seconds, where a call asks.
fn answer(webhook: &Webhook) -> String {
    match webhook {
        Webhook::Request(request) if request.call.client_identity().is_some() => {
            // A browser calls: look whom it may call before you dial.
            VoiceResponse::new().reject(Reject::new()).to_xml()
        }
        Webhook::Request(_) => {
            VoiceResponse::new().dial(Dial::new().timeout(20).action(URL).with(Client::new("ana"))).to_xml()
        }
        _ => twiml::EMPTY.to_owned(),
    }
}

fn from_outside(url: &str, signature: &str) -> Result<(Verifier, WebhookRequest)> {
    let account = std::env::var("TWILIO_ACCOUNT_SID").context("TWILIO_ACCOUNT_SID is not set")?;
    let token = std::env::var("TWILIO_AUTH_TOKEN").context("TWILIO_AUTH_TOKEN is not set")?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    Ok((Verifier::new(account, token)?, form(url, body, signature)))
}

fn sample() -> Result<(Verifier, WebhookRequest)> {
    let token = Secret::from("an invented token");
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(SAMPLE).finish();
    let signature = webhook::sign(&token, URL, SAMPLE);
    Ok((Verifier::new(ACCOUNT, token)?, form(URL, body.into(), &signature)))
}

fn form(url: &str, body: Vec<u8>, signature: &str) -> WebhookRequest {
    WebhookRequest::post(url, body)
        .header("content-type", "application/x-www-form-urlencoded")
        .header(SIGNATURE_HEADER, signature)
}
