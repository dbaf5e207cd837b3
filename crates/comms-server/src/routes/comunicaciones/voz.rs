//! Calls: a browser's token, placing one, ending one.

use actix_web::{HttpRequest, HttpResponse, web};
use comms_core::{AccountId, Call, ChannelKind, Content};
use comms_engine::{EngineError, SendRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    envio, mensajes,
    rows::{Communication, Id},
};
use crate::{
    answers::{Answer, instant},
    app::State,
    auth::{Permitted, Seller},
    errors::{ApiError, Code, ErrorBody},
};

/// With what a browser calls and is called.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceToken {
    /// For `new Device(token)` of `@twilio/voice-sdk`.
    pub token: String,
    /// The browser's name at Twilio: the user's alone.
    #[schema(example = "7")]
    pub identity: String,
    /// Until when it is valid: ISO 8601, UTC. Ask for another before.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// Gives a browser the token with which its user calls and is called.
///
/// # Errors
/// 503 where the keys of browser calls are not set; `details.faltan` names them.
#[utoipa::path(post, path = "/api/comunicaciones/voz/token", tag = "voz",
    responses((status = 200, body = Answer<VoiceToken>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn token(Seller(caller): Seller, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    present(&state.settings.twilio.missing_for_browsers())?;
    let browser = state.engine.voice_identity(&caller.organization, &caller.user)?;
    let made = state.registry.browser_token(browser.value(), state.clock.now());
    let made = made.map_err(EngineError::ChannelUnavailable)?;
    let identity = browser.value().to_owned();
    Ok(Answer::ok(VoiceToken { token: made.token, identity, expires_at: instant(made.expires_at) }))
}

/// A call to be placed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CallBody {
    /// Not possible: a call is placed now.
    pub programado_para: Option<String>,
    /// The number that is shown: one of our own; the user's, else the account's, where absent.
    #[schema(example = "+15005550006")]
    pub desde: Option<Id>,
    /// Whom to call: a phone number with country code.
    #[serde(alias = "telefono")]
    #[schema(example = "+34600000000")]
    pub hacia: Option<Id>,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The account to call from; the user's own, else the organisation's first, where absent.
    pub cuenta: Option<String>,
}

/// Places a call and answers its row: once it is answered, the user's browsers ring. An error after the call was stored
/// names it in `details.mensaje_id`.
///
/// # Errors
/// 400 with the field, 403 for another seller's lead or a destination that may not be called, 429 beyond the daily cap, 502
/// where the provider refuses, 503 where something is not set; `details.faltan` names it.
#[utoipa::path(post, path = "/api/comunicaciones/voz/llamar", tag = "voz", request_body = CallBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is one call")),
    responses((status = 200, description = "The provider took it", body = Answer<Communication>),
        (status = 202, description = "Whether the provider took it is not known (yet)", body = Answer<Communication>),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn call(
    state: web::Data<State>,
    request: HttpRequest,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<CallBody>>,
) -> Result<HttpResponse, ApiError> {
    // Twilio asks us what is to become of the call once it is answered.
    present(if state.settings.http.is_reachable() { &[] } else { &["PUBLIC_BASE_URL"] })?;
    let body = body.into_inner();
    if body.programado_para.is_some() {
        return Err(ApiError::new(Code::SchedulingUnavailable));
    }
    let to = envio::recipient(&state, "hacia", body.hacia)?;
    let from = body.desde.map(|from| envio::recipient(&state, "desde", Some(from))).transpose()?;
    let content = Content::Call(Call { from, ..Call::default() });
    let mut message = SendRequest::new(caller.scope(), caller.user.clone(), ChannelKind::Voice, to, content);
    message.account = body.cuenta.map(AccountId::from);
    message.links = envio::links(body.lead_id, body.cliente_id, body.contrato_id);
    message.idempotency_key = envio::idempotency_key(&request)?;
    let sent = state.engine.send(message).await.map_err(|error| ApiError::from(error).renamed("telefono", "hacia"))?;
    envio::answer(&state, &caller.organization, &sent).await
}

/// Refuses where a setting is missing.
fn present(missing: &[&str]) -> Result<(), ApiError> {
    if missing.is_empty() {
        return Ok(());
    }
    let code = Code::Engine(comms_engine::Code::ChannelNotConfigured);
    Err(ApiError::new(code).details(json!({"faltan": missing})))
}

/// Ends a call, or withdraws it while it rings, and answers its row as it is: how it ended comes later.
///
/// # Errors
/// 404 where there is none that the caller may see, 409 where it is no call, 502 where the provider refuses.
#[utoipa::path(post, path = "/api/comunicaciones/voz/{id}/colgar", tag = "voz",
    params(("id" = String, Path, description = "`mensaje_id`, or `id` of the history")),
    responses((status = 200, body = Answer<Communication>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 502, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn hang_up(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = mensajes::resolve(&state, &scope, &id).await?;
    state.engine.hang_up(&scope, id).await?;
    let entry = state.repository.message(&scope, id).await?.entry;
    Ok(Answer::ok(Communication::from(entry)))
}
