//! Customers who write by SMS, and on WhatsApp to a number that is at Twilio.

use anyhow::ensure;
use comms_simulator::twilio::{Contact, InboundMessage, MessageDelays, NUMBER, SECOND_NUMBER, TwilioConfig};
use serde_json::json;

use super::{Scene, state, step, wrote};

/// The customer who writes by SMS, digits only.
const LUIS: &str = "34600000002";
/// The customer on WhatsApp by Twilio.
const EVA: &str = "34600000003";

const SEND_SMS: &str = "/api/comunicaciones/sms/enviar";
const SEND_WHATSAPP: &str = "/api/channels/twilio/send/whatsapp";

/// Statuses at a pace that a person can follow.
pub(super) fn pace(twilio: &mut TwilioConfig) {
    twilio.messages =
        MessageDelays { sent_ms: 150, delivered_ms: 450, read_ms: Some(900), failed_ms: 150, ..twilio.messages };
    twilio.set_contact(Contact::new(format!("+{EVA}")).named("Eva"));
}

/// An SMS, its answer, an answer to that; then the customer wants no more.
pub(super) async fn sms(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let question = "Buenas, soy Luis. ¿A qué hora cerráis hoy?";
    writes_sms(scene, question).await?;
    let body = json!({"hacia": format!("+{LUIS}"), "mensaje": "Hola, Luis. A las 20:30."});
    let answer = scene.send(SEND_SMS, &body).await?;
    scene.until("the SMS delivered", |rows| state(rows, &answer) == Some("entregado")).await?;
    writes_sms(scene, "Perfecto, allí estaré.").await?;
    step("Twilio: una conversación por SMS, con sus estados");

    writes_sms(scene, "STOP").await?;
    let body = json!({"hacia": format!("+{LUIS}"), "mensaje": "¡Rebajas de enero!"});
    let code = scene.browser.refused(SEND_SMS, &body).await?;
    ensure!(code == "destinatario_de_baja", "refused for another reason: {code}");
    step("Luis responde STOP: queda de baja, y el siguiente SMS se rechaza sin salir");
    Ok(())
}

/// A message to our number at Twilio; the answer leaves from the same number, and is read.
pub(super) async fn whatsapp(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let question = "Hola, ¿hacéis grabados en alianzas?";
    let from = format!("+{EVA}");
    scene.simulator.twilio().inbound_message(InboundMessage::whatsapp(&from, NUMBER, question))?;
    scene.until("the customer's message", |rows| wrote(rows, "whatsapp", EVA, question)).await?;
    let body = json!({"to": from, "message": "Hola, Eva. Sí, y el grabado es un regalo."});
    let answer = scene.send(SEND_WHATSAPP, &body).await?;
    scene.until("the answer read", |rows| state(rows, &answer) == Some("leido")).await?;
    let thanks = "¡Qué detalle! Gracias.";
    scene.simulator.twilio().inbound_message(InboundMessage::whatsapp(&from, NUMBER, thanks))?;
    scene.until("the customer's thanks", |rows| wrote(rows, "whatsapp", EVA, thanks)).await?;
    let detail = scene.detail(&answer).await?;
    let sid = detail["sid_externo"].as_str().unwrap_or_default();
    ensure!(sid.starts_with("SM"), "the answer did not leave through Twilio: {sid:?}");
    step("Twilio: el otro número de WhatsApp, la misma tabla que el de Meta");
    Ok(())
}

async fn writes_sms(scene: &mut Scene<'_>, text: &str) -> anyhow::Result<()> {
    let message = InboundMessage::sms(&format!("+{LUIS}"), SECOND_NUMBER, text);
    scene.simulator.twilio().inbound_message(message)?;
    scene.until("the customer's SMS", |rows| wrote(rows, "sms", LUIS, text)).await
}
