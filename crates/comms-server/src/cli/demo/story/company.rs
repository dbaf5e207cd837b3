//! The company's own e-mail, by SendGrid: one that is read and answered, and one that comes back.

use anyhow::ensure;
use comms_simulator::sendgrid::{EventDelays, Mail, Outcome, PARSE_DOMAIN, SENDER, SENDER_DOMAIN, SendgridConfig};
use serde_json::json;

use super::{LEAD, Scene, of, state, step};

/// Who reads what the company writes.
const READER: &str = "olga@example.net";
/// An address that is not there any more.
const GONE: &str = "antigua@example.net";

const SEND: &str = "/api/comunicaciones/email/enviar";

/// Events at a pace that a person can follow.
pub(super) fn pace(sendgrid: &mut SendgridConfig) {
    sendgrid.delays = EventDelays { processed_ms: 150, delivered_ms: 450, engaged_ms: 900 };
    sendgrid.set_recipient(READER, Outcome::Opened);
    sendgrid.set_recipient(GONE, Outcome::Bounced);
}

/// Delivered, opened, answered; and returned, with the reason.
pub(super) async fn tell(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let offer = scene.send(SEND, &mail(READER)).await?;
    scene.until("the company's mail opened", |rows| state(rows, &offer) == Some("leido")).await?;
    let detail = scene.detail(&offer).await?;
    let reports = detail["eventos"].as_array().map_or(0, Vec::len);
    ensure!(reports >= 3, "only {reports} reports on the mail");

    let answer = "¡Me encanta! ¿Lo reservo?";
    let reply = Mail {
        from: format!("Olga <{READER}>"),
        to: vec![format!("ventas@{PARSE_DOMAIN}")],
        header_to: Some(SENDER.to_owned()),
        subject: "Re: El anillo de noviembre".to_owned(),
        text: answer.to_owned(),
        in_reply_to: Some(format!("{offer}@{SENDER_DOMAIN}")),
        ..Mail::default()
    };
    scene.simulator.sendgrid().receive(&reply)?;
    scene
        .until("the answer to the company", |rows| {
            let thread = rows.iter().find(|row| row["mensaje_id"] == offer.as_str()).map(|row| &row["conversacion_id"]);
            of(rows, "email", "entrante")
                .any(|row| row["contenido"] == answer && Some(&row["conversacion_id"]) == thread)
        })
        .await?;
    step(&format!("SendGrid: correo de la empresa entregado y abierto ({reports} eventos); la respuesta, en su hilo"));

    let lost = scene.send(SEND, &mail(GONE)).await?;
    scene.until("the mail that comes back", |rows| state(rows, &lost) == Some("fallido")).await?;
    let detail = scene.detail(&lost).await?;
    let reason = detail["error"].to_string();
    ensure!(reason.contains("does not exist"), "the reason is not SendGrid's: {reason}");
    step("SendGrid: un correo rebota; la fila dice «fallido» y por qué");
    Ok(())
}

fn mail(to: &str) -> serde_json::Value {
    json!({
        "destinatario": to, "asunto": "El anillo de noviembre", "cuerpo": "Está en la tienda, y sigue a 890 €.",
        "cuenta": format!("sendgrid:{SENDER}"), "lead_id": LEAD,
    })
}
