//! One message: its detail, trying it again, marking it as read.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{MessageId, history::Scope};
use comms_engine::ReadReceipt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    envio,
    rows::{Communication, CommunicationDetail, Reason},
};
use crate::{
    answers::Answer,
    app::State,
    auth::{Reader, Seller},
    errors::{ApiError, ErrorBody},
};

/// Everything known of a message: its row, every report on it, every reason.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/comunicaciones/mensajes/{id}", tag = "historial",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history")),
    responses((status = 200, body = Answer<CommunicationDetail>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn detail(
    Reader(scope): Reader,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = resolve(&state, &scope, &id).await?;
    let detail = state.repository.message(&scope, id).await?;
    Ok(Answer::ok(CommunicationDetail::from(detail)))
}

/// How to try again.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetryQuery {
    /// Also where it is not known whether the first attempt arrived: it may arrive twice.
    pub forzar: bool,
}

/// Sends a failed message again, as a new message.
///
/// # Errors
/// 409 for a message that has not failed, or whose outcome is not known; otherwise as sending.
#[utoipa::path(post, path = "/api/comunicaciones/mensajes/{id}/reintentar", tag = "historial",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history"), RetryQuery),
    responses((status = 200, body = Answer<Communication>), (status = 202, body = Answer<Communication>), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 502, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn retry(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
    query: Query<RetryQuery>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = resolve(&state, &scope, &id).await?;
    let again = state.engine.retry(&scope, &caller.user, id, query.forzar);
    envio::answer(&state, &caller.organization, &again.await?).await
}

/// Withdraws a message that waits for its time or its turn, and answers its row. Withdrawing it twice is no error.
///
/// # Errors
/// 404 where there is none that the caller may see, 409 where it does not wait any more; `details.estado` says what it is.
#[utoipa::path(post, path = "/api/comunicaciones/mensajes/{id}/cancelar", tag = "historial",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history")),
    responses((status = 200, body = Answer<Communication>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn cancel(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = resolve(&state, &scope, &id).await?;
    state.engine.cancel(&scope, id).await?;
    let entry = state.repository.message(&scope, id).await?.entry;
    Ok(Answer::ok(Communication::from(entry)))
}

/// What marking a message as read did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadAnswer {
    /// The message.
    pub mensaje_id: Uuid,
    /// Whether it was unread until now.
    pub cambiado: bool,
    /// `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told.
    pub acuse: &'static str,
    /// Why they were not.
    pub error: Option<Reason>,
}

/// Marks a received message, and those before it in its conversation, as read, and tells the other party.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/mensajes/{id}/leido", tag = "historial",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history")),
    responses((status = 200, body = Answer<ReadAnswer>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn mark_read(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = resolve(&state, &scope, &id).await?;
    let marked = state.engine.mark_read(&scope, &caller.user, id).await?;
    let (acuse, error) = match marked.receipt {
        ReadReceipt::Sent => ("enviado", None),
        ReadReceipt::NotNeeded => ("no_necesario", None),
        ReadReceipt::Unsupported => ("no_admitido", None),
        ReadReceipt::Failed(problem) => ("fallido", Some(problem.into())),
    };
    Ok(Answer::ok(ReadAnswer { mensaje_id: id.0, cambiado: marked.changed, acuse, error }))
}

/// The message of a path: our id, or the number of its row.
pub(crate) async fn resolve(state: &State, scope: &Scope, id: &str) -> Result<MessageId, ApiError> {
    if let Ok(id) = id.parse() {
        return Ok(id);
    }
    match id.parse() {
        Ok(row) => Ok(state.repository.message_by_row(scope, row).await?),
        Err(_) => Err(ApiError::field("id", "ni mensaje_id ni id del historial")),
    }
}
