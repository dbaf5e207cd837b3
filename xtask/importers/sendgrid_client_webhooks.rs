//! Verifies and reads webhooks. No network.

use comms_http::WebhookRequest;
use sendgrid_client::webhook::{Element, Verifier, Webhook};

fn bounced(verifier: &Verifier, request: &WebhookRequest) -> sendgrid_client::Result<Vec<String>> {
    let Webhook::Events(elements) = verifier.verify(request)?.parse() else { return Ok(Vec::new()) };
    let emails = elements.into_iter().filter_map(|element| match element {
        Element::Event(event) => event.reason.and(event.email),
        Element::Strange(_) => None,
    });
    Ok(emails.collect())
}

fn main() {
    assert!(Verifier::new(["not a key"]).is_err());
    let _ = bounced;
}
