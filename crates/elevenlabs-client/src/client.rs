//! The client: one key, one transport, so many conversations at once.

use std::{fmt, sync::Arc};

use comms_http::{
    Caller, Clock, Error, ErrorKind, Operation, Outcome, Request, Response, Result, RetryPolicy, SystemClock, Transport,
};
use http::Method;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::{
    PROVIDER, api,
    auth::Credentials,
    config::Config,
    error, limits,
    session::{Connector, Kept, WebSockets},
};

/// A client of one workspace of ElevenLabs. Cheap to clone; clones share the transport and the number of conversations at once.
///
/// Each resource of the API is a method here that gives its operations.
///
/// ```no_run
/// use elevenlabs_client::{Client, Config};
///
/// # async fn run() -> elevenlabs_client::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let call = client.conversations().get("conv_0123").await?;
/// println!("{} after {:?} s", call.status, call.metadata.call_duration_secs);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    base: Url,
    web_socket: Url,
    credentials: Credentials,
    connector: Arc<dyn Connector>,
    sessions: Arc<Semaphore>,
    kept: Arc<Kept>,
}

/// The right to one conversation at once. It is given back when it is dropped.
#[derive(Debug)]
pub struct SessionSlot {
    _permit: OwnedSemaphorePermit,
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
        ClientBuilder {
            config,
            transport: None,
            connector: None,
            retry: RetryPolicy::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// The clock that was passed in.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.caller.clock()
    }

    /// Conversations that were or are: calls and texts.
    #[must_use]
    pub fn conversations(&self) -> api::Conversations<'_> {
        api::Conversations::new(self)
    }

    /// The workspace's agents.
    #[must_use]
    pub fn agents(&self) -> api::Agents<'_> {
        api::Agents::new(self)
    }

    /// Calls through Twilio.
    #[must_use]
    pub fn twilio(&self) -> api::TwilioCalls<'_> {
        api::TwilioCalls::new(self)
    }

    /// Calls to many.
    #[must_use]
    pub fn batch_calls(&self) -> api::BatchCalls<'_> {
        api::BatchCalls::new(self)
    }

    /// WhatsApp numbers that ElevenLabs itself serves.
    #[must_use]
    pub fn whatsapp(&self) -> api::WhatsApp<'_> {
        api::WhatsApp::new(self)
    }

    /// Where webhooks go, and the secrets that they are signed with.
    #[must_use]
    pub fn webhooks(&self) -> api::Webhooks<'_> {
        api::Webhooks::new(self)
    }

    /// Waits until fewer conversations are open than the settings allow, [`SLOT_WAIT`](limits::SLOT_WAIT) at most. Hold it as long as the
    /// conversation lasts. A session that is only [kept](Config::keep_sessions) makes room, the one that has been idle longest first.
    ///
    /// # Errors
    /// `RateLimited` and `NotSent` where none ended in time.
    pub async fn session_slot(&self) -> Result<SessionSlot> {
        if let Ok(permit) = Arc::clone(&self.sessions).try_acquire_owned() {
            return Ok(SessionSlot { _permit: permit });
        }
        let _waiting = self.kept.make_room();
        let waited = tokio::time::timeout(limits::SLOT_WAIT, Arc::clone(&self.sessions).acquire_owned()).await;
        match waited {
            Ok(Ok(permit)) => Ok(SessionSlot { _permit: permit }),
            // It is never closed; and where it were, no conversation could begin either.
            Ok(Err(_)) | Err(_) => {
                let message = "as many text conversations are open as the settings allow, and none ended in time";
                let error = Error::new(ErrorKind::RateLimited, Outcome::NotSent, message).about_account(false);
                Err(error.provider(PROVIDER).retry_after(limits::CONCURRENCY_WAIT))
            }
        }
    }

    /// How many conversations may be begun at this moment without waiting.
    #[must_use]
    pub fn free_sessions(&self) -> usize {
        self.sessions.available_permits()
    }

    /// How many sessions are kept open between two messages at this moment.
    #[must_use]
    pub fn kept_sessions(&self) -> usize {
        self.kept.count()
    }

    /// Closes the sessions that are kept, in order, and keeps none from now on: for the end of a process.
    pub async fn close_kept(&self) {
        self.kept.close().await;
    }

    pub(crate) fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    /// The address of a WebSocket: `{ws base}/v1/{path…}`.
    pub(crate) fn web_socket(&self, path: &[&str]) -> Result<Url> {
        address(&self.web_socket, path)
    }

    /// What WebSockets are opened with.
    pub(crate) fn connector(&self) -> &dyn Connector {
        &*self.connector
    }

    /// The key, for the head of a WebSocket.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A request for `{base}/v1/{path…}`. Ids may come from outside, so each must stay one segment.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        Ok(Request::new(method, address(&self.base, path)?))
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        self.caller.json(operation, self.authorized(operation, request)?).await
    }

    /// Makes a call whose answer is read by who called.
    pub(crate) async fn bytes(&self, operation: Operation, request: Request) -> Result<bytes::Bytes> {
        self.caller.bytes(operation, self.authorized(operation, request)?).await
    }

    /// Makes a call whose answer has no body worth reading.
    pub(crate) async fn empty(&self, operation: Operation, request: Request) -> Result<()> {
        self.bytes(operation, request).await.map(drop)
    }

    /// Makes a call whose answer is streamed.
    pub(crate) async fn stream(&self, operation: Operation, request: Request) -> Result<Response> {
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

fn address(base: &Url, path: &[&str]) -> Result<Url> {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("v1");
        for segment in path {
            // The URL type drops empty and dotted segments, which would address another object.
            if segment.is_empty() || *segment == "." || *segment == ".." {
                return Err(Error::invalid("an id is empty or not an id").field("id").provider(PROVIDER));
            }
            segments.push(segment);
        }
    }
    Ok(url)
}

/// Makes a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    config: Config,
    transport: Option<Arc<dyn Transport>>,
    connector: Option<Arc<dyn Connector>>,
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

    /// Opens WebSockets with this. Without it over TCP, and with feature `rustls-ring` over TLS.
    #[must_use]
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Calls another address, for instance a simulator; WebSockets go there too.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.config.api_base = base.into();
        self.config.ws_base = None;
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
        let bases = self.config.check()?;
        let transport = self.transport.map_or_else(default_transport, Ok)?;
        Ok(Client {
            caller: Caller::new(PROVIDER, transport, self.clock, self.retry, error::classify),
            base: bases.http,
            web_socket: bases.web_socket,
            connector: self.connector.unwrap_or_else(|| Arc::new(WebSockets::new())),
            sessions: Arc::new(Semaphore::new(self.config.sessions()?)),
            kept: Arc::new(Kept::new(self.config.keep()?)),
            credentials: Credentials(self.config.api_key),
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
