//! The one place that knows the providers' crates: makes channels, webhook parsers and the answers to their handshakes.

mod elevenlabs;
mod examine;
mod files;
mod gmail;
mod google;
mod meta;
mod sendgrid;
mod smtp;
mod twilio;

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use comms_core::{
    AccountId, Channel, ChannelDirectory, ChannelKind, Clock, Error, FileReader, Inbound, OrganizationId, Rate, Result,
    Source, TextAgent, WebhookRequest,
    history::{Account, Repository},
};
use comms_engine::{Credentials, EngineBuilder, TokenRefresher};
use comms_http::{ReqwestTransport, Transport};
use elevenlabs_client::webhook::InitiationVerifier;
use time::OffsetDateTime;
use whatsapp_cloud::{Client, WhatsAppChannel, WhatsAppInbound};

use crate::config::{AccountSettings, Provider, Settings};
use elevenlabs::Workspace;
pub use elevenlabs::{CallBegins, INITIATION_HEADER};
pub use examine::{Finding, Verdict};
use files::LateFiles;
pub use gmail::{Mail, MailQuery, Mailbox};
use gmail::{Mailboxes, Pushes};
pub use gmail_client::mime::reply_subject;
pub use google::{Elsewhere, GMAIL, GOOGLE, Google, MailboxTokens, elsewhere, is_elsewhere};
use sendgrid::Sendgrid;
use twilio::Twilio;
pub use twilio::{BrowserToken, segments};

/// The channels that this version has.
pub const CHANNELS: [ChannelKind; 4] =
    [ChannelKind::WhatsApp, ChannelKind::Sms, ChannelKind::Voice, ChannelKind::Email];

/// The name of Meta's webhooks, and what ids of WhatsApp numbers begin with.
pub const WHATSAPP: &str = "whatsapp";
/// The name of Twilio's webhooks of calls, and what ids of its numbers begin with that call.
pub const TWILIO_VOICE: &str = "twilio-voice";
/// The name of Twilio's webhooks of messages.
pub const TWILIO_MESSAGING: &str = "twilio-messaging";

/// The name of SendGrid's webhooks, and what ids of its senders begin with.
pub const SENDGRID: &str = "sendgrid";
/// What the id of the sender over a mail server begins with.
pub const SMTP: &str = "smtp";

/// The name of ElevenLabs' webhooks and of its agents' continuations, and what ids of its agents begin with.
pub const ELEVENLABS: &str = "elevenlabs";
/// Where ElevenLabs is to tell of calls.
pub const CALLS_WEBHOOK: &str = "/webhook/elevenlabs";
/// Where ElevenLabs is to ask who calls.
pub const CALL_BEGINS_WEBHOOK: &str = "/webhook/elevenlabs/iniciacion";

/// Where Meta is to tell of messages and states.
pub const META_WEBHOOK: &str = "/api/comunicaciones/webhook/whatsapp";

/// Where Twilio is to ask what becomes of a call, and to tell how it goes on.
pub const VOICE_WEBHOOK: &str = "/api/comunicaciones/webhook/voz";
/// Where Twilio is to tell of messages.
pub const MESSAGING_WEBHOOK: &str = "/api/comunicaciones/webhook/sms";

/// Where SendGrid is to tell what becomes of mails.
pub const MAIL_EVENTS_WEBHOOK: &str = "/api/comunicaciones/webhook/sendgrid";
/// Where SendGrid is to post mail that comes.
pub const MAIL_WEBHOOK: &str = "/api/comunicaciones/webhook/sendgrid/entrada";

/// The providers that are configured.
pub struct Registry {
    channels: Arc<Channels>,
    whatsapp: Option<WhatsAppInbound>,
    twilio: Vec<(&'static str, Arc<dyn Inbound>)>,
    sendgrid: Option<Arc<dyn Inbound>>,
    accounts: Vec<Account>,
    rates: Vec<(AccountId, Rate)>,
    google: Option<Google>,
    pushes: Option<Pushes>,
    files: Arc<LateFiles>,
    workspace: Option<Workspace>,
    agent: Option<Arc<dyn TextAgent>>,
    calls: Option<Arc<dyn Inbound>>,
    initiation: Option<InitiationVerifier>,
}

impl Registry {
    /// Everything that the settings allow for. What lacks a key is off.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self> {
        // One pool of connections for all accounts.
        let transport: Arc<dyn Transport> = Arc::new(ReqwestTransport::ring()?);
        let accounts = all_accounts(settings);
        let files = Arc::new(LateFiles::default());
        let workspace = Workspace::new(&settings.elevenlabs, &transport, clock)?;
        let mut channels = Channels {
            whatsapp: BTreeMap::new(),
            twilio: Twilio::new(settings, &transport, clock)?,
            gmail: Mailboxes::new(settings, &transport, clock)?,
            sendgrid: Sendgrid::new(&settings.sendgrid, files.clone(), &transport, clock)?,
            smtp: smtp::channel(&settings.smtp, files.clone(), clock)?,
            order: Vec::new(),
        };
        for account in &accounts {
            match account.carrier() {
                Provider::Meta => {
                    if let Some(client) = meta::client(&settings.whatsapp, account, &transport, clock)? {
                        channels.add(client);
                    }
                }
                Provider::Sendgrid => {
                    if channels.sendgrid.add(account)? {
                        channels.order.push((account.channel, account.id()));
                    }
                }
                Provider::Twilio => {
                    if channels.twilio.add(account)? {
                        channels.order.push((account.channel, account.id()));
                    }
                }
            }
        }
        channels.order.extend(channels.smtp.iter().map(|channel| (ChannelKind::Email, channel.account().clone())));
        Ok(Self {
            twilio: channels.twilio.inbounds()?,
            channels: Arc::new(channels),
            whatsapp: meta::inbound(&settings.whatsapp)?,
            google: Google::new(settings, &transport, clock)?,
            sendgrid: sendgrid::inbound(settings, &accounts, clock)?,
            pushes: Pushes::new(settings, &transport, clock)?,
            files,
            rates: accounts
                .iter()
                .filter_map(|account| Some((account.id(), account.per_second.and_then(Rate::of_second)?)))
                .collect(),
            agent: workspace.as_ref().map(Workspace::text_agent),
            workspace,
            calls: elevenlabs::inbound(&settings.elevenlabs, clock)?,
            initiation: elevenlabs::initiation(&settings.elevenlabs)?,
            accounts: accounts
                .iter()
                .map(|account| registered(settings, account))
                .chain(settings.gmail.accounts(&settings.organization))
                .chain(settings.smtp.account(&settings.organization))
                .chain(settings.elevenlabs.accounts(&settings.organization))
                .collect(),
        })
    }

    /// What messages are sent through, by account: what the engine is given.
    #[must_use]
    pub fn channels(&self) -> Arc<dyn ChannelDirectory> {
        Arc::clone(&self.channels) as Arc<dyn ChannelDirectory>
    }

    /// The accounts that the configuration names.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// How fast some of them are sent on instead of their channels' rates.
    #[must_use]
    pub fn rates(&self) -> &[(AccountId, Rate)] {
        &self.rates
    }

    /// Gives the engine every parser.
    pub fn inbounds(&self, engine: EngineBuilder) -> EngineBuilder {
        let engine = match &self.whatsapp {
            Some(inbound) => engine.inbound(WHATSAPP, Arc::new(inbound.clone())),
            None => engine,
        };
        let engine = match &self.pushes {
            Some(pushes) => engine.inbound(GMAIL, pushes.inbound()),
            None => engine,
        };
        let engine = match &self.sendgrid {
            Some(inbound) => engine.inbound(SENDGRID, Arc::clone(inbound)),
            None => engine,
        };
        let engine = match &self.calls {
            Some(inbound) => engine.inbound(ELEVENLABS, Arc::clone(inbound)),
            None => engine,
        };
        let twilio = self.twilio.iter();
        twilio.fold(engine, |engine, (name, inbound)| engine.inbound(*name, Arc::clone(inbound)))
    }

    /// Gives the channels of e-mail what is there only once the database is open. Only the first time counts.
    pub fn bind(&self, credentials: Credentials, repository: Arc<dyn Repository>, files: Arc<dyn FileReader>) {
        self.files.bind(Arc::clone(&files));
        if let Some(gmail) = &self.channels.gmail {
            gmail.bind(credentials, repository, files);
        }
    }

    /// A mailbox, to look into it.
    ///
    /// # Errors
    /// `Config` where it is not connected, or nothing of Google is configured.
    pub async fn mailbox(&self, account: &AccountId) -> Result<Mailbox> {
        self.channels.mailbox(account).await
    }

    /// Has what changes in a mailbox pushed to us; until when. `None` where nothing is to be pushed.
    ///
    /// # Errors
    /// As the provider's crate says.
    pub async fn watch(&self, account: &AccountId) -> Result<Option<OffsetDateTime>> {
        match &self.channels.gmail {
            Some(gmail) => gmail.watch(account).await,
            None => Ok(None),
        }
    }

    /// Fetches Google's public keys where this push is signed with one that is not known.
    pub async fn look_up_keys(&self, request: &WebhookRequest) {
        if let Some(pushes) = &self.pushes {
            pushes.look_up(request).await;
        }
    }

    /// Google's OAuth, where it is configured.
    #[must_use]
    pub const fn google(&self) -> Option<&Google> {
        self.google.as_ref()
    }

    /// Whoever makes access tokens of what users gave us.
    #[must_use]
    pub fn refreshers(&self) -> Vec<(String, Arc<dyn TokenRefresher>)> {
        let google = self.google.iter().map(|google| Arc::new(google.clone()) as Arc<dyn TokenRefresher>);
        google.map(|google| (GOOGLE.to_owned(), google)).collect()
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

    /// Whoever answers in writing for the agents that call; `None` where there is no key.
    #[must_use]
    pub const fn agent(&self) -> Option<&Arc<dyn TextAgent>> {
        self.agent.as_ref()
    }

    /// Reads who is about to speak with an agent.
    ///
    /// # Errors
    /// `InvalidSignature` without the secret, `Config` where none is set, `InvalidRequest` for another body.
    pub fn call_begins(&self, request: &WebhookRequest) -> Result<CallBegins> {
        match &self.initiation {
            Some(verifier) => verifier.verify(request).map(Into::into),
            None => Err(Error::config("ELEVENLABS_INITIATION_SECRET is not set")),
        }
    }

    /// The token with which the browser of this name calls and is called.
    ///
    /// # Errors
    /// `Config` where the keys of browser calls are not set.
    pub fn browser_token(&self, identity: &str, now: OffsetDateTime) -> Result<BrowserToken> {
        self.channels.twilio.browser_token(identity, now)
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
#[derive(Debug)]
struct Channels {
    whatsapp: BTreeMap<AccountId, Arc<WhatsAppChannel>>,
    twilio: Twilio,
    gmail: Option<Mailboxes>,
    sendgrid: Sendgrid,
    smtp: Option<Arc<dyn Channel>>,
    /// The preferred first: Meta's number before Twilio's, the variables' before the file's.
    order: Vec<(ChannelKind, AccountId)>,
}

impl Channels {
    fn add(&mut self, client: Client) {
        let channel = WhatsAppChannel::new(client);
        let account = channel.account().clone();
        self.order.push((ChannelKind::WhatsApp, account.clone()));
        self.whatsapp.insert(account, Arc::new(channel));
    }

    async fn mailbox(&self, account: &AccountId) -> Result<Mailbox> {
        match &self.gmail {
            Some(gmail) => gmail.channel(account).await,
            None => Err(Error::config(format!(
                "{account} has no channel: set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, and connect the mailbox"
            ))),
        }
    }

    /// Meta's numbers in their order.
    fn of_meta(&self) -> impl Iterator<Item = &Arc<WhatsAppChannel>> {
        self.order.iter().filter_map(|(_, account)| self.whatsapp.get(account))
    }
}

#[async_trait]
impl ChannelDirectory for Channels {
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        if let Some(channel) = self.whatsapp.get(account) {
            return Ok(Arc::clone(channel) as Arc<dyn Channel>);
        }
        if account.provider() == GMAIL {
            return Ok(self.mailbox(account).await? as Arc<dyn Channel>);
        }
        if account.provider() == SENDGRID {
            return self.sendgrid.resolve(account);
        }
        if account.provider() == SMTP {
            let own = self.smtp.as_ref().filter(|channel| channel.account() == account);
            return own
                .cloned()
                .ok_or_else(|| Error::config(format!("{account} has no channel: set SMTP_URL and SMTP_FROM")));
        }
        if account.provider() != WHATSAPP {
            return self.twilio.resolve(account);
        }
        // A number that was registered over the API sends under the first number's token.
        match self.of_meta().next() {
            Some(first) => {
                let client = first.client().for_number(account.external_id());
                Ok(Arc::new(WhatsAppChannel::new(client)))
            }
            None => Err(Error::config(format!(
                "{account} has no channel: set WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID"
            ))),
        }
    }

    async fn source(&self, account: &AccountId) -> Result<Option<Arc<dyn Source>>> {
        if account.provider() != GMAIL || self.gmail.is_none() {
            return Ok(None);
        }
        match self.mailbox(account).await {
            Ok(mailbox) => Ok(Some(mailbox as Arc<dyn Source>)),
            // Nobody has connected it: there is nothing to be read.
            Err(error) if error.provider_code() == Some(gmail::NOT_CONNECTED) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        let of_kind = self.order.iter().filter(|(channel, _)| *channel == kind);
        of_kind.map(|(_, account)| account.clone()).collect()
    }
}

/// An account that nothing is known of but its id, which says its channel.
#[must_use]
pub fn new_account(id: AccountId, organization: OrganizationId) -> Account {
    Account {
        channel: match id.provider() {
            GMAIL | SENDGRID | SMTP => ChannelKind::Email,
            ELEVENLABS => ChannelKind::WebChat,
            _ => twilio::channel_of(&id),
        },
        id,
        organization,
        name: None,
        parent: None,
        owner: None,
        caller_id: None,
        active: true,
    }
}

/// Every account of the configuration, the preferred first.
fn all_accounts(settings: &Settings) -> Vec<AccountSettings> {
    let meta = meta::own_account(&settings.whatsapp);
    let own = meta.into_iter().chain(settings.twilio.accounts()).chain(settings.sendgrid.account());
    own.chain(settings.accounts.iter().cloned()).collect()
}

/// The account as the repository keeps it.
fn registered(settings: &Settings, account: &AccountSettings) -> Account {
    let (parent, caller_id) = match account.carrier() {
        Provider::Meta => (meta::parent(settings, account), account.caller_id.clone()),
        Provider::Sendgrid => (None, None),
        Provider::Twilio => (twilio::parent(&settings.twilio, account), twilio::caller_id(&settings.twilio, account)),
    };
    Account {
        name: account.name.clone(),
        parent,
        owner: account.owner.clone(),
        caller_id,
        ..new_account(account.id(), account.organization.clone().unwrap_or_else(|| settings.organization.id.clone()))
    }
}
