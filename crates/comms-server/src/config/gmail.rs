//! Gmail: what is pushed, what it may cost, mailboxes of a domain of ours.

use comms_core::{AccountId, ChannelKind, Secret, history::Account};
use gmail_client::limits::QuotaPlan;
use serde::Deserialize;
use url::Url;

use super::{OrganizationSettings, absent};

/// Where Pub/Sub is to push what changes in a mailbox.
pub const GMAIL_PUSH: &str = "/api/comunicaciones/webhook/gmail";
/// What ids of Gmail's mailboxes begin with.
const PROVIDER: &str = "gmail";

/// Mailboxes at Gmail, beside what [`GoogleSettings`](super::GoogleSettings) says of their owners' consent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GmailSettings {
    /// `projects/…/topics/…`: where Gmail says that a mailbox has changed. Without it mailboxes are looked at each minute.
    pub topic: Option<String>,
    /// The service account in whose name the subscription pushes.
    pub push_account: Option<String>,
    /// The audience of its tokens; the public address and [`GMAIL_PUSH`] where absent.
    pub push_audience: Option<String>,
    /// Another place of Google's public keys.
    pub certs_uri: Option<Url>,
    /// Whether the project used the API before May 2026: it has a larger quota then.
    pub old_quota: bool,
    /// With the messages of how many days a mailbox begins; 7 where absent.
    pub first_days: Option<u32>,
    /// Whether mail of people whom the organisation does not know enters the history as well.
    pub strangers: bool,
    /// The key file of a service account, as JSON: it reads and sends for mailboxes of its domain.
    pub service_account_key: Option<Secret>,
    /// Those mailboxes.
    pub delegated: Vec<String>,
}

impl GmailSettings {
    /// The quota of the project.
    #[must_use]
    pub fn plan(&self) -> QuotaPlan {
        if self.old_quota { QuotaPlan::Before2026May } else { QuotaPlan::Since2026May }
    }

    /// Whether a service account opens this mailbox.
    #[must_use]
    pub fn is_delegated(&self, address: &str) -> bool {
        self.delegated.iter().any(|one| one.trim().eq_ignore_ascii_case(address))
    }

    /// The mailboxes of the service account, as accounts of the first organisation. Who owns one an administrator says.
    #[must_use]
    pub fn accounts(&self, organization: &OrganizationSettings) -> Vec<Account> {
        let account = |address: &String| Account {
            id: AccountId::of(PROVIDER, &address.trim().to_lowercase()),
            organization: organization.id.clone(),
            channel: ChannelKind::Email,
            name: None,
            parent: None,
            owner: None,
            caller_id: None,
            active: true,
        };
        self.delegated.iter().map(account).collect()
    }

    /// The settings without which nothing is pushed; empty where it is, or is not wanted.
    #[must_use]
    pub fn missing_to_push(&self) -> Vec<&'static str> {
        if self.topic.is_none() && self.push_account.is_none() {
            return Vec::new();
        }
        absent(&[
            ("GMAIL_PUBSUB_TOPIC", self.topic.is_some()),
            ("GMAIL_PUSH_SERVICE_ACCOUNT", self.push_account.is_some()),
        ])
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let whole = |topic: &str| {
            let parts: Vec<&str> = topic.split('/').collect();
            matches!(parts[..], ["projects", project, "topics", name] if !project.is_empty() && !name.is_empty())
        };
        if self.topic.as_deref().is_some_and(|topic| !whole(topic)) {
            problems.push("GMAIL_PUBSUB_TOPIC (gmail.topic): is not projects/…/topics/…".to_owned());
        }
        if !self.delegated.is_empty() && self.service_account_key.is_none() {
            problems.push("GMAIL_DELEGATED (gmail.delegated): set GOOGLE_SERVICE_ACCOUNT_KEY too".to_owned());
        }
        for address in self.delegated.iter().filter(|address| comms_core::Address::email(address).is_err()) {
            problems.push(format!("GMAIL_DELEGATED (gmail.delegated): {address:?} is not an e-mail address"));
        }
    }
}
