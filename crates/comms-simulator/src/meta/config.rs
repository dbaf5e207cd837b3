//! Meta's side as data: the app, its tokens, accounts, numbers, templates, customers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The settings of the double of Meta.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaConfig {
    /// The app that the callers use.
    pub app: AppConfig,
    /// The access tokens that exist; every other one is refused with error 190.
    pub tokens: Vec<Token>,
    /// The WhatsApp Business Accounts.
    pub wabas: Vec<Waba>,
    /// Customers with something special; every other number is on WhatsApp and has a made-up user id.
    pub customers: Vec<Customer>,
    /// What happens to a free-form message outside of the 24 hours.
    pub window: WindowPolicy,
    /// Which status webhooks follow a send, and when.
    pub statuses: StatusProfile,
    /// What the scripted customers answer.
    pub rules: Vec<crate::meta::CustomerRule>,
    /// How many bytes of media are kept; the oldest go first.
    pub media_capacity: usize,
    /// Whether identity fields of 2026 (`user_id`, `from_user_id` …) are in webhooks.
    pub user_ids: bool,
}

/// The app that owns the tokens and the webhook subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppConfig {
    /// The app id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The secret that signs webhooks.
    pub secret: String,
    /// The token of the verification call.
    pub verify_token: String,
    /// Where webhooks go unless an account or a number overrides it.
    pub callback_url: Option<String>,
}

/// An access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token.
    pub value: String,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it expires, in seconds after 1970; 0 is never.
    #[serde(default)]
    pub expires_at: i64,
}

/// A WhatsApp Business Account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waba {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The phone numbers.
    pub phones: Vec<Phone>,
    /// The templates.
    #[serde(default)]
    pub templates: Vec<Template>,
}

/// A phone number of a business.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// The id that paths carry.
    pub id: String,
    /// The number, digits only.
    pub number: String,
    /// The calling code of its country, digits only.
    pub country_code: String,
    /// The display name.
    pub verified_name: String,
    /// Whether it is registered at the start.
    #[serde(default = "yes")]
    pub registered: bool,
}

/// A message template.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The id; made up where empty.
    #[serde(default)]
    pub id: String,
    /// The name.
    pub name: String,
    /// The language, for instance `en_US`.
    pub language: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    pub category: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`.
    #[serde(default = "approved")]
    pub status: String,
    /// `POSITIONAL` or `NAMED`.
    #[serde(default = "positional")]
    pub parameter_format: String,
    /// The components in Meta's own form.
    pub components: Vec<Value>,
}

/// A person on the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customer {
    /// The WhatsApp number, digits only; absent for a person who hides it behind a user name.
    pub wa_id: Option<String>,
    /// The user id that the business sees (`US.1349…`); made from the number where absent.
    pub user_id: Option<String>,
    /// The profile name.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// Other numbers that reach the same person: Brazil, Mexico and Argentina have such.
    pub aliases: Vec<String>,
    /// Whether the person is not on WhatsApp: sends fail with 131026.
    pub not_on_whatsapp: bool,
}

/// What happens to a free-form message when the customer has not written within 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowPolicy {
    /// Accepted with 200, then a `failed` status with error 131047.
    #[default]
    FailedStatus,
    /// Refused at once with error 131047.
    Refused,
    /// Delivered: the window does not count.
    Open,
}

/// Which status webhooks follow an accepted send. A delay counts from the send, in milliseconds; null leaves one out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusProfile {
    /// When `sent` comes.
    pub sent_ms: Option<u64>,
    /// When `delivered` comes.
    pub delivered_ms: Option<u64>,
    /// When `read` comes.
    pub read_ms: Option<u64>,
    /// When `failed` comes, for a send that fails.
    pub failed_ms: u64,
}

impl Customer {
    /// A person with this number.
    #[must_use]
    pub fn new(wa_id: impl Into<String>) -> Self {
        Self { wa_id: Some(wa_id.into()), ..Self::default() }
    }

    /// A person whose number the business does not see.
    #[must_use]
    pub fn hidden(user_id: impl Into<String>) -> Self {
        Self { user_id: Some(user_id.into()), ..Self::default() }
    }

    /// With a profile name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With a user name.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }
}

impl Token {
    /// A token that may do everything and never expires.
    #[must_use]
    pub fn unlimited(value: impl Into<String>) -> Self {
        let scopes = ["whatsapp_business_messaging", "whatsapp_business_management", "business_management"];
        Self { value: value.into(), scopes: scopes.map(str::to_owned).to_vec(), expires_at: 0 }
    }
}

impl MetaConfig {
    /// Adds a token that may do everything.
    pub fn allow_token(&mut self, value: impl Into<String>) {
        self.tokens.push(Token::unlimited(value));
    }
}

fn yes() -> bool {
    true
}

pub(super) fn approved() -> String {
    "APPROVED".to_owned()
}

pub(super) fn positional() -> String {
    "POSITIONAL".to_owned()
}
