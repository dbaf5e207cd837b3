//! People whom an agent calls, and who then write on WhatsApp, while the server is being killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use fastrand::Rng;
use serde_json::{Value, json};

use super::stand::{self, Stand};

/// Who is called at once.
const AT_ONCE: u64 = 4;
/// How many messages are written one after the other.
pub(super) const BURST: usize = 3;
/// How long one thing is tried again while the server is away.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one request may take, in seconds: longer than the server takes to answer.
const ANSWER: u64 = 10;
/// The token of the back end that tells of calls.
pub(super) const SERVICE_TOKEN: &str = "an-invented-service-token";

/// Somebody who was called.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) phone: String,
    /// The call's conversation.
    pub(super) call: String,
    /// What they wrote, each unlike every other, with Twilio's id of it.
    pub(super) wrote: Vec<(String, String)>,
}

/// Everybody, until they are asked to stop.
pub(super) struct Callers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Vec<Called>>>>,
}

impl Callers {
    pub(super) fn begin(stand: &Stand<'_>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..AT_ONCE).map(|place| {
            let mut caller = Caller {
                place,
                server: stand.url(0),
                simulator: stand.simulator(),
                random: Rng::with_seed(seed ^ place),
                stop: Arc::clone(&stop),
            };
            thread::spawn(move || caller.work())
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// Lets everybody finish what they are at. Who was called.
    pub(super) fn finish(mut self) -> Result<Vec<Called>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for caller in self.threads.drain(..) {
            all.append(&mut caller.join().map_err(|_| anyhow!("a caller broke off"))??);
        }
        Ok(all)
    }
}

/// A scenario that cannot go on leaves nobody behind.
impl Drop for Callers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Caller {
    place: u64,
    server: String,
    simulator: String,
    random: Rng,
    stop: Arc<AtomicBool>,
}

impl Caller {
    fn work(&mut self) -> Result<Vec<Called>> {
        let mut all = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let phone = format!("+346{:02}{:06}", 20 + self.place, all.len());
            all.push(self.go_on_with(phone)?);
        }
        Ok(all)
    }

    /// A call ends and is told of, twice; its first message comes; then the person writes.
    fn go_on_with(&mut self, phone: String) -> Result<Called> {
        let call = stand::post(&format!("{}/_simulator/elevenlabs/call", self.simulator), &json!({"person": phone}))?;
        let call = call["conversation_id"].as_str().context("a call has a conversation")?.to_owned();
        for _ in 0..=self.random.u8(..2) {
            self.tell_of(&phone, &call)?;
        }
        self.wait_for_the_first_message(&phone)?;
        let mut wrote = Vec::new();
        for burst in 0..=self.random.usize(..2) {
            for message in 0..BURST {
                let text = format!("m-{}-{burst}-{message}", phone.trim_start_matches('+'));
                let inbound = json!({"from": format!("whatsapp:{phone}"), "to": "whatsapp:+15005550006", "body": text});
                let sent = stand::post(&format!("{}/_simulator/twilio/inbound-message", self.simulator), &inbound)?;
                wrote.push((text, sent["sid"].as_str().context("a message has an id")?.to_owned()));
                thread::sleep(Duration::from_millis(self.random.u64(..200)));
            }
            thread::sleep(Duration::from_millis(self.random.u64(..3_000)));
        }
        Ok(Called { phone, call, wrote })
    }

    /// The back end tells of a call until it is answered, as it does.
    fn tell_of(&self, phone: &str, call: &str) -> Result<()> {
        let recipient =
            json!({"id": "rcpt_soak", "phone_number": phone, "status": "completed", "conversation_id": call});
        let body = json!({
            "batch_id": "btcal_soak", "agent_id": "agent_0000sim00000000000000000001", "agent_name": "Ana",
            "recipient": recipient, "call_metadata": {"client_name": "Ana"},
        });
        let told = retried("a call that is told of", || {
            let request = minreq::post(format!("{}/api/call-completed", self.server));
            let request = request.with_header("Content-Type", "application/json").with_body(body.to_string());
            let answer = request.with_header("X-Service-Token", SERVICE_TOKEN).with_timeout(ANSWER).send().ok()?;
            (answer.status_code < 500).then_some(answer)
        })?;
        ensure!(told.status_code == 200, "{}: {}", told.status_code, told.as_str().unwrap_or_default());
        Ok(())
    }

    fn wait_for_the_first_message(&self, phone: &str) -> Result<()> {
        retried("the first message", || {
            let request = minreq::get(format!("{}/api/conversations/{phone}", self.server));
            let answer = request.with_header("X-Service-Token", SERVICE_TOKEN).with_timeout(ANSWER).send().ok()?;
            let conversation: Value = serde_json::from_slice(answer.as_bytes()).ok()?;
            let messages = conversation["conversation"]["messages"].as_array()?;
            messages.iter().any(|message| message["direction"] == "outbound").then_some(())
        })
    }
}

/// Tries until there is something.
fn retried<T>(what: &str, attempt: impl Fn() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return Ok(found);
        }
        ensure!(begun.elapsed() < PATIENCE, "{what} did not come in time");
        thread::sleep(Duration::from_millis(100));
    }
}
