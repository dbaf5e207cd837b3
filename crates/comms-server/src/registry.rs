//! The one place that knows the providers' crates: makes channels, webhook parsers and the answers to their handshakes.

mod examine;

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use comms_core::{
    AccountId, Channel, ChannelDirectory, ChannelKind, Clock, Error, Result, WebhookRequest, history::Account,
};
use comms_engine::EngineBuilder;
use comms_http::{ReqwestTransport, Transport};
use whatsapp_cloud::{Client, Config, WhatsAppChannel, WhatsAppInbound, webhook::Verifier};

use crate::config::{AccountSettings, Provider, Settings, WhatsAppSettings};
pub use examine::{Finding, Verdict};

/// The channels that this version has.
pub const CHANNELS: [ChannelKind; 1] = [ChannelKind::WhatsApp];

/// The name of Meta's webhooks, and what ids of WhatsApp numbers begin with.
const WHATSAPP: &str = "whatsapp";

/// The providers that are configured.
pub struct Registry {
    channels: Arc<Channels>,
    whatsapp: Option<WhatsAppInbound>,
    accounts: Vec<Account>,
}

impl Registry {
    /// Everything that the settings allow for. What lacks a key is off.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self> {
        let mut channels = Channels::default();
        // One pool of connections for all accounts.
        let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::ring()?);
        let own = own_account(settings);
        for account in own.iter().chain(&settings.accounts) {
            let Some(config) = config(&settings.whatsapp, account) else {
                continue;
            };
            let client = Client::builder(config).transport(Arc::clone(&transport)).clock(Arc::clone(clock)).build()?;
            channels.add(client);
        }
        Ok(Self {
            channels: Arc::new(channels),
            whatsapp: inbound(&settings.whatsapp)?,
            accounts: own.iter().chain(&settings.accounts).map(|account| registered(settings, account)).collect(),
        })
    }

    /// The channels.
    #[must_use]
    pub fn channels(&self) -> Arc<dyn ChannelDirectory> {
        Arc::clone(&self.channels) as Arc<dyn ChannelDirectory>
    }

    /// The accounts that the configuration names.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Gives the engine every parser.
    pub fn inbounds(&self, engine: EngineBuilder) -> EngineBuilder {
        match &self.whatsapp {
            Some(inbound) => engine.inbound(WHATSAPP, Arc::new(inbound.clone())),
            None => engine,
        }
    }

    /// Answers a provider's check of a webhook address.
    ///
    /// # Errors
    /// `Config` where this provider's webhooks are not configured, otherwise as the provider's crate says.
    pub fn challenge(&self, provider: &str, request: &WebhookRequest) -> Result<String> {
        match &self.whatsapp {
            Some(inbound) if provider == WHATSAPP => inbound.verifier().challenge(request),
            _ => Err(Error::config("webhooks of this provider are not configured")),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("channels", &self.channels)
            .field("whatsapp", &self.whatsapp.is_some())
            .finish_non_exhaustive()
    }
}

/// The channels by account.
#[derive(Debug, Default)]
struct Channels {
    whatsapp: BTreeMap<AccountId, Arc<WhatsAppChannel>>,
    /// In the order of the configuration: the first is preferred.
    order: Vec<AccountId>,
}

impl Channels {
    fn add(&mut self, client: Client) {
        let channel = WhatsAppChannel::new(client);
        let account = channel.account().clone();
        self.order.push(account.clone());
        self.whatsapp.insert(account, Arc::new(channel));
    }
}

#[async_trait]
impl ChannelDirectory for Channels {
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        if let Some(channel) = self.whatsapp.get(account) {
            return Ok(Arc::clone(channel) as Arc<dyn Channel>);
        }
        // A number that was registered over the API sends under the first number's token.
        let first = self.order.first().and_then(|first| self.whatsapp.get(first));
        match first {
            Some(first) if account.provider() == WHATSAPP => {
                let client = first.client().for_number(account.external_id());
                Ok(Arc::new(WhatsAppChannel::new(client)))
            }
            _ => Err(Error::config(format!(
                "{account} has no channel: set WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID"
            ))),
        }
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        match kind {
            ChannelKind::WhatsApp => self.order.clone(),
            _ => Vec::new(),
        }
    }
}

/// The number of the variables, as an account like the others.
fn own_account(settings: &Settings) -> Option<AccountSettings> {
    let whatsapp = &settings.whatsapp;
    Some(AccountSettings {
        provider: Some(Provider::Meta),
        business_account: whatsapp.business_account_id.clone(),
        owner: whatsapp.owner.clone(),
        ..AccountSettings::new(ChannelKind::WhatsApp, whatsapp.phone_number_id.clone()?)
    })
}

/// The settings of a client; `None` where there is no token to send with.
fn config(common: &WhatsAppSettings, account: &AccountSettings) -> Option<Config> {
    let token = account.access_token.clone().or_else(|| common.access_token.clone())?;
    let mut config = Config::new(token, account.number.clone());
    config.business_account_id = account.business_account.clone().or_else(|| common.business_account_id.clone());
    config.verify_token = common.verify_token.clone();
    config.app_secret = common.app_secret.clone();
    config.app_secret_previous = common.app_secret_previous.clone();
    config.app_id = common.app_id.clone();
    if let Some(base) = &common.api_base {
        config.api_base.clone_from(base);
    }
    if let Some(version) = &common.api_version {
        config.api_version.clone_from(version);
    }
    Some(config)
}

/// The account as the repository keeps it.
fn registered(settings: &Settings, account: &AccountSettings) -> Account {
    let waba = account.business_account.as_ref().or(settings.whatsapp.business_account_id.as_ref());
    Account {
        id: AccountId::of(WHATSAPP, &account.number),
        organization: account.organization.clone().unwrap_or_else(|| settings.organization.id.clone()),
        channel: account.channel,
        name: account.name.clone(),
        parent: waba.map(|waba| AccountId::of("waba", waba)),
        owner: account.owner.clone(),
        caller_id: account.caller_id.clone(),
        active: true,
    }
}

fn inbound(settings: &WhatsAppSettings) -> Result<Option<WhatsAppInbound>> {
    let Some(secret) = settings.app_secret.clone() else {
        return Ok(None);
    };
    let mut verifier = Verifier::new(secret)?;
    if let Some(previous) = settings.app_secret_previous.clone() {
        verifier = verifier.previous_secret(previous)?;
    }
    if let Some(token) = settings.verify_token.clone() {
        verifier = verifier.verify_token(token)?;
    }
    Ok(Some(WhatsAppInbound::new(verifier)))
}
