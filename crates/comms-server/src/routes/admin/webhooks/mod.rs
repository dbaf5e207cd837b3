//! Outgoing webhooks: endpoints of other systems, and what they were told.

pub mod entregas;

use std::collections::BTreeSet;

use actix_web::{HttpResponse, http::StatusCode, web};
use comms_core::{
    ExposeSecret, HookId, Secret,
    history::{HookChange, HookEndpoint, HookFilter, HookReason, HookState, vocabulary},
};
use comms_engine::{HookEdit, NewHook, Pinged};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::{Answer, List, instant},
    app::State,
    auth::{Admin, Permitted},
    errors::{ApiError, ErrorBody},
    routes::eventos,
};

/// The kind of the log that the streams tell in the log's own word: an endpoint was given up.
const OWN_WORD: &str = "webhook";

/// An endpoint, without its key.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointRow {
    /// By it the endpoint is changed, tried and deleted.
    pub id: Uuid,
    /// Where it is told.
    #[schema(example = "https://erp.example.com/webhooks/comunicaciones")]
    pub url: String,
    /// What people call it.
    pub descripcion: Option<String>,
    /// The kinds of events that it is told; empty is all.
    pub tipos: Vec<String>,
    /// The channels of whose messages it is told; empty is all.
    pub canales: Vec<&'static str>,
    /// `activo`, `pausado` (by a person) or `desactivado` (given up)
    pub estado: &'static str,
    /// Why it was given up: `fallos` (nothing but failures for five days) or `eliminado` (it answered 410)
    pub motivo: Option<&'static str>,
    /// When it was given up.
    #[schema(format = DateTime)]
    pub desactivado: Option<String>,
    /// The first failure since something was last delivered.
    #[schema(format = DateTime)]
    pub falla_desde: Option<String>,
    /// Until when the key before the present one signs as well.
    #[schema(format = DateTime)]
    pub secreto_anterior_hasta: Option<String>,
    /// Everything in the event log up to here has its delivery.
    pub cursor: i64,
    /// When it was made.
    #[schema(format = DateTime)]
    pub creado: String,
}

impl From<HookEndpoint> for EndpointRow {
    fn from(hook: HookEndpoint) -> Self {
        Self {
            id: hook.id.0,
            url: hook.url,
            descripcion: hook.description,
            tipos: hook.filter.kinds.iter().map(|kind| eventos::word(kind).to_owned()).collect(),
            canales: hook.filter.channels.into_iter().map(vocabulary::canal).collect(),
            estado: match hook.state {
                HookState::Active => "activo",
                HookState::Paused => "pausado",
                HookState::Disabled => "desactivado",
            },
            motivo: hook.reason.map(|reason| match reason {
                HookReason::Failing => "fallos",
                HookReason::Gone => "eliminado",
            }),
            desactivado: hook.disabled_at.map(instant),
            falla_desde: hook.failing_since.map(instant),
            secreto_anterior_hasta: hook.previous.map(|(_, until)| instant(until)),
            cursor: hook.cursor,
            creado: instant(hook.created_at),
        }
    }
}

/// An endpoint with its key: shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewEndpointRow {
    /// Its row.
    #[serde(flatten)]
    pub fila: EndpointRow,
    /// The key that signs, `whsec_…`.
    pub secreto: String,
}

/// A new key: shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewSecretRow {
    /// The key that signs, `whsec_…`.
    pub secreto: String,
}

/// An endpoint, or what is to be changed of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointBody {
    /// `https://…`; required for a new one
    pub url: Option<String>,
    /// What people call it.
    pub descripcion: Option<String>,
    /// `mensaje estado grabacion archivo edicion conversacion contacto identidad consentimiento cuenta desconocido webhook`; empty is all
    pub tipos: Option<Vec<String>>,
    /// `voz sms whatsapp email messenger webchat`; empty is all
    pub canales: Option<Vec<String>>,
}

impl EndpointBody {
    /// The filter, laid over the one that there is.
    fn filter(&self, mut filter: HookFilter) -> Result<HookFilter, ApiError> {
        if let Some(words) = &self.tipos {
            filter.kinds = read(words, "tipos", |word| {
                eventos::kind(word).or((word == OWN_WORD).then_some(OWN_WORD)).map(str::to_owned)
            })?;
        }
        if let Some(words) = &self.canales {
            filter.channels = read(words, "canales", eventos::channel)?;
        }
        Ok(filter)
    }
}

fn read<T: Ord>(words: &[String], field: &str, read: impl Fn(&str) -> Option<T>) -> Result<BTreeSet<T>, ApiError> {
    let each = |word: &String| read(word).ok_or_else(|| ApiError::field(field, format!("valor desconocido: {word}")));
    words.iter().map(each).collect()
}

/// Where an endpoint goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnableBody {
    /// Whether it is not told of what happened meanwhile.
    pub saltar: bool,
}

/// How a test ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingRow {
    /// Whether it was taken.
    pub entregado: bool,
    /// The HTTP status of the answer.
    pub estado_http: Option<u16>,
    /// Why it was not taken.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub respuesta: Option<String>,
    /// How long it took, in milliseconds.
    pub duracion_ms: u64,
}

impl From<Pinged> for PingRow {
    fn from(pinged: Pinged) -> Self {
        Self {
            entregado: pinged.taken,
            estado_http: pinged.status,
            error: pinged.error,
            respuesta: pinged.response,
            duracion_ms: u64::try_from(pinged.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn shown(secret: &Secret) -> String {
    secret.expose_secret().to_owned()
}

/// The endpoints of the organisation.
///
/// # Errors
/// 403 for a seller.
#[utoipa::path(get, path = "/api/comunicaciones/admin/webhooks-salientes", tag = "administracion",
    responses((status = 200, body = List<EndpointRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(Admin(caller): Admin, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let hooks = state.repository.hooks(&caller.organization).await?;
    Ok(List::whole(hooks.into_iter().map(EndpointRow::from).collect()))
}

/// Makes an endpoint, which is told of everything from now on. Its key is in this answer only.
///
/// # Errors
/// 400 `url_no_permitida` for an address that is not called, 409 for more than fifty, 503 `cifrado_no_configurado` without
/// `COMMS_ENCRYPTION_KEY`.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes", tag = "administracion", request_body = EndpointBody,
    responses((status = 201, body = Answer<NewEndpointRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 409, body = ErrorBody), (status = 503, body = ErrorBody)), security(("jwt" = [])))]
pub async fn create(
    state: web::Data<State>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<EndpointBody>>,
) -> Result<HttpResponse, ApiError> {
    let filter = body.filter(HookFilter::default())?;
    let body = body.into_inner();
    let url = body.url.ok_or_else(|| ApiError::field("url", "falta"))?;
    let new = NewHook { url, description: body.descripcion, filter };
    let (hook, secret) = state.engine.add_hook(&caller.organization, new).await?;
    Ok(Answer::with(StatusCode::CREATED, NewEndpointRow { fila: hook.into(), secreto: shown(&secret) }))
}

/// Changes an endpoint; what is absent stays.
///
/// # Errors
/// 400 `url_no_permitida` for an address that is not called, 404 for one that the organisation does not have.
#[utoipa::path(put, path = "/api/comunicaciones/admin/webhooks-salientes/{id}", tag = "administracion", request_body = EndpointBody,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<EndpointRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn change(
    state: web::Data<State>,
    id: web::Path<Uuid>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<EndpointBody>>,
) -> Result<HttpResponse, ApiError> {
    let id = HookId(id.into_inner());
    let known = state.repository.hook(&caller.organization, id).await?;
    let filter = body.filter(known.filter)?;
    let body = body.into_inner();
    let edit = HookEdit { url: body.url, description: body.descripcion, filter: Some(filter) };
    let hook = state.engine.edit_hook(&caller.organization, id, edit).await?;
    Ok(Answer::ok(EndpointRow::from(hook)))
}

/// Forgets an endpoint, and what it was or is to be told.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(delete, path = "/api/comunicaciones/admin/webhooks-salientes/{id}", tag = "administracion", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Forgotten"), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn remove(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    state.repository.remove_hook(&caller.organization, HookId(id.into_inner())).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives an endpoint another key, which is in this answer only. The present one signs as well for 24 hours.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/secreto", tag = "administracion", params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<NewSecretRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)), security(("jwt" = [])))]
pub async fn rotate(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let secret = state.engine.rotate_hook(&caller.organization, HookId(id.into_inner())).await?;
    Ok(Answer::ok(NewSecretRow { secreto: shown(&secret) }))
}

/// Lets an endpoint be told (again): from where it stopped, or with `saltar` of what happens from now on.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/activar", tag = "administracion", request_body = EnableBody,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<EndpointRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn enable(
    state: web::Data<State>,
    id: web::Path<Uuid>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<EnableBody>>,
) -> Result<HttpResponse, ApiError> {
    let hook = state.engine.enable_hook(&caller.organization, HookId(id.into_inner()), body.saltar).await?;
    Ok(Answer::ok(EndpointRow::from(hook)))
}

/// Lets an endpoint be told nothing for now. What happens meanwhile waits for it in the event log.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/pausar", tag = "administracion", params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<EndpointRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn pause(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let (id, now) = (HookId(id.into_inner()), state.clock.now());
    let hook = state.repository.change_hook(&caller.organization, id, &HookChange::Pause, now).await?;
    Ok(Answer::ok(EndpointRow::from(hook)))
}

/// Sends an endpoint a test, at once and whatever state it is in, and says how it answered.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(post, path = "/api/comunicaciones/admin/webhooks-salientes/{id}/probar", tag = "administracion", params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer<PingRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)), security(("jwt" = [])))]
pub async fn ping(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let pinged = state.engine.ping_hook(&caller.organization, HookId(id.into_inner())).await?;
    Ok(Answer::ok(PingRow::from(pinged)))
}
