//! A customer who writes e-mails to the seller's own mailbox.

use anyhow::{Context, ensure};
use comms_simulator::google::{Decision, GoogleConfig, Letter, MAILBOX};
use serde_json::{Value, json};

use super::{LEAD, Scene, of, state, step};

/// The customer who writes e-mails.
pub(in super::super) const WRITER: &str = "nuria@example.org";

const SUBJECT: &str = "Presupuesto de unos pendientes";

/// Nobody has permitted anything yet.
pub(super) fn pace(google: &mut GoogleConfig) {
    google.grants.clear();
}

/// The seller permits it on Google's page, and Google sends the browser back to us.
pub(super) async fn connect(scene: &Scene<'_>) -> anyhow::Result<()> {
    let begun = scene.browser.get("/api/comunicaciones/email/oauth/iniciar").await?;
    let page = begun["url"].as_str().context("the answer has no address of Google's page")?;
    let callback = scene.simulator.google().consent(page, &Decision::approve(MAILBOX))?;
    let returned = scene.browser.visit(&callback).await?;
    ensure!(returned.ends_with("gmail=ok"), "the mailbox is not connected: {returned}");
    step(&format!("Google pide permiso y el vendedor lo da: su buzón {MAILBOX} queda conectado"));
    Ok(())
}

/// A mail is read in the inbox and answered in its thread, and the customer's answer comes by push. Only who was written to, or is
/// known otherwise, enters the history: a mailbox holds private mail too.
pub(super) async fn tell(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let google = scene.simulator.google();
    let question = "Buenos días: ¿cuánto costarían unos pendientes a juego?";
    google.write(Letter::new(WRITER, MAILBOX, SUBJECT, question).named("Nuria"))?;
    let inbox = scene.browser.get("/api/comunicaciones/email/bandeja?maxResults=5").await?;
    ensure!(inbox[0]["asunto"] == SUBJECT, "the inbox does not begin with the mail: {inbox}");
    let id = inbox[0]["id"].as_str().context("the mail has no id")?.to_owned();
    scene.browser.post(&format!("/api/comunicaciones/email/{id}/leido"), &json!({})).await?;

    let body = json!({"responder_a": id, "cuerpo": "Desde 240 €, en plata.", "lead_id": LEAD});
    let answer = scene.send("/api/comunicaciones/email/enviar", &body).await?;
    scene.until("the answer sent", |rows| state(rows, &answer) == Some("enviado")).await?;
    let stored = scene.simulator.google().stored(MAILBOX)?;
    let sent = stored.iter().find(|mail| mail.subject == format!("Re: {SUBJECT}")).context("no answer at Google")?;
    ensure!(inbox[0]["hilo_id"] == sent.thread_id.as_str(), "the answer began another thread");

    let thanks = "Me los quedo. ¡Gracias!";
    let reply = Letter::new(WRITER, MAILBOX, "", thanks).named("Nuria").answering(&sent.id);
    scene.simulator.google().write(reply)?;
    scene.until("the customer's answer", |rows| mail_says(rows, thanks)).await?;
    let one = one_conversation(scene).await?;
    ensure!(one, "the mails of one thread are in several conversations");
    step("Gmail: un hilo, una conversación; la respuesta de la clienta llega por push");
    Ok(())
}

fn mail_says(rows: &[Value], text: &str) -> bool {
    of(rows, "email", "entrante").any(|row| row["contenido"] == text)
}

async fn one_conversation(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let rows = scene.browser.get("/api/comunicaciones/historial?canal=email").await?;
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let first = rows.first().map(|row| &row["conversacion_id"]);
    Ok(rows.len() >= 2 && rows.iter().all(|row| Some(&row["conversacion_id"]) == first))
}
