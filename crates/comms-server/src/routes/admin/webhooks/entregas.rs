//! What an endpoint was told, and is told again.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{
    HookDeliveryId, HookId,
    history::{HookDelivery, HookDeliveryFilter, HookDeliveryState, HookRedrive},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::{Answer, List, desk_cursor, desk_key, instant},
    app::State,
    auth::{Admin, Permitted},
    errors::{ApiError, ErrorBody},
    routes::eventos,
};

/// The states and their words.
const STATES: [(HookDeliveryState, &str); 3] = [
    (HookDeliveryState::Pending, "pendiente"),
    (HookDeliveryState::Delivered, "entregada"),
    (HookDeliveryState::Failed, "fallida"),
];
/// Rows of a page.
const PAGE: u16 = 50;

/// One event for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryRow {
    /// Its id: `webhook-id` is `msg_` and this without its dashes, at every attempt.
    pub id: Uuid,
    /// The event's place in the log.
    pub cursor: i64,
    /// The kind of event.
    pub tipo: String,
    /// `pendiente entregada fallida`
    pub estado: &'static str,
    /// How often it was tried.
    pub intentos: u32,
    /// When it is tried next; only while it waits.
    #[schema(format = DateTime)]
    pub proximo_intento: Option<String>,
    /// When it was last tried.
    #[schema(format = DateTime)]
    pub ultimo_intento: Option<String>,
    /// The HTTP status of the last answer.
    pub estado_http: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The first bytes of the last answer.
    pub respuesta: Option<String>,
    /// When the event was found in the log.
    #[schema(format = DateTime)]
    pub creada: String,
    /// When it was delivered or given up.
    #[schema(format = DateTime)]
    pub terminada: Option<String>,
}

impl From<HookDelivery> for DeliveryRow {
    fn from(delivery: HookDelivery) -> Self {
        let waits = delivery.state == HookDeliveryState::Pending;
        Self {
            id: delivery.id.0,
            cursor: delivery.cursor,
            tipo: eventos::word(&delivery.kind).to_owned(),
            estado: STATES.iter().find(|(state, _)| *state == delivery.state).map_or("", |(_, word)| word),
            intentos: delivery.attempts,
            proximo_intento: waits.then(|| instant(delivery.due_at)),
            ultimo_intento: delivery.attempted_at.map(instant),
            estado_http: delivery.status,
            error: delivery.error,
            respuesta: delivery.response,
            creada: instant(delivery.created_at),
            terminada: delivery.done_at.map(instant),
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// `pendiente entregada fallida`; all of them where absent.
    pub estado: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// What an endpoint was told and is to be told, newest first.
///
/// # Errors
/// 400 for another state, 404 for an endpoint that the organisation does not have.
#[utoipa::path(get, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas", tag = "administracion",
    params(("id" = Uuid, Path), DeliveriesQuery),
    responses((status = 200, body = List<DeliveryRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
    query: Query<DeliveriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let wanted = query.estado.as_deref().map(|word| {
        let known = STATES.iter().find(|(_, own)| *own == word).map(|(state, _)| *state);
        known.ok_or_else(|| ApiError::field("estado", "pendiente, entregada o fallida"))
    });
    let after = query.cursor.as_deref().map(desk_key).transpose()?;
    let filter = HookDeliveryFilter { state: wanted.transpose()?, after, limit: PAGE };
    let page = state.repository.hook_deliveries(&caller.organization, HookId(id.into_inner()), &filter).await?;
    let rows: Vec<DeliveryRow> = page.entries.into_iter().map(Into::into).collect();
    Ok(List::page(rows, page.next.map(desk_cursor)))
}

/// Since when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedriveSinceBody {
    /// Events found since this time: ISO 8601.
    #[schema(format = DateTime)]
    pub desde: String,
}

/// How many are told again.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedrivenCount {
    /// How many.
    pub reintentadas: u64,
}

/// Tells an endpoint again what was given up since a time. The ids stay, so that whoever has seen one can tell.
///
/// # Errors
/// 400 for what is no time, 404 for an endpoint that the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas/reintentar", tag = "administracion",
    request_body = RedriveSinceBody, params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<RedrivenCount>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn redrive_since(
    state: web::Data<State>,
    id: web::Path<Uuid>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<RedriveSinceBody>>,
) -> Result<HttpResponse, ApiError> {
    let since = OffsetDateTime::parse(&body.desde, &Rfc3339);
    let since = since.map_err(|_| ApiError::field("desde", "no es una fecha ISO 8601 con hora y zona"))?;
    let which = HookRedrive::FailedSince(since);
    let (id, now) = (HookId(id.into_inner()), state.clock.now());
    let count = state.repository.redrive_hook(&caller.organization, id, which, now).await?;
    Ok(Answer::ok(RedrivenCount { reintentadas: count }))
}

/// Tells an endpoint one thing again, whether it was taken or given up. What waits is left alone.
///
/// # Errors
/// 404 for what the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas/{entrega}/reintentar", tag = "administracion",
    params(("id" = Uuid, Path), ("entrega" = Uuid, Path)),
    responses((status = 200, body = Answer<RedrivenCount>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn redrive_one(
    Admin(caller): Admin,
    state: web::Data<State>,
    path: web::Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, ApiError> {
    let (id, delivery) = path.into_inner();
    let which = HookRedrive::One(HookDeliveryId(delivery));
    let count = state.repository.redrive_hook(&caller.organization, HookId(id), which, state.clock.now()).await?;
    Ok(Answer::ok(RedrivenCount { reintentadas: count }))
}
