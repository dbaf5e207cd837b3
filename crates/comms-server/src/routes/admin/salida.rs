//! What waits to be sent and what did not arrive.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{Status, history::vocabulary};
use comms_engine::{Engine, Lost};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::{Answer, List, cursor, page_key},
    app::State,
    auth::{Admin, Permitted},
    errors::{ApiError, ErrorBody},
    routes::comunicaciones::{mensajes::resolve, rows::Communication},
};

/// The states of the list, in the words of the history.
const STATES: [Status; 5] = [Status::Failed, Status::Expired, Status::Unknown, Status::Queued, Status::Scheduled];
/// Those of them that can be discarded.
const LOST: [Status; 3] = [Status::Failed, Status::Expired, Status::Unknown];
/// How many messages are discarded by one request.
const DISCARDED_AT_ONCE: usize = 500;
/// Rows of a page.
const PAGE: u16 = 50;
/// How many messages are tried again by one request.
const AT_ONCE: u16 = 50;

/// Which part of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutgoingQuery {
    /// `fallido expirado desconocido en_cola programado`; all of them where absent.
    pub estado: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// What waits to be sent and what did not arrive, newest first. What was tried again or discarded is not on the list.
///
/// # Errors
/// 400 for another state.
#[utoipa::path(get, path = "/api/comunicaciones/admin/salida", tag = "administracion", params(OutgoingQuery),
    responses((status = 200, body = List<Communication>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(
    Admin(caller): Admin,
    state: web::Data<State>,
    query: Query<OutgoingQuery>,
) -> Result<HttpResponse, ApiError> {
    let after = query.cursor.as_deref().map(page_key).transpose()?;
    let filter = Engine::outgoing(statuses(query.estado.as_deref())?, after, PAGE);
    let page = state.repository.history(&caller.scope(), &filter).await?;
    let rows: Vec<Communication> = page.entries.into_iter().map(Into::into).collect();
    Ok(List::page(rows, page.next.map(cursor)))
}

/// What is to be tried again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct RedriveBody {
    /// `fallido` or `expirado`; both where absent.
    pub estado: Option<String>,
}

/// A message that was tried again, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedrivenRow {
    /// The message.
    pub mensaje_id: Uuid,
    /// The new one, where it was tried again.
    pub nuevo_mensaje_id: Option<Uuid>,
    /// The state of the new one.
    pub estado: Option<&'static str>,
    /// The code of why it was not.
    pub code: Option<&'static str>,
}

/// Tries messages that failed or expired again, each as a new message: up to 50 of them, the newest first. Who has more asks again.
///
/// # Errors
/// 400 for another state.
#[utoipa::path(post, path = "/api/comunicaciones/admin/salida/reintentar", tag = "administracion", request_body = RedriveBody,
    responses((status = 200, body = List<RedrivenRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn redrive(
    state: web::Data<State>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<RedriveBody>>,
) -> Result<HttpResponse, ApiError> {
    let wanted = statuses(body.estado.as_deref())?;
    let lost = [Status::Failed, Status::Expired];
    if body.estado.is_some() && !wanted.iter().all(|status| lost.contains(status)) {
        return Err(ApiError::field("estado", "fallido o expirado"));
    }
    let wanted = wanted.into_iter().filter(|status| lost.contains(status)).collect();
    let scope = caller.scope();
    let page = state.repository.history(&scope, &Engine::outgoing(wanted, None, AT_ONCE)).await?;
    let mut rows = Vec::new();
    for entry in page.entries {
        let again = state.engine.retry(&scope, &caller.user, entry.message, false).await;
        rows.push(match again {
            Ok(sent) => RedrivenRow {
                mensaje_id: entry.message.0,
                nuevo_mensaje_id: Some(sent.message.0),
                estado: Some(vocabulary::estado(sent.status)),
                code: None,
            },
            Err(error) => RedrivenRow {
                mensaje_id: entry.message.0,
                nuevo_mensaje_id: None,
                estado: None,
                code: Some(error.code().as_str()),
            },
        });
    }
    Ok(List::whole(rows))
}

/// What discarding did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Discarded {
    /// The message.
    pub mensaje_id: Uuid,
    /// Whether it was on the list until now.
    pub cambiado: bool,
}

/// Takes a message that failed, expired or is unknown off the list. The message itself stays as it is.
///
/// # Errors
/// 404 where the organisation has none.
#[utoipa::path(post, path = "/api/comunicaciones/admin/salida/{id}/descartar", tag = "administracion",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history")),
    responses((status = 200, body = Answer<Discarded>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn discard(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = resolve(&state, &scope, &id).await?;
    let changed = state.engine.discard(&scope, id).await?;
    Ok(Answer::ok(Discarded { mensaje_id: id.0, cambiado: changed }))
}

/// Which of them are to be discarded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardBody {
    /// `fallido expirado desconocido`
    pub estado: String,
    /// On this channel.
    pub canal: Option<String>,
    /// Written before this time: ISO 8601.
    #[schema(format = DateTime)]
    pub hasta: Option<String>,
}

/// What discarding many did.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscardedCount {
    /// How many were on the list until now.
    pub descartados: usize,
    /// Whether there are more: ask again.
    pub quedan: bool,
}

/// Takes messages of one state off the list: up to 500 of them, the newest first. The messages themselves stay as they are.
///
/// # Errors
/// 400 for another state.
#[utoipa::path(post, path = "/api/comunicaciones/admin/salida/descartar", tag = "administracion", request_body = DiscardBody,
    responses((status = 200, body = Answer<DiscardedCount>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn discard_all(
    state: web::Data<State>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<DiscardBody>>,
) -> Result<HttpResponse, ApiError> {
    let status = LOST.into_iter().find(|status| vocabulary::estado(*status) == body.estado);
    let status = status.ok_or_else(|| ApiError::field("estado", "fallido, expirado o desconocido"))?;
    let channel = body
        .canal
        .as_deref()
        .map(|word| vocabulary::channel(word).ok_or_else(|| ApiError::field("canal", "valor desconocido")));
    let until = body.hasta.as_deref().map(|text| {
        OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| ApiError::field("hasta", "no es una fecha ISO 8601 con hora y zona"))
    });
    let lost = Lost { status, channel: channel.transpose()?, until: until.transpose()? };
    let done = state.engine.discard_all(&caller.scope(), &lost, DISCARDED_AT_ONCE).await?;
    Ok(Answer::ok(DiscardedCount { descartados: done.discarded, quedan: done.more }))
}

fn statuses(word: Option<&str>) -> Result<Vec<Status>, ApiError> {
    let Some(word) = word else {
        return Ok(STATES.to_vec());
    };
    let found: Vec<Status> = STATES.into_iter().filter(|status| vocabulary::estado(*status) == word).collect();
    if found.is_empty() {
        return Err(ApiError::field("estado", "fallido, expirado, desconocido, en_cola o programado"));
    }
    Ok(found)
}
