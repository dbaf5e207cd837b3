//! Who uses the servers while they are being killed: users who send, and people who write to them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use fastrand::Rng;
use serde_json::{Value, json};

use super::stand::{self, Stand};

/// Users who send at once.
const USERS: u64 = 6;
/// People who have written on WhatsApp, so that they may be written to.
pub(super) const PEOPLE: u64 = 150;
/// How long a user goes on with a request that is not answered.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long one request may take, in seconds.
const ANSWER: u64 = 20;
/// A small picture: the first bytes of a PNG.
const PICTURE: &str = "iVBORw0KGgo=";

/// What a user sent, and what they were told.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    /// Unlike every other one.
    pub(super) text: String,
    /// Whether it may arrive twice.
    pub(super) twice: bool,
    pub(super) told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is taken, whatever becomes of it.
    Taken,
    /// It is refused, and nothing is stored.
    Refused,
    /// Nothing: the answer was cut, or said that the server cannot tell now.
    Nothing,
}

/// Everybody, until they are asked to stop.
pub(super) struct People {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    users: Vec<JoinHandle<Result<Vec<Sending>>>>,
    writers: Vec<JoinHandle<()>>,
}

impl People {
    /// Lets each person write once, waits until that is acknowledged, then lets everybody begin.
    pub(super) fn begin(stand: &Stand<'_>, seed: u64) -> Result<Self> {
        for person in 0..PEOPLE {
            stand.control("inbound", &from_meta(person, json!({"type": "text", "body": "hola"})))?;
        }
        let acknowledged = || Ok(open_webhooks(&stand.ledger("webhooks")?) == 0);
        crate::shell::wait_until("the first messages", Duration::from_secs(60), acknowledged)?;
        let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let users = (0..USERS).map(|user| {
            let mut user = User {
                name: format!("{seed:x}-{user}"),
                urls: stand.urls(),
                token: stand.token.clone(),
                random: Rng::with_seed(seed ^ user),
                stop: Arc::clone(&stop),
                answers: Arc::clone(&answers),
            };
            thread::spawn(move || user.work())
        });
        let users = users.collect();
        let (simulator, stopped, random) = (stand.simulator(), Arc::clone(&stop), Rng::with_seed(seed));
        let writers = vec![thread::spawn(move || write(&simulator, &stopped, random))];
        Ok(Self { stop, answers, users, writers })
    }

    /// How many requests were answered with success so far.
    pub(super) fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// Waits until so many more are answered.
    pub(super) fn wait_for_more(&self, count: usize) -> Result<()> {
        let enough = self.answers() + count;
        crate::shell::wait_until("more answers", PATIENCE, || Ok(self.answers() >= enough))
    }

    /// Lets everybody finish what they are at. What the users sent.
    pub(super) fn finish(mut self) -> Result<Vec<Sending>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for user in self.users.drain(..) {
            all.append(&mut user.join().map_err(|_| anyhow!("a user broke off"))??);
        }
        for writer in self.writers.drain(..) {
            writer.join().map_err(|_| anyhow!("a person broke off"))?;
        }
        Ok(all)
    }
}

/// A scenario that cannot go on leaves nobody behind.
impl Drop for People {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct User {
    name: String,
    urls: Vec<String>,
    token: String,
    random: Rng,
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
}

impl User {
    fn work(&mut self) -> Result<Vec<Sending>> {
        let mut sent = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let text = format!("soak {}-{}", self.name, sent.len());
            let sending = self.send(text)?;
            sent.push(sending);
            thread::sleep(Duration::from_millis(self.random.u64(5..40)));
        }
        Ok(sent)
    }

    /// Sends one message: by either channel, in either mode, with a key or without. Under a key the request is repeated until it is
    /// answered, and sometimes once more, which must not change anything.
    fn send(&mut self, text: String) -> Result<Sending> {
        let twice = self.random.u8(..4) == 0;
        let key = (self.random.u8(..3) > 0).then(|| text.replace(' ', "-"));
        let person = self.random.u64(..PEOPLE);
        let mode = if twice { "al_menos_una_vez" } else { "una_vez" };
        let (path, body) = if self.random.u8(..6) == 0 {
            ("sms/enviar", json!({"hacia": format!("+{}", number(person)), "mensaje": text, "entrega": mode}))
        } else {
            ("whatsapp/enviar", json!({"telefono": number(person), "mensaje": text, "entrega": mode}))
        };
        let began = Instant::now();
        loop {
            let (told, id) = self.ask(path, &body, key.as_deref());
            if told == Told::Nothing && key.is_some() && began.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(self.random.u64(20..200)));
                continue;
            }
            if told == Told::Taken && key.is_some() && self.random.u8(..10) == 0 {
                let (again, other) = self.ask(path, &body, key.as_deref());
                let same = again != Told::Taken || other == id;
                anyhow::ensure!(same, "{text}: another message under the same key: {id:?}, {other:?}");
            }
            return Ok(Sending { text, twice, told });
        }
    }

    /// One request: what it tells, and the message's id.
    fn ask(&mut self, path: &str, body: &Value, key: Option<&str>) -> (Told, Option<String>) {
        let server = self.random.usize(..self.urls.len());
        let mut request = minreq::post(format!("{}/api/comunicaciones/{path}", self.urls[server]))
            .with_header("Content-Type", "application/json")
            .with_header("Authorization", format!("Bearer {}", self.token))
            .with_body(body.to_string())
            .with_timeout(ANSWER);
        if let Some(key) = key {
            request = request.with_header("Idempotency-Key", key);
        }
        let Ok(answer) = request.send() else {
            return (Told::Nothing, None);
        };
        let said: Value = serde_json::from_slice(answer.as_bytes()).unwrap_or_default();
        let id = [&said["data"]["mensaje_id"], &said["details"]["mensaje_id"]].into_iter().find_map(Value::as_str);
        match (answer.status_code, id) {
            (_, Some(id)) => {
                self.answers.fetch_add(1, Ordering::Relaxed);
                (Told::Taken, Some(id.to_owned()))
            }
            (500.., None) => (Told::Nothing, None),
            _ => (Told::Refused, None),
        }
    }
}

/// People write until they are asked to stop. What of it arrives is in the simulator's ledger.
fn write(simulator: &str, stop: &AtomicBool, mut random: Rng) {
    while !stop.load(Ordering::Relaxed) {
        let person = random.u64(..PEOPLE);
        let written = match random.u8(..5) {
            0 => {
                let message = json!({"from": format!("+{}", number(person)), "to": "+15005550006", "body": "buenas"});
                stand::post(&format!("{simulator}/_simulator/twilio/inbound-message"), &message)
            }
            1 => {
                let picture = json!({"type": "media", "kind": "image", "data": PICTURE, "mime_type": "image/png"});
                stand::post(&format!("{simulator}/_simulator/inbound"), &from_meta(person, picture))
            }
            _ => {
                let text = json!({"type": "text", "body": "sigo aquí"});
                stand::post(&format!("{simulator}/_simulator/inbound"), &from_meta(person, text))
            }
        };
        if let Err(error) = written
            && !stop.load(Ordering::Relaxed)
        {
            eprintln!("the simulator: {error:#}");
        }
        thread::sleep(Duration::from_millis(random.u64(5..40)));
    }
}

/// How many of Meta's webhooks are neither acknowledged nor given up.
pub(super) fn open_webhooks(webhooks: &[Value]) -> usize {
    let meta = webhooks.iter().filter(|hook| hook["url"].as_str().is_some_and(|url| url.ends_with("/whatsapp")));
    meta.filter(|hook| hook["acked_at"].is_null() && hook["given_up"] == false).count()
}

fn from_meta(person: u64, content: Value) -> Value {
    json!({"from": {"wa_id": number(person)}, "content": content})
}

/// A Spanish mobile number.
pub(super) fn number(person: u64) -> String {
    format!("346{:08}", 10_000_000 + person)
}

/// The processed sends among the simulator's, by the text that they carried.
pub(super) fn arrivals(sends: &[Value]) -> Result<std::collections::BTreeMap<String, usize>> {
    let mut arrived = std::collections::BTreeMap::new();
    for send in sends.iter().filter(|send| send["processed"] == true) {
        let body = &send["body"];
        let text = [&body["text"]["body"], &body["Body"]].into_iter().find_map(Value::as_str);
        let text = text.with_context(|| format!("a send without text: {body}"))?;
        *arrived.entry(text.to_owned()).or_default() += 1;
    }
    Ok(arrived)
}
