//! Meta's webhook: the check of the address, and what it tells us.

use actix_web::{HttpRequest, HttpResponse, http::header::ContentType, web};
use comms_core::{ErrorKind, WebhookRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{
    app::State,
    errors::{ApiError, Code, ErrorBody},
    limits::WEBHOOK_BODY,
};

/// The name under which Meta's webhooks are stored and replayed.
const PROVIDER: &str = "whatsapp";

/// Meta checks the address: the challenge is given back to whoever knows the verify token.
///
/// # Errors
/// 403 for a wrong token, 503 where none is set.
#[utoipa::path(get, path = "/api/comunicaciones/webhook/whatsapp", tag = "webhooks",
    params(("hub.mode" = String, Query), ("hub.verify_token" = String, Query), ("hub.challenge" = String, Query)),
    responses((status = 200, description = "The challenge", body = String, content_type = "text/plain"), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub async fn verify(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let asked = as_called(&state, &request, Method::GET, web::Bytes::new());
    let challenge = state.registry.challenge(PROVIDER, &asked).map_err(|error| {
        let code = match error.kind() {
            ErrorKind::Config => Code::Engine(comms_engine::Code::ChannelNotConfigured),
            ErrorKind::InvalidSignature => Code::VerifyToken,
            _ => Code::Validation,
        };
        ApiError::new(code)
    })?;
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body(challenge))
}

/// Meta tells of messages and statuses. Answered 200 once everything is committed, and only then.
///
/// # Errors
/// 401 without a valid signature, 413 beyond 3 MB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/whatsapp", tag = "webhooks",
    params(("X-Hub-Signature-256" = String, Header)), request_body = serde_json::Value,
    responses((status = 200, description = "Stored", body = String, content_type = "text/plain"), (status = 401, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn receive(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = payload
        .to_bytes_limited(WEBHOOK_BODY)
        .await
        .map_err(|_| ApiError::new(Code::TooLarge))?
        .map_err(|_| ApiError::new(Code::Validation).because("el cuerpo no llegó entero"))?;
    state.limits.webhook(PROVIDER)?;
    let webhook = as_called(&state, &request, Method::POST, body);
    let reply = state.engine.receive(PROVIDER, webhook).await?.reply;
    Ok(HttpResponse::Ok().content_type(reply.content_type).body(reply.body))
}

/// The request as the provider called it: the public address with the raw path and query, never the Host header.
fn as_called(state: &State, request: &HttpRequest, method: Method, body: web::Bytes) -> WebhookRequest {
    // actix has its own copy of the header types.
    let headers = request.headers().iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        kept.append(name, value);
    }
    WebhookRequest { method, url: format!("{}{}", state.settings.http.base_url(), request.uri()), headers: kept, body }
}
