//! The routes, in one table: the application, the coverage of the OpenAPI document and the tests are made from it.

pub mod admin;
pub mod channels;
pub mod comunicaciones;
pub mod continuacion;
pub mod eventos;
pub mod health;
pub mod info;
pub mod metrics;
pub mod openapi;

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, ResponseError as _, Route,
    middleware::from_fn,
    web::{self, ServiceConfig, delete, get, post, put},
};

use crate::{
    config::{GMAIL_PUSH, GOOGLE_CALLBACK},
    errors::{ApiError, Code},
    limits::limit,
};
use admin::{
    accounts, buzones, organizations, pace, personas, quarantine, salida, tokens,
    webhooks::{self, entregas},
};
use comunicaciones::email::{archivos, bandeja, enviar, push};
use comunicaciones::{
    adjuntos, buzon, contactos, conversaciones, historial, mensajes, notas, plantillas, responder, sms, voz, webhook,
    whatsapp,
};
use continuacion::{conversaciones as seguimiento, estadisticas, llamada, webhook as llamadas};
use eventos::{socket, sse, ticket};

/// A route.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The method.
    pub method: &'static str,
    /// The path with its parameters.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// What it does.
    pub kind: Kind,
    handler: fn() -> Route,
}

/// Who may call a route. The handler's extractor enforces it; tests hold the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// A provider that signs.
    Signed,
    /// A user of either role.
    Seller,
    /// A user of either role, or another back end; may look.
    Reader,
    /// A user of either role, or another back end; may send.
    Sender,
    /// Another back end, and no user.
    Service,
    /// An administrator of an organisation.
    Admin,
    /// Whoever runs all organisations.
    Operator,
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lists an organisation's data.
    List,
    /// Gets one thing of an organisation.
    Get,
    /// Tells what happens in an organisation, without end.
    Stream,
    /// Changes something.
    Command,
    /// Concerns no organisation.
    Service,
}

use Access::{Admin, Operator, Public, Reader, Seller, Sender, Service, Signed};

/// Every route.
pub const ROUTES: &[Row] = &[
    row("POST", "/api/comunicaciones/whatsapp/enviar", Seller, Kind::Command, || post().to(whatsapp::send)),
    row("GET", "/api/comunicaciones/whatsapp/plantillas", Seller, Kind::List, || get().to(plantillas::list)),
    row("GET", "/api/comunicaciones/webhook/whatsapp", Public, Kind::Service, || get().to(webhook::verify)),
    row("POST", "/api/comunicaciones/webhook/whatsapp", Signed, Kind::Command, || post().to(webhook::receive)),
    row("POST", "/api/comunicaciones/voz/token", Seller, Kind::Command, || post().to(voz::token)),
    row("POST", "/api/comunicaciones/voz/llamar", Seller, Kind::Command, || post().to(voz::call)),
    row("POST", "/api/comunicaciones/voz/{id}/colgar", Seller, Kind::Command, || post().to(voz::hang_up)),
    row("POST", "/api/comunicaciones/sms/enviar", Seller, Kind::Command, || post().to(sms::send)),
    row("POST", "/api/comunicaciones/webhook/voz", Signed, Kind::Command, || post().to(webhook::voice)),
    row("POST", "/api/comunicaciones/webhook/sms", Signed, Kind::Command, || post().to(webhook::messaging)),
    row("POST", "/api/comunicaciones/webhook/sendgrid", Signed, Kind::Command, || post().to(webhook::mail_events)),
    row("POST", "/api/comunicaciones/webhook/sendgrid/entrada", Signed, Kind::Command, || post().to(webhook::mail)),
    row("GET", "/api/comunicaciones/historial", Reader, Kind::List, || get().to(historial::list)),
    row("GET", "/api/comunicaciones/historial/{leadId}", Reader, Kind::List, || get().to(historial::of_lead)),
    row("GET", "/api/comunicaciones/mensajes/{id}", Reader, Kind::Get, || get().to(mensajes::detail)),
    row("POST", "/api/comunicaciones/mensajes/{id}/reintentar", Seller, Kind::Command, || post().to(mensajes::retry)),
    row("POST", "/api/comunicaciones/mensajes/{id}/leido", Seller, Kind::Command, || post().to(mensajes::mark_read)),
    row("POST", "/api/comunicaciones/mensajes/{id}/cancelar", Seller, Kind::Command, || post().to(mensajes::cancel)),
    row("GET", "/api/comunicaciones/adjuntos/{id}", Reader, Kind::Get, || get().to(adjuntos::download)),
    row("POST", "/api/comunicaciones/eventos/ticket", Seller, Kind::Command, || post().to(ticket::issue)),
    row("GET", "/api/eventos", Reader, Kind::Stream, || get().to(sse::events)),
    row("GET", "/ws", Reader, Kind::Stream, || get().to(socket::socket)),
    row("GET", "/api/comunicaciones/conversaciones", Reader, Kind::List, || get().to(conversaciones::list)),
    row("GET", "/api/comunicaciones/conversaciones/{id}", Reader, Kind::Get, || get().to(conversaciones::detail)),
    row("POST", "/api/comunicaciones/conversaciones/{id}/leida", Seller, Kind::Command, || {
        post().to(conversaciones::mark_read)
    }),
    row("POST", "/api/comunicaciones/conversaciones/{id}/asignar", Seller, Kind::Command, || {
        post().to(conversaciones::assign)
    }),
    row("POST", "/api/comunicaciones/conversaciones/{id}/estado", Seller, Kind::Command, || {
        post().to(conversaciones::set_state)
    }),
    row("GET", "/api/comunicaciones/conversaciones/{id}/notas", Reader, Kind::Get, || get().to(notas::list)),
    row("POST", "/api/comunicaciones/conversaciones/{id}/notas", Seller, Kind::Command, || post().to(notas::add)),
    row("POST", "/api/comunicaciones/conversaciones/{id}/responder", Seller, Kind::Command, || {
        post().to(responder::reply)
    }),
    row("GET", "/api/comunicaciones/contactos", Reader, Kind::List, || get().to(contactos::list)),
    row("GET", "/api/comunicaciones/contactos/{id}", Reader, Kind::Get, || get().to(contactos::detail)),
    row("POST", "/api/comunicaciones/contactos/{id}", Seller, Kind::Command, || post().to(contactos::rename)),
    row("POST", "/api/comunicaciones/contactos/{id}/unir", Seller, Kind::Command, || post().to(contactos::join)),
    row("POST", "/api/comunicaciones/contactos/{id}/separar", Seller, Kind::Command, || post().to(contactos::separate)),
    row("POST", "/api/comunicaciones/contactos/{id}/vincular", Seller, Kind::Command, || post().to(contactos::link)),
    row("GET", "/api/comunicaciones/email/bandeja", Seller, Kind::List, || get().to(bandeja::list)),
    row("POST", "/api/comunicaciones/email/enviar", Seller, Kind::Command, || post().to(enviar::send)),
    row("GET", "/api/comunicaciones/email/{id}", Seller, Kind::Get, || get().to(bandeja::detail)),
    row("POST", "/api/comunicaciones/email/{id}/leido", Seller, Kind::Command, || post().to(bandeja::mark_read)),
    row("GET", "/api/comunicaciones/email/{id}/adjuntos/{parte}", Seller, Kind::Get, || get().to(archivos::download)),
    row("POST", GMAIL_PUSH, Signed, Kind::Command, || post().to(push::receive)),
    row("GET", "/api/comunicaciones/email/oauth", Seller, Kind::List, || get().to(buzon::list)),
    row("DELETE", "/api/comunicaciones/email/oauth", Seller, Kind::Command, || delete().to(buzon::end)),
    row("GET", "/api/comunicaciones/email/oauth/iniciar", Seller, Kind::Command, || get().to(buzon::begin)),
    row("GET", GOOGLE_CALLBACK, Public, Kind::Command, || get().to(buzon::callback)),
    row("GET", "/api/comunicaciones/admin/buzones", Admin, Kind::List, || get().to(buzones::list)),
    row("GET", "/api/comunicaciones/admin/cuentas", Admin, Kind::List, || get().to(accounts::list)),
    row("PUT", "/api/comunicaciones/admin/cuentas/{id}", Admin, Kind::Command, || put().to(accounts::put)),
    row("POST", "/api/comunicaciones/admin/cuentas/{id}/reanudar", Admin, Kind::Command, || post().to(pace::resume)),
    row("GET", "/api/comunicaciones/admin/organizaciones", Admin, Kind::List, || get().to(organizations::list)),
    row("PUT", "/api/comunicaciones/admin/organizaciones/{id}", Operator, Kind::Command, || {
        put().to(organizations::put)
    }),
    row("GET", "/api/comunicaciones/admin/tokens", Admin, Kind::List, || get().to(tokens::list)),
    row("POST", "/api/comunicaciones/admin/tokens", Admin, Kind::Command, || post().to(tokens::create)),
    row("DELETE", "/api/comunicaciones/admin/tokens/{id}", Admin, Kind::Command, || delete().to(tokens::revoke)),
    row("GET", "/api/comunicaciones/admin/cuarentena", Operator, Kind::Service, || get().to(quarantine::list)),
    row("POST", "/api/comunicaciones/admin/cuarentena/{id}/asignar", Operator, Kind::Command, || {
        post().to(quarantine::assign)
    }),
    row("GET", "/api/comunicaciones/admin/salida", Admin, Kind::List, || get().to(salida::list)),
    row("POST", "/api/comunicaciones/admin/salida/reintentar", Admin, Kind::Command, || post().to(salida::redrive)),
    row("POST", "/api/comunicaciones/admin/salida/descartar", Admin, Kind::Command, || post().to(salida::discard_all)),
    row("POST", "/api/comunicaciones/admin/salida/{id}/descartar", Admin, Kind::Command, || post().to(salida::discard)),
    row("GET", "/api/comunicaciones/admin/contactos/{id}/exportar", Admin, Kind::Get, || get().to(personas::export)),
    row("DELETE", "/api/comunicaciones/admin/contactos/{id}", Admin, Kind::Command, || delete().to(personas::erase)),
    row("GET", "/api/comunicaciones/admin/borrados", Admin, Kind::List, || get().to(personas::erasures)),
    row("GET", "/api/comunicaciones/admin/webhooks-salientes", Admin, Kind::List, || get().to(webhooks::list)),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes", Admin, Kind::Command, || post().to(webhooks::create)),
    row("PUT", "/api/comunicaciones/admin/webhooks-salientes/{id}", Admin, Kind::Command, || {
        put().to(webhooks::change)
    }),
    row("DELETE", "/api/comunicaciones/admin/webhooks-salientes/{id}", Admin, Kind::Command, || {
        delete().to(webhooks::remove)
    }),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes/{id}/secreto", Admin, Kind::Command, || {
        post().to(webhooks::rotate)
    }),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes/{id}/activar", Admin, Kind::Command, || {
        post().to(webhooks::enable)
    }),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes/{id}/pausar", Admin, Kind::Command, || {
        post().to(webhooks::pause)
    }),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes/{id}/probar", Admin, Kind::Command, || {
        post().to(webhooks::ping)
    }),
    row("GET", "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas", Admin, Kind::Get, || {
        get().to(entregas::list)
    }),
    row("POST", "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas/reintentar", Admin, Kind::Command, || {
        post().to(entregas::redrive_since)
    }),
    row(
        "POST",
        "/api/comunicaciones/admin/webhooks-salientes/{id}/entregas/{entrega}/reintentar",
        Admin,
        Kind::Command,
        || post().to(entregas::redrive_one),
    ),
    row("GET", "/api/webhooks/voip/twilio", Public, Kind::Service, || get().to(webhook::voip_ready)),
    row("POST", "/api/webhooks/voip/twilio", Signed, Kind::Command, || post().to(webhook::voice)),
    row("GET", "/api/webhooks/sms/twilio", Public, Kind::Service, || get().to(webhook::sms_ready)),
    row("POST", "/api/webhooks/sms/twilio", Signed, Kind::Command, || post().to(webhook::messaging)),
    row("GET", "/api/webhooks/whatsapp/twilio", Public, Kind::Service, || get().to(webhook::whatsapp_ready)),
    row("POST", "/api/webhooks/whatsapp/twilio", Signed, Kind::Command, || post().to(webhook::messaging)),
    row("GET", "/api/webhooks/email/sendgrid", Public, Kind::Service, || get().to(webhook::mail_ready)),
    row("POST", "/api/webhooks/email/sendgrid", Signed, Kind::Command, || post().to(webhook::mail_events)),
    row("GET", "/api/webhooks/email/twilio", Public, Kind::Service, || get().to(webhook::twilio_mail_ready)),
    row("POST", "/api/webhooks/email/twilio", Signed, Kind::Command, || post().to(webhook::mail_events)),
    row("POST", "/api/channels/twilio/webhook", Signed, Kind::Command, || post().to(webhook::messaging)),
    row("POST", "/api/channels/twilio/send/whatsapp", Sender, Kind::Command, || post().to(channels::send_whatsapp)),
    row("POST", "/api/channels/twilio/send/sms", Sender, Kind::Command, || post().to(channels::send_sms)),
    row("GET", "/api/channels/twilio/message/{id}/status", Reader, Kind::Get, || get().to(channels::status)),
    row("GET", "/api/channels/twilio/health", Public, Kind::Service, || get().to(channels::twilio_health)),
    row("POST", "/api/call-completed", Service, Kind::Command, || post().to(llamada::completed)),
    row("POST", "/webhook/twilio/incoming", Signed, Kind::Command, || post().to(webhook::messaging)),
    row("POST", "/webhook/elevenlabs", Signed, Kind::Command, || post().to(llamadas::told)),
    row("POST", "/webhook/elevenlabs/iniciacion", Signed, Kind::Command, || post().to(llamadas::begins)),
    row("GET", "/api/conversations/{phoneNumber}", Reader, Kind::Get, || get().to(seguimiento::detail)),
    row("POST", "/api/conversations/{phoneNumber}/close", Sender, Kind::Command, || post().to(seguimiento::close)),
    row("GET", "/api/stats", Reader, Kind::Get, || get().to(estadisticas::stats)),
    row("GET", "/health", Public, Kind::Service, || get().to(health::health)),
    row("GET", "/metrics", Public, Kind::Service, || get().to(metrics::metrics)),
    row("GET", "/", Public, Kind::Service, || get().to(info::info)),
    row("GET", "/openapi.json", Public, Kind::Service, || get().to(openapi::document)),
    row("GET", "/docs", Public, Kind::Service, || get().to(openapi::page)),
];

/// Further addresses of a handler, as other seeds call it; the path that describes it comes second.
pub const ALIASES: &[(&str, &str)] = &[
    ("/api/webhooks/voip/twilio", "/api/comunicaciones/webhook/voz"),
    ("/api/webhooks/sms/twilio", "/api/comunicaciones/webhook/sms"),
    ("/api/webhooks/whatsapp/twilio", "/api/comunicaciones/webhook/sms"),
    ("/api/channels/twilio/webhook", "/api/comunicaciones/webhook/sms"),
    ("/webhook/twilio/incoming", "/api/comunicaciones/webhook/sms"),
    ("/api/webhooks/email/sendgrid", "/api/comunicaciones/webhook/sendgrid"),
    ("/api/webhooks/email/twilio", "/api/comunicaciones/webhook/sendgrid"),
];

/// Puts every route into an application; another method of a known path is 405.
pub fn mount(config: &mut ServiceConfig) {
    let mut paths: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in ROUTES {
        paths.entry(row.path).or_default().push(row);
    }
    // In their order each route before the right one is tried, and one with a parameter costs a regular expression:
    // a webhook, which comes most often, shall meet none.
    let (with_parameters, fixed): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(path, _)| path.contains('{'));
    for (path, rows) in fixed.into_iter().chain(with_parameters) {
        let resource = rows
            .iter()
            .fold(web::resource(path), |resource, row| resource.route((row.handler)()))
            .default_service(web::to(wrong_method));
        // Who is not one of our users is limited elsewhere or not at all: providers, probes.
        if rows.iter().all(|row| matches!(row.access, Public | Signed)) {
            config.service(resource);
        } else {
            config.service(resource.wrap(from_fn(limit)));
        }
    }
}

const fn row(method: &'static str, path: &'static str, access: Access, kind: Kind, handler: fn() -> Route) -> Row {
    Row { method, path, access, kind, handler }
}

async fn wrong_method() -> HttpResponse {
    ApiError::new(Code::Method).error_response()
}
