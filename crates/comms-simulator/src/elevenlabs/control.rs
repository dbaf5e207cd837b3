//! The controls of the double of ElevenLabs over HTTP.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Person, PhoneCall};
use crate::{Refused, server::Shared};

type Answered = Result<HttpResponse, Refused>;

/// How long `settled` waits where the call does not say, in milliseconds.
const USUAL_LIMIT_MS: u64 = 10_000;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/call", web::post().to(call))
        .route("/people", web::post().to(person))
        .route("/emit", web::post().to(emit))
        .route("/release", web::post().to(release))
        .route("/conversations/{id}/delete-transcript", web::post().to(delete_transcript))
        .route("/settled", web::get().to(settled));
}

async fn call(shared: web::Data<Shared>, body: web::Json<PhoneCall>) -> Answered {
    let id = shared.elevenlabs.call(body.into_inner())?;
    Ok(HttpResponse::Ok().json(json!({"conversation_id": id})))
}

async fn person(shared: web::Data<Shared>, body: web::Json<Person>) -> HttpResponse {
    shared.elevenlabs.set_person(body.into_inner());
    done(true)
}

async fn emit(shared: web::Data<Shared>, body: web::Json<Value>) -> Answered {
    shared.elevenlabs.emit(&body)?;
    Ok(done(true))
}

async fn release(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"begun": shared.elevenlabs.release()}))
}

async fn delete_transcript(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    if shared.elevenlabs.delete_transcript(&id) {
        return done(true);
    }
    HttpResponse::NotFound().json(json!({"error": "no such conversation"}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(default = "usual_limit")]
    limit_ms: u64,
}

async fn settled(shared: web::Data<Shared>, query: web::Query<Limit>) -> HttpResponse {
    done(shared.elevenlabs.settled(Duration::from_millis(query.limit_ms)).await)
}

fn done(done: bool) -> HttpResponse {
    HttpResponse::Ok().json(json!({"done": done}))
}

fn usual_limit() -> u64 {
    USUAL_LIMIT_MS
}
