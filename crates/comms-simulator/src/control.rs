//! The HTTP side of the simulator's own controls, for tests in other processes and other languages.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    FaultRule, Refused, elevenlabs, google,
    meta::{CampaignPlan, Customer, Inbound, PHONE_ID, Status, WABA_ID, endpoint_table},
    sendgrid,
    server::Shared,
    twilio,
};

/// Entries of a ledger page where the call does not say.
const USUAL_PAGE: usize = 1_000;
const MAX_PAGE: usize = 10_000;

type Answered = Result<HttpResponse, Refused>;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().limit(64 * 1024 * 1024))
        .route("", web::get().to(info))
        .route("/config", web::get().to(config_now))
        .route("/config", web::post().to(configure))
        .route("/reset", web::post().to(reset))
        .route("/ledger", web::get().to(ledger))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(inject))
        .route("/faults", web::delete().to(clear_faults))
        .route("/inbound", web::post().to(inbound))
        .route("/status", web::post().to(status))
        .route("/emit", web::post().to(emit))
        .route("/deliver", web::post().to(deliver))
        .route("/verify", web::post().to(verify))
        .route("/templates/{id}/review", web::post().to(review))
        .route("/campaign", web::post().to(campaign))
        .route("/campaign/{id}", web::get().to(campaign_report))
        .route("/campaign/{id}/progress", web::get().to(campaign_progress))
        .service(web::scope("/twilio").configure(twilio::controls))
        .service(web::scope("/google").configure(google::controls))
        .service(web::scope("/sendgrid").configure(sendgrid::controls))
        .service(web::scope("/elevenlabs").configure(elevenlabs::controls));
}

/// What the simulator is and serves; also the answer at `/`.
pub(crate) async fn info(shared: web::Data<Shared>) -> HttpResponse {
    let endpoints: Vec<Value> = endpoint_table()
        .into_iter()
        .chain(twilio::endpoint_table())
        .chain(google::endpoint_table())
        .chain(sendgrid::endpoint_table())
        .chain(elevenlabs::endpoint_table())
        .map(|(name, method, path)| json!({"name": name, "method": method, "path": path}))
        .collect();
    HttpResponse::Ok().json(json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "url": shared.core.public_url(),
        "endpoints": endpoints,
    }))
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownPhone(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Token { .. } => StatusCode::UNAUTHORIZED,
            Self::NoCallback => StatusCode::CONFLICT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({"error": self.to_string()});
        if let Self::Token { code, .. } = self {
            body["code"] = json!(code);
        }
        HttpResponse::build(self.status_code()).json(body)
    }
}

async fn config_now(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(&*shared.core.config())
}

async fn configure(shared: web::Data<Shared>, patch: web::Json<Value>) -> Answered {
    shared.core.try_change_config(|config| config.patched(&patch))?;
    Ok(HttpResponse::Ok().json(&*shared.core.config()))
}

async fn reset(shared: web::Data<Shared>) -> HttpResponse {
    shared.reset();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    list: List,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum List {
    #[default]
    Sends,
    Received,
    Webhooks,
    Violations,
}

async fn ledger(shared: web::Data<Shared>, page: web::Query<Page>) -> HttpResponse {
    let ledger = &shared.core.ledger;
    let limit = page.limit.unwrap_or(USUAL_PAGE).min(MAX_PAGE);
    let (entries, last) = match page.list {
        List::Webhooks => {
            let hooks = ledger.webhooks_after(page.after, limit);
            (json!(hooks), hooks.last().map(|hook| hook.seq))
        }
        List::Violations => {
            let violations = ledger.violations_after(page.after, limit);
            (json!(violations), violations.last().map(|violation| violation.seq))
        }
        List::Sends | List::Received => {
            let sends = matches!(page.list, List::Sends);
            let calls = ledger.received_after(page.after, limit, sends);
            (json!(calls), calls.last().map(|call| call.seq))
        }
    };
    HttpResponse::Ok().json(json!({
        "totals": ledger.totals(),
        "entries": entries,
        "next": last.unwrap_or(page.after),
    }))
}

async fn faults(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.core.faults.list())
}

async fn inject(shared: web::Data<Shared>, rule: web::Json<FaultRule>) -> HttpResponse {
    shared.core.faults.add(rule.into_inner());
    done()
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    shared.core.faults.clear();
    done()
}

async fn inbound(shared: web::Data<Shared>, inbound: web::Json<Inbound>) -> Answered {
    let id = shared.meta.inbound(inbound.into_inner())?;
    Ok(HttpResponse::Ok().json(json!({"id": id})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusOf {
    #[serde(default = "first_number")]
    phone_number_id: String,
    customer: Customer,
    message_id: String,
    status: Status,
}

async fn status(shared: web::Data<Shared>, body: web::Json<StatusOf>) -> Answered {
    shared.meta.emit_status(&body.phone_number_id, &body.customer, &body.message_id, body.status)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emission {
    #[serde(default = "first_account")]
    waba_id: String,
    field: String,
    value: Value,
}

async fn emit(shared: web::Data<Shared>, body: web::Json<Emission>) -> Answered {
    let Emission { waba_id, field, value } = body.into_inner();
    shared.meta.emit(&waba_id, &field, value)?;
    Ok(done())
}

async fn deliver(shared: web::Data<Shared>, body: web::Bytes) -> Answered {
    shared.meta.deliver_raw(body)?;
    Ok(done())
}

async fn verify(shared: web::Data<Shared>) -> Answered {
    shared.meta.verify_callback().await?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    status: String,
}

async fn review(shared: web::Data<Shared>, id: web::Path<String>, body: web::Json<Review>) -> Answered {
    shared.meta.review_template(&id, &body.status)?;
    Ok(done())
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default = "yes")]
    wait: bool,
}

async fn campaign(shared: web::Data<Shared>, query: web::Query<Wait>, plan: web::Json<CampaignPlan>) -> Answered {
    if query.wait {
        let report = shared.meta.run_campaign(plan.into_inner()).await?;
        return Ok(HttpResponse::Ok().json(report));
    }
    let id = shared.meta.start_campaign(plan.into_inner())?;
    Ok(HttpResponse::Accepted().json(json!({"id": id})))
}

async fn campaign_report(shared: web::Data<Shared>, id: web::Path<u64>) -> HttpResponse {
    match shared.meta.campaign(*id) {
        Some(report) => HttpResponse::Ok().json(report),
        None => HttpResponse::NotFound().json(json!({"error": "no such campaign"})),
    }
}

async fn campaign_progress(shared: web::Data<Shared>, id: web::Path<u64>) -> HttpResponse {
    match shared.meta.campaign_progress(*id) {
        Some(progress) => HttpResponse::Ok().json(progress),
        None => HttpResponse::NotFound().json(json!({"error": "no such campaign"})),
    }
}

fn done() -> HttpResponse {
    HttpResponse::Ok().json(json!({"done": true}))
}

fn yes() -> bool {
    true
}

fn first_number() -> String {
    PHONE_ID.to_owned()
}

fn first_account() -> String {
    WABA_ID.to_owned()
}
