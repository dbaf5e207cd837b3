//! Verifies webhooks and prints what they say.
//!
//! ```sh
//! cargo run -p sendgrid-client --example sendgrid-client-receive       # a sample, signed with a key of which nobody has the other half
//! SENDGRID_WEBHOOK_KEY=MFkw… cargo run -p sendgrid-client --example sendgrid-client-receive -- \
//!     "$CONTENT_TYPE" "$X_TWILIO_EMAIL_EVENT_WEBHOOK_SIGNATURE" "$X_TWILIO_EMAIL_EVENT_WEBHOOK_TIMESTAMP" < body.bin
//! ```

use std::{io::Read, sync::Arc};

use anyhow::{Context, Result};
use comms_http::{ManualClock, WebhookRequest};
use sendgrid_client::{
    Config,
    mime::Limits,
    webhook::{Element, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier, Webhook},
};

const URL: &str = "https://example.org/api/webhooks/email/sendgrid";
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbDbN4pwpQyw22Gb4hcFSZZQcFTYiqwZ3Xi6G75zdiXXKU5J3fqbGqu05mgR0/ApiAgi/pwrDga/7w2RJqoLEvA==";
const TIME: &str = "1700000000";
const SIGNATURE: &str =
    "MEUCIQCfXMe1atMpuCCsjTczu2HMd/zvFG96BLnAFUwc5wFG5gIgIWWzKeIBC9fGhmcznGFHTFiY3G3OAVZv9Vln7JO6WVE=";
const BODY: &str = "[{\"email\":\"josé@exämple.com\",\"event\":\"click\",\"url\":\"https://x.example/?q=ñ&b=\\u0026\",\
                    \"timestamp\":1700000000,\"sg_event_id\":\"e1\"}]\r\n";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (verifier, request) = match arguments.next() {
        Some(content_type) => {
            let mut next = || arguments.next().context("content type, signature, time");
            from_outside(&content_type, &next()?, &next()?)?
        }
        None => sample()?,
    };
    // What is signed by nobody we know ends here: answer it with 401.
    let verified = verifier.verify(&request)?;
    // A server stores the request now, answers, and reads it afterwards.
    match verified.parse() {
        Webhook::Events(elements) => elements.iter().for_each(print_event),
        Webhook::Mail(mail) => {
            let message = mail.message(&Limits::default())?;
            println!("for {}: {}", mail.envelope.to.join(", "), message.subject);
            println!("{}", message.text);
        }
        other => println!("{other:?}"),
    }
    Ok(())
}

fn print_event(element: &Element) {
    match element {
        Element::Event(event) => {
            let id = event.mail_id().unwrap_or("a mail without id");
            println!("{id} is {} {}", event.kind, event.reason.as_deref().unwrap_or_default());
        }
        Element::Strange(value) => println!("not an event: {value}"),
    }
}

fn from_outside(content_type: &str, signature: &str, time: &str) -> Result<(Verifier, WebhookRequest)> {
    let verifier = Config::from_env().verifier()?.context("SENDGRID_WEBHOOK_KEY is not set")?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let request = WebhookRequest::post(URL, body)
        .header("content-type", content_type)
        .header(SIGNATURE_HEADER, signature)
        .header(TIMESTAMP_HEADER, time);
    Ok((verifier, request))
}

fn sample() -> Result<(Verifier, WebhookRequest)> {
    // It was signed long ago.
    let verifier = Verifier::new([KEY])?.clock(Arc::new(ManualClock::at_unix(TIME.parse()?)));
    let request = WebhookRequest::post(URL, BODY)
        .header("content-type", "application/json")
        .header(SIGNATURE_HEADER, SIGNATURE)
        .header(TIMESTAMP_HEADER, TIME);
    Ok((verifier, request))
}
