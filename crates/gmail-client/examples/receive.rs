//! Verifies a push of Pub/Sub and prints what it says.
//!
//! ```sh
//! curl -s https://www.googleapis.com/oauth2/v3/certs > certs.json
//! cargo run -p gmail-client --features jwt --example gmail-client-receive -- certs.json \
//!     https://example.org/webhook/gmail gmail-push@my-project.iam.gserviceaccount.com "$AUTHORIZATION" < body.json
//! cargo run -p gmail-client --features jwt --example gmail-client-receive       # a sample, which nobody has signed
//! ```

use std::{io::Read, sync::Arc};

use anyhow::{Context, Result};
use comms_http::{SystemClock, WebhookRequest};
use gmail_client::webhook::{Keys, Push, Verifier};

const SAMPLE: &str = r#"{"message":{"data":"eyJlbWFpbEFkZHJlc3MiOiJhbmFAZXhhbXBsZS5vcmciLCJoaXN0b3J5SWQiOjQyfQ==",
    "messageId":"1"},"subscription":"projects/p/subscriptions/s"}"#;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let push = match arguments.next() {
        Some(certs) => {
            let mut next = || arguments.next().context("certificates, audience, service account, authorization");
            verified(&certs, next()?, next()?, &next()?)?
        }
        // What was verified when it was stored is read again without a token.
        None => Push::read(SAMPLE.as_bytes()),
    };
    match push.notification {
        // A push only says: look now, from the history id that you have kept.
        Some(notification) => println!("{} changed ({})", notification.email_address, notification.history_id),
        None => println!("not a push of Gmail: {}", push.problem.unwrap_or_default()),
    }
    Ok(())
}

fn verified(certs: &str, audience: String, account: String, authorization: &str) -> Result<Push> {
    let keys = Keys::default();
    keys.replace(&std::fs::read_to_string(certs)?)?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let request = WebhookRequest::post(audience.clone(), body).header("authorization", authorization);
    let verifier = Verifier::new(audience, account, keys, Arc::new(SystemClock))?;
    Ok(verifier.verify(&request)?.parse())
}
