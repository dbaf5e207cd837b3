//! The description of every route, for programs and for people.

use actix_web::{HttpResponse, http::header, web};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{ALIASES, admin, channels, comunicaciones as c, continuacion, eventos, health, info, metrics};

/// The OpenAPI document, made from the handlers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "comms-server", description = "WhatsApp, SMS, llamadas e historial para DiamondSistem.\n\nRespuestas: `{\"success\":true,\"data\":…}`, listas con `siguiente`; errores: `{\"success\":false,\"error\",\"code\",\"details\"}`."),
    paths(
        c::whatsapp::send, c::plantillas::list, c::voz::token, c::voz::call, c::voz::hang_up, c::sms::send,
        c::webhook::verify, c::webhook::receive, c::webhook::voice, c::webhook::messaging,
        c::webhook::mail_events, c::webhook::mail, c::webhook::mail_ready, c::webhook::twilio_mail_ready,
        c::webhook::voip_ready, c::webhook::sms_ready, c::webhook::whatsapp_ready,
        channels::send_whatsapp, channels::send_sms, channels::status, channels::twilio_health,
        c::historial::list, c::historial::of_lead, c::mensajes::detail, c::mensajes::retry, c::mensajes::mark_read, c::mensajes::cancel, c::adjuntos::download,
        eventos::ticket::issue, eventos::sse::events, eventos::socket::socket,
        c::conversaciones::list, c::conversaciones::detail, c::conversaciones::mark_read, c::conversaciones::assign,
        c::conversaciones::set_state, c::notas::list, c::notas::add, c::responder::reply,
        c::contactos::list, c::contactos::detail, c::contactos::rename, c::contactos::join, c::contactos::separate, c::contactos::link,
        c::email::bandeja::list, c::email::bandeja::detail, c::email::bandeja::mark_read, c::email::archivos::download, c::email::enviar::send,
        c::email::push::receive, c::buzon::list, c::buzon::begin, c::buzon::callback, c::buzon::end, admin::buzones::list,
        admin::accounts::list, admin::accounts::put, admin::pace::resume, admin::organizations::list, admin::organizations::put,
        admin::tokens::list, admin::tokens::create, admin::tokens::revoke, admin::quarantine::list, admin::quarantine::assign,
        admin::personas::export, admin::personas::erase, admin::personas::erasures,
        admin::salida::list, admin::salida::redrive, admin::salida::discard, admin::salida::discard_all,
        admin::webhooks::list, admin::webhooks::create, admin::webhooks::change, admin::webhooks::remove, admin::webhooks::rotate,
        admin::webhooks::enable, admin::webhooks::pause, admin::webhooks::ping, admin::webhooks::entregas::list,
        admin::webhooks::entregas::redrive_since, admin::webhooks::entregas::redrive_one,
        continuacion::llamada::completed, continuacion::webhook::told, continuacion::webhook::begins,
        continuacion::conversaciones::detail, continuacion::conversaciones::close, continuacion::estadisticas::stats,
        health::health, metrics::metrics, info::info, document, page,
    ),
    components(schemas(eventos::RealtimeEvent, eventos::RealtimeControl)),
    modifiers(&Aliases, &Ids, &Security, &Headings, &Refusals),
)]
pub struct ApiDoc;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        components.add_security_scheme("jwt", SecurityScheme::Http(jwt.build()));
        let token = ApiKey::Header(ApiKeyValue::new("X-Service-Token"));
        components.add_security_scheme("servicio", SecurityScheme::ApiKey(token));
    }
}

struct Aliases;

impl Modify for Aliases {
    /// A handler is described once; its other addresses repeat the description.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (alias, path) in ALIASES {
            let described = document.paths.paths.get(*path).and_then(|item| item.post.clone());
            if let Some(operation) = described {
                document.paths.paths.entry((*alias).to_owned()).or_default().post = Some(operation);
            }
        }
    }
}

struct Ids;

impl Modify for Ids {
    /// Handlers of two modules may have one name; the ids of operations are unique in a document.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            let place = words.collect::<Vec<_>>().join("_");
            let operations = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    operation.operation_id = Some(format!("{method}_{place}").trim_end_matches('_').to_owned());
                }
            }
        }
    }
}

struct Headings;

impl Modify for Headings {
    /// The headings of Rust's documentation are none here.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                if let Some(text) = &mut operation.description {
                    *text = text.replace("# Errors\n", "");
                }
            }
        }
    }
}

struct Refusals;

/// What may be answered instead by every route of the API: a parameter that cannot be read, the wrong token, too many requests,
/// a database that is away.
const REFUSALS: [(&str, &str); 5] = [
    ("400", "What was sent cannot be read"),
    ("401", "No valid token or signature"),
    ("403", "Not for this caller"),
    ("429", "Too many requests: `Retry-After` says when to come again"),
    ("503", "Nothing can be stored or read now: `Retry-After` says when to come again"),
];

impl Modify for Refusals {
    /// A handler names what only it refuses; what all do is said here.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let api = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        for (_, item) in api {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            operations.into_iter().flatten().for_each(add_refusals);
        }
    }
}

fn add_refusals(operation: &mut Operation) {
    for (status, description) in REFUSALS {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            ResponseBuilder::new().description(description).content("application/json", body).build().into()
        });
    }
}

/// The OpenAPI document.
#[utoipa::path(get, path = "/openapi.json", tag = "servicio", responses((status = 200, body = serde_json::Value)))]
pub async fn document() -> web::Json<utoipa::openapi::OpenApi> {
    web::Json(ApiDoc::openapi())
}

/// The same for people: one page that needs nothing from elsewhere.
#[utoipa::path(get, path = "/docs", tag = "servicio", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'",
        ))
        .body(include_str!("docs.html"))
}
