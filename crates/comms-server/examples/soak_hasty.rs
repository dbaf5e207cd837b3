//! A control of `cargo xtask soak`: the server, but for its webhook handler, which answers first and stores later.
//! What it held when it was killed is lost although it was acknowledged, and the campaign must notice.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Result;
use comms_core::{SystemClock, WebhookRequest};
use comms_server::{
    app::State,
    config::{Environment, Settings},
    startup::{Running, listen},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// How many acknowledged webhooks wait to be stored, at most: fewer than a load of the campaign has.
const HELD: usize = 32;

/// What is acknowledged and not stored, oldest first.
type Waiting = web::Data<Mutex<VecDeque<WebhookRequest>>>;

#[actix_web::main]
async fn main() -> Result<()> {
    let settings = Settings::load(None, &Environment::of_process()?)?;
    let listener = listen(&settings.http)?;
    let running = Running::start(settings, Arc::new(SystemClock)).await?;
    let (state, waiting) = (running.state.clone(), Waiting::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(waiting.clone())
            .route("/api/comunicaciones/webhook/whatsapp", web::post().to(acknowledge_first))
    });
    server.listen(listener)?.run().await?;
    running.stop().await;
    Ok(())
}

/// Takes a webhook and stores the one that has waited longest: how much a kill loses is a matter of numbers, not of time.
async fn acknowledge_first(
    state: web::Data<State>,
    waiting: Waiting,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let webhook =
        WebhookRequest { method: Method::POST, url: request.uri().to_string(), headers: headers(&request), body };
    let oldest = {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(webhook);
        (waiting.len() > HELD).then(|| waiting.pop_front()).flatten()
    };
    if let Some(oldest) = oldest
        && let Err(error) = state.engine.receive("whatsapp", oldest).await
    {
        eprintln!("acknowledged and not stored: {error}");
    }
    HttpResponse::Ok().finish()
}

/// actix has its own copy of the header types.
fn headers(request: &HttpRequest) -> HeaderMap {
    let pairs = request.headers().iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    pairs.collect()
}
