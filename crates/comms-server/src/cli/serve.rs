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
    for (what, missing) in [
        ("sending WhatsApp messages", settings.whatsapp.missing_to_send()),
        ("receiving WhatsApp messages", settings.whatsapp.missing_to_receive()),
    ] {
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(", "), "{what} is off; see `comms-server doctor`");
        }
    }
}
