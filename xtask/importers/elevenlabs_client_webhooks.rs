//! Verifies and reads webhooks. No network.

use comms_http::WebhookRequest;
use elevenlabs_client::webhook::{Verifier, Webhook};

fn ended(verifier: &Verifier, request: &WebhookRequest) -> elevenlabs_client::Result<Option<String>> {
    Ok(match verifier.verify(request)?.parse() {
        Webhook::PostCall(call) => Some(call.conversation.conversation_id),
        _ => None,
    })
}

fn main() {
    assert!(Verifier::new([]).is_err());
    let _ = ended;
}
