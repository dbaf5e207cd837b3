//! An agent of ElevenLabs that has called a customer, and goes on with her on WhatsApp.

use anyhow::ensure;
use comms_simulator::{
    Simulator,
    elevenlabs::{AGENT_ID, Manner, PhoneCall},
    twilio::{InboundMessage, NUMBER},
};
use serde_json::Value;

use super::{Scene, of, step};

/// The customer whom the agent called, digits only.
pub(in super::super) const CARLA: &str = "34600000006";

const ANSWER: &str = "El plan Premium cuesta 99 € al mes, con el grabado incluido.";

/// What the agent says in writing.
pub(super) fn teach(simulator: &Simulator) {
    let manner = Manner { delay_ms: 300, answer: Some(ANSWER.to_owned()), ..Manner::default() };
    simulator.elevenlabs().set_manner(AGENT_ID, manner);
}

/// The call ends, the customer is written to, and asks; then she wants a person.
pub(super) async fn tell(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let call = PhoneCall::to(format!("+{CARLA}")).with_variable("client_name", "Carla");
    scene.simulator.elevenlabs().call(call)?;
    scene.until("the template after the call", |rows| written(rows).any(|row| row["estado"] == "leido")).await?;
    step("ElevenLabs: termina la llamada del agente y a Carla le llega la plantilla por WhatsApp");

    writes(scene, "Sí me interesa.")?;
    writes(scene, "¿Cuánto cuesta?")?;
    scene.until("the agent's answer", |rows| written(rows).any(|row| row["contenido"] == ANSWER)).await?;
    let answers = scene.browser.get("/api/comunicaciones/historial?canal=whatsapp&direccion=saliente").await?;
    let answers = answers.as_array().map(Vec::as_slice).unwrap_or_default();
    let answers = answers.iter().filter(|row| row["contenido"] == ANSWER).count();
    ensure!(answers == 1, "{answers} answers to one burst");
    step("Dos mensajes seguidos, una sola respuesta del agente");

    writes(scene, "Prefiero hablar con una persona.")?;
    let read = |rows: &[Value]| written(rows).filter(|row| row["estado"] == "leido").count();
    scene.until("the agent's goodbye read", |rows| read(rows) == 3).await?;
    let path = format!("/api/conversations/+{CARLA}");
    let conversation = scene.browser.get(&path).await?["conversation"].take();
    ensure!(conversation["status"] == "escalated", "nobody is asked to take over: {conversation}");
    step("Carla pide una persona: el agente calla y la conversación queda para el vendedor");
    Ok(())
}

fn writes(scene: &Scene<'_>, text: &str) -> anyhow::Result<()> {
    scene.simulator.twilio().inbound_message(InboundMessage::whatsapp(&format!("+{CARLA}"), NUMBER, text))?;
    Ok(())
}

/// What was written to her.
fn written(rows: &[Value]) -> impl Iterator<Item = &Value> {
    let to_her = |row: &&Value| row["destinatario"].as_str().is_some_and(|to| to.ends_with(CARLA));
    of(rows, "whatsapp", "saliente").filter(to_her)
}
