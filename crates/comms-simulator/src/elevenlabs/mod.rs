//! The double of ElevenLabs' agents: conversations, calls and batches of them, and the webhooks that follow.
//!
//! A second implementation of the contract that `elevenlabs-client` implements from the other side: they share no code about ElevenLabs,
//! so that a misreading of the documentation in one of them shows.

mod agents;
mod batches;
mod calls;
mod config;
mod control;
mod conversations;
mod endpoints;
mod error;
mod hooks;
mod script;
mod socket;
mod state;
mod talk;
mod texts;
mod view;
mod workspace;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;

pub use calls::PhoneCall;
pub use config::{
    AGENT_ID, AGENT_NAME, API_KEY, Agent, CLOSED_AGENT_ID, CallTiming, ElevenlabsConfig, Outcome, PHONE_NUMBER,
    PHONE_NUMBER_ID, Person, PhoneNumber, Role, Talk, Turn, WEBHOOK_SECRET,
};
pub(crate) use control::routes as controls;
pub use endpoints::endpoint_table;
pub use script::{Behaviour, Closer, Direction, Line, Manner, TextSession};
pub(crate) use socket::{PATH as SOCKET_PATH, serve as socket};

use crate::{
    core::Core,
    double::{Answer, Call, Double, SendRequest},
    faults::ProviderError,
    works::Works,
};
use error::ElevenlabsError;
use state::{Conversation, State};

/// A handle on the double of ElevenLabs. Clones share one double.
#[derive(Clone)]
pub struct Elevenlabs(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
    works: Works,
}

type Answered = Result<Answer, ElevenlabsError>;

impl Elevenlabs {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let works = Works::new(core.courier.clone());
        Self(Arc::new(Inner { core, state: Mutex::new(State::default()), works }))
    }

    /// Says what becomes of calls with somebody.
    pub fn set_person(&self, person: Person) {
        self.core().change_config(|config| config.elevenlabs.set_person(person));
    }

    /// The conversation as the API shows it.
    #[must_use]
    pub fn conversation(&self, id: &str) -> Option<Value> {
        self.state(|state| state.conversation(id).map(view::conversation))
    }

    /// Has the transcript of a conversation be deleted, as after the retention time; whether there is such a conversation.
    #[must_use]
    pub fn delete_transcript(&self, id: &str) -> bool {
        self.change(id, |one| one.transcript_deleted = true).is_some()
    }

    /// Waits until nothing is under way: no call, no webhook; whether that came within `limit`. Open sessions do not count.
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

    /// Changes a conversation, if it is still there.
    fn change<T>(&self, id: &str, act: impl FnOnce(&mut Conversation) -> T) -> Option<T> {
        self.state(|state| state.conversation_mut(id).map(act))
    }

    /// Notes something that ElevenLabs lets pass and that should not be.
    fn violation(&self, place: &str, what: impl Into<String>) {
        self.core().ledger.record_violation(self.core().now(), place, what);
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.works.begin(work);
    }

    /// Waits in real time; whether the simulator is still in the same life afterwards.
    async fn pause(&self, ms: u64) -> bool {
        self.0.works.pause(ms).await
    }

    /// An id as ElevenLabs makes them, for instance `conv_…`.
    fn fresh_id(&self, kind: &str) -> String {
        format!("{kind}_{}", &self.core().fresh().simple().to_string()[..28])
    }
}

impl Double for Elevenlabs {
    fn owns(&self, path: &str) -> bool {
        path.starts_with("/v1/convai/") || path.starts_with("/v1/workspace/")
    }

    fn endpoint(&self, call: &Call) -> Option<&'static str> {
        endpoints::find(call).map(|(endpoint, _)| endpoint.name)
    }

    fn handle(&self, call: &Call) -> Answer {
        endpoints::serve(self, call).unwrap_or_else(|error| error.answer())
    }

    fn error(&self, error: &ProviderError) -> Answer {
        let answer = ElevenlabsError::from(error).answer();
        match error.retry_after {
            Some(wait) => answer.header("Retry-After", wait.to_string()),
            None => answer,
        }
    }

    /// A call is what ElevenLabs sends.
    fn send_of(&self, call: &Call) -> Option<SendRequest> {
        if self.endpoint(call)? != "elevenlabs.calls.create" {
            return None;
        }
        let body = call.json().unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Some(SendRequest { account: text("agent_phone_number_id"), to: text("to_number"), callback_data: None })
    }

    fn sent_id(&self, answer: &Answer) -> Option<String> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        body["conversation_id"].as_str().map(str::to_owned)
    }

    fn reset(&self) {
        self.state(|state| *state = State::default());
    }
}

impl fmt::Debug for Elevenlabs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elevenlabs").finish_non_exhaustive()
    }
}
