//! The double of Twilio: messages, calls, browsers, recordings, and the webhooks of all of them.
//!
//! A second implementation of the contract that the Twilio crates implement from the other side: they share no code
//! about Twilio, so a misreading of the documentation in one of them shows.

mod accounts;
mod auth;
mod browser;
mod calls;
mod config;
mod contents;
mod control;
mod converse;
mod dates;
mod defaults;
mod endpoints;
mod error;
mod hooks;
mod ids;
mod inbound;
mod inbound_fields;
mod media;
mod messages;
mod numbers;
mod paging;
mod params;
mod people;
mod recordings;
mod services;
mod state;
mod twiml;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;

pub use browser::BrowserCall;
pub use calls::InboundCall;
pub use config::{
    Account, ApiKey, Application, CallProfile, ContentTemplate, Hook, HookPolicy, MessageDelays, MessagingService,
    Number, TwilioConfig, WhatsAppSender,
};
pub(crate) use control::routes as controls;
pub use defaults::{
    ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, APPLICATION_SID, AUTH_TOKEN, CONTENT_SID, NUMBER, NUMBER_SID,
    PENDING_CONTENT_SID, SECOND_NUMBER, SERVICE_SID, SUBACCOUNT_AUTH_TOKEN, SUBACCOUNT_NUMBER, SUBACCOUNT_SID,
    TEST_ACCOUNT_SID, TEST_AUTH_TOKEN,
};
pub use endpoints::endpoint_table;
pub use inbound::{Button, File, InboundMessage, Location};
pub use people::{Contact, Delivery, Outcome, Reach, Script};

use crate::{
    core::Core,
    double::{Answer, Call, Double, SendRequest},
    faults::ProviderError,
    works::Works,
};
use config::Account as AccountConfig;
use error::TwilioError;
use params::Params;
use state::State;

/// A handle on the double of Twilio. Clones share one double.
#[derive(Clone)]
pub struct Twilio(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
    works: Works,
    /// Grows with every change of a message or call.
    changes: watch::Sender<u64>,
}

/// What an endpoint answers.
type Answered = Result<Answer, TwilioError>;

/// A call of the REST API whose credentials are good.
pub(crate) struct Request<'a> {
    call: &'a Call,
    account: AccountConfig,
    /// The ids of the path in their order, the account left out.
    ids: Vec<String>,
    params: Params,
}

impl Request<'_> {
    fn id(&self, place: usize) -> &str {
        self.ids.get(place).map_or("", String::as_str)
    }

    fn not_found(&self) -> TwilioError {
        TwilioError::not_found(&self.call.path)
    }
}

impl Twilio {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Arc::new(Inner {
            works: Works::new(core.courier.clone()),
            core,
            state: Mutex::new(State::default()),
            changes: watch::Sender::new(0),
        }))
    }

    /// Adds a person or a browser, or changes the one with this address.
    pub fn set_contact(&self, contact: Contact) {
        self.core().change_config(|config| config.twilio.set_contact(contact));
    }

    /// Waits until nothing is under way: no status to come, no call, no webhook; whether that came within `limit`.
    ///
    /// A call that [`holds`](Script::holds) is under way until it is hung up.
    pub async fn settled(&self, limit: Duration) -> bool {
        self.0.works.settled(limit).await
    }

    /// Waits until `condition` holds; whether it did within `limit`. It is asked again after every change of a message or
    /// call.
    pub async fn wait_until(&self, limit: Duration, mut condition: impl FnMut(&Self) -> bool) -> bool {
        let mut changes = self.0.changes.subscribe();
        let held = async {
            while !condition(self) {
                if changes.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(limit, held).await.unwrap_or(false)
    }

    /// Lets who waits look again.
    fn touch(&self) {
        self.0.changes.send_modify(|version| *version += 1);
    }

    fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    /// The settings in force.
    fn settings(&self) -> Arc<crate::Config> {
        self.core().config()
    }

    /// Runs `act` on the state. Keep it short: all calls share the lock.
    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes something that Twilio lets pass and that should not be.
    fn violation(&self, place: &str, what: impl Into<String>) {
        self.core().ledger.record_violation(self.core().now(), place, what);
    }

    /// Runs `work` beside the answers.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.works.begin(work);
    }

    /// Waits in real time; whether the simulator is still in the same life afterwards.
    async fn pause(&self, ms: u64) -> bool {
        self.0.works.pause(ms).await
    }
}

impl Double for Twilio {
    fn owns(&self, path: &str) -> bool {
        ["/2010-04-01/", "/v1/Services", "/v1/Content", "/twilio-media/"].iter().any(|start| path.starts_with(start))
    }

    fn endpoint(&self, call: &Call) -> Option<&'static str> {
        endpoints::find(call).map(|found| found.endpoint.name)
    }

    fn handle(&self, call: &Call) -> Answer {
        let xml = call.path.starts_with("/2010") && !call.path.ends_with(".json");
        endpoints::serve(self, call)
            .unwrap_or_else(|error| error.answer(xml))
            .header("Twilio-Request-Id", ids::sid(self.core(), "RQ"))
            .header("Twilio-Concurrent-Requests", "1")
            .header("Twilio-Request-Duration", "0.010")
    }

    fn error(&self, error: &ProviderError) -> Answer {
        TwilioError::from(error).answer(false).header("Twilio-Request-Id", ids::sid(self.core(), "RQ"))
    }

    fn send_of(&self, call: &Call) -> Option<SendRequest> {
        let name = self.endpoint(call)?;
        if !matches!(name, "twilio.messages.create" | "twilio.calls.create") {
            return None;
        }
        let params = Params::of(call);
        let from = params.get("From").or_else(|| params.get("MessagingServiceSid"));
        Some(SendRequest {
            account: from.unwrap_or_default().to_owned(),
            to: params.get("To").unwrap_or_default().to_owned(),
            callback_data: params.get("StatusCallback").and_then(correlation),
        })
    }

    fn sent_id(&self, answer: &Answer) -> Option<String> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        Some(body.get("sid")?.as_str()?.to_owned())
    }

    fn reset(&self) {
        let before = self.state(std::mem::take);
        // Calls that wait to be told something end.
        for (leg, orders) in before.orders {
            let order = calls::Order::HangUp { after: 0, status: "completed" };
            if orders.send(calls::Told { leg, order }).is_err() {
                tracing::debug!("the call ended by itself");
            }
        }
    }
}

/// The caller's own mark on the address of status callbacks.
fn correlation(url: &str) -> Option<String> {
    let (_, query) = url.split('#').next()?.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "message").map(|(_, value)| value.into_owned())
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").finish_non_exhaustive()
    }
}
