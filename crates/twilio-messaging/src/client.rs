//! The client: one account, its senders, one transport.

use std::{fmt, sync::Arc};

use comms_http::{Clock, Result, RetryPolicy, Transport};
use twilio_core::Credentials;

use crate::{Address, Sender, api, config::Config};

/// A client of Twilio's messages for one account. Cheap to clone; clones share the transport.
///
/// Each resource is a method here that gives its operations.
///
/// ```no_run
/// use twilio_messaging::{Client, Config, NewMessage};
///
/// # async fn run() -> twilio_messaging::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let sent = client.messages().create(&NewMessage::text("hola").to("+34600000000")).await?;
/// println!("accepted as {:?}", sent.sid);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    core: twilio_core::Client,
    senders: Arc<Senders>,
}

#[derive(Debug)]
struct Senders {
    sms: Option<Sender>,
    whatsapp: Option<Sender>,
    status_callback: Option<String>,
}

impl Client {
    /// A client over rustls with ring and the platform's trust store.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    #[cfg(feature = "rustls-ring")]
    pub fn new(config: Config) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Makes a client step by step: transport, base URL, retry, clock.
    #[must_use]
    pub fn builder(config: Config) -> ClientBuilder {
        let core = twilio_core::Client::builder(config.account.clone());
        ClientBuilder { config, core }
    }

    /// The same client for another account, with the same credentials: a main account may call for its subaccounts. The senders
    /// stay.
    ///
    /// # Errors
    /// `InvalidRequest` where it is not the SID of an account.
    pub fn for_account(&self, account_sid: &str) -> Result<Self> {
        Ok(Self { core: self.core.for_account(account_sid)?, ..self.clone() })
    }

    /// The same client with other credentials.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { core: self.core.with_credentials(credentials), ..self.clone() }
    }

    /// The client below: what all of Twilio's products share.
    #[must_use]
    pub fn core(&self) -> &twilio_core::Client {
        &self.core
    }

    /// The account that is called for.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        self.core.account_sid()
    }

    /// What a message to `to` is sent from unless it says so itself. A Messaging Service reaches WhatsApp too, where no number is
    /// set for it.
    #[must_use]
    pub fn sender(&self, to: Option<&Address>) -> Option<&Sender> {
        let senders = &self.senders;
        let service = senders.sms.as_ref().filter(|sender| matches!(sender, Sender::Service(_)));
        match to {
            Some(to) if to.is_whatsapp() => senders.whatsapp.as_ref().or(service),
            _ => senders.sms.as_ref(),
        }
    }

    /// Where Twilio reports what becomes of messages that do not say so themselves.
    #[must_use]
    pub fn status_callback(&self) -> Option<&str> {
        self.senders.status_callback.as_deref()
    }

    /// Sending, looking up, listing, cancelling, redacting, deleting.
    #[must_use]
    pub fn messages(&self) -> api::Messages<'_> {
        api::Messages::new(self)
    }

    /// Files of messages.
    #[must_use]
    pub fn media(&self) -> api::Media<'_> {
        api::Media::new(self)
    }

    /// Content templates and their approval.
    #[must_use]
    pub fn contents(&self) -> api::Contents<'_> {
        api::Contents::new(self)
    }

    /// Messaging Services and their senders.
    #[must_use]
    pub fn services(&self) -> api::Services<'_> {
        api::Services::new(self)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("core", &self.core).field("senders", &self.senders).finish()
    }
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    config: Config,
    core: twilio_core::ClientBuilder,
}

impl ClientBuilder {
    /// Calls over this transport, for instance a [`ReqwestTransport`](comms_http::ReqwestTransport) over a `reqwest::Client` of
    /// yours. Needed unless feature `rustls-ring` is on.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.core = self.core.transport(transport);
        self
    }

    /// Calls one address for all products, for instance a simulator.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.core = self.core.base_url(base);
        self
    }

    /// Repeats what is safe to repeat by this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.core = self.core.retry(retry);
        self
    }

    /// Reads the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.core = self.core.clock(clock);
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn build(self) -> Result<Client> {
        self.config.check()?;
        let senders = Senders {
            sms: self.config.sms_sender()?,
            whatsapp: self.config.whatsapp_sender()?,
            status_callback: self.config.status_callback.clone(),
        };
        Ok(Client { core: self.core.build()?, senders: Arc::new(senders) })
    }
}
