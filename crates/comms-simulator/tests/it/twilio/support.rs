//! A double of Twilio with a client and a site that takes its webhooks and answers with TwiML.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};
use comms_http::{ManualClock, Secret, signature};
use comms_simulator::{
    Config, Ledger, Simulator,
    twilio::{ACCOUNT_SID, AUTH_TOKEN, Twilio},
};
use serde_json::Value;

pub use crate::support::LIMIT;
use crate::support::{Answer, answer};

/// The person of most tests.
pub const PERSON: &str = "+34600000009";

/// A webhook that arrived.
#[derive(Clone, Debug, Default)]
pub struct Hit {
    pub method: String,
    pub path: String,
    /// The address as it was called.
    pub url: String,
    pub fields: Vec<(String, String)>,
    pub signature: String,
    pub token: String,
    pub raw: Vec<u8>,
}

impl Hit {
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }

    /// Whether Twilio's signature under this token is right, reckoned here once more.
    pub fn is_signed_by(&self, token: &str) -> bool {
        let mut data = self.url.clone();
        if self.method == "POST" {
            let mut fields = self.fields.clone();
            fields.sort();
            data.extend(fields.into_iter().flat_map(|(name, value)| [name, value]));
        }
        signature::hmac_sha1_base64(&Secret::from(token), data.as_bytes()) == self.signature
    }
}

/// What the site answers.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Page {
    pub fn empty() -> Self {
        Self::twiml("")
    }

    /// These verbs.
    pub fn twiml(verbs: &str) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>");
        Self { status: 200, content_type: "text/xml", body }
    }

    pub fn status(status: u16) -> Self {
        Self { status, content_type: "text/plain", body: String::new() }
    }
}

type Pages = Arc<dyn Fn(&Hit) -> Page + Send + Sync>;

#[derive(Clone)]
struct Shared {
    hits: Arc<Mutex<Vec<Hit>>>,
    pages: Pages,
}

/// The site.
pub struct Site {
    pub base: String,
    hits: Arc<Mutex<Vec<Hit>>>,
    server: ServerHandle,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Site {
    /// A site that answers every webhook as `pages` says.
    pub fn start(pages: impl Fn(&Hit) -> Page + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let hits = Arc::new(Mutex::new(Vec::new()));
        let shared = web::Data::new(Shared { hits: Arc::clone(&hits), pages: Arc::new(pages) });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = {
            let _guard = runtime.enter();
            HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(take)))
                .workers(1)
                .disable_signals()
                .listen(listener)
                .unwrap()
                .run()
        };
        let handle = server.handle();
        runtime.spawn(server);
        Self { base, hits, server: handle, runtime: Some(runtime) }
    }

    /// A site that answers every webhook with an empty document.
    pub fn quiet() -> Self {
        Self::start(|_| Page::empty())
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// All that arrived, in order.
    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    /// What arrived at a path.
    pub fn at(&self, path: &str) -> Vec<Hit> {
        self.hits().into_iter().filter(|hit| hit.path == path).collect()
    }

    /// One field of all that arrived at a path.
    pub fn fields_at(&self, path: &str, name: &str) -> Vec<String> {
        self.at(path).iter().map(|hit| hit.get(name).to_owned()).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn take(request: HttpRequest, raw: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let base = format!("http://{}", request.connection_info().host());
    let target = request.uri().path_and_query().unwrap().as_str();
    let form = if request.method() == "POST" { raw.to_vec() } else { request.query_string().as_bytes().to_vec() };
    let hit = Hit {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        url: format!("{base}{target}"),
        fields: url::form_urlencoded::parse(&form).into_owned().collect(),
        signature: header("X-Twilio-Signature"),
        token: header("I-Twilio-Idempotency-Token"),
        raw: raw.to_vec(),
    };
    let page = (shared.pages)(&hit);
    shared.hits.lock().unwrap().push(hit);
    let mut response = HttpResponse::build(StatusCode::from_u16(page.status).unwrap());
    if (300..400).contains(&page.status) {
        return response.insert_header(("Location", page.body)).finish();
    }
    response.content_type(page.content_type).body(page.body)
}

/// A simulator and its user.
pub struct Cloud {
    pub simulator: Simulator,
    pub clock: ManualClock,
    pub client: reqwest::Client,
}

impl Cloud {
    /// A simulator whose clock stands in June 2026.
    pub fn new(change: impl FnOnce(&mut Config)) -> Self {
        let clock = ManualClock::at_unix(1_780_000_000);
        let mut config = Config { seed: Some(7), ..Config::default() };
        change(&mut config);
        let simulator = Simulator::start_with_clock(config, Arc::new(clock.clone())).unwrap();
        let no_redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().timeout(LIMIT).redirect(no_redirect).build().unwrap();
        Self { simulator, clock, client }
    }

    /// One whose calls, messages and ends of calls go to `/voice`, `/messages` and `/ended` of a site.
    pub fn beside(site: &Site, change: impl FnOnce(&mut Config)) -> Self {
        Self::new(|config| {
            config.twilio.set_voice_url(&site.url("/voice"));
            config.twilio.set_messaging_url(&site.url("/messages"));
            config.twilio.set_call_status_url(&site.url("/ended"));
            change(config);
        })
    }

    pub fn twilio(&self) -> &Twilio {
        self.simulator.twilio()
    }

    pub fn ledger(&self) -> Ledger {
        self.simulator.ledger()
    }

    /// Waits until nothing is under way.
    #[track_caller]
    pub fn settle(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move { assert!(self.twilio().settled(LIMIT).await, "something is still under way: {place}") }
    }

    /// Asserts that nothing was done that Twilio only lets pass.
    #[track_caller]
    pub fn is_clean(&self) {
        assert_eq!(self.ledger().violations(), []);
    }

    /// A request below the account, with its auth token.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let path =
            if path.starts_with('/') { path.to_owned() } else { format!("/2010-04-01/Accounts/{ACCOUNT_SID}/{path}") };
        let url = format!("{}{path}", self.simulator.url());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, url).basic_auth(ACCOUNT_SID, Some(AUTH_TOKEN))
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request("DELETE", path)).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        answer(self.request("POST", path).form(form)).await
    }

    /// Posts what must be taken; returns the SID.
    pub async fn create(&self, path: &str, form: &[(&str, &str)]) -> String {
        let answer = self.post(path, form).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["sid"].as_str().unwrap().to_owned()
    }
}

/// Asserts an error with this status and code, in Twilio's form.
#[track_caller]
pub fn is_error(answer: &Answer, status: u16, code: i64) {
    let body = &answer.body;
    assert_eq!((answer.status, body["code"].as_i64()), (status, Some(code)), "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
    assert!(body["message"].is_string(), "{body}");
}

/// Asserts that an object has these fields and no others.
#[track_caller]
pub fn has_fields(object: &Value, fields: &str) {
    let mut expected: Vec<&str> = fields.split_whitespace().collect();
    expected.sort_unstable();
    let mut actual: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    actual.sort_unstable();
    assert_eq!(actual, expected);
}
