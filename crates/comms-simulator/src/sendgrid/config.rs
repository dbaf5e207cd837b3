//! SendGrid's side as data: keys, senders, recipients, where webhooks go.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The API key of the default configuration.
pub const API_KEY: &str = "SG.simulated-api-key";
/// A sender that SendGrid has verified: the whole domain is.
pub const SENDER: &str = "ventas@example.org";
/// The domain of it.
pub const SENDER_DOMAIN: &str = "example.org";
/// The domain whose mail is posted.
pub const PARSE_DOMAIN: &str = "entrada.example.org";
/// A dynamic template with one placeholder.
pub const TEMPLATE_ID: &str = "d-00000000000000000000000000000001";
/// The group of unsubscribing.
pub const GROUP_ID: i64 = 7;
/// The public half of the key that webhooks are signed with, as SendGrid shows it.
pub const WEBHOOK_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQYrjXtfZAjuuLqVCHSp2gAywtX1lw8xTDI11uTaWp+dxi+PFpfMJCkwnaWKuPZRTr5CNp/1shNbghJB+P+luNg==";
/// The other half (PKCS #8 in base64): made for this simulator, and good for nothing else.
pub const SIGNING_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0PeXhttfWq6tNRTuQSy0VYYDFOuOSlvGe+apaScFZA+hRANCAARBiuNe19kCO64upUIdKnaADLC1fWXDzFMMjXW5Npan53GL48Wl8wkKTCdpYq49lFOvkI2n/WyE1uCEkH4/6W42";

/// The settings of the double of SendGrid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SendgridConfig {
    /// The keys that may do everything.
    pub api_keys: Vec<String>,
    /// The addresses and domains that may be sent from.
    pub senders: Vec<String>,
    /// Where events go.
    pub event_url: Option<String>,
    /// Where the mail of which domain goes.
    pub parse: Vec<ParseHook>,
    /// The private key that webhooks are signed with; `None` signs nothing.
    pub signing_key: Option<String>,
    /// People with something special. To every other the [usual thing](Self::outcome) happens.
    pub recipients: Vec<Recipient>,
    /// What happens to a mail.
    pub outcome: Outcome,
    /// When its events follow.
    pub delays: EventDelays,
    /// How many mails may still be sent; any number where absent.
    pub credits: Option<u64>,
    /// The templates.
    pub templates: Vec<Value>,
}

/// Where the mail of a domain goes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParseHook {
    /// The domain.
    pub hostname: String,
    /// Where its mail is posted to.
    pub url: String,
    /// Whether as it was transmitted.
    pub send_raw: bool,
}

/// Somebody whom mails are sent to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The address.
    pub email: String,
    /// What happens to mails to them.
    pub outcome: Outcome,
}

/// What happens to a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is delivered.
    #[default]
    Delivered,
    /// It is delivered and opened.
    Opened,
    /// It is delivered; a program opens it, and nobody.
    MachineOpened,
    /// It is delivered, opened, and a link in it is followed.
    Clicked,
    /// The server wants it later, and takes it then.
    Deferred,
    /// The server refuses it for good. The next one is dropped.
    Bounced,
    /// The server refuses it for now.
    Blocked,
    /// It is taken, and nothing is heard of it.
    Silent,
    /// It is delivered and reported as spam. The next one is dropped.
    SpamReport,
    /// It is delivered, and its reader unsubscribes from everything. The next one is dropped.
    Unsubscribe,
    /// It is delivered, and its reader leaves its group. The next one of that group is dropped.
    GroupUnsubscribe,
    /// The address is none: it is dropped.
    Invalid,
}

/// When events follow, in milliseconds after the mail was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventDelays {
    /// `processed`, and `dropped`.
    pub processed_ms: u64,
    /// `delivered`, `bounce`, `deferred`.
    pub delivered_ms: u64,
    /// What people do.
    pub engaged_ms: u64,
}

impl Default for EventDelays {
    fn default() -> Self {
        Self { processed_ms: 5, delivered_ms: 15, engaged_ms: 30 }
    }
}

impl Default for SendgridConfig {
    fn default() -> Self {
        Self {
            api_keys: vec![API_KEY.to_owned()],
            senders: vec![SENDER_DOMAIN.to_owned()],
            event_url: None,
            parse: Vec::new(),
            signing_key: Some(SIGNING_KEY.to_owned()),
            recipients: Vec::new(),
            outcome: Outcome::Delivered,
            delays: EventDelays::default(),
            credits: None,
            templates: vec![template()],
        }
    }
}

impl SendgridConfig {
    /// Has events posted here.
    pub fn set_event_url(&mut self, url: &str) {
        self.event_url = Some(url.to_owned());
    }

    /// Has the mail of a domain posted here, as it was transmitted or taken apart.
    pub fn set_parse_url(&mut self, hostname: &str, url: &str, send_raw: bool) {
        self.parse.retain(|hook| hook.hostname != hostname);
        self.parse.push(ParseHook { hostname: hostname.to_owned(), url: url.to_owned(), send_raw });
    }

    /// Adds somebody, or changes what happens to mails to them.
    pub fn set_recipient(&mut self, email: &str, outcome: Outcome) {
        self.recipients.retain(|one| !one.email.eq_ignore_ascii_case(email));
        self.recipients.push(Recipient { email: email.to_owned(), outcome });
    }

    pub(super) fn outcome_of(&self, email: &str) -> Outcome {
        let known = self.recipients.iter().find(|one| one.email.eq_ignore_ascii_case(email));
        known.map_or(self.outcome, |one| one.outcome)
    }

    pub(super) fn may_send(&self, from: &str) -> bool {
        let domain = from.rsplit('@').next().unwrap_or_default();
        self.senders.iter().any(|sender| sender.eq_ignore_ascii_case(from) || sender.eq_ignore_ascii_case(domain))
    }
}

fn template() -> Value {
    json!({
        "id": TEMPLATE_ID, "name": "pedido", "generation": "dynamic", "updated_at": "2026-11-01 10:00:00",
        "versions": [{
            "id": "00000000-0000-4000-8000-000000000001", "template_id": TEMPLATE_ID, "active": 1, "name": "uno",
            "subject": "Su pedido {{pedido}}", "html_content": "<p>Hola {{nombre}}</p>", "plain_content": "Hola {{nombre}}",
            "generate_plain_content": false, "test_data": "{\"nombre\":\"Ana\",\"pedido\":\"A-1001\"}", "updated_at": "2026-11-01 10:00:00",
        }],
    })
}
