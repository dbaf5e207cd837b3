//! What every request leaves behind: an id, a line in the log, two metrics.

use std::{sync::OnceLock, time::Instant};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use comms_engine::metrics::{SEND_SECONDS, TELL_SECONDS, WEBHOOK_SECONDS};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::lenient::plain;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;
/// What is measured beside the engine.
pub const METRICS: [&str; 3] = [REQUESTS, DURATION, crate::streams::STREAMS];
const REQUESTS: &str = "http_requests_total";
const DURATION: &str = "http_request_duration_seconds";

/// Upper bounds of the histogram, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The same for what a provider takes.
const SLOW_BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 45.0];

/// The recorder of this process: there can be only one, whatever number of servers runs in it.
///
/// # Errors
/// Where another recorder was installed, or the buckets are refused.
pub fn recorder() -> Result<PrometheusHandle, String> {
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let install = || {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS)
            .and_then(|one| one.set_buckets_for_metric(Matcher::Full(WEBHOOK_SECONDS.to_owned()), &BUCKETS))
            .and_then(|one| one.set_buckets_for_metric(Matcher::Full(SEND_SECONDS.to_owned()), &SLOW_BUCKETS))
            .and_then(|one| one.set_buckets_for_metric(Matcher::Full(TELL_SECONDS.to_owned()), &BUCKETS))
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| error.to_string())
    };
    RECORDER.get_or_init(install).clone()
}

/// Gives the request an id (the caller's own where it is a plain one), logs and counts it.
///
/// # Errors
/// Those of what it is wrapped around.
pub async fn observe<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().to_string();
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let mut response = next.call(request).instrument(span.clone()).await?;
    // The pattern, never the path: ids would make a series each.
    let request = response.request();
    let route = request.resource_map().match_pattern(plain(request.path())).unwrap_or_default();
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    let labels = [("method", method.clone()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(DURATION, "route" => route.clone()).record(elapsed.as_secs_f64());
    span.in_scope(|| {
        let milliseconds = elapsed.as_secs_f64() * 1_000.0;
        match status {
            500.. => tracing::warn!(%method, %route, status, milliseconds, "answered"),
            400.. => tracing::info!(%method, %route, status, milliseconds, "answered"),
            _ => tracing::debug!(%method, %route, status, milliseconds, "answered"),
        }
    });
    response.headers_mut().insert(REQUEST_ID, id);
    Ok(response)
}

fn request_id(request: &ServiceRequest) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=LONGEST_REQUEST_ID).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    let given = request.headers().get(REQUEST_ID).filter(plain).cloned();
    given.unwrap_or_else(|| {
        let fresh = Uuid::now_v7().to_string();
        HeaderValue::from_str(&fresh).unwrap_or(HeaderValue::from_static("-"))
    })
}
