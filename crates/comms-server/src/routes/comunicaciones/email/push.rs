//! Pushes: a mailbox has changed.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    app::State,
    errors::{ApiError, Code, ErrorBody},
    registry::GMAIL,
    routes::comunicaciones::webhook::as_called,
};

/// The longest push: it names a mailbox and a number.
const BODY: usize = 64 * 1024;

/// Google says that a mailbox has changed; what, the mailbox is asked. Answered once it is stored, whosever mailbox it is.
///
/// # Errors
/// 401 where nothing proves that our own subscription pushes, 404 where no pushes are expected, 413 beyond 64 kB, 429 beyond the
/// limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/comunicaciones/webhook/gmail", tag = "webhooks",
    params(("Authorization" = String, Header, description = "`Bearer` and a token that Google has signed")), request_body = serde_json::Value,
    responses((status = 200, description = "Stored", body = String, content_type = "text/plain"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn receive(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = payload
        .to_bytes_limited(BODY)
        .await
        .map_err(|_| ApiError::new(Code::TooLarge))?
        .map_err(|_| ApiError::new(Code::Validation).because("el cuerpo no llegó entero"))?;
    let called = as_called(&state, &request, body);
    state.registry.look_up_keys(&called).await;
    let proved = state.engine.prove(GMAIL, called).await?;
    let mailbox = proved.speaker().cloned();
    state.limits.webhook(GMAIL, mailbox.as_ref())?;
    let reply = state.engine.take(proved).await?.reply;
    if let Some(mailbox) = mailbox
        && let Err(error) = state.engine.poke(&mailbox).await
    {
        // It is stored, and the mailbox is looked at each minute anyway.
        tracing::warn!(account = %mailbox, %error, "a push was not acted upon at once");
    }
    Ok(HttpResponse::Ok().content_type(reply.content_type).body(reply.body))
}
