//! The double of Google: OAuth 2, Gmail mailboxes, pushes of Pub/Sub, and people who write and answer.
//!
//! A second implementation of the contract that `gmail-client` implements from the other side: they share no code about
//! Google or about mail, so a misreading of the documentation in one of them shows.

mod api;
mod auth;
mod config;
mod control;
mod defaults;
mod endpoints;
mod error;
mod fields;
mod jwt;
mod letter;
mod mailbox;
mod mime;
mod oauth;
mod outgoing;
mod people;
mod push;
mod quota;
mod scopes;
mod search;
mod state;
mod view;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::watch;

pub use config::{
    Alias, Correspondent, GivenGrant, GivenToken, GoogleConfig, MailPolicy, Mailbox, OAuthClient, OAuthPolicy,
    PushPolicy, Quota, ServiceAccount, Subscription, Topic,
};
pub(crate) use control::routes as controls;
pub use defaults::{
    ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, MAILBOX, PUSH_ACCOUNT, REFRESH_TOKEN, SECOND_ACCESS_TOKEN, SECOND_MAILBOX,
    SECOND_REFRESH_TOKEN, SERVICE_ACCOUNT, TOPIC,
};
pub use endpoints::endpoint_table;
pub use letter::{File, Letter};
pub use oauth::consent::Decision;
pub use people::Stored;
pub use state::Accepted;

use crate::{
    core::Core,
    double::{Answer, Call, Double, SendRequest},
    faults::ProviderError,
};
use error::GoogleError;
use state::State;

/// A handle on the double of Google. Clones share one double.
#[derive(Clone)]
pub struct Google(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
    /// Grows with every change of a mailbox.
    changes: watch::Sender<u64>,
}

/// What an endpoint answers.
type Answered = Result<Answer, GoogleError>;

/// The key file of [`SERVICE_ACCOUNT`], as the console of Google Cloud hands it out. `token_uri` is where the simulator is.
#[must_use]
pub fn service_account_key(base_url: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "simulated",
        "private_key_id": "simulated-key",
        "private_key": jwt::Key::service_account().pem(),
        "client_email": SERVICE_ACCOUNT,
        "client_id": oauth::subject_of(SERVICE_ACCOUNT),
        "auth_uri": format!("{base_url}/o/oauth2/v2/auth"),
        "token_uri": format!("{base_url}/token"),
    })
}

impl Google {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Arc::new(Inner { core, state: Mutex::new(State::default()), changes: watch::Sender::new(0) }))
    }

    /// Waits until `condition` holds; whether it did within `limit`. It is asked again after every change of a mailbox.
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

    /// Pushes what changed, and lets who waits look again.
    fn changed(&self) {
        self.publish();
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

    /// Notes something that Google lets pass and that should not be.
    fn violation(&self, place: &str, what: impl Into<String>) {
        self.core().ledger.record_violation(self.core().now(), place, what);
    }

    /// A fresh id of 16 hexadecimal digits, as messages have.
    fn fresh_id(&self) -> String {
        let (high, _) = self.core().fresh().as_u64_pair();
        format!("{:016x}", high | 1 << 60)
    }
}

impl Double for Google {
    fn owns(&self, path: &str) -> bool {
        endpoints::owns(path)
    }

    fn endpoint(&self, call: &Call) -> Option<&'static str> {
        endpoints::name(call)
    }

    fn handle(&self, call: &Call) -> Answer {
        let answer = endpoints::serve(self, call).unwrap_or_else(|error| error.answer());
        self.changed();
        dated(answer, call)
    }

    fn error(&self, error: &ProviderError) -> Answer {
        let now = self.core().now();
        let answer = GoogleError::wanted(error, now).answer();
        answer.header("Date", http_date(now))
    }

    fn send_of(&self, call: &Call) -> Option<SendRequest> {
        let name = self.endpoint(call)?;
        let account = auth::bearer(call).and_then(|token| {
            let settings = self.settings();
            self.state(|state| state.token(&settings.google, &token, call.now)).map(|token| token.account)
        });
        api::send::request_of(call, name, account.unwrap_or_default())
    }

    fn sent_id(&self, answer: &Answer) -> Option<String> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        Some(body.get("id")?.as_str()?.to_owned())
    }

    fn reset(&self) {
        self.state(std::mem::take);
    }
}

/// The time of the answer is the simulator's: waits in texts are counted from it.
fn dated(answer: Answer, call: &Call) -> Answer {
    answer.header("Date", http_date(call.now))
}

fn http_date(at: time::OffsetDateTime) -> String {
    let form = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    at.to_offset(time::UtcOffset::UTC).format(&form).unwrap_or_default()
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google").finish_non_exhaustive()
    }
}
