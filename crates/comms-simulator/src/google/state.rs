//! What the double remembers between calls.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::{config::GoogleConfig, mailbox::MailBox};
use crate::courier::Delivery;

/// Things of one kind that are remembered; beyond it those that have ended are forgotten.
const MAX_REMEMBERED: usize = 200_000;

/// The memory of the double. The configuration gives what things are; this is what became of them.
#[derive(Default)]
pub(crate) struct State {
    boxes: HashMap<String, MailBox>,
    pub tokens: HashMap<String, Token>,
    pub codes: HashMap<String, Code>,
    pub grants: HashMap<String, Grant>,
    /// Tokens and grants of the configuration that have ended.
    pub ended: HashSet<String>,
    pub uploads: HashMap<String, Upload>,
    pub accepted: Vec<Accepted>,
    /// Pushes that wait to go out in a random order.
    pub held: Vec<Delivery>,
    /// Refusals for quota, so that they take turns.
    pub refusals: usize,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub account: String,
    pub scopes: Vec<String>,
    pub client_id: String,
    pub expires: Option<OffsetDateTime>,
    /// The grant that it was made of, by its refresh token.
    pub grant: Option<String>,
}

/// A code on its way through the browser.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub client_id: String,
    pub redirect_uri: String,
    pub account: String,
    pub scopes: Vec<String>,
    pub challenge: Option<Challenge>,
    /// Whether a refresh token comes with it.
    pub offline: bool,
    pub expires: OffsetDateTime,
    pub used: bool,
}

/// What the verifier of a code must fit (PKCE).
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub value: String,
    pub plain: bool,
}

/// What the owner of a mailbox gave.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub client_id: String,
    pub account: String,
    pub scopes: Vec<String>,
    pub ends: Option<OffsetDateTime>,
}

/// A resumable upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub metadata: Value,
    pub bytes: Vec<u8>,
    pub path: String,
}

/// A message that was accepted for sending, as it stood then.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The mailbox that sent it.
    pub account: String,
    /// Gmail's id.
    pub id: String,
    /// Gmail's thread.
    pub thread_id: String,
    /// The `Message-ID` header that the caller gave, without brackets.
    pub given_message_id: Option<String>,
    /// The one that it was sent with.
    pub message_id: String,
    /// To, Cc and Bcc.
    pub recipients: Vec<String>,
    /// The subject.
    pub subject: String,
    /// What it answers, without brackets.
    pub references: Vec<String>,
    /// The whole message.
    #[serde(skip)]
    pub raw: Bytes,
}

impl State {
    /// The mailbox of an address that the configuration knows.
    pub(crate) fn mailbox(&mut self, config: &GoogleConfig, address: &str) -> Option<&mut MailBox> {
        let known = config.mailbox(address)?;
        Some(self.boxes.entry(known.address.to_lowercase()).or_default())
    }

    pub(crate) fn boxes(&mut self) -> impl Iterator<Item = (&String, &mut MailBox)> {
        self.boxes.iter_mut()
    }

    /// A grant that stands.
    pub(crate) fn grant(&self, config: &GoogleConfig, refresh: &str, now: OffsetDateTime) -> Option<Grant> {
        if let Some(grant) = self.grants.get(refresh) {
            return Some(grant.clone()).filter(|grant| grant.ends.is_none_or(|ends| now < ends));
        }
        let given = config.grants.iter().find(|grant| grant.refresh_token == refresh)?;
        (!self.ended.contains(refresh)).then(|| Grant {
            client_id: given.client_id.clone(),
            account: given.account.to_lowercase(),
            scopes: given.scopes.clone(),
            ends: None,
        })
    }

    /// The grants of a mailbox, by their refresh tokens.
    pub(crate) fn grants_of(&self, config: &GoogleConfig, account: &str) -> Vec<(String, Vec<String>)> {
        let given = config.grants.iter().filter(|grant| !self.ended.contains(&grant.refresh_token));
        let given = given.map(|grant| (&grant.refresh_token, &grant.account, &grant.scopes));
        let made = self.grants.iter().map(|(token, grant)| (token, &grant.account, &grant.scopes));
        given
            .chain(made)
            .filter(|(_, owner, _)| owner.eq_ignore_ascii_case(account))
            .map(|(token, _, scopes)| (token.clone(), scopes.clone()))
            .collect()
    }

    /// Ends a grant with all its access tokens.
    pub(crate) fn end_grant(&mut self, refresh: &str) {
        self.grants.remove(refresh);
        self.ended.insert(refresh.to_owned());
        self.tokens.retain(|_, token| token.grant.as_deref() != Some(refresh));
    }

    /// An access token that works.
    pub(crate) fn token(&self, config: &GoogleConfig, token: &str, now: OffsetDateTime) -> Option<Token> {
        if let Some(found) = self.tokens.get(token) {
            return Some(found.clone()).filter(|found| found.expires.is_none_or(|expires| now < expires));
        }
        let given = config.tokens.iter().find(|given| given.token == token)?;
        (!self.ended.contains(token)).then(|| Token {
            account: given.account.to_lowercase(),
            scopes: given.scopes.clone(),
            client_id: config.clients.first().map(|client| client.id.clone()).unwrap_or_default(),
            expires: None,
            grant: None,
        })
    }

    pub(crate) fn add_token(&mut self, name: String, token: Token, now: OffsetDateTime) {
        if self.tokens.len() >= MAX_REMEMBERED {
            self.tokens.retain(|_, token| token.expires.is_none_or(|expires| now < expires));
        }
        self.tokens.insert(name, token);
    }

    pub(crate) fn accept(&mut self, accepted: Accepted) {
        if self.accepted.len() >= MAX_REMEMBERED {
            self.accepted.remove(0);
        }
        self.accepted.push(accepted);
    }
}
