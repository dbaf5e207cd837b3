//! Our numbers, and whose they are.

use comms_core::{ChannelKind, OrganizationId, Secret, UserId};
use serde::Deserialize;

/// The organisation of everything that names none.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganizationSettings {
    /// Its id.
    pub id: OrganizationId,
    /// Its name; the id where absent.
    pub name: Option<String>,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self { id: OrganizationId::from("principal"), name: None }
    }
}

/// One of our numbers: `[[accounts]]` of the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Its channel.
    pub channel: ChannelKind,
    /// The provider's id of it: for WhatsApp the phone number id.
    pub number: String,
    /// The provider's id of the account above it: for WhatsApp the Business account.
    pub business_account: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its organisation; the first where absent.
    pub organization: Option<OrganizationId>,
    /// Who owns what nobody else does.
    pub owner: Option<UserId>,
    /// The number that calls show.
    pub caller_id: Option<String>,
    /// Its own token; the common one where absent.
    pub access_token: Option<Secret>,
}

impl AccountSettings {
    pub(super) fn check(&self, at: usize, problems: &mut Vec<String>) {
        if self.channel != ChannelKind::WhatsApp {
            problems.push(format!("accounts[{at}].channel: this version has no channel {:?}", self.channel.as_str()));
        } else if self.number.is_empty() || !self.number.bytes().all(|b| b.is_ascii_digit()) {
            problems.push(format!("accounts[{at}].number: {:?} is not a phone number id (digits)", self.number));
        }
    }
}
