//! What a stream says, as JSON.

use comms_core::{
    Status,
    history::{FeedEvent, vocabulary},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::instant,
    routes::comunicaciones::rows::{Communication, Id},
};

/// The log's kinds and their words here.
const KINDS: [(&str, &str); 11] = [
    ("message", "mensaje"),
    ("status", "estado"),
    ("recording", "grabacion"),
    ("file", "archivo"),
    ("edited", "edicion"),
    ("conversation", "conversacion"),
    ("contact", "contacto"),
    ("identity", "identidad"),
    ("opt", "consentimiento"),
    ("changed", "cuenta"),
    ("unknown", "desconocido"),
];

/// What changed, in the log's words and in those here.
const CHANGES: [(&str, &str); 16] = [
    ("read", "leida"),
    ("state", "estado"),
    ("reopened", "reabierta"),
    ("woken", "despertada"),
    ("assigned", "asignada"),
    ("note", "nota"),
    ("created", "creado"),
    ("named", "nombrado"),
    ("joined", "unido"),
    ("separated", "separado"),
    ("linked", "vinculado"),
    ("continued", "continuada"),
    ("escalated", "escalada"),
    ("continuation_ended", "agente_terminado"),
    ("stopped", "detenida"),
    ("resumed", "reanudada"),
];

/// The log's kind of a word.
pub(in super::super) fn kind(tipo: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, word)| *word == tipo).map(|(kind, _)| *kind)
}

/// The word of the log's kind; what has none is told as it is.
pub(in super::super) fn word(kind: &str) -> &str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, word)| word)
}

/// Something that happened. Enough to bring a list up to date without asking for more.
#[derive(Debug, Serialize, ToSchema)]
pub struct RealtimeEvent {
    /// Its place in the log: greater than that of every event before it. Come back with it after a break.
    pub cursor: i64,
    /// `mensaje estado grabacion archivo edicion conversacion contacto identidad consentimiento cuenta desconocido`; expect others
    /// too
    #[schema(example = "mensaje")]
    pub tipo: String,
    /// What changed of a conversation: `leida estado reabierta despertada asignada nota continuada escalada agente_terminado`, or of a contact: `creado nombrado unido
    /// separado vinculado`, or of a mailbox that is read: `detenida reanudada` (reading it); null for other events.
    pub cambio: Option<String>,
    /// When it was stored: ISO 8601, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub fecha: String,
    /// `voz sms whatsapp email messenger webchat`; null where it concerns no message
    pub canal: Option<String>,
    /// `entrante` or `saliente`
    pub direccion: Option<&'static str>,
    /// The state of the message now, which never goes back.
    pub estado: Option<String>,
    /// The state that this event reports; may be behind `estado`.
    pub estado_informado: Option<&'static str>,
    /// The row's number in `comunicaciones`.
    pub id: Option<i32>,
    /// The message.
    pub mensaje_id: Option<Uuid>,
    /// The conversation.
    pub conversacion_id: Option<Uuid>,
    /// The contact that an event of a contact is about.
    pub contacto_id: Option<Uuid>,
    /// The account that an event of an account (`cuenta`) is about.
    pub cuenta: Option<String>,
    /// Why, in a word for programs, where a mailbox is not read any more (`cambio` `detenida`).
    pub codigo: Option<String>,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The user whose it is.
    pub usuario_id: Option<Id>,
    /// The message's whole row as the history shows it now.
    pub fila: Option<Communication>,
}

impl From<&FeedEvent> for RealtimeEvent {
    fn from(told: &FeedEvent) -> Self {
        let event = &told.event;
        let row = told.message.clone().map(Communication::from);
        let of_account = event.kind == "changed";
        let reported = event.payload.get("status").cloned();
        let reported: Option<Status> = reported.and_then(|status| serde_json::from_value(status).ok());
        Self {
            cursor: event.cursor,
            tipo: word(&event.kind).to_owned(),
            cambio: event.payload["change"].as_str().map(change),
            fecha: instant(event.created_at),
            canal: row.as_ref().map(|row| row.canal.clone()),
            direccion: row.as_ref().map(|row| row.direccion),
            estado: row.as_ref().map(|row| row.estado.clone()),
            estado_informado: reported.map(vocabulary::estado),
            id: row.as_ref().and_then(|row| row.id),
            mensaje_id: event.message.map(|id| id.0),
            conversacion_id: event.conversation.map(|id| id.0),
            contacto_id: event.payload["contact"].as_str().and_then(|id| id.parse().ok()),
            cuenta: of_account.then(|| event.account.as_ref().map(ToString::to_string)).flatten(),
            codigo: event.payload["code"].as_str().filter(|_| of_account).map(str::to_owned),
            lead_id: row.as_ref().and_then(|row| row.lead_id.clone()),
            cliente_id: row.as_ref().and_then(|row| row.cliente_id.clone()),
            contrato_id: row.as_ref().and_then(|row| row.contrato_id.clone()),
            usuario_id: row.as_ref().and_then(|row| row.usuario_id.clone()),
            fila: row,
        }
    }
}

/// The word of a change; the log's own where there is none.
fn change(change: &str) -> String {
    let known = CHANGES.iter().find(|(known, _)| *known == change);
    known.map_or(change, |(_, word)| word).to_owned()
}

/// What a stream says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct RealtimeControl {
    /// `reinicio`: the log begins later than where the client stood, read what you
    /// show anew. `listo`: everything up to now has been told. `latido`: a sign of life. `fin`: the stream ends, come back.
    #[schema(example = "listo")]
    pub tipo: &'static str,
    /// The cursor to come back with: everything wanted up to here has been told.
    pub cursor: i64,
    /// Why: `cursor_vencido` with `reinicio`. Why it ends: `lento` (events came faster than they were taken), `parada` (the server restarts), `caducado` (the permission
    /// has ended: bring a new token or ticket), `no_disponible` (the database is away).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motivo: Option<&'static str>,
    /// How long to wait before coming back, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reintentar_ms: Option<u64>,
}
