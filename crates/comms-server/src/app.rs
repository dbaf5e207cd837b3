//! The application: what `main` serves is what the tests call.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, ResponseError as _,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    error::{JsonPayloadError, PathError, QueryPayloadError},
    middleware::from_fn,
    web,
};
use comms_core::{Clock, history::Repository};
use comms_engine::{Credentials, Engine};
use metrics_exporter_prometheus::PrometheusHandle;
use time::OffsetDateTime;

use crate::{
    auth::{Tickets, Tokens},
    config::Settings,
    cors,
    errors::{ApiError, Code},
    lenient,
    limits::{self, Limits},
    observe,
    registry::Registry,
    routes,
    stopping::Stopping,
    streams::Streams,
};

/// What the handlers share.
#[derive(Debug)]
pub struct State {
    /// Every rule.
    pub engine: Engine,
    /// What users gave us for their mailboxes.
    pub credentials: Credentials,
    /// The history, for what has no rule.
    pub repository: Arc<dyn Repository>,
    /// The providers.
    pub registry: Registry,
    /// The users' tokens.
    pub tokens: Tokens,
    /// The tickets of event streams.
    pub tickets: Tickets,
    /// The open event streams.
    pub streams: Arc<Streams>,
    /// The rate limits.
    pub limits: Limits,
    /// The configuration.
    pub settings: Settings,
    /// The metrics of this process.
    pub metrics: PrometheusHandle,
    /// What says the time; a test's own where it needs one.
    pub clock: Arc<dyn Clock>,
    /// Until when it waits, once it was asked to stop.
    pub stopping: Stopping,
    /// When this server started.
    pub started_at: OffsetDateTime,
}

/// The application over this state.
pub fn create_app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(state)
        .app_data(
            web::JsonConfig::default().limit(limits::JSON_BODY).error_handler(|error, _| json_error(&error).into()),
        )
        .app_data(web::QueryConfig::default().error_handler(|error, _| query_error(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| path_error(&error).into()))
        .configure(routes::mount)
        .default_service(web::to(no_route))
        .wrap(from_fn(lenient::lenient))
        .wrap(from_fn(cors::cors))
        .wrap(from_fn(observe::observe))
}

async fn no_route(request: HttpRequest) -> HttpResponse {
    ApiError::new(Code::NoRoute).details(serde_json::json!({"ruta": request.path()})).error_response()
}

/// Express answers 400 to whatever is wrong with a request, and so do we.
fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            ApiError::new(Code::TooLarge)
        }
        JsonPayloadError::ContentType => ApiError::field("Content-Type", "se espera application/json"),
        other => ApiError::new(Code::Validation).because(other),
    }
}

fn query_error(error: &QueryPayloadError) -> ApiError {
    ApiError::new(Code::Validation).because(error)
}

fn path_error(error: &PathError) -> ApiError {
    ApiError::new(Code::Validation).because(error)
}
