//! Conversations: the list, one with its messages, reading, giving, putting away.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{
    ConversationId,
    history::{Conversation, ConversationFilter, ConversationState, LastMessage, vocabulary},
};
use comms_engine::{Code as EngineCode, ReadReceipt};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    historial::page_limit,
    rows::{Communication, Id, Reason},
};
use crate::{
    answers::{Answer, List, cursor, desk_cursor, desk_key, instant, page_key},
    app::State,
    auth::{Permitted, Reading, Seller},
    errors::{ApiError, Code, ErrorBody},
};

/// What narrows the conversations down.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// One or more of `abierta pendiente pospuesta cerrada`, separated by commas.
    pub estado: Option<String>,
    /// Of this user; `nadie` = of nobody.
    pub asignado_a: Option<String>,
    /// `voz sms whatsapp email messenger webchat`
    pub canal: Option<String>,
    /// With a message of this lead.
    pub lead_id: Option<String>,
    /// With this contact.
    pub contacto_id: Option<String>,
    /// With something that the caller has not read.
    pub no_leidas: bool,
    /// With a person of this name or address.
    pub texto: Option<String>,
    /// Rows of the page, 1 to 200; 50 where absent.
    pub limit: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

impl ConversationQuery {
    fn filter(self) -> Result<ConversationFilter, ApiError> {
        let unknown = |field, value: &str| ApiError::field(field, format!("valor desconocido: {value}"));
        let states = self.estado.iter().flat_map(|words| words.split(','));
        let states = states.map(|word| state_of(word.trim()).ok_or_else(|| unknown("estado", word)));
        let channel = self.canal.as_deref().map(|word| vocabulary::channel(word).ok_or_else(|| unknown("canal", word)));
        let contact = self.contacto_id.as_deref().map(|id| id.parse().map_err(|_| unknown("contacto_id", id)));
        Ok(ConversationFilter {
            states: states.collect::<Result<_, _>>()?,
            assignee: self.asignado_a.map(|user| Some(user).filter(|user| user != "nadie").map(Into::into)),
            channel: channel.transpose()?,
            lead: self.lead_id.map(Into::into),
            contact: contact.transpose()?,
            unread: self.no_leidas,
            text: self.texto.filter(|text| !text.trim().is_empty()),
            after: self.cursor.as_deref().map(desk_key).transpose()?,
            limit: page_limit(self.limit.as_deref())?,
        })
    }
}

/// A conversation: of one contact with one of our accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationRow {
    /// By it messages are listed, and it is read, assigned and closed.
    pub id: Uuid,
    /// The account.
    #[schema(example = "whatsapp:106540352242922")]
    pub cuenta: String,
    /// `voz sms whatsapp email messenger webchat`
    pub canal: String,
    /// What it is about, for e-mail: there each thread is a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asunto: Option<String>,
    /// The contact that stands for the person.
    pub contacto_id: Uuid,
    /// Their name.
    pub nombre: Option<String>,
    /// `abierta pendiente pospuesta cerrada`
    #[schema(example = "abierta")]
    pub estado: &'static str,
    /// Until when it is put away.
    pub pospuesta_hasta: Option<String>,
    /// Since when it is closed.
    pub cerrada_desde: Option<String>,
    /// The user who looks after it.
    pub asignado_a: Option<Id>,
    /// Messages that the caller has not read.
    pub no_leidos: i32,
    /// The last message; null where the caller may not see it.
    pub ultimo_mensaje: Option<LastRow>,
    /// When it was stored: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub fecha_ultimo_mensaje: String,
    /// When the other party last wrote or called, by the provider's clock.
    pub fecha_ultimo_entrante: Option<String>,
    /// Since when it is known.
    #[schema(format = DateTime)]
    pub fecha_creacion: String,
}

/// The last message of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastRow {
    /// By it the whole message is asked for.
    pub mensaje_id: Uuid,
    /// `entrante` or `saliente`
    pub direccion: &'static str,
    /// The other party.
    pub destinatario: String,
    /// What it says.
    pub contenido: Option<String>,
    /// Its state, as in the history.
    pub estado: &'static str,
}

impl From<LastMessage> for LastRow {
    fn from(last: LastMessage) -> Self {
        Self {
            mensaje_id: last.id.0,
            direccion: vocabulary::direccion(last.direction),
            destinatario: last.counterpart,
            contenido: last.text,
            estado: vocabulary::estado(last.status),
        }
    }
}

impl From<Conversation> for ConversationRow {
    fn from(one: Conversation) -> Self {
        Self {
            id: one.id.0,
            cuenta: one.account.as_str().to_owned(),
            canal: vocabulary::canal_of(&one.channel).to_owned(),
            asunto: one.subject,
            contacto_id: one.contact.0,
            nombre: one.name,
            estado: word(one.state),
            pospuesta_hasta: one.snoozed_until.map(instant),
            cerrada_desde: one.closed_at.map(instant),
            asignado_a: one.assignee.map(|user| user.as_str().into()),
            no_leidos: one.unread,
            ultimo_mensaje: one.last_message.map(Into::into),
            fecha_ultimo_mensaje: instant(one.last_message_at),
            fecha_ultimo_entrante: one.last_inbound_at.map(instant),
            fecha_creacion: instant(one.created_at),
        }
    }
}

/// The conversations, the latest message first; a seller sees those with a message that they see in the history, and those that
/// are given to them.
///
/// # Errors
/// 400 with the field for a value that cannot be.
#[utoipa::path(get, path = "/api/comunicaciones/conversaciones", tag = "conversaciones", params(ConversationQuery),
    responses((status = 200, body = List<ConversationRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn list(
    reader: Reading,
    state: web::Data<State>,
    query: Query<ConversationQuery>,
) -> Result<HttpResponse, ApiError> {
    let filter = query.into_inner().filter()?;
    let page = state.repository.conversations(&reader.scope, reader.user.as_ref(), &filter).await?;
    Ok(List::page(page.entries.into_iter().map(ConversationRow::from).collect(), page.next.map(desk_cursor)))
}

/// Which part of a conversation's messages or notes.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of the page, 1 to 200; 50 where absent.
    pub limit: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// A conversation with a page of its messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationDetail {
    /// Its row.
    #[serde(flatten)]
    pub fila: ConversationRow,
    /// Its messages, newest first.
    pub mensajes: Vec<Communication>,
    /// The cursor of the next page of messages; null at the end.
    pub siguiente: Option<String>,
}

/// A conversation with a page of its messages, newest first.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/comunicaciones/conversaciones/{id}", tag = "conversaciones",
    params(("id" = String, Path, description = "`conversacion_id`"), PageQuery),
    responses((status = 200, body = Answer<ConversationDetail>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn detail(
    reader: Reading,
    state: web::Data<State>,
    id: web::Path<String>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, query) = (conversation(&id)?, query.into_inner());
    let after = query.cursor.as_deref().map(page_key).transpose()?;
    let limit = page_limit(query.limit.as_deref())?;
    let row = state.repository.conversation(&reader.scope, reader.user.as_ref(), id).await?;
    let page = state.repository.conversation_messages(&reader.scope, id, after, limit).await?;
    Ok(Answer::ok(ConversationDetail {
        fila: row.into(),
        mensajes: page.entries.into_iter().map(Into::into).collect(),
        siguiente: page.next.map(cursor),
    }))
}

/// What marking a conversation as read did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationRead {
    /// The conversation.
    pub conversacion_id: Uuid,
    /// Whether something in it was read by nobody until now.
    pub cambiado: bool,
    /// `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told.
    pub acuse: &'static str,
    /// Why they were not.
    pub error: Option<Reason>,
}

/// Marks all that came in as read by the caller, and tells the other party where nobody had read it.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/conversaciones/{id}/leida", tag = "conversaciones",
    params(("id" = String, Path, description = "`conversacion_id`")),
    responses((status = 200, body = Answer<ConversationRead>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn mark_read(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = conversation(&id)?;
    let marked = state.engine.mark_conversation_read(&caller.scope(), &caller.user, id).await?;
    let (acuse, error) = match marked.receipt {
        ReadReceipt::Sent => ("enviado", None),
        ReadReceipt::NotNeeded => ("no_necesario", None),
        ReadReceipt::Unsupported => ("no_admitido", None),
        ReadReceipt::Failed(problem) => ("fallido", Some(problem.into())),
    };
    Ok(Answer::ok(ConversationRead { conversacion_id: id.0, cambiado: marked.changed, acuse, error }))
}

/// To whom a conversation is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct AssigneeBody {
    /// The user; null or absent = nobody.
    pub usuario_id: Option<Id>,
}

/// Gives a conversation to a user, who sees all of it from then on, or to nobody.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/conversaciones/{id}/asignar", tag = "conversaciones", request_body = AssigneeBody,
    params(("id" = String, Path, description = "`conversacion_id`")),
    responses((status = 200, body = Answer<ConversationRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn assign(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<AssigneeBody>>,
) -> Result<HttpResponse, ApiError> {
    let (id, assignee) = (conversation(&id)?, body.into_inner().usuario_id.map(|id| id.into_text().into()));
    // Who gives it away may not see it any more: it is read before.
    let mut row = state.repository.conversation(&caller.scope(), Some(&caller.user), id).await?;
    state.repository.assign(&caller.scope(), &caller.user, id, assignee.as_ref(), state.clock.now()).await?;
    row.assignee = assignee;
    Ok(Answer::ok(ConversationRow::from(row)))
}

/// The state of a conversation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct StateBody {
    /// `abierta pendiente pospuesta cerrada`
    pub estado: String,
    /// Until when, for `pospuesta`: ISO 8601, in the future.
    #[schema(format = DateTime)]
    pub hasta: Option<String>,
}

/// Sets the state. A message from the other party opens again what is put away or closed.
///
/// # Errors
/// 400 with the field, 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/conversaciones/{id}/estado", tag = "conversaciones", request_body = StateBody,
    params(("id" = String, Path, description = "`conversacion_id`")),
    responses((status = 200, body = Answer<ConversationRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn set_state(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<StateBody>>,
) -> Result<HttpResponse, ApiError> {
    let (id, now) = (conversation(&id)?, state.clock.now());
    let wanted =
        state_of(&body.estado).ok_or_else(|| ApiError::field("estado", "abierta, pendiente, pospuesta o cerrada"))?;
    let until = match (wanted, &body.hasta) {
        (ConversationState::Snoozed, Some(text)) => {
            let until = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|until| *until > now);
            Some(until.ok_or_else(|| ApiError::field("hasta", "una hora futura, por ejemplo 2026-11-22T10:00:00Z"))?)
        }
        (ConversationState::Snoozed, None) => return Err(ApiError::field("hasta", "falta")),
        (_, Some(_)) => return Err(ApiError::field("hasta", "solo con pospuesta")),
        (_, None) => None,
    };
    state.repository.decide(&caller.scope(), &caller.user, id, wanted, until, now).await?;
    let row = state.repository.conversation(&caller.scope(), Some(&caller.user), id).await?;
    Ok(Answer::ok(ConversationRow::from(row)))
}

/// The conversation of a path; what is no id of ours is none.
pub(super) fn conversation(id: &str) -> Result<ConversationId, ApiError> {
    id.parse().map_err(|_| ApiError::new(Code::Engine(EngineCode::NotFound)))
}

const fn word(state: ConversationState) -> &'static str {
    match state {
        ConversationState::Open => "abierta",
        ConversationState::Pending => "pendiente",
        ConversationState::Snoozed => "pospuesta",
        ConversationState::Closed => "cerrada",
    }
}

fn state_of(text: &str) -> Option<ConversationState> {
    ConversationState::ALL.into_iter().find(|state| word(*state) == text)
}
