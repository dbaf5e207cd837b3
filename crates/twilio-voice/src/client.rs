//! The client: one account and one number over `twilio-core`'s client.

use std::sync::Arc;

use comms_http::{Clock, Request, Result, RetryPolicy, Transport};
use http::Method;
use twilio_core::Form;
pub(crate) use twilio_core::PROVIDER;

use crate::{Config, api};

/// A client of Twilio Programmable Voice. Cheap to clone; clones share the transport.
///
/// Each resource of the API is a method here that gives its operations.
///
/// ```no_run
/// use twilio_voice::{Client, Config, api::calls::NewCall};
///
/// # async fn run() -> twilio_voice::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let call = NewCall::new("+34600000000", "+15005550006").twiml("<Response><Say>Hola</Say></Response>");
/// let placed = client.calls().create(&call).await?;
/// println!("queued as {}", placed.sid.unwrap_or_default());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    core: twilio_core::Client,
    config: Arc<Config>,
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
        ClientBuilder { core: twilio_core::Client::builder(config.twilio.clone()), config }
    }

    /// A client over one of `twilio-core` that is there already, for a number of its account. The account's settings are the
    /// client's.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is wrong.
    pub fn over(core: twilio_core::Client, config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { core, config: Arc::new(config) })
    }

    /// The client of the account, for what is not voice.
    #[must_use]
    pub fn core(&self) -> &twilio_core::Client {
        &self.core
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Placing, following, changing and ending calls.
    #[must_use]
    pub fn calls(&self) -> api::Calls<'_> {
        api::Calls::new(self)
    }

    /// Recordings: of the account, of a call, and while it is made.
    #[must_use]
    pub fn recordings(&self) -> api::Recordings<'_> {
        api::Recordings::new(self)
    }

    /// The sound of a call, sent to a WebSocket.
    #[must_use]
    pub fn streams(&self) -> api::Streams<'_> {
        api::Streams::new(self)
    }

    pub(crate) fn get(&self, path: &[&str]) -> Result<Request> {
        self.core.request(Method::GET, path)
    }

    pub(crate) fn delete(&self, path: &[&str]) -> Result<Request> {
        self.core.request(Method::DELETE, path)
    }

    pub(crate) fn post(&self, path: &[&str], form: &Form) -> Result<Request> {
        Ok(form.apply(self.core.request(Method::POST, path)?))
    }
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    core: twilio_core::ClientBuilder,
    config: Config,
}

impl ClientBuilder {
    /// Calls over this transport, for instance a [`ReqwestTransport`](comms_http::ReqwestTransport) over a `reqwest::Client` of
    /// yours. Needed unless feature `rustls-ring` is on.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.core = self.core.transport(transport);
        self
    }

    /// Calls another address, for instance a simulator.
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
        Ok(Client { core: self.core.build()?, config: Arc::new(self.config) })
    }
}
