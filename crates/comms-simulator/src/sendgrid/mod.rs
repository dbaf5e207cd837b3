//! The double of SendGrid: mails, suppressions, templates, and the webhooks of events and inbound mail.
//!
//! A second implementation of the contract that `sendgrid-client` implements from the other side: they share no code about SendGrid, so
//! that a misreading of the documentation in one of them shows.

mod checks;
mod config;
mod control;
mod endpoints;
mod error;
mod events;
mod inbound;
mod lists;
mod mail;
mod resources;
mod state;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use config::{
    API_KEY, EventDelays, GROUP_ID, Outcome, PARSE_DOMAIN, ParseHook, Recipient, SENDER, SENDER_DOMAIN, SIGNING_KEY,
    SendgridConfig, TEMPLATE_ID, WEBHOOK_KEY,
};
pub(crate) use control::routes as controls;
pub use endpoints::endpoint_table;
pub use inbound::{File, Mail};

use crate::{
    core::Core,
    courier::Delivery,
    double::{Answer, Call, Double, SendRequest},
    faults::ProviderError,
    works::Works,
};
use error::SendgridError;
use state::State;

/// The custom argument by which a caller knows its mails again.
const CORRELATION: &str = "comms_message_id";

/// A handle on the double of SendGrid. Clones share one double.
#[derive(Clone)]
pub struct Sendgrid(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
    works: Works,
}

type Answered = Result<Answer, SendgridError>;

impl Sendgrid {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let works = Works::new(core.courier.clone());
        Self(Arc::new(Inner { core, state: Mutex::new(State::default()), works }))
    }

    /// Says what happens to mails to this address.
    pub fn set_recipient(&self, email: &str, outcome: Outcome) {
        self.core().change_config(|config| config.sendgrid.set_recipient(email, outcome));
    }

    /// Waits until nothing is under way: no event to come, no webhook; whether that came within `limit`.
    pub async fn settled(&self, limit: Duration) -> bool {
        self.0.works.settled(limit).await
    }

    fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    fn settings(&self) -> Arc<crate::Config> {
        self.core().config()
    }

    /// Runs `act` on the state. Keep it short: all calls share the lock.
    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.works.begin(work);
    }

    /// Waits in real time; whether the simulator is still in the same life afterwards.
    async fn pause(&self, ms: u64) -> bool {
        self.0.works.pause(ms).await
    }

    /// Delivers a webhook, as many copies of it as the policy says.
    async fn deliver(&self, delivery: &Delivery) {
        let policy = self.settings().webhooks.clone();
        for _ in 0..policy.copies.max(1) {
            self.core().courier.deliver(delivery, &policy, None).await;
        }
    }

    /// An id as SendGrid makes them: 22 characters.
    fn fresh_id(&self) -> String {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(self.core().fresh().as_bytes())
    }
}

impl Double for Sendgrid {
    fn owns(&self, path: &str) -> bool {
        path.starts_with("/v3/")
    }

    fn endpoint(&self, call: &Call) -> Option<&'static str> {
        endpoints::find(call).map(|(endpoint, _)| endpoint.name)
    }

    fn handle(&self, call: &Call) -> Answer {
        endpoints::serve(self, call).unwrap_or_else(|error| error.answer())
    }

    fn error(&self, error: &ProviderError) -> Answer {
        let mut answer = SendgridError::from(error).answer();
        if let Some(wait) = error.retry_after {
            // SendGrid names the time at which the quota begins anew, by its own clock.
            let now = self.core().now();
            let reset = now.unix_timestamp() + i64::try_from(wait).unwrap_or_default();
            let date = now.format(&time::format_description::well_known::Rfc2822).unwrap_or_default();
            answer = answer
                .header("Date", date.replace("+0000", "GMT"))
                .header("X-RateLimit-Limit", "500")
                .header("X-RateLimit-Remaining", "0")
                .header("X-RateLimit-Reset", reset.to_string());
        }
        answer
    }

    fn send_of(&self, call: &Call) -> Option<SendRequest> {
        if self.endpoint(call)? != "sendgrid.mail.send" {
            return None;
        }
        let body = call.json().unwrap_or_default();
        let text = |pointer: &str| body.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
        let argument = |place: &str| text(&format!("{place}/custom_args/{CORRELATION}"));
        Some(SendRequest {
            account: text("/from/email").unwrap_or_default(),
            to: text("/personalizations/0/to/0/email").unwrap_or_default(),
            callback_data: argument("/personalizations/0").or_else(|| argument("")),
        })
    }

    fn sent_id(&self, answer: &Answer) -> Option<String> {
        let mut headers = answer.headers.iter();
        headers.find(|(name, _)| name == mail::MESSAGE_ID).map(|(_, value)| value.clone())
    }

    fn reset(&self) {
        self.state(|state| *state = State::default());
    }
}

impl fmt::Debug for Sendgrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sendgrid").finish_non_exhaustive()
    }
}
