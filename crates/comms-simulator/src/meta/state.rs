//! What the double remembers between calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    config::{MetaConfig, Phone, Template, Waba},
    media::MediaStore,
    uploads::Upload,
};

/// How long after a customer's message free-form answers may go out.
pub(crate) const WINDOW: Duration = Duration::hours(24);
/// Conversations and people remembered; beyond it those that are over are forgotten.
const MAX_REMEMBERED: usize = 500_000;

/// The memory of the double. The configuration gives what things are; this is what became of them.
#[derive(Default)]
pub(crate) struct State {
    pub media: MediaStore,
    pub uploads: BTreeMap<String, Upload>,
    pub app_callback: Option<Callback>,
    templates: HashMap<String, Vec<Template>>,
    phones: HashMap<String, PhoneState>,
    wabas: HashMap<String, WabaState>,
    /// When a customer last wrote to a number.
    windows: HashMap<(String, String), OffsetDateTime>,
}

/// Where webhooks go instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub url: String,
    pub verify_token: String,
}

#[derive(Default)]
pub(crate) struct PhoneState {
    pub registered: bool,
    pub pin: Option<String>,
    pub verified: bool,
    pub code: Option<String>,
    pub profile: Map<String, Value>,
    pub username: Option<String>,
    pub callback: Option<Callback>,
    /// The numbers and user ids that are blocked.
    pub blocked: BTreeSet<String>,
    pub qr_codes: BTreeMap<String, String>,
}

pub(crate) struct WabaState {
    pub subscribed: bool,
    pub callback: Option<Callback>,
}

impl State {
    pub(crate) fn phone(&mut self, phone: &Phone) -> &mut PhoneState {
        self.phones.entry(phone.id.clone()).or_insert_with(|| PhoneState {
            registered: phone.registered,
            verified: phone.registered,
            ..PhoneState::default()
        })
    }

    pub(crate) fn waba(&mut self, id: &str) -> &mut WabaState {
        self.wabas.entry(id.to_owned()).or_insert(WabaState { subscribed: true, callback: None })
    }

    /// The templates of an account, those of the configuration to begin with.
    pub(crate) fn templates(&mut self, waba: &Waba) -> &mut Vec<Template> {
        self.templates.entry(waba.id.clone()).or_insert_with(|| waba.templates.clone())
    }

    /// Notes that a customer wrote.
    pub(crate) fn open_window(&mut self, phone: &str, person: &str, at: OffsetDateTime) {
        if self.windows.len() >= MAX_REMEMBERED {
            self.windows.retain(|_, opened| at - *opened < WINDOW);
            if self.windows.len() >= MAX_REMEMBERED {
                self.windows.clear();
            }
        }
        self.windows.insert((phone.to_owned(), person.to_owned()), at);
    }

    /// Whether a customer wrote within the last 24 hours.
    pub(crate) fn window_is_open(&self, phone: &str, person: &str, now: OffsetDateTime) -> bool {
        self.windows.get(&(phone.to_owned(), person.to_owned())).is_some_and(|opened| now - *opened < WINDOW)
    }
}

impl MetaConfig {
    pub(crate) fn phone(&self, id: &str) -> Option<&Phone> {
        let mut phones = self.wabas.iter().flat_map(|waba| &waba.phones);
        phones.find(|phone| phone.id == id)
    }

    pub(crate) fn waba(&self, id: &str) -> Option<&Waba> {
        self.wabas.iter().find(|waba| waba.id == id)
    }

    /// The account that a phone number belongs to.
    pub(crate) fn waba_of(&self, phone_id: &str) -> Option<&Waba> {
        self.wabas.iter().find(|waba| waba.phones.iter().any(|phone| phone.id == phone_id))
    }
}
