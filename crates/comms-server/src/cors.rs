//! Calls from web pages of other origins. Without configured origins no header is sent at all.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};

use crate::app::State;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id, x-request-id");
const EXPOSED: HeaderValue = HeaderValue::from_static("content-disposition, retry-after, x-request-id");
const ONE_HOUR: HeaderValue = HeaderValue::from_static("3600");

/// Answers preflight requests of known origins, and marks answers to them.
///
/// # Errors
/// Those of what it is wrapped around.
pub async fn cors<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let origin = allowed_origin(&request);
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if preflight => request.into_response(HttpResponse::NoContent()).map_into_right_body(),
        _ => next.call(request).await?.map_into_left_body(),
    };
    if let Some(origin) = origin {
        mark(response.headers_mut(), origin, preflight);
    }
    Ok(response)
}

fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let app = request.app_data::<web::Data<State>>()?;
    let origin = request.headers().get(header::ORIGIN)?;
    let known = &app.settings.http.cors_origins;
    let text = origin.to_str().ok()?;
    known.iter().any(|one| one == text).then(|| origin.clone())
}

fn mark(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, ONE_HOUR);
    }
}
