//! A server, its Meta, and clients of it.

use std::{sync::Arc, time::Duration};

use actix_web::dev::ServerHandle;
use comms_core::{Secret, SystemClock, UserId, signature};
use comms_http::{Request, ReqwestTransport, Transport};
use comms_server::{
    auth::{Identity, Role},
    config::{AccountSettings, DirectorySettings, DirectoryTable, Settings},
    startup::{Running, listen},
};
use comms_simulator::{
    Simulator,
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, Customer, PHONE_ID, SECOND_PHONE_ID, VERIFY_TOKEN, WABA_ID},
    twilio,
};
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

pub const CUSTOMER: &str = "34600000000";
pub const WEBHOOK: &str = "/api/comunicaciones/webhook/whatsapp";
pub const SEND: &str = "/api/comunicaciones/whatsapp/enviar";
pub const HISTORY: &str = "/api/comunicaciones/historial";
pub const SMS: &str = "/api/comunicaciones/sms/enviar";
pub const VOICE_WEBHOOK: &str = "/api/comunicaciones/webhook/voz";
pub const SMS_WEBHOOK: &str = "/api/comunicaciones/webhook/sms";
const HOUR: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with its own database, files and Meta.
pub struct TestServer {
    pub simulator: Simulator,
    pub running: Running,
    pub base: String,
    /// Goes with the server.
    _folder: TempDir,
    handle: ServerHandle,
    client: ReqwestTransport,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `code` of an error.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The `data` of an answer that must be a success.
    pub fn data(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()["data"].clone()
    }
}

/// The settings of a test: one number at the simulator.
pub fn settings(simulator: &Simulator, folder: &TempDir) -> Settings {
    let mut settings = Settings::default();
    settings.http.port = 0;
    settings.http.bind = Some([127, 0, 0, 1].into());
    settings.http.workers = 2.try_into().ok();
    settings.database.data_dir = folder.path().to_owned();
    settings.auth.jwt_secret = Some(Secret::from("an invented secret for tests"));
    let whatsapp = &mut settings.whatsapp;
    whatsapp.api_base = Some(simulator.url().to_owned());
    whatsapp.access_token = Some(Secret::from(ACCESS_TOKEN));
    whatsapp.phone_number_id = Some(PHONE_ID.to_owned());
    whatsapp.business_account_id = Some(WABA_ID.to_owned());
    whatsapp.app_id = Some(APP_ID.to_owned());
    whatsapp.app_secret = Some(Secret::from(APP_SECRET));
    whatsapp.verify_token = Some(Secret::from(VERIFY_TOKEN));
    whatsapp.owner = Some(UserId::from("7"));
    let own = &mut settings.twilio;
    own.api_base = Some(simulator.url().to_owned());
    own.account_sid = Some(twilio::ACCOUNT_SID.to_owned());
    own.auth_token = Some(Secret::from(twilio::AUTH_TOKEN));
    own.api_key_sid = Some(twilio::API_KEY_SID.to_owned());
    own.api_key_secret = Some(Secret::from(twilio::API_KEY_SECRET));
    own.twiml_app_sid = Some(twilio::APPLICATION_SID.to_owned());
    own.phone_number = Some(twilio::NUMBER.to_owned());
    own.whatsapp_number = Some(format!("whatsapp:{}", twilio::NUMBER));
    own.owner = Some(UserId::from("7"));
    settings.sendgrid.webhook_key = vec![comms_simulator::sendgrid::WEBHOOK_KEY.to_owned()];
    settings.sendgrid.api_base = Some(simulator.url().to_owned());
    settings.voice.countries = vec!["ES".to_owned()];
    settings
}

/// The signature of Twilio over an address and a form.
pub fn twilio_signature(url: &str, form: &[(&str, &str)]) -> String {
    let mut fields = form.to_vec();
    fields.sort_unstable();
    fields.dedup();
    let signed = fields.iter().fold(url.to_owned(), |signed, (name, value)| signed + name + value);
    signature::hmac_sha1_base64(&Secret::from(twilio::AUTH_TOKEN), signed.as_bytes())
}

/// A form as it is sent.
pub fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// A text of somebody, as Meta tells of it.
pub fn text_webhook(from: &str, id: &str, text: &str) -> Vec<u8> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp().to_string();
    let value = serde_json::json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_ID},
        "messages": [{"from": from, "id": id, "timestamp": now, "type": "text", "text": {"body": text}}],
    });
    let change = serde_json::json!({"field": "messages", "value": value});
    let body =
        serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": [change]}]});
    body.to_string().into_bytes()
}

/// A second number, of a second organisation.
pub fn second_account(organization: &str) -> AccountSettings {
    let table = format!(
        "channel = \"whatsapp\"\nnumber = \"{SECOND_PHONE_ID}\"\nname = \"cuenta de {organization}\"\norganization = \"{organization}\"\nowner = \"8\"\n"
    );
    toml::from_str(&table).unwrap()
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_prepared(change, |_| {}).await
    }

    /// Two leads: 42, +34600000000, of seller 7; 43, +34600000001, of seller 8.
    pub async fn start_with_leads() -> Self {
        let directory = |settings: &mut Settings| {
            let leads = DirectoryTable {
                table: "leaks".to_owned(),
                id: "id".to_owned(),
                phone: Some("telefono".to_owned()),
                email: None,
                owner: Some("vendedor_id".to_owned()),
            };
            settings.directory = DirectorySettings { leads: Some(leads), ..DirectorySettings::default() };
            settings.whatsapp.region = Some("ES".to_owned());
        };
        let tables = |folder: &TempDir| {
            let database = rusqlite::Connection::open(folder.path().join("comms.sqlite")).unwrap();
            database
                .execute_batch(
                    "CREATE TABLE leaks (id integer PRIMARY KEY, telefono text, vendedor_id integer);
                     INSERT INTO leaks VALUES (42, '600 000 000', 7), (43, '600 000 001', 8);",
                )
                .unwrap();
        };
        Self::start_prepared(directory, tables).await
    }

    /// Without a public address: providers cannot call it.
    pub async fn start_unreachable() -> Self {
        Self::start_at(|_| {}, |_| {}, false).await
    }

    /// `prepare` sees the folder before the database is opened.
    pub async fn start_prepared(change: impl FnOnce(&mut Settings), prepare: impl FnOnce(&TempDir)) -> Self {
        Self::start_at(change, prepare, true).await
    }

    async fn start_at(change: impl FnOnce(&mut Settings), prepare: impl FnOnce(&TempDir), reachable: bool) -> Self {
        let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
        let folder = TempDir::new().unwrap();
        let mut settings = settings(&simulator, &folder);
        change(&mut settings);
        prepare(&folder);
        let listener = listen(&settings.http).unwrap();
        settings.http.port = listener.local_addr().unwrap().port();
        let base = format!("http://127.0.0.1:{}", settings.http.port);
        settings.http.public_base_url = reachable.then(|| base.parse().unwrap());
        let running = Running::start(settings, Arc::new(SystemClock)).await.unwrap();
        let server = running.serve(listener, false).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let callback = format!("{base}{WEBHOOK}");
        simulator.configure(|config| {
            config.meta.app.callback_url = Some(callback);
            config.twilio.set_voice_url(&format!("{base}{VOICE_WEBHOOK}"));
            config.twilio.set_call_status_url(&format!("{base}{VOICE_WEBHOOK}"));
            config.twilio.set_messaging_url(&format!("{base}{SMS_WEBHOOK}"));
        });
        Self { simulator, running, base, _folder: folder, handle, client: ReqwestTransport::ring().unwrap() }
    }

    /// Asks the HTTP server to stop, as a signal does, and waits until it has.
    pub async fn ask_to_stop(&self) {
        self.running.stop_serving(&self.handle).await;
    }

    /// A token of a user.
    pub fn token(&self, user: &str, role: Role, organization: Option<&str>) -> String {
        let identity = Identity { user: user.into(), role, organization: organization.map(Into::into) };
        self.running.state.tokens.issue(&identity, HOUR).unwrap()
    }

    pub fn seller(&self) -> Client<'_> {
        self.client(&self.token("7", Role::Seller, None))
    }

    pub fn admin(&self) -> Client<'_> {
        self.client(&self.token("1", Role::Admin, None))
    }

    pub fn client(&self, token: &str) -> Client<'_> {
        self.nobody().with("authorization", &format!("Bearer {token}"))
    }

    pub fn nobody(&self) -> Client<'_> {
        Client { server: self, headers: Vec::new() }
    }

    /// A webhook signed with the app secret.
    pub async fn webhook(&self, body: &[u8]) -> Answer {
        let secret = Secret::from(APP_SECRET);
        let signed = format!("sha256={}", signature::hmac_sha256_hex(&secret, body));
        let client = self.nobody().with("x-hub-signature-256", &signed);
        client.send(Method::POST, WEBHOOK, Some(body)).await
    }

    /// A webhook that Twilio signed.
    pub async fn twilio(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let signature = twilio_signature(&format!("{}{path}", self.base), form);
        let client = self.nobody().with("x-twilio-signature", &signature);
        client.form(path, form).await
    }

    /// The customer writes; waits until the message is in the history.
    pub async fn customer_writes(&self, text: &str) -> Value {
        let customer = Customer::new(CUSTOMER).named("Ana");
        self.simulator.meta().inbound_text(PHONE_ID, &customer, text).unwrap();
        self.until(|rows| rows.iter().find(|row| row["contenido"] == text).cloned()).await
    }

    /// Looks at the history after each change of it, until there is what is looked for.
    pub async fn until<T>(&self, find: impl Fn(&[Value]) -> Option<T>) -> T {
        self.until_on(HISTORY, |answer| find(answer.data().as_array().map(Vec::as_slice).unwrap_or_default())).await
    }

    /// The same for any path.
    pub async fn until_on<T>(&self, path: &str, find: impl Fn(&Answer) -> Option<T>) -> T {
        let admin = self.admin();
        let mut news = self.running.state.repository.events_hint();
        let mut pulse = tokio::time::interval(Duration::from_millis(100));
        let search = async {
            loop {
                if let Some(found) = find(&admin.get(path).await) {
                    return found;
                }
                tokio::select! {
                    _ = news.changed() => {}
                    _ = pulse.tick() => {}
                }
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(found) => found,
            Err(_) => panic!("not found in time: {}", admin.get(path).await.text()),
        }
    }

    /// Waits until a message is in this state.
    pub async fn until_state(&self, message: &str, state: &str) -> Value {
        self.until(|rows| {
            let row = rows.iter().find(|row| row["mensaje_id"] == message)?;
            (row["estado"] == state).then(|| row.clone())
        })
        .await
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Client<'a> {
    server: &'a TestServer,
    headers: Vec<(HeaderName, String)>,
}

impl Client<'_> {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.parse().unwrap(), value.to_owned()));
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.with_json().send(Method::POST, path, Some(body.to_string().as_bytes())).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.with_json().send(Method::PUT, path, Some(body.to_string().as_bytes())).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&[u8]>) -> Answer {
        let url = format!("{}{path}", self.server.base).parse().unwrap();
        let mut request = Request::new(method, url);
        if let Some(body) = body {
            request.body = comms_http::Body::Bytes(body.to_vec().into());
        }
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value).unwrap();
        }
        let response = self.server.client.execute(request).await.unwrap();
        let (status, headers) = (response.status, response.headers);
        // A stream has no end to be read to.
        if headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
            return Answer { status, headers, bytes: Vec::new() };
        }
        let pieces: Vec<_> = response.body.try_collect().await.unwrap();
        Answer { status, headers, bytes: pieces.concat() }
    }

    /// A form.
    pub async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let client = self.clone().with("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        client.send(Method::POST, path, Some(encoded(form).as_bytes())).await
    }

    fn with_json(&self) -> Self {
        self.clone().with("content-type", "application/json")
    }
}

/// The paths of a value with what changes from run to run replaced, for snapshots.
pub fn masked(mut value: Value, changing: &[&str]) -> Value {
    mask(&mut value, changing);
    value
}

fn mask(value: &mut Value, changing: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if changing.contains(&name.as_str()) && !field.is_null() {
                    *field = "…".into();
                } else {
                    mask(field, changing);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, changing)),
        _ => {}
    }
}
