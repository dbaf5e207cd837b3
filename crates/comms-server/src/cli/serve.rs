//! `serve`: the server.

use std::process::ExitCode;

use crate::{
    config::Settings,
    startup::{Running, listen},
};

pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    notices(&settings);
    let listener = listen(&settings.http)?;
    let base_url = settings.http.base_url();
    let running = Running::start(settings, super::clock()).await?;
    let server = running.serve(listener, true)?;
    tracing::info!(base_url, "serving");
    server.await?;
    running.stop().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// What works less than one may think.
fn notices(settings: &Settings) {
    let (whatsapp, twilio, sendgrid) = (&settings.whatsapp, &settings.twilio, &settings.sendgrid);
    // Nobody need hear of what they do not use.
    let mut parts = Vec::new();
    if settings.wants_meta() {
        parts.push(("sending WhatsApp messages through Meta", whatsapp.missing_to_send()));
        parts.push(("receiving WhatsApp messages through Meta", whatsapp.missing_to_receive()));
    }
    if twilio.is_wanted() {
        parts.push(("sending through Twilio", twilio.missing_to_send()));
        parts.push(("receiving through Twilio", twilio.missing_to_receive()));
        parts.push(("calling from the browser", twilio.missing_for_browsers()));
        if !settings.http.is_reachable() {
            parts.push(("hearing from Twilio", vec!["PUBLIC_BASE_URL"]));
        }
    }
    if settings.google.is_wanted() {
        parts.push(("connecting mailboxes at Google", settings.google.missing(&settings.http)));
        if settings.encryption.key.is_none() {
            parts.push(("keeping mailboxes", vec!["COMMS_ENCRYPTION_KEY"]));
        }
    }
    parts.push(("hearing of new mail by push", settings.gmail.missing_to_push()));
    if sendgrid.is_wanted() {
        parts.push(("sending through SendGrid", sendgrid.missing_to_send()));
        parts.push(("receiving from SendGrid", sendgrid.missing_to_receive()));
    }
    if settings.smtp.is_wanted() {
        parts.push(("sending over SMTP", settings.smtp.missing()));
    }
    if settings.elevenlabs.is_wanted() {
        parts.push(("going on with calls of agents", settings.elevenlabs.missing()));
    }
    for (what, missing) in parts {
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(", "), "{what} is off; see `comms-server doctor`");
        }
    }
}
