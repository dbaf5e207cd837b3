//! What the simulator is told before and while it runs.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::{
    Refused, elevenlabs::ElevenlabsConfig, google::GoogleConfig, meta::MetaConfig, sendgrid::SendgridConfig,
    twilio::TwilioConfig,
};

/// The settings of a [`Simulator`](crate::Simulator). The default is ready for use.
///
/// Over HTTP a part of it is enough: what is not named stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on. Read at the start only.
    pub host: IpAddr,
    /// The port to listen on; 0 takes a free one. Read at the start only.
    pub port: u16,
    /// The base of the links that the simulator hands out (media, uploads); the address it listens on where absent.
    pub public_url: Option<String>,
    /// Makes ids, probabilities and shuffles repeat from run to run. Read at the start only.
    pub seed: Option<u64>,
    /// How many entries each list of the ledger keeps; the oldest go first.
    pub ledger_capacity: usize,
    /// How webhooks are delivered.
    pub webhooks: WebhookPolicy,
    /// The double of Meta.
    pub meta: MetaConfig,
    /// The double of Twilio.
    pub twilio: TwilioConfig,
    /// The double of Google.
    pub google: GoogleConfig,
    /// The double of SendGrid.
    pub sendgrid: SendgridConfig,
    /// The double of ElevenLabs.
    pub elevenlabs: ElevenlabsConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            public_url: None,
            seed: None,
            ledger_capacity: 100_000,
            webhooks: WebhookPolicy::default(),
            meta: MetaConfig::default(),
            twilio: TwilioConfig::default(),
            google: GoogleConfig::default(),
            sendgrid: SendgridConfig::default(),
            elevenlabs: ElevenlabsConfig::default(),
        }
    }
}

impl Config {
    /// This configuration with the fields of `patch` laid over it: objects merge, all else replaces.
    ///
    /// # Errors
    /// [`Refused::Invalid`] where the result names an unknown field or holds a value of the wrong kind.
    pub fn patched(&self, patch: &serde_json::Value) -> Result<Self, Refused> {
        let invalid = |error: serde_json::Error| Refused::Invalid(error.to_string());
        let mut value = serde_json::to_value(self).map_err(invalid)?;
        merge(&mut value, patch);
        serde_json::from_value(value).map_err(invalid)
    }
}

/// How webhooks are delivered: what the network and the provider do to them on the way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookPolicy {
    /// The waits between the attempts of one POST that is not answered 200, in milliseconds; the last one repeats.
    pub retry_ms: Vec<u64>,
    /// After how many attempts a POST is given up.
    pub max_attempts: u32,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// How many POSTs are under way at once.
    pub concurrency: usize,
    /// How many POSTs may wait; those beyond are dropped, counted by the ledger and logged.
    pub max_pending: usize,
    /// How many updates one POST may carry (Meta: up to 1000).
    pub batch: usize,
    /// How long updates are collected before they go out together or shuffled, in milliseconds.
    pub linger_ms: u64,
    /// How many times each POST is delivered (1: once).
    pub copies: u32,
    /// Whether updates that were collected together go out in a random order.
    pub shuffle: bool,
}

impl Default for WebhookPolicy {
    fn default() -> Self {
        Self {
            retry_ms: vec![50, 100, 200, 400, 800, 1_600, 5_000],
            max_attempts: 50,
            timeout_ms: 10_000,
            concurrency: 64,
            max_pending: 100_000,
            batch: 1,
            linger_ms: 0,
            copies: 1,
            shuffle: false,
        }
    }
}

/// Lays `patch` over `target`. A null is a value like another: that is how an absent setting is written.
fn merge(target: &mut serde_json::Value, patch: &serde_json::Value) {
    match (target, patch) {
        (serde_json::Value::Object(target), serde_json::Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(serde_json::Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}
