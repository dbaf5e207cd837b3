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
    let (whatsapp, twilio) = (&settings.whatsapp, &settings.twilio);
    let mut parts = vec![
        ("sending WhatsApp messages through Meta", whatsapp.missing_to_send()),
        ("receiving WhatsApp messages through Meta", whatsapp.missing_to_receive()),
    ];
    // Who uses Meta alone need not hear of Twilio.
    if twilio.is_wanted() {
        parts.push(("sending through Twilio", twilio.missing_to_send()));
        parts.push(("receiving through Twilio", twilio.missing_to_receive()));
        parts.push(("calls from the browser", twilio.missing_for_browsers()));
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
    for (what, missing) in parts {
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(", "), "{what} is off; see `comms-server doctor`");
        }
    }
}
