//! Tickets for `EventSource` and `WebSocket`, which can set no header.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answers::{Answer, instant},
    app::State,
    auth::{Seller, bearer},
    errors::{ApiError, Code, ErrorBody},
};

/// What a browser opens a stream with, since it can set no header there.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsTicket {
    /// For `?ticket=` of `/api/eventos` and `/ws`; nothing else takes it.
    pub ticket: String,
    /// Until when it opens streams, a minute from now: ISO 8601, UTC. What it opened lasts as long as the token.
    #[schema(format = DateTime)]
    pub expira: String,
}

/// Gives a browser what it needs to open an event stream.
///
/// # Errors
/// 401 without a valid token.
#[utoipa::path(post, path = "/api/comunicaciones/eventos/ticket", tag = "eventos",
    responses((status = 201, body = Answer<EventsTicket>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn issue(
    Seller(caller): Seller,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let until = bearer(request.headers()).and_then(|token| state.tokens.valid_until(token));
    let until = until.ok_or(ApiError::new(Code::Unauthenticated))?;
    let (ticket, expires) = state.tickets.issue(&caller, until)?;
    Ok(Answer::with(actix_web::http::StatusCode::CREATED, EventsTicket { ticket, expira: instant(expires) }))
}
