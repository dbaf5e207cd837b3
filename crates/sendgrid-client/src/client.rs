//! The client: one key, one transport.

use std::{fmt, sync::Arc};

use comms_http::{Caller, Clock, Error, Operation, Request, Response, Result, RetryPolicy, SystemClock, Transport};
use http::Method;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{PROVIDER, api, auth::Credentials, config::Config, error, model::person::Person};

/// A client of SendGrid for one account. Cheap to clone; clones share the transport.
///
/// Each resource of the API is a method here that gives its operations.
///
/// ```no_run
/// use sendgrid_client::{Client, Config, Mail};
///
/// # async fn run() -> sendgrid_client::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let mail = Mail::new("ventas@example.org").to("ana@example.com").subject("Presupuesto").text("Hola, Ana");
/// let sent = client.mail().send(&mail).await?;
/// println!("taken as {}", sent.message_id);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    base: Url,
    credentials: Credentials,
    sender: Option<Arc<Person>>,
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
        ClientBuilder { config, transport: None, retry: RetryPolicy::default(), clock: Arc::new(SystemClock) }
    }

    /// The same client in the name of a subuser.
    #[must_use]
    pub fn on_behalf_of(&self, subuser: impl Into<String>) -> Self {
        let credentials = Credentials { on_behalf_of: Some(subuser.into()), ..self.credentials.clone() };
        Self { credentials, ..self.clone() }
    }

    /// What the settings send from.
    #[must_use]
    pub fn sender(&self) -> Option<&Person> {
        self.sender.as_deref()
    }

    /// The clock that was passed in.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.caller.clock()
    }

    /// Sending.
    #[must_use]
    pub fn mail(&self) -> api::MailSend<'_> {
        api::MailSend::new(self)
    }

    /// Mails that are scheduled: paused, withdrawn.
    #[must_use]
    pub fn batches(&self) -> api::Batches<'_> {
        api::Batches::new(self)
    }

    /// Dynamic templates and their versions.
    #[must_use]
    pub fn templates(&self) -> api::Templates<'_> {
        api::Templates::new(self)
    }

    /// Whom nothing is sent to, and why.
    #[must_use]
    pub fn suppressions(&self) -> api::Suppressions<'_> {
        api::Suppressions::new(self)
    }

    /// Groups that people unsubscribe from.
    #[must_use]
    pub fn groups(&self) -> api::Groups<'_> {
        api::Groups::new(self)
    }

    /// Where webhooks go, and the keys that they are signed with.
    #[must_use]
    pub fn webhooks(&self) -> api::Webhooks<'_> {
        api::Webhooks::new(self)
    }

    /// A request for `{base}/v3/{path…}`. Ids may come from outside, so each must stay one segment.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v3");
            for segment in path {
                // The URL type drops empty and dotted segments, which would address another object.
                if segment.is_empty() || *segment == "." || *segment == ".." {
                    return Err(Error::invalid("an id is empty or not an id").field("id").provider(PROVIDER));
                }
                segments.push(segment);
            }
        }
        Ok(Request::new(method, url))
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        self.caller.json(operation, self.authorized(operation, request)?).await
    }

    /// Makes a call whose answer has no body worth reading.
    pub(crate) async fn empty(&self, operation: Operation, request: Request) -> Result<()> {
        self.caller.bytes(operation, self.authorized(operation, request)?).await.map(drop)
    }

    /// Makes a call of whose answer the headers matter.
    pub(crate) async fn head(&self, operation: Operation, request: Request) -> Result<Response> {
        self.caller.stream(operation, self.authorized(operation, request)?).await
    }

    fn authorized(&self, operation: Operation, request: Request) -> Result<Request> {
        let authorized = self.credentials.authorize(request);
        authorized.map_err(|error| error.provider(PROVIDER).operation(operation.name))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    config: Config,
    transport: Option<Arc<dyn Transport>>,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    /// Calls over this transport, for instance a [`ReqwestTransport`](comms_http::ReqwestTransport) over a `reqwest::Client` of
    /// yours. Needed unless feature `rustls-ring` is on.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Calls another address, for instance a simulator.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.config.api_base = base.into();
        self
    }

    /// Repeats what is safe to repeat by this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Reads the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn build(self) -> Result<Client> {
        let base = self.config.check()?;
        let transport = self.transport.map_or_else(default_transport, Ok)?;
        Ok(Client {
            caller: Caller::new(PROVIDER, transport, self.clock, self.retry, error::classify),
            base,
            sender: self.config.sender()?.map(Arc::new),
            credentials: Credentials { api_key: self.config.api_key, on_behalf_of: self.config.on_behalf_of },
        })
    }
}

#[cfg(feature = "rustls-ring")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(comms_http::ReqwestTransport::ring().map_err(|error| error.provider(PROVIDER))?))
}

#[cfg(not(feature = "rustls-ring"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    let error = Error::config("no transport: pass one to the builder, or switch on the feature rustls-ring");
    Err(error.provider(PROVIDER))
}
