//! What happens in the demo: each step is done, then seen in the history.

mod agent;
mod calls;
mod company;
mod mail;
mod messages;
mod meta;

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use comms_simulator::{Config, Simulator};
use serde_json::Value;

pub(super) use agent::CARLA;
pub(super) use mail::WRITER;

use super::{browser::Browser, table::Table};
use crate::{cli::output::say, startup::Running};

/// The number of the customer on WhatsApp and on the phone, digits only.
pub(super) const CUSTOMER: &str = "34600000000";

/// The lead that she is.
pub(super) const LEAD: i64 = 42;

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The providers at a pace that a person can follow, and customers who answer.
pub(super) fn simulation() -> Config {
    let mut config = Config::default();
    meta::pace(&mut config.meta);
    messages::pace(&mut config.twilio);
    calls::pace(&mut config.twilio);
    mail::pace(&mut config.google);
    company::pace(&mut config.sendgrid);
    config
}

/// Runs the whole story; an error names the step that did not happen.
pub(super) async fn tell(running: &Running, simulator: &Simulator, browser: &Browser) -> anyhow::Result<()> {
    meta::opening(simulator).await?;
    agent::teach(simulator);
    let mut scene = Scene { running, simulator, browser, table: Table::new() };
    meta::tell(&mut scene).await?;
    messages::sms(&mut scene).await?;
    messages::whatsapp(&mut scene).await?;
    let token = calls::outbound(&mut scene).await?;
    calls::inbound(&mut scene, &token).await?;
    mail::connect(&scene).await?;
    mail::tell(&mut scene).await?;
    company::tell(&mut scene).await?;
    agent::tell(&mut scene).await?;
    scene.nothing_to_object()
}

fn step(what: &str) {
    say!("  ✔ {what}\n");
}

/// Everybody, and the history as the seller's browser sees it.
struct Scene<'a> {
    running: &'a Running,
    simulator: &'a Simulator,
    browser: &'a Browser,
    table: Table,
}

impl Scene<'_> {
    /// Sends, and returns our id of the message.
    async fn send(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer = self.browser.post(path, body).await?;
        let id = answer["mensaje_id"].as_str().or_else(|| answer["messageId"].as_str());
        Ok(id.context("the answer names no message")?.to_owned())
    }

    /// Everything known of a message.
    async fn detail(&self, id: &str) -> anyhow::Result<Value> {
        self.browser.get(&format!("/api/comunicaciones/mensajes/{id}")).await
    }

    /// Waits until Twilio has told everything.
    async fn settled(&self) -> anyhow::Result<()> {
        let settled = self.simulator.twilio().settled(PATIENCE).await;
        ensure!(settled, "Twilio has not told everything within {} seconds", PATIENCE.as_secs());
        Ok(())
    }

    /// The providers let some slips pass and note them: there must be none.
    fn nothing_to_object(&self) -> anyhow::Result<()> {
        match self.simulator.ledger().violations().first() {
            None => Ok(()),
            Some(slip) => bail!("a provider noted at {}: {}", slip.place, slip.what),
        }
    }

    /// Looks whenever something was stored, until `done`.
    async fn until(&mut self, what: &str, done: impl Fn(&[Value]) -> bool) -> anyhow::Result<()> {
        let state = &self.running.state;
        let mut news = state.repository.events_hint();
        let mut pulse = tokio::time::interval(Duration::from_millis(200));
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let rows = self.browser.get("/api/comunicaciones/historial?limit=50").await?;
            let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
            let now = crate::answers::instant(state.clock.now());
            self.table.update(rows, now.get(11..23).unwrap_or_default());
            if done(rows) {
                return Ok(());
            }
            if tokio::time::Instant::now() > end {
                bail!("this did not happen within {} seconds: {what}", PATIENCE.as_secs());
            }
            // News of files do not enter the event log: the pulse sees them.
            tokio::select! {
                _ = news.changed() => {}
                _ = pulse.tick() => {}
            }
        }
    }
}

/// The rows of a channel and direction.
fn of<'a>(rows: &'a [Value], canal: &'a str, direccion: &'a str) -> impl Iterator<Item = &'a Value> {
    rows.iter().filter(move |row| row["canal"] == canal && row["direccion"] == direccion)
}

/// Whether the customer with this number (digits) wrote this.
fn wrote(rows: &[Value], canal: &str, customer: &str, text: &str) -> bool {
    of(rows, canal, "entrante").any(|row| {
        let from = row["destinatario"].as_str().unwrap_or_default();
        from.trim_start_matches('+') == customer && row["contenido"] == text
    })
}

fn state<'a>(rows: &'a [Value], id: &str) -> Option<&'a str> {
    let row = rows.iter().find(|row| row["mensaje_id"] == id)?;
    row["estado"].as_str()
}
