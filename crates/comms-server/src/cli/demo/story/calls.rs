//! Calls: the seller's browser rings a customer, and a customer who rings gets the voicemail.

use anyhow::{Context, bail, ensure};
use comms_simulator::twilio::{BrowserCall, Contact, InboundCall, Outcome, SECOND_NUMBER, Script, TwilioConfig};
use serde_json::{Value, json};

use super::{CUSTOMER, LEAD, Scene, of, step};

/// The customer whom nobody answers, digits only.
const MARTA: &str = "34600000004";

/// How long Ana talks, in seconds of the call.
const TALK_SECONDS: u32 = 42;
/// How long Marta speaks after the tone.
const VOICEMAIL_SECONDS: u32 = 12;
/// How long a second of a call takes here, in milliseconds.
const SECOND_MS: u64 = 30;

/// Calls that are shorter than they say, and how people behave in them.
pub(super) fn pace(twilio: &mut TwilioConfig) {
    twilio.calls.second_ms = SECOND_MS;
    twilio.set_contact(Contact::new(format!("+{CUSTOMER}")).in_calls(Script::answers(10, TALK_SECONDS)));
}

/// Token, call, two legs, one record. Returns the token.
pub(super) async fn outbound(scene: &mut Scene<'_>) -> anyhow::Result<String> {
    let answer = scene.browser.post("/api/comunicaciones/voz/token", &json!({})).await?;
    let token = answer["token"].as_str().context("the answer has no token")?;
    let identity = answer["identity"].as_str().unwrap_or_default();
    step(&format!("El navegador del vendedor recibe su token de voz: es «{identity}» y nadie más"));

    let twilio = scene.simulator.twilio();
    let call = BrowserCall::to(token, &format!("+{CUSTOMER}")).param("lead_id", &LEAD.to_string());
    let sid = twilio.browser_call(&call).context("Twilio does not let the browser call")?;
    let ended = |row: &Value| row["estado"] == "completada" && row["duracion_seg"] == TALK_SECONDS;
    scene.until("the call ended", |rows| of(rows, "voz", "saliente").any(ended)).await?;
    scene.settled().await?;

    let row = only_call(scene, "saliente").await?;
    ensure!(row["sid_externo"] == sid.as_str(), "the record is not the browser's leg: {row}");
    ensure!(row["lead_id"] == LEAD, "the call is not the lead's: {row}");
    let legs = twilio.child_legs(&sid).len() + 1;
    ensure!(legs == 2, "{legs} legs");
    let detail = scene.detail(row["mensaje_id"].as_str().unwrap_or_default()).await?;
    let reports = detail["eventos"].as_array().map_or(0, Vec::len);
    ensure!(reports >= 4, "only {reports} reports on the call");
    step(&format!(
        "Navegador y teléfono: {legs} tramos en Twilio, {reports} eventos de estado, una sola fila de {TALK_SECONDS} s"
    ));
    Ok(token.to_owned())
}

/// Nobody takes the call in the browser; the customer leaves a message.
pub(super) async fn inbound(scene: &mut Scene<'_>, token: &str) -> anyhow::Result<()> {
    let twilio = scene.simulator.twilio();
    twilio.register_browser(token, Script::refuses(Outcome::NoAnswer))?;
    let caller = Script { record_seconds: VOICEMAIL_SECONDS, ..Script::default() };
    twilio.inbound_call(InboundCall::new(&format!("+{MARTA}"), SECOND_NUMBER).by(caller))?;
    scene
        .until("the voicemail", |rows| {
            of(rows, "voz", "entrante")
                .any(|row| row["estado"] == "no_contestada" && row["adjuntos"][0]["estado"] == "disponible")
        })
        .await?;
    scene.settled().await?;
    let row = only_call(scene, "entrante").await?;
    ensure!(row["estado"] == "no_contestada", "the end of the call changed its state: {row}");
    let files = row["adjuntos"].as_array().map_or(0, Vec::len);
    ensure!(files == 1 && row["adjuntos"][0]["url"].is_string(), "not one recording: {row}");
    step("Nadie contesta: la fila dice «no_contestada» y guarda el mensaje del buzón de voz");

    // Whoever goes on by hand finds the seller at the telephone.
    twilio.register_browser(token, Script::answers(2, TALK_SECONDS))?;
    Ok(())
}

/// The one call in this direction.
async fn only_call(scene: &Scene<'_>, direction: &str) -> anyhow::Result<Value> {
    let path = format!("/api/comunicaciones/historial?canal=voz&direccion={direction}");
    let rows = scene.browser.get(&path).await?;
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let [row] = rows else {
        bail!("{} records for one call", rows.len());
    };
    Ok(row.clone())
}
