//! The providers' webhooks: the check of an address, and what it tells us. One handler for each provider, behind every
//! address that a seed gives it.

use actix_web::{HttpRequest, HttpResponse, http::header::ContentType, web};
use comms_core::{ErrorKind, WebhookRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    errors::{ApiError, Code, ErrorBody},
    limits::{MAIL_BODY, TWILIO_BODY, WEBHOOK_BODY},
    registry::{SENDGRID, TWILIO_MESSAGING, TWILIO_VOICE, WHATSAPP},
};

/// The header with which Twilio signs.
const TWILIO_SIGNATURE: &str = "X-Twilio-Signature";

/// Meta checks the address: the challenge is given back to whoever knows the verify token.
///
/// # Errors
/// 403 for a wrong token, 503 where none is set.
#[utoipa::path(get, path = "/api/comunicaciones/webhook/whatsapp", tag = "webhooks",
    params(("hub.mode" = String, Query), ("hub.verify_token" = String, Query), ("hub.challenge" = String, Query)),
    responses((status = 200, description = "The challenge", body = String, content_type = "text/plain"), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub async fn verify(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let asked = as_called(&state, &request, web::Bytes::new());
    let challenge = state.registry.challenge(WHATSAPP, &asked).map_err(|error| {
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
    take_in(&state, &request, payload, WHATSAPP, WEBHOOK_BODY).await
}

/// Twilio asks what is to become of a call, or tells how one goes on. Answered with TwiML once everything is committed.
///
/// # Errors
/// 401 without a valid signature, 413 beyond 256 kB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/voz", tag = "webhooks",
    params(("X-Twilio-Signature" = String, Header)),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "TwiML", body = String, content_type = "text/xml"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn voice(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    take_in(&state, &request, payload, TWILIO_VOICE, TWILIO_BODY).await
}

/// Twilio tells of an SMS, an MMS or a WhatsApp message, or how one of ours fares. Answered once everything is committed.
///
/// # Errors
/// 401 without a valid signature, 413 beyond 256 kB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/sms", tag = "webhooks",
    params(("X-Twilio-Signature" = String, Header)),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Empty TwiML", body = String, content_type = "text/xml"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn messaging(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    take_in(&state, &request, payload, TWILIO_MESSAGING, TWILIO_BODY).await
}

/// SendGrid tells what became of mails: its list of events, or one event by itself, as S1 writes it. Answered 200 once everything is
/// committed, and only then.
///
/// # Errors
/// 401 without a valid signature or the agreed token, 413 beyond 3 MB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/sendgrid", tag = "webhooks",
    params(("X-Twilio-Email-Event-Webhook-Signature" = Option<String>, Header), ("X-Twilio-Email-Event-Webhook-Timestamp" = Option<String>, Header),
        ("Authorization" = Option<String>, Header)), request_body = serde_json::Value,
    responses((status = 200, description = "Stored", body = String, content_type = "text/plain"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn mail_events(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    take_in(&state, &request, payload, SENDGRID, WEBHOOK_BODY).await
}

/// SendGrid posts a mail that came, taken apart or as it was transmitted. Answered 200 once everything is committed, files included.
///
/// # Errors
/// 401 without a valid signature, 413 beyond 32 MB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/sendgrid/entrada", tag = "webhooks",
    params(("X-Twilio-Email-Event-Webhook-Signature" = Option<String>, Header), ("X-Twilio-Email-Event-Webhook-Timestamp" = Option<String>, Header),
        ("Authorization" = Option<String>, Header)),
    request_body(content = String, content_type = "multipart/form-data"),
    responses((status = 200, description = "Stored", body = String, content_type = "text/plain"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn mail(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    take_in(&state, &request, payload, SENDGRID, MAIL_BODY).await
}

/// Whether the webhooks of a channel are taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Always true.
    pub success: bool,
    /// The channel of the path: `voip`, `sms`, `whatsapp` or `email`.
    pub channel: &'static str,
    /// Whether its webhooks are taken.
    pub configured: bool,
}

/// Says whether calls are taken here; a request that Twilio signed (its webhook set to GET) is taken as one.
///
/// # Errors
/// Those of the webhook, for a request with a signature.
#[utoipa::path(get, path = "/api/webhooks/voip/twilio", tag = "webhooks",
    responses((status = 200, description = "Without a signature", body = Ready)))]
pub async fn voip_ready(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    ready(&state, &request, "voip", TWILIO_VOICE).await
}

/// Says whether SMS are taken here; a request that Twilio signed (its webhook set to GET) is taken as one.
///
/// # Errors
/// Those of the webhook, for a request with a signature.
#[utoipa::path(get, path = "/api/webhooks/sms/twilio", tag = "webhooks",
    responses((status = 200, description = "Without a signature", body = Ready)))]
pub async fn sms_ready(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    ready(&state, &request, "sms", TWILIO_MESSAGING).await
}

/// Says whether WhatsApp messages are taken here; a request that Twilio signed (its webhook set to GET) is taken as one.
///
/// # Errors
/// Those of the webhook, for a request with a signature.
#[utoipa::path(get, path = "/api/webhooks/whatsapp/twilio", tag = "webhooks",
    responses((status = 200, description = "Without a signature", body = Ready)))]
pub async fn whatsapp_ready(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    ready(&state, &request, "whatsapp", TWILIO_MESSAGING).await
}

/// Says whether e-mail is taken here.
#[utoipa::path(get, path = "/api/webhooks/email/sendgrid", tag = "webhooks",
    responses((status = 200, description = "Whether it is", body = Ready)))]
pub async fn mail_ready(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(Ready { success: true, channel: "email", configured: state.engine.takes(SENDGRID) })
}

/// The same under S1's other name.
#[utoipa::path(get, path = "/api/webhooks/email/twilio", tag = "webhooks",
    responses((status = 200, description = "Whether it is", body = Ready)))]
pub async fn twilio_mail_ready(state: web::Data<State>) -> HttpResponse {
    mail_ready(state).await
}

async fn ready(
    state: &State,
    request: &HttpRequest,
    channel: &'static str,
    provider: &str,
) -> Result<HttpResponse, ApiError> {
    if request.headers().contains_key(TWILIO_SIGNATURE) {
        return deliver(state, request, web::Bytes::new(), provider).await;
    }
    let configured = state.engine.takes(provider);
    Ok(HttpResponse::Ok().json(Ready { success: true, channel, configured }))
}

/// Reads a webhook within its limit and hands it over.
async fn take_in(
    state: &State,
    request: &HttpRequest,
    payload: web::Payload,
    provider: &str,
    most: usize,
) -> Result<HttpResponse, ApiError> {
    let body = read_body(payload, most).await?;
    deliver(state, request, body, provider).await
}

/// Reads a body within its limit.
pub(in super::super) async fn read_body(payload: web::Payload, most: usize) -> Result<web::Bytes, ApiError> {
    payload
        .to_bytes_limited(most)
        .await
        .map_err(|_| ApiError::new(Code::TooLarge))?
        .map_err(|_| ApiError::new(Code::Validation).because("el cuerpo no llegó entero"))
}

/// Verifies a webhook, stores it, and only then answers it.
pub(in super::super) async fn deliver(
    state: &State,
    request: &HttpRequest,
    body: web::Bytes,
    provider: &str,
) -> Result<HttpResponse, ApiError> {
    // What proves nothing does not count: else whoever knows the address could use the provider's quota up.
    let proved = state.engine.prove(provider, as_called(state, request, body)).await?;
    state.limits.webhook(provider, proved.speaker())?;
    let reply = state.engine.take(proved).await?.reply;
    Ok(HttpResponse::Ok().content_type(reply.content_type).body(reply.body))
}

/// The request as the provider called it: the public address with the raw path and query, never the Host header.
pub(in super::super) fn as_called(state: &State, request: &HttpRequest, body: web::Bytes) -> WebhookRequest {
    // actix has its own copy of the types.
    let method = if request.method() == actix_web::http::Method::GET { Method::GET } else { Method::POST };
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
