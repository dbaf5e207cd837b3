//! Twilio's side as data: accounts, keys, numbers, senders, services, applications, templates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::people::Contact;

/// The settings of the double of Twilio.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwilioConfig {
    /// The accounts and sub-accounts.
    pub accounts: Vec<Account>,
    /// People and browsers with something special. Every other number answers calls and gets messages; a browser that
    /// is not here is not registered.
    pub contacts: Vec<Contact>,
    /// When the statuses of a message follow.
    pub messages: MessageDelays,
    /// How calls pass.
    pub calls: CallProfile,
    /// How webhooks travel.
    pub hooks: HookPolicy,
    /// How many bytes of media are kept; the oldest go first.
    pub media_capacity: usize,
}

/// An account or sub-account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// `AC…`.
    pub sid: String,
    /// The token that signs webhooks and opens the REST API.
    pub auth_token: String,
    /// The name.
    pub friendly_name: String,
    /// The account above, for a sub-account.
    pub owner_sid: Option<String>,
    /// Whether the credentials are test credentials: only magic numbers, no webhooks.
    pub test: bool,
    /// Whether media and recordings ask for credentials.
    pub media_auth: bool,
    /// The API keys.
    pub api_keys: Vec<ApiKey>,
    /// The numbers.
    pub numbers: Vec<Number>,
    /// The WhatsApp senders.
    pub whatsapp_senders: Vec<WhatsAppSender>,
    /// The messaging services.
    pub services: Vec<MessagingService>,
    /// The TwiML apps.
    pub applications: Vec<Application>,
    /// The content templates.
    pub contents: Vec<ContentTemplate>,
    /// Numbers of others that may be a caller id.
    pub verified_callers: Vec<String>,
}

/// An API key of the standard kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKey {
    /// `SK…`.
    pub sid: String,
    /// The secret.
    pub secret: String,
}

/// Where one kind of webhook goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hook {
    /// The address; nobody is asked where absent. May carry overrides in its fragment (`#rc=2&rp=5xx`).
    pub url: Option<String>,
    /// The HTTP method; POST where absent.
    pub method: Option<String>,
    /// The address that is asked when the first one fails.
    pub fallback_url: Option<String>,
    /// Its HTTP method; POST where absent.
    pub fallback_method: Option<String>,
}

/// A phone number of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Number {
    /// `PN…`.
    pub sid: String,
    /// E.164, or a short code.
    pub number: String,
    /// The name.
    pub friendly_name: String,
    /// The country, two letters.
    pub country: String,
    /// Whether it takes calls.
    pub voice_enabled: bool,
    /// Whether it takes SMS and MMS.
    pub sms_enabled: bool,
    /// What a call to it asks.
    pub voice: Hook,
    /// What a message to it asks.
    pub sms: Hook,
    /// The TwiML app that answers calls instead.
    pub voice_application_sid: Option<String>,
    /// Where the end of a call to it is reported.
    pub status_callback: Option<String>,
    /// By which method; POST where absent.
    pub status_callback_method: Option<String>,
}

/// A WhatsApp sender.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatsAppSender {
    /// `XE…`.
    pub sid: String,
    /// The number, E.164 without prefix.
    pub number: String,
    /// What a message to it asks.
    pub inbound: Hook,
    /// Where statuses go, unless the send names another address.
    pub status_callback: Option<String>,
}

/// A messaging service with its pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessagingService {
    /// `MG…`.
    pub sid: String,
    /// The name.
    pub friendly_name: String,
    /// The numbers of the pool, E.164; WhatsApp senders with their prefix.
    pub senders: Vec<String>,
    /// What a message to a number of the pool asks.
    pub inbound: Hook,
    /// Whether the number's own hook is asked instead.
    pub use_inbound_webhook_on_number: bool,
    /// Where statuses go, unless the send names another address.
    pub status_callback: Option<String>,
    /// Whether `OptOutType` is told.
    pub advanced_opt_out: bool,
}

/// A TwiML app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// `AP…`.
    pub sid: String,
    /// The name.
    pub friendly_name: String,
    /// What a call of a browser asks.
    pub voice: Hook,
    /// Where the end of such a call is reported.
    pub status_callback: Option<String>,
    /// By which method; POST where absent.
    pub status_callback_method: Option<String>,
    /// What a message asks.
    pub sms: Hook,
    /// Where statuses of messages go.
    pub message_status_callback: Option<String>,
}

/// A content template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContentTemplate {
    /// `HX…`.
    pub sid: String,
    /// The name.
    pub friendly_name: String,
    /// The language.
    pub language: String,
    /// The variables with their examples.
    pub variables: BTreeMap<String, String>,
    /// The content by type, in Twilio's own form (`twilio/text` …).
    pub types: Map<String, Value>,
    /// What WhatsApp decided: `unsubmitted`, `received`, `pending`, `approved`, `rejected`, `paused`, `disabled`.
    pub approval: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: String,
}

/// When the statuses of a message follow, in milliseconds after the send.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessageDelays {
    /// `sent`.
    pub sent_ms: u64,
    /// `delivered`.
    pub delivered_ms: u64,
    /// `read`, on WhatsApp; it does not come where absent.
    pub read_ms: Option<u64>,
    /// `failed` and `undelivered`.
    pub failed_ms: u64,
    /// Whether statuses come in any order.
    pub shuffle: bool,
    /// How many times each status comes (1: once).
    pub copies: u32,
}

/// How calls pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallProfile {
    /// How many real milliseconds a second of a call takes. What is reported does not depend on it.
    pub second_ms: u64,
    /// Whether the callbacks of a call wait for its end and then come in any order.
    pub shuffle: bool,
    /// How many times each callback comes (1: once).
    pub copies: u32,
    /// How many documents one call may ask for before it is ended.
    pub max_documents: u32,
}

/// How webhooks travel. The fragment of an address overrides it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookPolicy {
    /// How long one webhook may take in all, in milliseconds.
    pub timeout_ms: u64,
    /// How large a document may be, in bytes.
    pub max_document: usize,
    /// Public addresses and where they are in truth: what begins with the key is called at the value. It is signed as
    /// written.
    pub routes: BTreeMap<String, String>,
}

impl Hook {
    /// A hook that posts to this address.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// With another address for when the first one fails.
    #[must_use]
    pub fn or_else(mut self, fallback_url: impl Into<String>) -> Self {
        self.fallback_url = Some(fallback_url.into());
        self
    }
}

impl TwilioConfig {
    /// Sends calls of every number and app to this address.
    pub fn set_voice_url(&mut self, url: &str) {
        for account in &mut self.accounts {
            for number in &mut account.numbers {
                number.voice.url = Some(url.to_owned());
            }
            for application in &mut account.applications {
                application.voice.url = Some(url.to_owned());
            }
        }
    }

    /// Reports the end of calls of every number and app to this address.
    pub fn set_call_status_url(&mut self, url: &str) {
        for account in &mut self.accounts {
            for number in &mut account.numbers {
                number.status_callback = Some(url.to_owned());
            }
            for application in &mut account.applications {
                application.status_callback = Some(url.to_owned());
            }
        }
    }

    /// Sends messages to every number, WhatsApp sender and service to this address.
    pub fn set_messaging_url(&mut self, url: &str) {
        for account in &mut self.accounts {
            let numbers = account.numbers.iter_mut().map(|number| &mut number.sms);
            let senders = account.whatsapp_senders.iter_mut().map(|sender| &mut sender.inbound);
            let services = account.services.iter_mut().map(|service| &mut service.inbound);
            for hook in numbers.chain(senders).chain(services) {
                hook.url = Some(url.to_owned());
            }
        }
    }

    /// The account with this SID.
    #[must_use]
    pub fn account(&self, sid: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.sid == sid)
    }

    /// The account and number with this E.164 number.
    pub(crate) fn number(&self, number: &str) -> Option<(&Account, &Number)> {
        self.accounts.iter().find_map(|account| Some((account, account.number(number)?)))
    }

    /// The account and WhatsApp sender with this number, without prefix.
    pub(crate) fn whatsapp_sender(&self, number: &str) -> Option<(&Account, &WhatsAppSender)> {
        self.accounts.iter().find_map(|account| Some((account, account.whatsapp_sender(number)?)))
    }
}

impl Account {
    pub(crate) fn number(&self, number: &str) -> Option<&Number> {
        self.numbers.iter().find(|own| own.number == number)
    }

    pub(crate) fn whatsapp_sender(&self, number: &str) -> Option<&WhatsAppSender> {
        self.whatsapp_senders.iter().find(|own| own.number == number)
    }

    pub(crate) fn service(&self, sid: &str) -> Option<&MessagingService> {
        self.services.iter().find(|own| own.sid == sid)
    }

    pub(crate) fn application(&self, sid: &str) -> Option<&Application> {
        self.applications.iter().find(|own| own.sid == sid)
    }

    /// Whether calls may show this number.
    pub(crate) fn may_show(&self, number: &str) -> bool {
        self.number(number).is_some() || self.verified_callers.iter().any(|verified| verified == number)
    }
}
