//! The end of a server: in which order it lets go.

use std::{io, sync::OnceLock, time::Duration};

use actix_web::{dev::ServerHandle, web};
use tokio::time::{Instant, sleep};

use crate::{app::State, config::HttpSettings};

/// Until when a server that was asked to stop waits for what is under way.
#[derive(Debug, Default)]
pub struct Stopping {
    until: OnceLock<Instant>,
}

impl Stopping {
    /// The time that is left; all of it where nobody has asked yet.
    #[must_use]
    pub fn left(&self, settings: &HttpSettings) -> Duration {
        let now = Instant::now();
        let until = self.until.get_or_init(|| now + settings.shutdown());
        until.saturating_duration_since(now)
    }
}

/// Stops when the process is asked to.
pub(crate) async fn on_signal(state: web::Data<State>, server: ServerHandle) {
    if let Err(error) = asked_to_stop().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "no signals are heard: a stop is a kill");
        return;
    }
    stop(&state, &server).await;
}

/// Lets go, one thing after the other: `/health` says so and nothing is begun in the background; then, after the time that a load
/// balancer needs to see it, event streams are told to come back, no connection is taken, and what is under way is answered.
pub(crate) async fn stop(state: &State, server: &ServerHandle) {
    let settings = &state.settings.http;
    tracing::info!(delay = settings.shutdown_delay_seconds, "asked to stop");
    state.engine.begin_stop();
    sleep(settings.shutdown_delay()).await;
    // From here on the time of what is under way runs.
    let _ = state.stopping.left(settings);
    state.engine.stop_realtime();
    server.stop(true).await;
}

#[cfg(unix)]
async fn asked_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn asked_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
