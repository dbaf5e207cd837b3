//! The controls of the double of ElevenLabs over HTTP.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AGENT_ID, Behaviour, Manner, Person, PhoneCall};
use crate::{Refused, server::Shared};

type Answered = Result<HttpResponse, Refused>;

/// How long `settled` waits where the call does not say, in milliseconds.
const USUAL_LIMIT_MS: u64 = 10_000;
/// Sessions of a page where the call does not say.
const USUAL_PAGE: usize = 1_000;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/call", web::post().to(call))
        .route("/people", web::post().to(person))
        .route("/emit", web::post().to(emit))
        .route("/release", web::post().to(release))
        .route("/conversations/{id}/delete-transcript", web::post().to(delete_transcript))
        .route("/settled", web::get().to(settled))
        .route("/texting", web::post().to(texting))
        .route("/sessions", web::get().to(sessions))
        .route("/sessions/cut", web::post().to(cut));
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

/// How an agent behaves in text sessions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texting {
    #[serde(default = "first_agent")]
    agent_id: String,
    manner: Option<Manner>,
    /// In every session for which nothing else is set.
    behaviour: Option<Behaviour>,
    /// In the next sessions, one after the other.
    #[serde(default)]
    next: Vec<Behaviour>,
}

async fn texting(shared: web::Data<Shared>, body: web::Json<Texting>) -> HttpResponse {
    let Texting { agent_id, manner, behaviour, next } = body.into_inner();
    if let Some(manner) = manner {
        shared.elevenlabs.set_manner(&agent_id, manner);
    }
    if let Some(behaviour) = behaviour {
        shared.elevenlabs.set_behaviour(&agent_id, behaviour);
    }
    shared.elevenlabs.next_sessions(&agent_id, next);
    done(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    after: u64,
    #[serde(default = "usual_page")]
    limit: usize,
}

async fn sessions(shared: web::Data<Shared>, page: web::Query<Page>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"sessions": shared.elevenlabs.text_sessions_after(page.after, page.limit)}))
}

async fn cut(shared: web::Data<Shared>) -> HttpResponse {
    shared.elevenlabs.cut_sessions();
    done(true)
}

fn first_agent() -> String {
    AGENT_ID.to_owned()
}

fn usual_page() -> usize {
    USUAL_PAGE
}

fn done(done: bool) -> HttpResponse {
    HttpResponse::Ok().json(json!({"done": done}))
}

fn usual_limit() -> u64 {
    USUAL_LIMIT_MS
}
