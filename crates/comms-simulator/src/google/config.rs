//! Google's side as data: OAuth clients, mailboxes, service accounts, topics, quotas, people.

use serde::{Deserialize, Serialize};

use crate::Refused;

/// The settings of the double of Google.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GoogleConfig {
    /// The OAuth clients of the project.
    pub clients: Vec<OAuthClient>,
    /// The mailboxes that exist.
    pub mailboxes: Vec<Mailbox>,
    /// Access tokens that are good from the start and do not end.
    pub tokens: Vec<GivenToken>,
    /// Grants that are there from the start, by their refresh tokens.
    pub grants: Vec<GivenGrant>,
    /// The service accounts of the project.
    pub service_accounts: Vec<ServiceAccount>,
    /// How OAuth behaves.
    pub oauth: OAuthPolicy,
    /// The topics of Pub/Sub and who is pushed to.
    pub topics: Vec<Topic>,
    /// How pushes travel.
    pub push: PushPolicy,
    /// What may be asked how often.
    pub quota: Quota,
    /// How a mailbox behaves.
    pub mail: MailPolicy,
    /// People outside who answer, or whose mailbox does not exist.
    pub people: Vec<Correspondent>,
}

/// An OAuth client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuthClient {
    /// `….apps.googleusercontent.com`.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The name on the consent page.
    pub name: String,
    /// Where browsers may be sent back to, letter by letter. Any address of this machine where empty.
    pub redirect_uris: Vec<String>,
}

/// Somebody who has an account at Google: their mail, their tokens, what they permitted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mailbox {
    /// Its address.
    pub address: String,
    /// The name of its owner.
    pub name: String,
    /// Further addresses that it may send as.
    pub aliases: Vec<Alias>,
}

/// An address that a mailbox may send as.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alias {
    /// The address.
    pub address: String,
    /// The name.
    pub name: String,
    /// Whether its owner has agreed; until then it cannot be sent as.
    pub accepted: bool,
}

/// An access token that does not end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenToken {
    /// The token.
    pub token: String,
    /// Whose mailbox it opens.
    pub account: String,
    /// The scopes.
    pub scopes: Vec<String>,
}

/// A grant that was given before the simulator started.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenGrant {
    /// The refresh token.
    pub refresh_token: String,
    /// To which OAuth client.
    pub client_id: String,
    /// Whose mailbox it opens.
    pub account: String,
    /// The scopes.
    pub scopes: Vec<String>,
}

/// A program with a key of its own, which may act for people of its domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceAccount {
    /// Its address.
    pub email: String,
    /// Its public key: the RSA key of PKCS #1, DER as base64.
    pub public_key: String,
    /// The scopes that the administrator has delegated to it, letter by letter.
    pub delegated: Vec<String>,
    /// Whether it was switched off.
    pub disabled: bool,
}

/// How OAuth behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuthPolicy {
    /// How long an access token lives, in seconds.
    pub token_seconds: i64,
    /// How long a code works, in seconds.
    pub code_seconds: i64,
    /// How long a grant lasts, in seconds: the app is in testing, or access was given for a time. For good where absent.
    pub grant_seconds: Option<i64>,
    /// Whether each refresh brings another refresh token, which ends the former one.
    pub rotate: bool,
    /// Whether `expires_in` is written as text, as Google has done.
    pub seconds_as_text: bool,
    /// What every consent is refused with, for instance `admin_policy_enforced` or `org_internal`.
    pub refuse: Option<String>,
}

/// A topic of Pub/Sub.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    /// `projects/…/topics/…`.
    pub name: String,
    /// Who is pushed to.
    pub subscriptions: Vec<Subscription>,
}

/// A push subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// `projects/…/subscriptions/…`.
    pub name: String,
    /// Where it pushes to; nowhere where absent.
    pub endpoint: Option<String>,
    /// The audience of its tokens; the endpoint where absent.
    pub audience: Option<String>,
    /// The service account in whose name Google signs.
    pub service_account: String,
    /// Whether the message is pushed within Pub/Sub's envelope.
    pub wrapped: bool,
}

/// How pushes travel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushPolicy {
    /// How likely a push is lost, from 0 to 1.
    pub lost: f64,
    /// How long a push takes, in milliseconds.
    pub delay_ms: u64,
    /// How long pushes are collected before they go out in a random order, in milliseconds; 0: each at once, in order.
    pub shuffle_ms: u64,
    /// How many times each is pushed.
    pub copies: u32,
    /// Pushes of one mailbox that come closer than this are dropped, in milliseconds of the simulator's clock. Google's own is 1,000.
    pub interval_ms: u64,
    /// How long after a change the history shows it, in milliseconds of the simulator's clock: pushes come before it.
    pub history_lag_ms: u64,
}

/// What may be asked how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// The units of one mailbox in a minute.
    pub units_per_minute: u32,
    /// Whether the project began after 1 May 2026: some calls cost more.
    pub since_2026_may: bool,
    /// How a call beyond it is refused: `text` (429 with a time in its text), `metric_403`, `metric_429`, `exhausted`, or `any` in turn.
    pub refusal: String,
    /// Messages that a mailbox may send in a day; 429 with a time in its text beyond.
    pub sends_per_day: u32,
}

/// How a mailbox behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailPolicy {
    /// Whether a send puts another `Message-ID` in the place of the given one.
    pub replace_message_id: bool,
    /// How long after its arrival a search finds a message, in milliseconds of the simulator's clock.
    pub search_lag_ms: u64,
    /// How many recipients a message may have.
    pub recipients: usize,
    /// How many changes the history remembers; what is older is forgotten (404).
    pub history_length: usize,
    /// How long an attachment id works, in seconds.
    pub attachment_seconds: i64,
}

/// Somebody outside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Correspondent {
    /// The address.
    pub address: String,
    /// The name.
    pub name: String,
    /// What is answered to each mail; nothing where absent.
    pub answer: Option<String>,
    /// How long that takes, in milliseconds.
    pub answer_ms: u64,
    /// Whether the mailbox does not exist: the postmaster writes back.
    pub bounces: bool,
}

impl GoogleConfig {
    /// Where every subscription pushes to.
    pub fn set_push_endpoint(&mut self, url: &str) {
        for subscription in self.topics.iter_mut().flat_map(|topic| &mut topic.subscriptions) {
            subscription.endpoint = Some(url.to_owned());
        }
    }

    /// The audience of the tokens of every subscription.
    pub fn set_push_audience(&mut self, audience: &str) {
        for subscription in self.topics.iter_mut().flat_map(|topic| &mut topic.subscriptions) {
            subscription.audience = Some(audience.to_owned());
        }
    }

    /// The mailbox of this address.
    pub(crate) fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.address.eq_ignore_ascii_case(address))
    }

    pub(crate) fn known(&self, address: &str) -> Result<&Mailbox, Refused> {
        self.mailbox(address).ok_or_else(|| Refused::Invalid(format!("no mailbox has the address {address:?}")))
    }

    pub(crate) fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    pub(crate) fn person(&self, address: &str) -> Option<&Correspondent> {
        self.people.iter().find(|person| person.address.eq_ignore_ascii_case(address))
    }
}
