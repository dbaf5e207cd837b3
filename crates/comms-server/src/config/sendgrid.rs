//! SendGrid: the company's e-mail.

use comms_core::{ChannelKind, Secret, UserId};
use serde::Deserialize;

use super::{AccountSettings, Provider, absent};

/// The SendGrid account and its sender. What lacks a key is off. What keys look like is the provider crate's to check, when the channels
/// are built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SendgridSettings {
    /// The key with which mails are sent.
    pub api_key: Option<Secret>,
    /// The public keys that events are verified with.
    pub webhook_key: Vec<String>,
    /// The public keys that mail that comes is verified with.
    pub inbound_key: Vec<String>,
    /// What a relay of one's own proves itself with, which cannot sign as SendGrid does.
    pub webhook_token: Option<Secret>,
    /// The sender that SendGrid has verified.
    pub from_email: Option<String>,
    /// The sender's name.
    pub from_name: Option<String>,
    /// The domains and addresses whose mail is the sender's, where that is not its own domain.
    pub inbound_domain: Vec<String>,
    /// The subuser in whose name calls are made.
    pub on_behalf_of: Option<String>,
    /// Another host than SendGrid's, for instance that of the European Union.
    pub api_base: Option<String>,
    /// Who owns what arrives for nobody else.
    pub owner: Option<UserId>,
}

impl SendgridSettings {
    /// The sender of the variables, as an account like the others.
    #[must_use]
    pub fn account(&self) -> Option<AccountSettings> {
        Some(AccountSettings {
            provider: Some(Provider::Sendgrid),
            name: self.from_name.clone(),
            owner: self.owner.clone(),
            ..AccountSettings::new(ChannelKind::Email, self.from_email.clone()?)
        })
    }

    /// Every key that a webhook may be signed with.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.webhook_key.iter().chain(&self.inbound_key).map(String::as_str)
    }

    /// The settings without which no mail is sent; empty where it is.
    #[must_use]
    pub fn missing_to_send(&self) -> Vec<&'static str> {
        absent(&[("SENDGRID_API_KEY", self.api_key.is_some()), ("SENDGRID_FROM_EMAIL", self.from_email.is_some())])
    }

    /// The settings without which no webhook is taken; empty where it is.
    #[must_use]
    pub fn missing_to_receive(&self) -> Vec<&'static str> {
        absent(&[("SENDGRID_WEBHOOK_KEY", self.keys().next().is_some() || self.webhook_token.is_some())])
    }

    /// Whether anybody meant to use it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.api_key.is_some() || self.from_email.is_some() || self.missing_to_receive().is_empty()
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if let Some(email) = &self.from_email
            && !(email.contains('@') && is_sender(email))
        {
            problems.push(format!(
                "SENDGRID_FROM_EMAIL (sendgrid.from_email): {email:?} is not an address such as ventas@example.org"
            ));
        }
    }
}

/// An address, or a domain.
pub(super) fn is_sender(text: &str) -> bool {
    let domain = text.rsplit_once('@').map_or(text, |(local, domain)| if local.is_empty() { "" } else { domain });
    domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
}
