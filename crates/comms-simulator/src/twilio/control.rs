//! The controls of the double of Twilio over HTTP.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::{Refused, server::Shared};

use super::{BrowserCall, Contact, InboundCall, InboundMessage, Script};

type Answered = Result<HttpResponse, Refused>;

/// How long `settled` waits where the call does not say, in milliseconds.
const USUAL_LIMIT_MS: u64 = 10_000;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/inbound-message", web::post().to(inbound_message))
        .route("/inbound-call", web::post().to(inbound_call))
        .route("/browser-call", web::post().to(browser_call))
        .route("/browsers", web::post().to(register))
        .route("/contacts", web::post().to(contact))
        .route("/open-window", web::post().to(open_window))
        .route("/calls/{sid}/answer", web::post().to(answer))
        .route("/calls/{sid}/hang-up", web::post().to(hang_up))
        .route("/messages/{sid}/release", web::post().to(release))
        .route("/contents/{sid}/review", web::post().to(review))
        .route("/message-status", web::post().to(message_status))
        .route("/settled", web::get().to(settled));
}

async fn inbound_message(shared: web::Data<Shared>, body: web::Json<InboundMessage>) -> Answered {
    let sid = shared.twilio.inbound_message(body.into_inner())?;
    Ok(HttpResponse::Ok().json(json!({"sid": sid})))
}

async fn inbound_call(shared: web::Data<Shared>, body: web::Json<InboundCall>) -> Answered {
    let sid = shared.twilio.inbound_call(body.into_inner())?;
    Ok(HttpResponse::Ok().json(json!({"sid": sid})))
}

async fn browser_call(shared: web::Data<Shared>, body: web::Json<BrowserCall>) -> Answered {
    let sid = shared.twilio.browser_call(&body)?;
    Ok(HttpResponse::Ok().json(json!({"sid": sid})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    token: String,
    #[serde(default)]
    script: Script,
}

async fn register(shared: web::Data<Shared>, body: web::Json<Registration>) -> Answered {
    let Registration { token, script } = body.into_inner();
    let address = shared.twilio.register_browser(&token, script)?;
    Ok(HttpResponse::Ok().json(json!({"address": address})))
}

async fn contact(shared: web::Data<Shared>, body: web::Json<Contact>) -> HttpResponse {
    shared.twilio.set_contact(body.into_inner());
    done(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    sender: String,
    person: String,
}

async fn open_window(shared: web::Data<Shared>, body: web::Json<Window>) -> HttpResponse {
    shared.twilio.open_window(&body.sender, &body.person);
    done(true)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct After {
    seconds: u32,
}

async fn answer(shared: web::Data<Shared>, sid: web::Path<String>, body: Option<web::Json<After>>) -> HttpResponse {
    done(shared.twilio.answer(&sid, body.map_or(0, |body| body.seconds)))
}

async fn hang_up(shared: web::Data<Shared>, sid: web::Path<String>, body: Option<web::Json<After>>) -> HttpResponse {
    done(shared.twilio.hang_up(&sid, body.map_or(0, |body| body.seconds)))
}

async fn release(shared: web::Data<Shared>, sid: web::Path<String>) -> HttpResponse {
    done(shared.twilio.release(&sid))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    status: String,
}

async fn review(shared: web::Data<Shared>, sid: web::Path<String>, body: web::Json<Review>) -> HttpResponse {
    done(shared.twilio.review_content(&sid, &body.status))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageStatus {
    url: String,
    sid: String,
    status: String,
    #[serde(default)]
    error_code: Option<i64>,
}

async fn message_status(shared: web::Data<Shared>, body: web::Json<MessageStatus>) -> HttpResponse {
    shared.twilio.emit_message_status(&body.url, &body.sid, &body.status, body.error_code);
    done(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(default = "usual_limit")]
    limit_ms: u64,
}

async fn settled(shared: web::Data<Shared>, query: web::Query<Limit>) -> HttpResponse {
    done(shared.twilio.settled(Duration::from_millis(query.limit_ms)).await)
}

/// 404 where there was nothing to act on.
fn done(is_done: bool) -> HttpResponse {
    if is_done {
        HttpResponse::Ok().json(json!({"done": true}))
    } else {
        HttpResponse::NotFound().json(json!({"done": false}))
    }
}

fn usual_limit() -> u64 {
    USUAL_LIMIT_MS
}
