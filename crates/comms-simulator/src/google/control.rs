//! The controls of the double of Google over HTTP.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{Correspondent, Decision, Letter, service_account_key};
use crate::{Refused, server::Shared};

type Answered = Result<HttpResponse, Refused>;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/write", web::post().to(write))
        .route("/people", web::post().to(person))
        .route("/consent", web::post().to(consent))
        .route("/accepted", web::get().to(accepted))
        .route("/service-account", web::get().to(service_account))
        .route("/mailboxes/{address}", web::get().to(stored))
        .route("/mailboxes/{address}/raw/{id}", web::get().to(raw))
        .route("/mailboxes/{address}/notify", web::post().to(notify))
        .route("/mailboxes/{address}/expire-history", web::post().to(expire_history))
        .route("/mailboxes/{address}/expire-tokens", web::post().to(expire_tokens))
        .route("/mailboxes/{address}/revoke", web::post().to(revoke))
        .route("/mailboxes/{address}/change-password", web::post().to(change_password));
}

async fn write(shared: web::Data<Shared>, letter: web::Json<Letter>) -> Answered {
    let id = shared.google.write(letter.into_inner())?;
    Ok(HttpResponse::Ok().json(json!({"id": id})))
}

async fn person(shared: web::Data<Shared>, person: web::Json<Correspondent>) -> HttpResponse {
    let person = person.into_inner();
    shared.core.change_config(|config| {
        config.google.people.retain(|known| !known.address.eq_ignore_ascii_case(&person.address));
        config.google.people.push(person);
    });
    done()
}

#[derive(Deserialize)]
struct OnPage {
    url: String,
    #[serde(flatten)]
    decision: Decision,
}

async fn consent(shared: web::Data<Shared>, body: web::Json<OnPage>) -> Answered {
    let location = shared.google.consent(&body.url, &body.decision)?;
    Ok(HttpResponse::Ok().json(json!({"location": location})))
}

async fn accepted(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.google.accepted())
}

async fn service_account(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(service_account_key(&shared.core.public_url()))
}

async fn stored(shared: web::Data<Shared>, address: web::Path<String>) -> Answered {
    let messages = shared.google.stored(&address)?;
    Ok(HttpResponse::Ok().json(json!({
        "historyId": shared.google.history_id(&address)?.to_string(),
        "messages": messages,
    })))
}

async fn raw(shared: web::Data<Shared>, path: web::Path<(String, String)>) -> HttpResponse {
    match shared.google.raw(&path.0, &path.1) {
        Some(bytes) => HttpResponse::Ok().content_type("message/rfc822").body(bytes),
        None => HttpResponse::NotFound().json(json!({"error": "no such message"})),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Notice {
    history_id: Option<u64>,
}

async fn notify(shared: web::Data<Shared>, address: web::Path<String>, body: Option<web::Json<Notice>>) -> Answered {
    shared.google.notify(&address, body.and_then(|body| body.history_id))?;
    Ok(done())
}

async fn expire_history(shared: web::Data<Shared>, address: web::Path<String>) -> Answered {
    shared.google.expire_history(&address)?;
    Ok(done())
}

async fn expire_tokens(shared: web::Data<Shared>, address: web::Path<String>) -> HttpResponse {
    shared.google.expire_tokens(&address);
    done()
}

async fn revoke(shared: web::Data<Shared>, address: web::Path<String>) -> HttpResponse {
    shared.google.revoke(&address);
    done()
}

async fn change_password(shared: web::Data<Shared>, address: web::Path<String>) -> HttpResponse {
    shared.google.change_password(&address);
    done()
}

fn done() -> HttpResponse {
    HttpResponse::Ok().json(json!({"done": true}))
}
