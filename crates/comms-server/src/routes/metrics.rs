//! Metrics for Prometheus.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CONTENT_TYPE},
    web,
};
use comms_core::{ExposeSecret, signature};

use crate::{
    app::State,
    errors::{ApiError, Code, ErrorBody},
};

/// Every metric of this process, in Prometheus' text form.
///
/// # Errors
/// 401 where `METRICS_TOKEN` is set and not given.
#[utoipa::path(get, path = "/metrics", tag = "servicio",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = ErrorBody)))]
pub async fn metrics(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if let Some(token) = &state.settings.http.metrics_token {
        let given = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default();
        if !signature::constant_time_eq(given, token.expose_secret()) {
            return Err(ApiError::new(Code::Unauthenticated));
        }
    }
    state.metrics.run_upkeep();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(state.metrics.render()))
}
