//! The controls of the double of SendGrid over HTTP.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Mail, Recipient};
use crate::{Refused, server::Shared};

type Answered = Result<HttpResponse, Refused>;

/// How long `settled` waits where the call does not say, in milliseconds.
const USUAL_LIMIT_MS: u64 = 10_000;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/inbound", web::post().to(inbound))
        .route("/recipients", web::post().to(recipient))
        .route("/emit", web::post().to(emit))
        .route("/release", web::post().to(release))
        .route("/settled", web::get().to(settled));
}

async fn inbound(shared: web::Data<Shared>, body: web::Json<Mail>) -> Answered {
    let id = shared.sendgrid.receive(&body)?;
    Ok(HttpResponse::Ok().json(json!({"message_id": id})))
}

async fn recipient(shared: web::Data<Shared>, body: web::Json<Recipient>) -> HttpResponse {
    shared.sendgrid.set_recipient(&body.email, body.outcome);
    HttpResponse::Ok().json(json!({"done": true}))
}

async fn emit(shared: web::Data<Shared>, body: web::Json<Vec<Value>>) -> Answered {
    shared.sendgrid.emit(&body)?;
    Ok(HttpResponse::Ok().json(json!({"done": true})))
}

async fn release(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"sent": shared.sendgrid.release()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(default = "usual_limit")]
    limit_ms: u64,
}

async fn settled(shared: web::Data<Shared>, query: web::Query<Limit>) -> HttpResponse {
    let done = shared.sendgrid.settled(Duration::from_millis(query.limit_ms)).await;
    HttpResponse::Ok().json(json!({"done": done}))
}

fn usual_limit() -> u64 {
    USUAL_LIMIT_MS
}
