//! Verifies a webhook and prints what it says.
//!
//! ```sh
//! cargo run -p whatsapp-cloud --example receive                      # a sample, signed with an invented secret
//! WHATSAPP_APP_SECRET=… cargo run -p whatsapp-cloud --example receive -- "$X_HUB_SIGNATURE_256" < body.json
//! ```

use std::io::Read;

use anyhow::{Context, Result};
use comms_http::{Secret, WebhookRequest, signature};
use whatsapp_cloud::{
    model::webhook::{Message, MessageContent, Update},
    webhook::{SIGNATURE_HEADER, Verifier},
};

const SAMPLE: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{
    "messaging_product":"whatsapp",
    "metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},
    "contacts":[{"profile":{"name":"Sheena Nelson"},"user_id":"US.13491208655302741918"}],
    "messages":[{"from_user_id":"US.13491208655302741918","id":"wamid.in","timestamp":"1749416383","type":"text","text":{"body":"Does it come in another color?"}}],
    "statuses":[{"id":"wamid.out","status":"delivered","timestamp":"1749416390","recipient_id":"16505551234"}]}}]}]}"#;

fn main() -> Result<()> {
    let (secret, request) = match std::env::args().nth(1) {
        Some(signed) => from_outside(&signed)?,
        None => sample(),
    };
    // What is signed by nobody we know ends here: answer it with 401.
    let verified = Verifier::new(secret)?.verify(&request)?;
    // A server stores the body now, answers 200, and reads it afterwards.
    let read = verified.parse();
    for notification in read.notifications {
        for update in &notification.updates {
            match update {
                Update::Message(message) => print_message(message, &notification.contacts),
                Update::Status(status) => println!("{} is {}", status.id, status.status),
                other => println!("{}: {other:?}", notification.field),
            }
        }
    }
    if let Some(problem) = read.problem {
        println!("not a webhook: {problem}");
    }
    Ok(())
}

fn print_message(message: &Message, contacts: &whatsapp_cloud::model::webhook::Contacts) {
    // Number and user id are each optional.
    let sender = message.from_user_id.as_ref().or(message.from.as_ref());
    let name = sender
        .and_then(|id| contacts.find(id))
        .and_then(|contact| contact.profile.as_ref()?.name.as_deref())
        .unwrap_or("somebody");
    match message.content.as_deref() {
        Some(MessageContent::Text(text)) => {
            println!("{name}: {}", text.body.as_deref().unwrap_or_default());
        }
        _ => println!("{name} sent {}", message.kind),
    }
}

fn from_outside(signed: &str) -> Result<(Secret, WebhookRequest)> {
    let secret = std::env::var("WHATSAPP_APP_SECRET").context("WHATSAPP_APP_SECRET is not set")?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let request = WebhookRequest::post("https://example.org/webhook", body);
    Ok((secret.into(), request.header(SIGNATURE_HEADER, signed)))
}

fn sample() -> (Secret, WebhookRequest) {
    let secret = Secret::from("an invented secret");
    let signed = signature::hmac_sha256_hex(&secret, SAMPLE.as_bytes());
    let request = WebhookRequest::post("https://example.org/webhook", SAMPLE)
        .header(SIGNATURE_HEADER, &format!("sha256={signed}"));
    (secret, request)
}
