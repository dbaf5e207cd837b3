//! Webhooks, verified and read.

use bytes::Bytes;
use comms_core::{AccountId, Batch, Inbound, StoredWebhook};
use comms_http::{Result, WebhookRequest};

use super::{accounts::Accounts, events, mails};
use crate::webhook::{Verifier, Webhook};

/// The webhooks of an account of SendGrid: what becomes of mails, and mail that comes.
///
/// An event belongs to the account that sent the mail, which travels with it. One of a mail that was sent elsewhere belongs to the address that it
/// names, else to the first [`account`](Self::account). Mail that comes belongs to the address that it was delivered to (never to the one that its
/// headers name), or to the address's domain, as [`route`](Self::route) says.
#[derive(Clone, Debug)]
pub struct SendgridInbound {
    verifier: Verifier,
    accounts: Accounts,
}

impl SendgridInbound {
    /// Reads what `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, accounts: Accounts::default() }
    }

    /// Says which account is ours: `sendgrid:<address>` or `sendgrid:<domain>`.
    #[must_use]
    pub fn account(mut self, account: AccountId) -> Self {
        self.accounts.add(account);
        self
    }

    /// Says whose the mail for an address or a domain is, where that is not the sender's own.
    #[must_use]
    pub fn route(mut self, to: &str, account: AccountId) -> Self {
        self.accounts.route(to, account);
        self
    }

    /// What judges the signatures, with the keys that it was given.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn read(&self, request: &WebhookRequest) -> Batch {
        match webhook(request) {
            Webhook::Events(elements) => events::batch(&elements, &self.accounts),
            Webhook::Mail(mail) => mails::batch(&mail, &self.accounts),
            Webhook::Unreadable(problem) => Batch { problem: Some(problem), ..Batch::default() },
        }
    }
}

impl Inbound for SendgridInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        self.verifier.verify(request)?;
        Ok(self.read(request))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        self.read(stored.request())
    }

    fn files(&self, stored: &StoredWebhook) -> Vec<(String, Bytes)> {
        match webhook(stored.request()) {
            Webhook::Mail(mail) => mails::contents(&mail),
            _ => Vec::new(),
        }
    }
}

fn webhook(request: &WebhookRequest) -> Webhook {
    Webhook::read(request.header_str("content-type").unwrap_or_default(), &request.body)
}
