//! What happens in the demo: each step is done, then seen in the history.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use comms_simulator::{
    Config, Simulator,
    meta::{Content, Customer, CustomerRule, Inbound, MediaKind, PHONE_ID, Reply, StatusProfile},
};
use serde_json::{Value, json};

use super::{browser::Browser, table::Table};
use crate::startup::Running;

/// The number of the customer, digits only.
pub(super) const CUSTOMER: &str = "34600000000";

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The smallest PNG: one transparent point.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1,
    0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Meta at a pace that a person can follow, and a customer who answers.
pub(super) fn simulation() -> Config {
    let mut config = Config::default();
    config.meta.statuses =
        StatusProfile { sent_ms: Some(150), delivered_ms: Some(450), read_ms: Some(900), failed_ms: 150 };
    let rule =
        |kind: &str, reply| CustomerRule { kind: Some(kind.to_owned()), delay_ms: 1_200, ..CustomerRule::new(reply) };
    let words = "¡Qué bien! Me paso esta semana.".to_owned();
    config.meta.rules = vec![rule("template", Reply::Choose { index: 0 }), rule("text", Reply::Text { body: words })];
    config
}

/// Runs the whole story; an error names the step that did not happen.
pub(super) async fn tell(running: &Running, simulator: &Simulator, browser: &Browser) -> anyhow::Result<()> {
    let meta = simulator.meta();
    let ana = Customer::new(CUSTOMER).named("Ana");
    meta.verify_callback().await.context("Meta did not accept the webhook address")?;
    step("Meta comprueba la dirección del webhook");
    let mut history = History { running, browser, table: Table::new() };

    meta.inbound_text(PHONE_ID, &ana, "Hola, ¿tenéis este anillo en oro blanco?")?;
    let picture = Content::Media {
        kind: MediaKind::Image,
        data: Bytes::from_static(PICTURE),
        mime_type: "image/png".to_owned(),
        caption: Some("Este".to_owned()),
        filename: None,
    };
    meta.inbound(Inbound::new(PHONE_ID, ana, picture))?;
    history
        .until("the customer's messages and picture", |rows| {
            let received = of(rows, "entrante").filter(|row| row["estado"] == "recibido");
            received.count() == 2 && rows.iter().any(|row| row["adjuntos"][0]["estado"] == "disponible")
        })
        .await?;

    let text = json!({"telefono": format!("+{CUSTOMER}"), "mensaje": "Hola, Ana. Sí: en 18 quilates, desde 890 €."});
    let text = send(browser, &text).await?;
    history
        .until("the text read, and an answer to it", |rows| {
            state(rows, &text) == Some("leido") && of(rows, "entrante").count() == 3
        })
        .await?;

    let template = json!({
        "telefono": format!("+{CUSTOMER}"),
        "template": "seguimiento",
        "params": {"nombre": "Ana", "producto": "un solitario"},
        "lead_id": 42,
    });
    let template = send(browser, &template).await?;
    history
        .until("the template read, and its button pressed", |rows| {
            state(rows, &template) == Some("leido") && of(rows, "entrante").count() == 4
        })
        .await?;

    let detail = browser.get(&format!("/api/comunicaciones/mensajes/{template}")).await?;
    let reports = detail["eventos"].as_array().map_or(0, Vec::len);
    ensure!(reports >= 3, "only {reports} reports on the template");
    ensure!(detail["lead_id"] == 42, "the template is not the lead's");
    step(&format!("La plantilla guarda sus {reports} eventos de estado; el lead 42, su historial"));

    let newest = browser.get("/api/comunicaciones/historial?direccion=entrante&limit=1").await?;
    let newest = newest[0]["mensaje_id"].as_str().context("no newest message")?;
    let read = browser.post(&format!("/api/comunicaciones/mensajes/{newest}/leido"), &json!({})).await?;
    ensure!(read["acuse"] == "enviado", "the customer was not told that we read: {read}");
    step("El vendedor lee: la clienta ve las marcas azules");
    Ok(())
}

fn step(what: &str) {
    println!("  ✔ {what}\n");
}

async fn send(browser: &Browser, body: &Value) -> anyhow::Result<String> {
    let row = browser.post("/api/comunicaciones/whatsapp/enviar", body).await?;
    let id = row["mensaje_id"].as_str().context("the answer names no message")?;
    Ok(id.to_owned())
}

fn of<'a>(rows: &'a [Value], direction: &'a str) -> impl Iterator<Item = &'a Value> {
    rows.iter().filter(move |row| row["direccion"] == direction)
}

fn state<'a>(rows: &'a [Value], id: &str) -> Option<&'a str> {
    let row = rows.iter().find(|row| row["mensaje_id"] == id)?;
    row["estado"].as_str()
}

/// The history as the seller's browser sees it.
struct History<'a> {
    running: &'a Running,
    browser: &'a Browser,
    table: Table,
}

impl History<'_> {
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
