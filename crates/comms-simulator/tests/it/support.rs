//! A simulator with a client and a receiver of webhooks.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use comms_http::{ManualClock, Secret, signature};
use comms_simulator::{
    Config, Ledger, Simulator,
    meta::{ACCESS_TOKEN, APP_SECRET, Customer, PHONE_ID, VERIFY_TOKEN},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How long a test waits for what must come.
pub const LIMIT: Duration = Duration::from_secs(20);
/// The customer of most tests.
pub const CUSTOMER: &str = "16505551234";

/// What a call was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A simulator and its user.
pub struct World {
    pub simulator: Simulator,
    pub clock: ManualClock,
    pub client: reqwest::Client,
}

impl World {
    /// A simulator whose clock stands in June 2026.
    pub fn new(change: impl FnOnce(&mut Config)) -> Self {
        let clock = ManualClock::at_unix(1_780_000_000);
        let mut config = Config { seed: Some(7), ..Config::default() };
        change(&mut config);
        let simulator = Simulator::start_with_clock(config, Arc::new(clock.clone())).unwrap();
        let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
        Self { simulator, clock, client }
    }

    /// One whose webhooks go to `receiver`.
    pub fn with_receiver(receiver: &Receiver, change: impl FnOnce(&mut Config)) -> Self {
        Self::new(|config| {
            config.meta.app.callback_url = Some(receiver.url.clone());
            change(config);
        })
    }

    pub fn ledger(&self) -> Ledger {
        self.simulator.ledger()
    }

    /// Lets the usual customer have written just now.
    pub fn open_window(&self) {
        self.simulator.meta().open_window(PHONE_ID, &Customer::new(CUSTOMER));
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.simulator.url());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, url).bearer_auth(ACCESS_TOKEN)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request("DELETE", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.request("POST", path).json(&body)).await
    }

    /// Sends from the first number; `body` lacks the product and, unless it has one, the recipient.
    pub async fn send(&self, mut body: Value) -> Answer {
        body["messaging_product"] = json!("whatsapp");
        if body.get("to").is_none() && body.get("recipient").is_none() {
            body["to"] = json!(CUSTOMER);
        }
        self.post(&format!("/v26.0/{PHONE_ID}/messages"), body).await
    }

    /// Sends these words and returns the id.
    pub async fn send_text(&self, text: &str) -> String {
        let answer = self.send(json!({"type": "text", "text": {"body": text}})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a small picture and returns its id.
    pub async fn upload(&self) -> String {
        let part = reqwest::multipart::Part::bytes(b"\x89PNG picture".to_vec())
            .file_name("ring.png")
            .mime_str("image/png")
            .unwrap();
        let form = reqwest::multipart::Form::new().text("messaging_product", "whatsapp").part("file", part);
        let path = format!("/v26.0/{PHONE_ID}/media");
        let answer = answer(self.request("POST", &path).multipart(form)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    /// Asserts an error with this code and status, in Meta's form.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: i64) {
        let error = &self.body["error"];
        assert_eq!((self.status, error["code"].as_i64()), (status, Some(code)), "{}", self.body);
        for field in ["message", "type", "fbtrace_id"] {
            assert!(error[field].is_string(), "{field} is absent: {error}");
        }
    }

    pub fn details(&self) -> &str {
        self.body["error"]["error_data"]["details"].as_str().unwrap_or_default()
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// A webhook that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub signature: Option<String>,
    /// ElevenLabs' signature.
    pub elevenlabs: Option<String>,
    /// What proves who asks before a call.
    pub secret: Option<String>,
    pub raw: Vec<u8>,
    pub body: Value,
}

/// An endpoint for webhooks that answers as it is told.
pub struct Receiver {
    pub url: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    server: ServerHandle,
    runtime: Option<tokio::runtime::Runtime>,
}

type Answering = Arc<dyn Fn(&Arrived) -> u16 + Send + Sync>;

struct Shared {
    arrived: mpsc::UnboundedSender<Arrived>,
    answering: Answering,
}

impl Receiver {
    /// One that answers 200.
    pub fn start() -> Self {
        Self::answering(|_| 200)
    }

    /// One that answers what `answering` says.
    pub fn answering(answering: impl Fn(&Arrived) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let (sender, arrived) = mpsc::unbounded_channel();
        let shared = web::Data::new(Shared { arrived: sender, answering: Arc::new(answering) });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = {
            let _guard = runtime.enter();
            HttpServer::new(move || {
                App::new()
                    .app_data(shared.clone())
                    .app_data(web::PayloadConfig::new(8 * 1024 * 1024))
                    .route("/webhooks", web::get().to(verify))
                    .default_service(web::post().to(receive))
            })
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run()
        };
        let handle = server.handle();
        runtime.spawn(server);
        Self { url, arrived, server: handle, runtime: Some(runtime) }
    }

    /// The next webhook, whoever it is from.
    pub async fn next_of_any(&mut self) -> Arrived {
        let arrived = tokio::time::timeout(LIMIT, self.arrived.recv());
        arrived.await.expect("no webhook came").unwrap()
    }

    /// The next webhook, its signature checked.
    pub async fn next(&mut self) -> Arrived {
        let arrived = self.next_of_any().await;
        let signature = arrived.signature.as_deref().unwrap_or_default();
        let signature = signature.strip_prefix("sha256=").unwrap_or_default();
        let secrets = [Secret::from(APP_SECRET)];
        assert!(signature::verify_hmac_sha256_hex(&secrets, &arrived.raw, signature));
        arrived
    }

    /// The value of the only change of the next webhook.
    pub async fn next_value(&mut self) -> Value {
        let body = self.next().await.body;
        assert_eq!(body["object"], "whatsapp_business_account");
        body["entry"][0]["changes"][0]["value"].clone()
    }

    /// What has come and was not looked at.
    pub fn waiting(&mut self) -> Vec<Arrived> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn verify(query: web::Query<std::collections::BTreeMap<String, String>>) -> HttpResponse {
    let is = |name: &str, value: &str| query.get(name).map(String::as_str) == Some(value);
    if is("hub.mode", "subscribe") && is("hub.verify_token", VERIFY_TOKEN) {
        return HttpResponse::Ok().body(query["hub.challenge"].clone());
    }
    HttpResponse::Forbidden().finish()
}

async fn receive(request: HttpRequest, raw: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let arrived = Arrived {
        signature: header("X-Hub-Signature-256"),
        elevenlabs: header("ElevenLabs-Signature"),
        secret: header("X-Comms-Secret"),
        body: serde_json::from_slice(&raw).unwrap_or(Value::Null),
        raw: raw.to_vec(),
    };
    let status = (shared.answering)(&arrived);
    shared.arrived.send(arrived).unwrap();
    HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
}

/// Asserts that two values have the same fields of the same kinds, whatever they hold. Of a list the first counts.
#[track_caller]
pub fn assert_shape(actual: &Value, sample: &str) {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let (actual_shape, sample_shape) = (shape(actual), shape(&sample));
    assert_eq!(actual_shape, sample_shape, "\nactual {actual:#}\nsample {sample:#}");
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(list) => json!([list.first().map(shape)]),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(fields.collect())
        }
    }
}
