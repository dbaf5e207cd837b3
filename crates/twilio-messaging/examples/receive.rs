//! Verifies webhooks and prints what they say.
//!
//! ```sh
//! cargo run -p twilio-messaging --example twilio-messaging-receive          # samples, signed with an invented token
//! TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… \
//!     cargo run -p twilio-messaging --example twilio-messaging-receive -- "$URL" "$X_TWILIO_SIGNATURE" < body.txt
//! ```

use std::io::Read;

use anyhow::{Context, Result};
use comms_http::{Secret, WebhookRequest};
use twilio_messaging::webhook::{InboundMessage, Params, SIGNATURE_HEADER, Verifier, Webhook, sign};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const URL: &str = "https://example.org/webhook/sms";
const SAMPLES: [&str; 3] = [
    "AccountSid=AC00000000000000000000000000000001&Body=%C2%BFSigue+en+venta%3F&From=%2B34600000000&\
     MessageSid=SM00000000000000000000000000000001&NumMedia=0&SmsStatus=received&To=%2B15005550006",
    "AccountSid=AC00000000000000000000000000000001&Body=STOP&From=whatsapp%3AES.1349120865530274&ProfileName=Ana&\
     MessageSid=SM00000000000000000000000000000002&NumMedia=0&SmsStatus=received&To=whatsapp%3A%2B15005550006",
    "AccountSid=AC00000000000000000000000000000001&ErrorCode=30003&From=%2B15005550006&MessageStatus=undelivered&\
     MessageSid=SM00000000000000000000000000000003&To=%2B34600000000",
];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (verifier, requests) = match (arguments.next(), arguments.next()) {
        (Some(url), Some(signed)) => from_outside(&url, &signed)?,
        _ => samples()?,
    };
    for request in requests {
        // What is signed by nobody we know ends here: answer it with 401.
        let verified = verifier.verify(&request)?;
        // A server stores the request now, answers with `EMPTY_RESPONSE`, and reads it afterwards.
        match Webhook::of(&verified) {
            Webhook::Inbound(message) => print_message(&message),
            Webhook::Status(report) => {
                let word = report.status().map(|status| status.to_string()).unwrap_or_default();
                println!("{} is {word} {}", report.sid(), report.error_code.as_deref().unwrap_or_default());
            }
            other => println!("{other:?}"),
        }
    }
    Ok(())
}

fn print_message(message: &InboundMessage) {
    let from = message.from.as_ref().map(|from| from.masked()).unwrap_or_default();
    println!("{from}: {}", message.body.as_deref().unwrap_or_default());
    if let Some(opt) = message.opt_out() {
        println!("  that is {opt}: Twilio has answered it");
    }
}

fn from_outside(url: &str, signed: &str) -> Result<(Verifier, Vec<WebhookRequest>)> {
    let account = std::env::var("TWILIO_ACCOUNT_SID").context("TWILIO_ACCOUNT_SID is not set")?;
    let token = std::env::var("TWILIO_AUTH_TOKEN").context("TWILIO_AUTH_TOKEN is not set")?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let request = WebhookRequest::post(url, body).header(SIGNATURE_HEADER, signed);
    Ok((Verifier::new(account, token)?, vec![request]))
}

fn samples() -> Result<(Verifier, Vec<WebhookRequest>)> {
    let token = Secret::from("an invented token");
    let signed = |body: &'static str| {
        let params = Params::parse(body.as_bytes());
        let signature = sign(&token, URL, params.iter());
        WebhookRequest::post(URL, body)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(SIGNATURE_HEADER, &signature)
    };
    let requests = SAMPLES.map(signed).into();
    Ok((Verifier::new(ACCOUNT, token)?, requests))
}
