//! The history in the words of S0's table.

use comms_core::{
    Content, Problem,
    history::{
        Attachment, AttachmentState, Delivery, DeliveryMode, HistoryEntry, MessageDetail, StatusEvent, vocabulary,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answers::instant;

/// An id of the caller's system: a number where it is one, else text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Id {
    /// S0's ids.
    Number(i64),
    /// Other systems' ids.
    Text(String),
}

impl Id {
    /// The id as the history keeps it.
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        match text.parse::<i64>() {
            // `007` is not the number 7.
            Ok(number) if number.to_string() == text => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }
}

/// A row of the history: S0's thirteen columns, and ours.
#[derive(Debug, Serialize, ToSchema)]
pub struct Communication {
    /// The row's number in `comunicaciones`; null while it waits for an owner.
    pub id: Option<i32>,
    /// Our id of the message.
    pub mensaje_id: Uuid,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The user whose it is; null while nobody's.
    pub usuario_id: Option<Id>,
    /// `voz sms whatsapp email messenger webchat`
    #[schema(example = "whatsapp")]
    pub canal: String,
    /// `entrante` or `saliente`
    #[schema(example = "saliente")]
    pub direccion: &'static str,
    /// The other party, whichever the direction.
    #[schema(example = "+34600000000")]
    pub destinatario: String,
    /// What it says: of more than 64 KiB the beginning.
    pub contenido: Option<String>,
    /// Only where `contenido` is the beginning; all of it stands in `contenido_tipado` of the message.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub contenido_cortado: bool,
    /// `en_cola enviando enviado entregado leido recibido fallido desconocido expirado cancelado programado`, or a call's
    #[schema(example = "entregado")]
    pub estado: String,
    /// The provider's id.
    pub sid_externo: Option<String>,
    /// The seconds that the parties talked, for calls.
    pub duracion_seg: Option<i32>,
    /// ISO 8601, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub fecha_creacion: String,
    /// The conversation.
    pub conversacion_id: Option<Uuid>,
    /// Its files.
    pub adjuntos: Vec<AttachmentRow>,
    /// Why it failed, is unknown, or could not go yet.
    pub error: Option<Reason>,
    /// How it stands in the queue; only while it waits there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cola: Option<QueueRow>,
}

/// How a message stands in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueRow {
    /// Not sent before this: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub proximo_intento: String,
    /// Not sent after this.
    #[schema(format = DateTime)]
    pub caduca: Option<String>,
    /// How often it was tried.
    pub intentos: u32,
    /// `una_vez` or `al_menos_una_vez`
    pub entrega: &'static str,
}

impl From<Delivery> for QueueRow {
    fn from(delivery: Delivery) -> Self {
        Self {
            proximo_intento: instant(delivery.due_at),
            caduca: delivery.expires_at.map(instant),
            intentos: delivery.attempts,
            entrega: match delivery.mode {
                DeliveryMode::AtMostOnce => "una_vez",
                DeliveryMode::AtLeastOnce => "al_menos_una_vez",
            },
        }
    }
}

impl From<HistoryEntry> for Communication {
    fn from(entry: HistoryEntry) -> Self {
        let contenido_cortado = entry.is_cut();
        let estado = entry.foreign_status.unwrap_or_else(|| vocabulary::estado(entry.status).to_owned());
        Self {
            id: entry.id,
            mensaje_id: entry.message.0,
            lead_id: entry.links.lead.map(|id| id.as_str().into()),
            cliente_id: entry.links.client.map(|id| id.as_str().into()),
            contrato_id: entry.links.contract.map(|id| id.as_str().into()),
            usuario_id: entry.user.map(|id| id.as_str().into()),
            canal: vocabulary::canal_of(&entry.channel).to_owned(),
            direccion: vocabulary::direccion(entry.direction),
            destinatario: entry.counterpart,
            contenido_cortado,
            contenido: entry.text,
            estado,
            sid_externo: entry.provider_id,
            duracion_seg: entry.duration_seconds,
            fecha_creacion: instant(entry.created_at),
            conversacion_id: entry.conversation.map(|id| id.0),
            adjuntos: entry.attachments.into_iter().map(Into::into).collect(),
            error: entry.problem.map(Into::into),
            cola: entry.delivery.map(Into::into),
        }
    }
}

/// A file of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttachmentRow {
    /// By it the file is fetched.
    pub id: Uuid,
    /// `image audio voice video document sticker`
    pub tipo: String,
    /// Its media type.
    pub mime_type: Option<String>,
    /// As its sender named it.
    pub nombre: Option<String>,
    /// Its size in bytes, once it is here.
    pub tamano: Option<i64>,
    /// `pendiente disponible fallido`
    pub estado: &'static str,
    /// Where it can be fetched, once it is here.
    pub url: Option<String>,
    /// Why it is not here.
    pub error: Option<String>,
}

impl From<Attachment> for AttachmentRow {
    fn from(attachment: Attachment) -> Self {
        let here = attachment.state == AttachmentState::Stored;
        Self {
            id: attachment.id,
            tipo: attachment.kind,
            mime_type: attachment.mime_type,
            nombre: attachment.filename,
            tamano: attachment.size,
            estado: match attachment.state {
                AttachmentState::Pending => "pendiente",
                AttachmentState::Stored => "disponible",
                AttachmentState::Failed => "fallido",
            },
            url: here.then(|| format!("/api/comunicaciones/adjuntos/{}", attachment.id)),
            error: attachment.error,
        }
    }
}

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    /// The provider's code.
    pub codigo: String,
    /// What it says.
    pub mensaje: String,
    /// How it is classified, for instance `window_closed`.
    pub tipo: &'static str,
}

impl From<Problem> for Reason {
    fn from(problem: Problem) -> Self {
        Self { codigo: problem.code, mensaje: problem.message, tipo: problem.kind.as_str() }
    }
}

/// Everything known of one message.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunicationDetail {
    /// Its row.
    #[serde(flatten)]
    pub fila: Communication,
    /// Who or what answered a call, in the provider's words: `human`, `machine_start` …
    pub contestada_por: Option<String>,
    /// Every report on it, oldest first; for a call those of every leg.
    pub eventos: Vec<StatusRow>,
    /// The provider's id of the message that it answers.
    pub responde_a: Option<String>,
    /// The message that it tries again.
    pub reintento_de: Option<Uuid>,
    /// The whole content.
    #[schema(value_type = Option<Object>)]
    pub contenido_tipado: Option<Content>,
    /// What else the provider said.
    #[schema(value_type = Option<Object>)]
    pub datos_proveedor: Option<Value>,
    /// When the other party wrote, by the provider's clock.
    pub fecha_proveedor: Option<String>,
}

impl From<MessageDetail> for CommunicationDetail {
    fn from(detail: MessageDetail) -> Self {
        Self {
            contenido_tipado: detail.entry.content.clone(),
            contestada_por: detail.entry.answered_by.clone(),
            fila: detail.entry.into(),
            eventos: detail.events.into_iter().map(Into::into).collect(),
            responde_a: detail.reply_to,
            reintento_de: detail.retry_of.map(|id| id.0),
            datos_proveedor: detail.extra,
            fecha_proveedor: detail.occurred_at.map(instant),
        }
    }
}

/// One report on a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusRow {
    /// What it means; null for a word that is not understood.
    pub estado: Option<&'static str>,
    /// The provider's word.
    pub estado_proveedor: String,
    /// When, by the provider's clock.
    pub fecha: String,
    /// When it was stored.
    pub registrado: String,
    /// Why.
    pub error: Option<Reason>,
    /// The seconds that it tells of, for calls.
    pub duracion_seg: Option<i32>,
    /// Who or what answered, by its word.
    pub contestada_por: Option<String>,
    /// What else the provider said.
    #[schema(value_type = Option<Object>)]
    pub datos_proveedor: Option<Value>,
}

impl From<StatusEvent> for StatusRow {
    fn from(event: StatusEvent) -> Self {
        Self {
            estado: event.status.map(vocabulary::estado),
            estado_proveedor: event.provider_status,
            fecha: instant(event.occurred_at),
            registrado: instant(event.recorded_at),
            error: event.problem.map(Into::into),
            duracion_seg: event.duration_seconds,
            contestada_por: event.answered_by,
            datos_proveedor: event.extra,
        }
    }
}
