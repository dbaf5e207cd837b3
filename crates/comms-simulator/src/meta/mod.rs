//! The double of Meta: the WhatsApp Cloud API and its webhooks.
//!
//! A second implementation of the contract that `whatsapp-cloud` implements from the other side: the two share no code
//! about Meta, so a misreading of the documentation in one of them shows.

mod account;
mod auth;
mod blocks;
mod campaign;
mod config;
mod content;
mod customer;
mod defaults;
mod endpoints;
mod error;
mod identity;
mod ids;
mod inbound;
mod media;
mod messages;
mod outbox;
mod paging;
mod phones;
mod profile;
mod qr_codes;
mod state;
mod status;
mod subscriptions;
mod templates;
mod tokens;
mod uploads;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

pub use campaign::{CampaignPlan, CampaignProgress, CampaignReport};
pub use config::{AppConfig, Customer, MetaConfig, Phone, StatusProfile, Template, Token, Waba, WindowPolicy};
pub use content::{Content, MediaKind};
pub use customer::{CustomerRule, Reply};
pub use defaults::{
    ACCESS_TOKEN, APP_ID, APP_SECRET, EXPIRED_TOKEN, PHONE_ID, SECOND_PHONE_ID, TOKEN_WITHOUT_PERMISSION, VERIFY_TOKEN,
    WABA_ID,
};
pub use endpoints::endpoint_table;
pub use inbound::Inbound;
pub use status::Status;

use crate::{
    core::Core,
    double::{Answer, Call, Double, SendRequest},
    faults::ProviderError,
};
use campaign::Campaigns;
use error::GraphError;
use outbox::Outbox;
use state::State;

/// A handle on the double of Meta. Clones share one double.
#[derive(Clone)]
pub struct Meta(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    state: Mutex<State>,
    outbox: Outbox,
    campaigns: Campaigns,
}

/// What an endpoint answers.
type Answered = Result<Answer, GraphError>;

impl Meta {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Arc::new(Inner {
            core,
            state: Mutex::new(State::default()),
            outbox: Outbox::default(),
            campaigns: Campaigns::default(),
        }))
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
}

impl Double for Meta {
    fn owns(&self, _path: &str) -> bool {
        // Graph paths begin with an id of any form, so this double is asked last and takes what is left.
        true
    }

    fn endpoint(&self, call: &Call) -> Option<&'static str> {
        endpoints::find(self, call).map(|found| found.endpoint.name)
    }

    fn handle(&self, call: &Call) -> Answer {
        endpoints::serve(self, call)
            .unwrap_or_else(|error| error.answer(&ids::trace(self.core())))
            .header("x-fb-trace-id", ids::trace(self.core()))
    }

    fn error(&self, error: &ProviderError) -> Answer {
        GraphError::from(error).answer(&ids::trace(self.core()))
    }

    fn send_of(&self, call: &Call) -> Option<SendRequest> {
        let account = endpoints::path_segments(&call.path).strip_suffix(&["messages"])?.first()?.to_string();
        let body = call.json()?;
        let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
        if call.method != "POST" || body.get("status").is_some() {
            return None;
        }
        Some(SendRequest {
            account,
            to: text("to").or_else(|| text("recipient")).unwrap_or_default(),
            callback_data: text("biz_opaque_callback_data"),
        })
    }

    fn sent_id(&self, answer: &Answer) -> Option<String> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let id = body.pointer("/messages/0/id")?.as_str()?;
        Some(id.to_owned())
    }

    fn reset(&self) {
        self.0.outbox.clear();
        self.state(|state| *state = State::default());
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta").finish_non_exhaustive()
    }
}
