//! As much of Google's OAuth as a consent needs, and the other back end that has consents already.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_core::Secret;
use comms_server::config::Settings;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

pub const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
pub const CALENDAR: &str = "https://www.googleapis.com/auth/calendar";
const CLIENT: &str = "1234-test.apps.googleusercontent.com";
const SERVICE: &str = "an invented service token";

/// Google, and what it was asked.
#[derive(Clone)]
pub struct GoogleDouble {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    codes: HashMap<String, Code>,
    /// What the token endpoint answers to a refresh instead of a token.
    refuses: Option<String>,
    /// The status of the revocation endpoint.
    revocation: u16,
    revoked: Vec<String>,
    refreshed: u32,
    /// What the other back end has, by seller.
    back_end: HashMap<String, String>,
    asked_back_end: u32,
}

struct Code {
    challenge: String,
    redirect: String,
    email: String,
    scopes: String,
    lasting: bool,
}

impl GoogleDouble {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared { revocation: 200, ..Shared::default() }));
        let data = web::Data::new(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/token", web::post().to(token))
                .route("/revoke", web::post().to(revoke))
                .route("/interno/token", web::get().to(back_end))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, shared }
    }

    /// The settings of a server that uses it.
    pub fn configure(&self, settings: &mut Settings) {
        settings.google.client_id = Some(CLIENT.to_owned());
        settings.google.client_secret = Some(Secret::from("an invented client secret"));
        settings.google.api_base = Some(self.url.clone());
        settings.http.frontend_url = Some("https://app.example.com/correo?vista=1".parse().unwrap());
        settings.encryption.key = Some(Secret::from("5".repeat(64)));
    }

    /// The settings of a server beside a back end that has consents.
    pub fn configure_back_end(&self, settings: &mut Settings) {
        self.configure(settings);
        settings.google.token_url = Some(format!("{}/interno/token", self.url).parse().unwrap());
        settings.auth.microservice_token = Some(Secret::from(SERVICE));
    }

    /// The owner of a mailbox permits these on the consent page: where the browser is sent then.
    pub fn consents(&self, page: &str, email: &str, scopes: &str) -> String {
        let page: Url = page.parse().unwrap();
        let asked: HashMap<String, String> = page.query_pairs().into_owned().collect();
        assert_eq!(page.path(), "/o/oauth2/v2/auth");
        assert_eq!((asked["client_id"].as_str(), asked["response_type"].as_str()), (CLIENT, "code"));
        assert_eq!((asked["access_type"].as_str(), asked["prompt"].as_str()), ("offline", "consent"));
        assert_eq!(
            (asked["code_challenge_method"].as_str(), asked["include_granted_scopes"].as_str()),
            ("S256", "true")
        );
        let code = {
            let mut shared = self.shared.lock().unwrap();
            let code = format!("code/{}", shared.codes.len());
            let given = Code {
                challenge: asked["code_challenge"].clone(),
                redirect: asked["redirect_uri"].clone(),
                email: email.to_owned(),
                scopes: scopes.to_owned(),
                lasting: true,
            };
            shared.codes.insert(code.clone(), given);
            code
        };
        let mut back: Url = asked["redirect_uri"].parse().unwrap();
        back.query_pairs_mut().append_pair("state", &asked["state"]).append_pair("code", &code);
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// From the next refresh on the permission is over.
    pub fn ends_permissions(&self) {
        self.shared.lock().unwrap().refuses = Some("invalid_grant".to_owned());
    }

    /// The codes that were given come without a refresh token.
    pub fn gives_for_an_hour(&self) {
        self.shared.lock().unwrap().codes.values_mut().for_each(|code| code.lasting = false);
    }

    pub fn revocation_answers(&self, status: u16) {
        self.shared.lock().unwrap().revocation = status;
    }

    pub fn revoked(&self) -> Vec<String> {
        self.shared.lock().unwrap().revoked.clone()
    }

    pub fn refreshed(&self) -> u32 {
        self.shared.lock().unwrap().refreshed
    }

    /// The other back end has this seller's consent for this mailbox.
    pub fn back_end_has(&self, seller: &str, email: &str) {
        self.shared.lock().unwrap().back_end.insert(seller.to_owned(), email.to_owned());
    }

    pub fn asked_back_end(&self) -> u32 {
        self.shared.lock().unwrap().asked_back_end
    }
}

type Data = web::Data<Arc<Mutex<Shared>>>;

async fn token(shared: Data, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let mut shared = shared.lock().unwrap();
    let refused =
        |error: &str| HttpResponse::BadRequest().json(json!({"error": error, "error_description": "Bad Request"}));
    assert_eq!(form["client_id"], CLIENT);
    assert_eq!(form["client_secret"], "an invented client secret");
    if form["grant_type"] == "refresh_token" {
        shared.refreshed += 1;
        if let Some(error) = &shared.refuses {
            return refused(error);
        }
        let token = format!("access-refreshed-{}", shared.refreshed);
        return HttpResponse::Ok()
            .json(json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": MODIFY}));
    }
    // A code works once, and with the verifier of who asked for it alone.
    let Some(code) = shared.codes.remove(&form["code"]) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if challenge != code.challenge || form["redirect_uri"] != code.redirect {
        return refused("invalid_grant");
    }
    let claims = json!({"email": code.email, "email_verified": true}).to_string();
    let mut answer = json!({
        "access_token": "access-first", "expires_in": 3599, "token_type": "Bearer", "scope": code.scopes,
        "id_token": format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims)),
    });
    if code.lasting {
        answer["refresh_token"] = json!(format!("refresh of {}", code.email));
    }
    HttpResponse::Ok().json(answer)
}

async fn revoke(shared: Data, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let mut shared = shared.lock().unwrap();
    shared.revoked.push(form["token"].clone());
    HttpResponse::build(actix_web::http::StatusCode::from_u16(shared.revocation).unwrap()).json(json!({}))
}

async fn back_end(shared: Data, request: HttpRequest, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let mut shared = shared.lock().unwrap();
    shared.asked_back_end += 1;
    if request.headers().get("x-service-token").is_none_or(|token| token != SERVICE) {
        return HttpResponse::Unauthorized().finish();
    }
    assert!(query.contains_key("organizacion_id"));
    match shared.back_end.get(&query["usuario_id"]) {
        Some(email) => HttpResponse::Ok().json(json!({
            "access_token": format!("access-of-back-end-{}", shared.asked_back_end),
            "expiry_date": (time::OffsetDateTime::now_utc() + time::Duration::hours(1)).unix_timestamp() * 1_000,
            "scope": format!("{MODIFY} {CALENDAR}"), "email": email,
        })),
        None => HttpResponse::NotFound().finish(),
    }
}
