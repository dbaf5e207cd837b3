//! Twilio: calls, SMS, WhatsApp.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use comms_core::{AccountId, Channel, ChannelKind, Clock, Error, ExposeSecret, Inbound, Result, Secret};
use comms_http::{RetryPolicy, Transport};
use time::OffsetDateTime;
use twilio_core::{Client, Config, webhook::Verifier};
use twilio_messaging::{
    Address, Sender, TwilioMessagingChannel, TwilioMessagingInbound,
    segments::{Encoding, Segments},
};
use twilio_voice::{
    TwilioVoiceChannel, TwilioVoiceInbound,
    token::{AccessToken, Signer, VoiceGrant},
};

use super::{MESSAGING_WEBHOOK, TWILIO_MESSAGING, TWILIO_VOICE, VOICE_WEBHOOK};
use crate::config::{AccountSettings, Settings, TwilioSettings};

/// What the ids of accounts above all numbers begin with.
const PARENT: &str = "twilio";

/// Everything of Twilio that the settings allow for.
pub(super) struct Twilio {
    common: TwilioSettings,
    /// What is needed to call, by account or sub-account.
    accounts: BTreeMap<String, Config>,
    /// The channels by account of ours.
    channels: BTreeMap<AccountId, Arc<dyn Channel>>,
    verifier: Option<Verifier>,
    /// Our address for calls as it is told to Twilio in answers.
    calls_url: String,
    browsers: Option<Browsers>,
    /// The address under which Twilio reaches us, where it does.
    base: Option<String>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

/// What signs the browsers' tokens.
struct Browsers {
    signer: Signer,
    application: String,
    life: Duration,
}

/// With what a browser calls and is called.
pub struct BrowserToken {
    /// The token.
    pub token: String,
    /// Until when it is valid.
    pub expires_at: OffsetDateTime,
}

impl Twilio {
    /// The account of the variables, without a number yet.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub(super) fn new(settings: &Settings, transport: &Arc<dyn Transport>, clock: &Arc<dyn Clock>) -> Result<Self> {
        let common = settings.twilio.clone();
        let mut accounts = BTreeMap::new();
        let mut verifier = None;
        if let Some(config) = config(&common) {
            for token in [&common.auth_token, &common.auth_token_previous].into_iter().flatten() {
                verifier = Some(trusting(verifier, &config.account_sid, token)?);
            }
            if common.missing_to_send().is_empty() {
                config.check()?;
                accounts.insert(config.account_sid.clone(), config);
            }
        }
        for account in &settings.accounts {
            let (Some(sid), Some(token)) = (&account.account_sid, &account.auth_token) else {
                continue;
            };
            verifier = Some(trusting(verifier, sid, token)?);
            accounts.insert(sid.clone(), with_host(Config::new(sid, token.clone()), &common));
        }
        Ok(Self {
            accounts,
            channels: BTreeMap::new(),
            verifier,
            calls_url: format!("{}{VOICE_WEBHOOK}", settings.http.base_url()),
            browsers: browsers(settings)?,
            base: settings.http.is_reachable().then(|| settings.http.base_url()),
            transport: Arc::clone(transport),
            clock: Arc::clone(clock),
            common,
        })
    }

    /// Adds the channel of an account; `false` where there is nothing to send with.
    ///
    /// # Errors
    /// `Config` where its number cannot be used.
    pub(super) fn add(&mut self, account: &AccountSettings) -> Result<bool> {
        let sid = account.account_sid.as_ref().or(self.common.account_sid.as_ref());
        let Some(config) = sid.and_then(|sid| self.accounts.get(sid)) else {
            return Ok(false);
        };
        let channel = self.channel(config.clone(), account.channel, &account.id())?;
        self.channels.insert(account.id(), channel);
        Ok(true)
    }

    /// The channel of an account. A number that was registered over the API belongs to the common account.
    ///
    /// # Errors
    /// `Config` where there is nothing to send with.
    pub(super) fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        if let Some(channel) = self.channels.get(account) {
            return Ok(Arc::clone(channel));
        }
        if account.provider() == PARENT
            && let Some(any) = self.channels.values().find(|channel| channel.kind() == ChannelKind::Voice)
        {
            // What names no number is fetched by any that calls.
            return Ok(Arc::clone(any));
        }
        let config = self.common.account_sid.as_ref().and_then(|sid| self.accounts.get(sid));
        let config = config.ok_or_else(|| {
            Error::config(format!("{account} has no channel: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"))
        })?;
        self.channel(config.clone(), channel_of(account), account)
    }

    fn channel(&self, config: Config, kind: ChannelKind, account: &AccountId) -> Result<Arc<dyn Channel>> {
        let number = account.external_id();
        if kind == ChannelKind::Voice {
            let mut voice = twilio_voice::Config::new(config).phone_number(number);
            voice.callback_url = self.url(VOICE_WEBHOOK);
            let client = twilio_voice::Client::builder(voice);
            let client = client
                .transport(Arc::clone(&self.transport))
                .retry(RetryPolicy::never())
                .clock(Arc::clone(&self.clock))
                .build()?;
            return TwilioVoiceChannel::new(client).map(|channel| Arc::new(channel) as Arc<dyn Channel>);
        }
        let mut messages = twilio_messaging::Config::new(config);
        messages.status_callback = self.url(MESSAGING_WEBHOOK);
        let client = twilio_messaging::Client::builder(messages);
        let client = client
            .transport(Arc::clone(&self.transport))
            .retry(RetryPolicy::never())
            .clock(Arc::clone(&self.clock))
            .build()?;
        Ok(Arc::new(TwilioMessagingChannel::new(client, sender(kind, number))))
    }

    /// The address that Twilio is to call for this, where it can.
    pub(super) fn url(&self, path: &str) -> Option<String> {
        let base = self.base.as_ref()?;
        Some(format!("{base}{path}"))
    }

    /// The parsers by the names of their webhooks, where there is a token that proves one.
    ///
    /// # Errors
    /// `Config` where Twilio could not call our address.
    pub(super) fn inbounds(&self) -> Result<Vec<(&'static str, Arc<dyn Inbound>)>> {
        let Some(verifier) = &self.verifier else {
            return Ok(Vec::new());
        };
        let voice: Arc<dyn Inbound> = Arc::new(TwilioVoiceInbound::new(verifier.clone(), &self.calls_url)?);
        let known = self.channels.iter().filter(|(_, channel)| channel.kind() != ChannelKind::Voice);
        let senders = known.map(|(account, channel)| sender(channel.kind(), account.external_id()));
        let messages: Arc<dyn Inbound> = Arc::new(TwilioMessagingInbound::new(verifier.clone()).senders(senders));
        Ok(vec![(TWILIO_VOICE, voice), (TWILIO_MESSAGING, messages)])
    }

    /// The token with which the browser of this name calls and is called.
    ///
    /// # Errors
    /// `Config` where the keys of browser calls are not set, `InvalidRequest` where the name cannot be one.
    pub(super) fn browser_token(&self, identity: &str, now: OffsetDateTime) -> Result<BrowserToken> {
        let browsers = self.browsers.as_ref().ok_or_else(|| {
            Error::config("set TWILIO_ACCOUNT_SID, TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET, TWILIO_TWIML_APP_SID")
        })?;
        let voice = VoiceGrant::new().incoming(true).outgoing(&browsers.application);
        let token = AccessToken::new(identity).voice(voice).valid_for(browsers.life);
        let signed = browsers.signer.sign(&token, now)?;
        Ok(BrowserToken { token: signed.jwt.expose_secret().to_owned(), expires_at: signed.expires_at })
    }

    /// A client of each account, with all of its rights, for an examination.
    pub(super) fn clients(&self) -> impl Iterator<Item = Result<Client>> {
        self.accounts.values().map(|config| {
            let client = Client::builder(config.clone());
            client.transport(Arc::clone(&self.transport)).clock(Arc::clone(&self.clock)).build()
        })
    }

    /// The TwiML app of an account's browser calls.
    pub(super) fn application(&self, account_sid: &str) -> Option<&str> {
        let browsers = self.browsers.as_ref()?;
        (self.common.account_sid.as_deref() == Some(account_sid)).then_some(&browsers.application)
    }

    /// Whether an account is one of the configured ones.
    pub(super) fn has(&self, account: &AccountId) -> bool {
        self.channels.contains_key(account)
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("channels", &self.channels.keys())
            .field("webhooks", &self.verifier.is_some())
            .field("browsers", &self.browsers.is_some())
            .finish_non_exhaustive()
    }
}

/// What messages of an account come from.
fn sender(kind: ChannelKind, number: &str) -> Sender {
    match kind {
        ChannelKind::WhatsApp => Address::whatsapp(number).into(),
        _ => Sender::from(number),
    }
}

/// The channel that the id of an account says; WhatsApp where it is not Twilio's.
pub(super) fn channel_of(account: &AccountId) -> ChannelKind {
    match account.provider() {
        // The account above all numbers: browser calls, and recordings that name no number.
        TWILIO_VOICE | PARENT => ChannelKind::Voice,
        "twilio-sms" => ChannelKind::Sms,
        _ => ChannelKind::WhatsApp,
    }
}

/// The account above a number.
pub(super) fn parent(common: &TwilioSettings, account: &AccountSettings) -> Option<AccountId> {
    match &account.account_sid {
        Some(sid) => Some(AccountId::of(PARENT, sid)),
        None => common.parent(),
    }
}

/// The number that a line's calls show: the common one is the common account's.
pub(super) fn caller_id(common: &TwilioSettings, account: &AccountSettings) -> Option<String> {
    let shared = account.channel == ChannelKind::Voice && account.account_sid.is_none();
    account.caller_id.as_ref().or(common.caller_id.as_ref().filter(|_| shared)).cloned()
}

/// How many SMS a text is charged as, and in which encoding it goes out.
#[must_use]
pub fn segments(text: &str) -> (usize, &'static str) {
    let segments = Segments::of(text);
    let encoding = match segments.encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    };
    (segments.count, encoding)
}

/// The settings of the common account; `None` where there is none. The account's own token may do everything, a key perhaps
/// not: it calls only where there is no token.
fn config(common: &TwilioSettings) -> Option<Config> {
    let sid = common.account_sid.clone()?;
    let mut config = Config::new(sid, Secret::default());
    config.auth_token.clone_from(&common.auth_token);
    if common.auth_token.is_none()
        && let (Some(key), Some(secret)) = (&common.api_key_sid, &common.api_key_secret)
    {
        config = config.with_api_key(key, secret.clone());
    }
    Some(with_host(config, common))
}

fn with_host(mut config: Config, common: &TwilioSettings) -> Config {
    config.region.clone_from(&common.region);
    config.edge.clone_from(&common.edge);
    config.api_base.clone_from(&common.api_base);
    config
}

/// One verifier knows the tokens of all accounts: a webhook says whose it is.
fn trusting(verifier: Option<Verifier>, sid: &str, token: &Secret) -> Result<Verifier> {
    match verifier {
        Some(verifier) => verifier.account(sid, token.clone()),
        None => Verifier::new(sid, token.clone()),
    }
}

fn browsers(settings: &Settings) -> Result<Option<Browsers>> {
    let twilio = &settings.twilio;
    let (Some(account), Some(key), Some(secret), Some(application)) =
        (&twilio.account_sid, &twilio.api_key_sid, &twilio.api_key_secret, &twilio.twiml_app_sid)
    else {
        return Ok(None);
    };
    let mut signer = Signer::new(account, key, secret.clone())?;
    if let Some(region) = &twilio.region {
        signer = signer.region(region);
    }
    let life = Duration::from_secs(settings.voice.token_seconds.get().into());
    Ok(Some(Browsers { signer, application: application.clone(), life }))
}
