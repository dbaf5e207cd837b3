//! Rows as they are written.

use diesel::{Insertable, Queryable, Selectable};

use super::schema::*;
use crate::history::sql_types::{Doc, Instant, Uid, Wall};

/// A raw webhook.
#[derive(Insertable)]
#[diesel(table_name = webhooks)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct WebhookRow<'a> {
    pub id: Uid,
    pub organization_id: Option<String>,
    pub provider: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub headers: Doc,
    pub body: &'a [u8],
    pub problem: Option<String>,
    pub received_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = quarantine)]
pub(super) struct QuarantineRow<'a> {
    pub webhook_id: Uid,
    pub account_id: &'a str,
    pub received_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = contacts)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct ContactRow {
    pub id: Uid,
    pub organization_id: String,
    pub name: Option<String>,
    pub candidates: Option<Doc>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// An address under which an account knows a person.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = identities)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct IdentityRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub external_id: String,
    pub kind: String,
    pub contact_id: Uid,
    pub name: Option<String>,
    pub username: Option<String>,
    pub lead_id: Option<String>,
    pub client_id: Option<String>,
    pub contract_id: Option<String>,
    pub user_id: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = conversations)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct ConversationRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub contact_id: Uid,
    pub channel: String,
    pub unread: i32,
    pub last_message_id: Option<Uid>,
    pub last_message_at: Instant,
    pub last_inbound_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A message, as it is stored.
#[derive(Clone, Insertable)]
#[diesel(table_name = messages)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct MessageRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: Option<String>,
    pub provider_id: Option<String>,
    pub conversation_id: Option<Uid>,
    pub contact_id: Option<Uid>,
    pub lead_id: Option<String>,
    pub client_id: Option<String>,
    pub contract_id: Option<String>,
    pub user_id: Option<String>,
    pub channel: String,
    pub direction: i16,
    pub counterpart: String,
    pub counterpart_kind: String,
    pub content: Option<Doc>,
    pub body: Option<String>,
    pub search: Option<String>,
    pub reply_to: Option<String>,
    pub extra: Option<Doc>,
    pub status: i16,
    pub foreign_status: Option<String>,
    pub problem: Option<Doc>,
    pub duration_seconds: Option<i32>,
    pub idempotency_key: Option<String>,
    pub request_hash: Option<String>,
    pub retry_of: Option<Uid>,
    pub comunicacion_id: Option<i32>,
    pub webhook_id: Option<Uid>,
    pub occurred_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = status_events)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct StatusEventRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub key: String,
    pub message_id: Option<Uid>,
    pub provider_id: Option<String>,
    pub status: Option<i16>,
    pub provider_status: String,
    pub problem: Option<Doc>,
    pub extra: Option<Doc>,
    pub webhook_id: Option<Uid>,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = updates)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct UpdateRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub kind: String,
    pub key: String,
    pub subject: String,
    pub payload: Doc,
    pub webhook_id: Option<Uid>,
    pub occurred_at: Option<Instant>,
    pub recorded_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = outbox)]
pub(super) struct OutboxRow<'a> {
    pub message_id: Uid,
    pub organization_id: &'a str,
    pub account_id: &'a str,
    pub due_at: Instant,
    pub attempts: i32,
    pub lease_until: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = events)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct EventRow {
    pub organization_id: String,
    pub kind: String,
    pub account_id: Option<String>,
    pub message_id: Option<Uid>,
    pub conversation_id: Option<Uid>,
    pub payload: Doc,
    pub created_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = attachments)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct AttachmentRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub message_id: Uid,
    pub kind: String,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub sha256: Option<String>,
    pub source: Doc,
    pub state: i16,
    pub attempts: i32,
    pub due_at: Instant,
    pub created_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = opt_outs)]
pub(super) struct OptOutRow {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: String,
    pub address: String,
    pub scope: String,
    pub opted_in: bool,
    pub occurred_at: Instant,
}

/// A row of S0's table.
#[derive(Insertable)]
#[diesel(table_name = comunicaciones)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct ComunicacionRow {
    pub id: i32,
    pub lead_id: Option<i32>,
    pub cliente_id: Option<i32>,
    pub contrato_id: Option<i32>,
    pub usuario_id: i32,
    pub canal: String,
    pub direccion: String,
    pub destinatario: String,
    pub contenido: Option<String>,
    pub estado: String,
    pub sid_externo: Option<String>,
    pub duracion_seg: Option<i32>,
    pub fecha_creacion: Wall,
}
