//! Rounds of other processes, told by PostgreSQL itself.
//!
//! Each round that grew the log notifies with its commit, and one connection of each process listens. A notification is a reason
//! to look, and nothing depends on it: where none comes, the timers of the workers look.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client};

use super::{
    DatabaseSettings, DatabaseTarget,
    common::Shared,
    connect::{Messages, connect_to_hear},
};

/// The channel on which rounds are told, of every schema of a database.
pub(super) const CHANNEL: &str = "comms_events";

/// The waits before listening again; the last one is for every further time.
const WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// How often the server is asked whether it is still there: a connection that a firewall forgot is silent for ever.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// How long its answer may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(10);

/// A process that listens, until this is dropped.
pub(super) struct Listener(JoinHandle<()>);

impl Listener {
    /// Begins to listen; `None` where a pooler would hear in our place, or there is nothing to run on.
    pub(super) fn start(settings: &DatabaseSettings, shared: &Arc<Shared>) -> Option<Self> {
        match &settings.target {
            DatabaseTarget::Postgres(target) if !target.pgbouncer => {}
            _ => return None,
        }
        let runtime = Handle::try_current().ok()?;
        Some(Self(runtime.spawn(listen(settings.clone(), Arc::clone(shared)))))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(settings: DatabaseSettings, shared: Arc<Shared>) {
    let mut failures = 0;
    loop {
        let reason = listen_once(&settings, &shared, &mut failures).await;
        if failures == 0 {
            tracing::warn!(
                reason,
                "PostgreSQL tells nothing of other processes: their events are looked for by the timer"
            );
        } else {
            tracing::debug!(reason, failures, "PostgreSQL tells nothing of other processes still");
        }
        let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or_default();
        failures = failures.saturating_add(1);
        sleep(wait).await;
    }
}

/// Listens until the connection ends. Returns why.
async fn listen_once(settings: &DatabaseSettings, shared: &Shared, failures: &mut usize) -> String {
    let (client, messages) = match connect_to_hear(settings).await {
        Ok(opened) => opened,
        Err(error) => return error.to_string(),
    };
    // Both at once: no answer comes unless somebody takes what the server says.
    tokio::select! {
        reason = ask(&client, shared, failures) => reason,
        reason = hear(messages, settings, shared) => reason,
    }
}

/// Asks to be told, then now and again whether the server is there. Returns why it is not.
async fn ask(client: &Client, shared: &Shared, failures: &mut usize) -> String {
    let mut question = format!("LISTEN {CHANNEL}");
    loop {
        match timeout(CHECK_PATIENCE, client.batch_execute(&question)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "no answer in time".to_owned(),
        }
        if question != "SELECT 1" {
            "SELECT 1".clone_into(&mut question);
            if *failures > 0 {
                tracing::info!("PostgreSQL tells of other processes again");
            }
            *failures = 0;
            // What was written while nobody listened.
            shared.look();
        }
        sleep(CHECK_EVERY).await;
    }
}

async fn hear(mut messages: Messages, settings: &DatabaseSettings, shared: &Shared) -> String {
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(told)) if concerns(settings, told.payload()) => shared.look(),
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
    }
    "the connection was closed".to_owned()
}

/// Whether a round of another process on our tables is told: our own is known already.
fn concerns(settings: &DatabaseSettings, payload: &str) -> bool {
    match payload.split_once('/') {
        Some((schema, _)) if schema != settings.schema => false,
        _ => payload != settings.process_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_looks_at_what_others_wrote_into_its_tables() {
        let mut settings = DatabaseSettings::sqlite("a file");
        settings.process = uuid::Uuid::from_u128(1);
        let other = uuid::Uuid::from_u128(2);
        for (payload, expected) in [
            (settings.process_name(), false),
            (format!("comms/{other}"), true),
            (format!("elsewhere/{other}"), false),
            (String::new(), true),
        ] {
            assert_eq!(concerns(&settings, &payload), expected, "{payload}");
        }
    }
}
