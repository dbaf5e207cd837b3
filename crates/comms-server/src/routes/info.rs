//! What this is.

use actix_web::{HttpResponse, web};
use comms_core::history::vocabulary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answers::Answer, app::State, registry::CHANNELS};

/// The name of the service.
pub const SERVICE: &str = "comms-server";
/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What this is, and where to read on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
    /// The name of the service.
    pub service: &'static str,
    /// Its version.
    pub version: &'static str,
    /// A page to be read.
    pub docs: &'static str,
    /// The OpenAPI document.
    pub openapi: &'static str,
    /// The channels that can send now.
    pub canales: Vec<&'static str>,
}

/// What this is, and where to read on.
#[utoipa::path(get, path = "/", tag = "servicio", responses((status = 200, body = Answer<Info>)))]
pub async fn info(state: web::Data<State>) -> HttpResponse {
    let channels = CHANNELS.into_iter();
    let on = channels.filter(|kind| !state.engine.channels().accounts(*kind).is_empty());
    Answer::ok(Info {
        service: SERVICE,
        version: VERSION,
        docs: "/docs",
        openapi: "/openapi.json",
        canales: on.map(vocabulary::canal).collect(),
    })
}
