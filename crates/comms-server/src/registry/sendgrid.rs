//! SendGrid: the company's e-mail.

use std::{collections::BTreeMap, fmt, sync::Arc};

use comms_core::{AccountId, Channel, Clock, Error, FileReader, Inbound, Result};
use comms_http::{RetryPolicy, Transport};
use sendgrid_client::{Client, Config, SendgridChannel, SendgridInbound, model::person::Person, webhook::Verifier};

use super::SENDGRID;
use crate::config::{AccountSettings, Provider, SendgridSettings, Settings};

/// Everything of SendGrid that the settings allow for.
pub(super) struct Sendgrid {
    client: Option<Client>,
    channels: BTreeMap<AccountId, Arc<dyn Channel>>,
    files: Arc<dyn FileReader>,
}

impl Sendgrid {
    /// The account of the variables, without a sender yet.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub(super) fn new(
        settings: &SendgridSettings,
        files: Arc<dyn FileReader>,
        transport: &Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self> {
        let client = config(settings).map(|config| {
            // What may be repeated the queue repeats.
            let client = Client::builder(config).transport(Arc::clone(transport)).retry(RetryPolicy::never());
            client.clock(Arc::clone(clock)).build()
        });
        Ok(Self { client: client.transpose()?, channels: BTreeMap::new(), files })
    }

    /// Adds the channel of an account; `false` where there is nothing to send with, and for a domain, whose mail comes and which is no
    /// sender.
    ///
    /// # Errors
    /// `Config` where its address cannot be used.
    pub(super) fn add(&mut self, account: &AccountSettings) -> Result<bool> {
        if !account.number.contains('@') || self.client.is_none() {
            return Ok(false);
        }
        let sender = Person { email: account.number.clone(), name: account.name.clone() };
        let channel = self.channel(sender)?;
        self.channels.insert(account.id(), channel);
        Ok(true)
    }

    /// The channel of an account. One that was registered over the API sends under the same key.
    ///
    /// # Errors
    /// `Config` where there is nothing to send with.
    pub(super) fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        match self.channels.get(account) {
            Some(channel) => Ok(Arc::clone(channel)),
            None => self.channel(Person::new(account.external_id())),
        }
    }

    fn channel(&self, sender: Person) -> Result<Arc<dyn Channel>> {
        let client = self.client.clone().ok_or_else(|| {
            Error::config(format!("{SENDGRID}:{} has no channel: set SENDGRID_API_KEY", sender.email))
        })?;
        Ok(Arc::new(SendgridChannel::of(client, sender, Arc::clone(&self.files))?))
    }
}

impl fmt::Debug for Sendgrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sendgrid").field("channels", &self.channels.keys()).finish_non_exhaustive()
    }
}

/// The reader of its webhooks; `None` where nothing proves one.
///
/// # Errors
/// `Config` where a key is none.
pub(super) fn inbound(
    settings: &Settings,
    accounts: &[AccountSettings],
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Inbound>>> {
    let sendgrid = &settings.sendgrid;
    let signed = sendgrid.keys().next().map(|_| Verifier::new(sendgrid.keys())).transpose().map_err(named)?;
    let verifier = match (signed, &sendgrid.webhook_token) {
        (None, None) => return Ok(None),
        (Some(verifier), None) => verifier,
        (Some(verifier), Some(token)) => verifier.bearer(token.clone())?,
        (None, Some(token)) => Verifier::only_bearer(token.clone())?,
    };
    let mut inbound = SendgridInbound::new(verifier.clock(Arc::clone(clock)));
    let ours = accounts.iter().filter(|account| account.carrier() == Provider::Sendgrid);
    for account in ours.clone() {
        inbound = inbound.account(account.id());
    }
    if let Some(first) = ours.clone().next() {
        for domain in &sendgrid.inbound_domain {
            inbound = inbound.route(domain, first.id());
        }
    }
    Ok(Some(Arc::new(inbound)))
}

fn named(error: Error) -> Error {
    Error::config(format!("SENDGRID_WEBHOOK_KEY, SENDGRID_INBOUND_KEY: {}", error.message()))
}

fn config(settings: &SendgridSettings) -> Option<Config> {
    let mut config = Config::new(settings.api_key.clone()?);
    config.on_behalf_of.clone_from(&settings.on_behalf_of);
    if let Some(base) = &settings.api_base {
        config.api_base.clone_from(base);
    }
    Some(config)
}
