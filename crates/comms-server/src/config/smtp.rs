//! A mail server through which e-mails go out.

use comms_core::{AccountId, ChannelKind, Secret, UserId, history::Account};
use serde::Deserialize;
use smtp_client::{Mechanism, Security};

use super::{OrganizationSettings, absent};

/// What the id of its sender begins with.
const PROVIDER: &str = "smtp";

/// The server, who we are to it, and the address that sends. Without an address nothing is sent. What can be used is the client's to
/// check, when the channel is built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpSettings {
    /// Server, port, protection, user and password in one: `smtp://`, `smtps://` or, for this machine, `smtp+plain://`.
    pub url: Option<Secret>,
    /// The server.
    pub host: Option<String>,
    /// Its port; that of the protection where absent.
    pub port: Option<u16>,
    /// How the connection is protected; STARTTLS where absent.
    pub security: Option<Security>,
    /// Who we are.
    pub user: Option<String>,
    /// The password, or the access token of `xoauth2`.
    pub password: Option<Secret>,
    /// How both are told.
    pub auth: Option<Mechanism>,
    /// The address that sends.
    pub from: Option<String>,
    /// The name beside it.
    pub from_name: Option<String>,
    /// Whose it is; the organisation's where absent.
    pub owner: Option<UserId>,
}

impl SmtpSettings {
    /// Whether anybody meant to use it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.url.is_some() || self.host.is_some()
    }

    /// The sender, as an account of the first organisation.
    #[must_use]
    pub fn account(&self, organization: &OrganizationSettings) -> Option<Account> {
        let from = self.from.as_deref().filter(|_| self.is_wanted())?;
        Some(Account {
            id: AccountId::of(PROVIDER, &from.trim().to_lowercase()),
            organization: organization.id.clone(),
            channel: ChannelKind::Email,
            name: self.from_name.clone(),
            parent: None,
            owner: self.owner.clone(),
            caller_id: None,
            active: true,
        })
    }

    /// The settings without which no mail is sent; empty where it is.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        absent(&[("SMTP_URL", self.is_wanted()), ("SMTP_FROM", self.from.is_some())])
    }

    /// As the client takes them.
    #[must_use]
    pub fn client(&self) -> smtp_client::Config {
        let mut config = smtp_client::Config::default();
        config.url.clone_from(&self.url);
        config.host.clone_from(&self.host);
        config.port = self.port;
        config.security = self.security;
        config.user.clone_from(&self.user);
        config.password.clone_from(&self.password);
        config.auth = self.auth;
        // As the account: one sender, however it is written.
        config.from = self.from.as_deref().map(|from| from.trim().to_lowercase());
        config.from_name.clone_from(&self.from_name);
        config
    }
}
