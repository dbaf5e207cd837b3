//! The client: one mailbox, one source of tokens, one transport.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use comms_http::{
    Caller, Clock, Error, ErrorKind, Operation, Request, Response, Result, RetryPolicy, Secret, SystemClock, Transport,
};
use http::Method;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    api,
    auth::Credentials,
    config::{self, Config},
    error,
    oauth::{OAuth, RefreshingToken, TokenProvider},
};

/// The provider's name in errors.
pub(crate) const PROVIDER: &str = "gmail";

/// A client of the Gmail API for one mailbox. Cheap to clone; clones share transport and tokens.
///
/// Each resource of the API is a method here that gives its operations. A call that is refused because of its token is made
/// once more with a fresh one: a refused call did nothing.
///
/// ```no_run
/// use gmail_client::{Client, Config, api::messages::MessageFilter};
///
/// # async fn run() -> gmail_client::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let unread = client.messages().page(&MessageFilter::matching("is:unread"), None).await?;
/// println!("{} unread", unread.items.len());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    base: Url,
    credentials: Credentials,
    user: Arc<str>,
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

    /// Makes a client step by step: transport, base URL, retry, clock, tokens.
    #[must_use]
    pub fn builder(config: Config) -> ClientBuilder {
        ClientBuilder {
            config,
            transport: None,
            retry: RetryPolicy::default(),
            clock: Arc::new(SystemClock),
            token: None,
        }
    }

    /// The same transport for another mailbox. `user` is its address, or `me` for the owner of the tokens.
    #[must_use]
    pub fn for_mailbox(&self, user: &str, token: Arc<dyn TokenProvider>) -> Self {
        Self { user: user.into(), credentials: Credentials { token }, ..self.clone() }
    }

    /// The mailbox: an address, or `me`.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The clock that was passed in.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.caller.clock()
    }

    /// Listing, reading, sending, labelling, deleting.
    #[must_use]
    pub fn messages(&self) -> api::Messages<'_> {
        api::Messages::new(self)
    }

    /// Conversations.
    #[must_use]
    pub fn threads(&self) -> api::Threads<'_> {
        api::Threads::new(self)
    }

    /// Messages that are written and not sent yet.
    #[must_use]
    pub fn drafts(&self) -> api::Drafts<'_> {
        api::Drafts::new(self)
    }

    /// Labels, the system's and the user's own.
    #[must_use]
    pub fn labels(&self) -> api::Labels<'_> {
        api::Labels::new(self)
    }

    /// Attachments of messages.
    #[must_use]
    pub fn attachments(&self) -> api::Attachments<'_> {
        api::Attachments::new(self)
    }

    /// What changed since a history id.
    #[must_use]
    pub fn history(&self) -> api::History<'_> {
        api::History::new(self)
    }

    /// The mailbox itself: profile, watch, stop.
    #[must_use]
    pub fn mailbox(&self) -> api::Mailbox<'_> {
        api::Mailbox::new(self)
    }

    /// The addresses that the mailbox may send as.
    #[must_use]
    pub fn send_as(&self) -> api::SendAs<'_> {
        api::SendAs::new(self)
    }

    /// Many calls in one request.
    #[must_use]
    pub fn batch(&self) -> api::Batch<'_> {
        api::Batch::new(self)
    }

    /// The request that others are put into.
    pub(crate) fn batch_request(&self) -> Result<Request> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["batch", "gmail", "v1"]);
        }
        Ok(Request::new(Method::POST, url))
    }

    /// A request for `{base}/gmail/v1/users/{user}/{path…}`.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        self.at(&["gmail", "v1", "users"], method, path)
    }

    /// A request to the host's upload path, for what is too long for JSON.
    pub(crate) fn upload(&self, method: Method, path: &[&str]) -> Result<Request> {
        self.at(&["upload", "gmail", "v1", "users"], method, path)
    }

    /// Ids may come from outside, so each must stay one segment.
    fn at(&self, prefix: &[&str], method: Method, path: &[&str]) -> Result<Request> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for segment in prefix.iter().chain(std::iter::once(&&*self.user)).chain(path) {
                // The URL type drops empty and dotted segments, which would address another object.
                if segment.is_empty() || *segment == "." || *segment == ".." {
                    return Err(Error::invalid("an id is empty or not an id").field("id"));
                }
                segments.push(segment);
            }
        }
        Ok(Request::new(method, url))
    }

    /// Makes the call with the token and reads its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        let (mut first, again) = (request.clone(), request);
        let token = self.authorize(operation, &mut first).await?;
        match self.caller.json(operation, first).await {
            Err(error) if self.may_repeat(&error, &token) => {
                self.caller.json(operation, self.again(operation, again).await?).await
            }
            result => result,
        }
    }

    /// Makes a call whose answer has no body.
    pub(crate) async fn empty(&self, operation: Operation, request: Request) -> Result<()> {
        self.bytes(operation, request).await.map(drop)
    }

    /// Makes a call whose answer is read as it is.
    pub(crate) async fn bytes(&self, operation: Operation, request: Request) -> Result<Bytes> {
        let (mut first, again) = (request.clone(), request);
        let token = self.authorize(operation, &mut first).await?;
        match self.caller.bytes(operation, first).await {
            Err(error) if self.may_repeat(&error, &token) => {
                self.caller.bytes(operation, self.again(operation, again).await?).await
            }
            result => result,
        }
    }

    /// Makes a call whose answer is read as it arrives.
    pub(crate) async fn stream(&self, operation: Operation, request: Request) -> Result<Response> {
        let (mut first, again) = (request.clone(), request);
        let token = self.authorize(operation, &mut first).await?;
        match self.caller.stream(operation, first).await {
            Err(error) if self.may_repeat(&error, &token) => {
                self.caller.stream(operation, self.again(operation, again).await?).await
            }
            result => result,
        }
    }

    async fn authorize(&self, operation: Operation, request: &mut Request) -> Result<Secret> {
        let authorized = self.credentials.authorize(request).await;
        authorized.map_err(|error| error.provider(PROVIDER).operation(operation.name))
    }

    async fn again(&self, operation: Operation, mut request: Request) -> Result<Request> {
        self.authorize(operation, &mut request).await?;
        Ok(request)
    }

    /// A token may be withdrawn before its end. Nothing was done with it, and whoever can make another one is asked to.
    fn may_repeat(&self, error: &Error, token: &Secret) -> bool {
        error.status() == Some(401)
            && error.kind() == ErrorKind::Unauthenticated
            && self.credentials.token.discard(token)
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
    token: Option<Arc<dyn TokenProvider>>,
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

    /// Takes tokens from here instead of exchanging `refresh_token`.
    #[must_use]
    pub fn token_provider(mut self, token: Arc<dyn TokenProvider>) -> Self {
        self.token = Some(token);
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn build(self) -> Result<Client> {
        let named = |error: Error| error.provider(PROVIDER);
        let base = self.config.check_mailbox().map_err(named)?;
        let transport = self.transport.map_or_else(default_transport, Ok).map_err(named)?;
        let token = match self.token {
            Some(token) => token,
            None => refreshing(&self.config, &transport, &self.retry, &self.clock).map_err(named)?,
        };
        Ok(Client {
            caller: Caller::new(PROVIDER, transport, self.clock, self.retry, error::classify),
            base,
            credentials: Credentials { token },
            user: self.config.user.as_str().into(),
        })
    }
}

fn refreshing(
    config: &Config,
    transport: &Arc<dyn Transport>,
    retry: &RetryPolicy,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn TokenProvider>> {
    let refresh = config.refresh_token.clone().ok_or_else(|| comms_http::setting::missing(config::REFRESH_TOKEN))?;
    let oauth = OAuth::new(config, transport.clone(), clock.clone(), *retry)?;
    Ok(Arc::new(RefreshingToken::new(oauth, refresh)))
}

#[cfg(feature = "rustls-ring")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(comms_http::ReqwestTransport::ring()?))
}

#[cfg(not(feature = "rustls-ring"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Err(Error::config("no transport: pass one to the builder, or switch on the feature rustls-ring"))
}
