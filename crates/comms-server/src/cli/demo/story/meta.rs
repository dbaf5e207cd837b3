//! A customer on WhatsApp, by Meta's Cloud API.

use anyhow::{Context, ensure};
use bytes::Bytes;
use comms_simulator::{
    Simulator,
    meta::{Content, Customer, CustomerRule, Inbound, MediaKind, MetaConfig, PHONE_ID, Reply, StatusProfile},
};
use serde_json::json;

use super::{CUSTOMER, LEAD, Scene, of, state, step};

const SEND: &str = "/api/comunicaciones/whatsapp/enviar";

/// The smallest PNG: one transparent point.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1,
    0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Statuses at a pace that a person can follow, and a customer who answers.
pub(super) fn pace(meta: &mut MetaConfig) {
    meta.statuses = StatusProfile { sent_ms: Some(150), delivered_ms: Some(450), read_ms: Some(900), failed_ms: 150 };
    let rule =
        |kind: &str, reply| CustomerRule { kind: Some(kind.to_owned()), delay_ms: 1_200, ..CustomerRule::new(reply) };
    let words = "¡Qué bien! Me paso esta semana.".to_owned();
    meta.rules = vec![rule("template", Reply::Choose { index: 0 }), rule("text", Reply::Text { body: words })];
}

/// Meta is told where to call.
pub(super) async fn opening(simulator: &Simulator) -> anyhow::Result<()> {
    simulator.meta().verify_callback().await.context("Meta did not accept the webhook address")?;
    step("Meta comprueba la dirección del webhook");
    Ok(())
}

/// A text, a picture, an answer, a template, and the blue ticks.
pub(super) async fn tell(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let ana = Customer::new(CUSTOMER).named("Ana");
    let meta = scene.simulator.meta();
    meta.inbound_text(PHONE_ID, &ana, "Hola, ¿tenéis este anillo en oro blanco?")?;
    let picture = Content::Media {
        kind: MediaKind::Image,
        data: Bytes::from_static(PICTURE),
        mime_type: "image/png".to_owned(),
        caption: Some("Este".to_owned()),
        filename: None,
    };
    meta.inbound(Inbound::new(PHONE_ID, ana, picture))?;
    scene
        .until("the customer's messages and picture", |rows| {
            let received = of(rows, "whatsapp", "entrante").filter(|row| row["estado"] == "recibido");
            received.count() == 2 && rows.iter().any(|row| row["adjuntos"][0]["estado"] == "disponible")
        })
        .await?;

    let text = json!({"telefono": format!("+{CUSTOMER}"), "mensaje": "Hola, Ana. Sí: en 18 quilates, desde 890 €."});
    let text = scene.send(SEND, &text).await?;
    scene
        .until("the text read, and an answer to it", |rows| {
            state(rows, &text) == Some("leido") && of(rows, "whatsapp", "entrante").count() == 3
        })
        .await?;
    template(scene).await?;
    blue_ticks(scene).await
}

async fn template(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let template = json!({
        "telefono": format!("+{CUSTOMER}"),
        "template": "seguimiento",
        "params": {"nombre": "Ana", "producto": "un solitario"},
        "lead_id": LEAD,
    });
    let template = scene.send(SEND, &template).await?;
    scene
        .until("the template read, and its button pressed", |rows| {
            state(rows, &template) == Some("leido") && of(rows, "whatsapp", "entrante").count() == 4
        })
        .await?;
    let detail = scene.detail(&template).await?;
    let reports = detail["eventos"].as_array().map_or(0, Vec::len);
    ensure!(reports >= 3, "only {reports} reports on the template");
    ensure!(detail["lead_id"] == LEAD, "the template is not the lead's");
    step(&format!("La plantilla guarda sus {reports} eventos de estado; el lead {LEAD}, su historial"));
    Ok(())
}

async fn blue_ticks(scene: &Scene<'_>) -> anyhow::Result<()> {
    let newest = scene.browser.get("/api/comunicaciones/historial?direccion=entrante&limit=1").await?;
    let newest = newest[0]["mensaje_id"].as_str().context("no newest message")?;
    let read = scene.browser.post(&format!("/api/comunicaciones/mensajes/{newest}/leido"), &json!({})).await?;
    ensure!(read["acuse"] == "enviado", "the customer was not told that we read: {read}");
    step("El vendedor lee: la clienta ve las marcas azules");
    Ok(())
}
