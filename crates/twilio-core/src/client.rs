//! The client: one account, one pair of credentials, one transport.

use std::{fmt, sync::Arc};

use comms_http::{
    Caller, Clock, Error, ErrorKind, Operation, Outcome, Page, Request, Response, Result, RetryPolicy, SystemClock,
    Transport,
};
use futures_util::Stream;
use http::Method;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Config, Credentials, PROVIDER, error, limits, model::sid, paging, redirect::FollowOnce};

/// A client of one Twilio account. Cheap to clone; clones share the transport.
///
/// It knows addresses, credentials, pages and errors; what Twilio can do is in the crates over it.
///
/// ```no_run
/// use http::Method;
/// use twilio_core::{Client, Config, Form, Operation};
///
/// # async fn run() -> twilio_core::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let form = Form::new().set("To", "+15005550006").set("From", "+15005550006").set("Body", "hola");
/// let request = form.apply(client.request(Method::POST, &["Messages.json"])?);
/// let sent: serde_json::Value = client.json(Operation::once("messages.create"), request).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    downloads: Caller,
    credentials: Credentials,
    account_sid: Arc<str>,
    config: Arc<Config>,
}

/// A product of Twilio with a host of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Product {
    /// `api.twilio.com`: accounts, calls, messages, recordings.
    Api,
    /// `messaging.twilio.com`: messaging services and their senders.
    Messaging,
    /// `content.twilio.com`: templates.
    Content,
}

impl Product {
    /// The first word of its host.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Messaging => "messaging",
            Self::Content => "content",
        }
    }
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

    /// The same client for another account, with the same credentials: a main account may call for its subaccounts.
    ///
    /// # Errors
    /// `InvalidRequest` where it is not the SID of an account.
    pub fn for_account(&self, account_sid: &str) -> Result<Self> {
        if !sid::is("AC", account_sid) {
            return Err(Error::invalid("the account is not AC and 32 hexadecimal digits")
                .field("account_sid")
                .provider(PROVIDER));
        }
        Ok(Self { account_sid: account_sid.into(), ..self.clone() })
    }

    /// The same client with other credentials.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// The account that is called for.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The clock that was passed in.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.caller.clock()
    }

    /// A request below the account: `{base}/2010-04-01/Accounts/{AC…}/{path…}`. Segments may come from outside: none of them can
    /// address anything else.
    ///
    /// Without `.json` at the end the answer is XML, or the file itself for media and recordings.
    ///
    /// # Errors
    /// `InvalidRequest` where a segment is empty or made of dots.
    pub fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        let account = [limits::API_VERSION, "Accounts", &self.account_sid];
        self.product(Product::Api, method, &[&account, path].concat())
    }

    /// A request to a product: `{its base}/{path…}`, for instance `["v1", "Services"]`.
    ///
    /// # Errors
    /// `InvalidRequest` where a segment is empty or made of dots.
    pub fn product(&self, product: Product, method: Method, path: &[&str]) -> Result<Request> {
        let mut url = self.config.base(product.as_str())?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for segment in path {
                let name = segment.strip_suffix(".json").unwrap_or(segment);
                // The URL type drops empty and dotted segments, which would address another object.
                if name.is_empty() || name.bytes().all(|byte| byte == b'.') {
                    return Err(Error::invalid("an id is empty or not an id").field("sid").provider(PROVIDER));
                }
                segments.push(segment);
            }
        }
        Ok(Request::new(method, url))
    }

    /// Makes the call and decodes its JSON answer (at most 8 MiB).
    ///
    /// # Errors
    /// What [`error::classify`] says; `Decode` for a success that cannot be read (`Unknown`: Twilio did act), with the start of it
    /// as its source.
    pub async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        let request = self.authorized(operation, request)?;
        let (status, bytes) = self.caller.answer(operation, request).await?;
        serde_json::from_slice(&bytes)
            .map_err(|cause| error::unread(status, &bytes, &cause).provider(PROVIDER).operation(operation.name))
    }

    /// Makes a call whose answer has nothing to read, for instance a deletion.
    ///
    /// # Errors
    /// What [`error::classify`] says.
    pub async fn empty(&self, operation: Operation, request: Request) -> Result<()> {
        let request = self.authorized(operation, request)?;
        self.caller.answer(operation, request).await.map(|_| ())
    }

    /// One page of a list, whose elements are below `key`; [`Page::next`] is the whole address of the next one.
    ///
    /// # Errors
    /// What [`error::classify`] says; `Decode` for an answer that is not a list, or that sends to another host.
    pub async fn page<T: DeserializeOwned>(
        &self,
        operation: Operation,
        request: Request,
        key: &str,
    ) -> Result<Page<T>> {
        let (url, prefix) = (request.url.clone(), self.prefix());
        let body = self.json(operation, request).await?;
        paging::page(body, key, &url, &prefix).map_err(|error| error.provider(PROVIDER).operation(operation.name))
    }

    /// All elements of a list, fetched page by page as the stream is read. It ends after the first error.
    ///
    /// Follows relative addresses (`next_page_uri`), absolute ones (`meta.next_page_url`) and tokens (`meta.nextToken`), and
    /// never leaves the host of the first request.
    pub fn pages<T: DeserializeOwned + Send + 'static>(
        &self,
        operation: Operation,
        request: Request,
        key: &'static str,
    ) -> impl Stream<Item = Result<T>> + Send + use<T> {
        let client = self.clone();
        comms_http::pages(move |next: Option<String>| {
            let (client, mut request) = (client.clone(), request.clone());
            async move {
                if let Some(next) = next {
                    request.url = Url::parse(&next).map_err(|_| {
                        Error::new(ErrorKind::Decode, Outcome::Rejected, "the next page has no address")
                    })?;
                }
                client.page(operation, request, key).await
            }
        })
    }

    /// Makes the call and hands over the answer with its body unread, for media and recordings.
    ///
    /// One redirect is followed, **without credentials**, to Twilio's hosts for files by https or to the configured base itself.
    /// How much of the body is read is the caller's to limit.
    ///
    /// # Errors
    /// What [`error::classify`] says; `Decode` where the redirect leads elsewhere.
    pub async fn download(&self, operation: Operation, request: Request) -> Result<Response> {
        let request = self.authorized(operation, request)?;
        self.downloads.stream(operation, request).await
    }

    /// Puts the credentials on a request, if it goes where they belong.
    fn authorized(&self, operation: Operation, mut request: Request) -> Result<Request> {
        let named = |error: Error| error.provider(PROVIDER).operation(operation.name);
        if !self.is_ours(&request.url) {
            return Err(named(Error::invalid("the address is not one of Twilio's API").field("url")));
        }
        self.credentials.authorize(&mut request).map_err(named)?;
        Ok(request)
    }

    fn is_ours(&self, url: &Url) -> bool {
        [Product::Api, Product::Messaging, Product::Content]
            .into_iter()
            .filter_map(|product| self.config.base(product.as_str()).ok())
            .any(|base| base.origin() == url.origin())
    }

    /// The path that all calls share, where the base has one.
    fn prefix(&self) -> String {
        let base = self.config.base(Product::Api.as_str());
        base.map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account_sid", &self.account_sid)
            .field("user", &self.credentials.user())
            .finish_non_exhaustive()
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

    /// Calls one address for all products, for instance a simulator.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.config.api_base = Some(base.into());
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
        let named = |error: Error| error.provider(PROVIDER);
        let credentials = self.config.credentials()?;
        let base = self.config.base(Product::Api.as_str())?;
        let transport = self.transport.map_or_else(default_transport, Ok).map_err(named)?;
        let caller = |transport| Caller::new(PROVIDER, transport, self.clock.clone(), self.retry, error::classify);
        Ok(Client {
            caller: caller(transport.clone()),
            downloads: caller(Arc::new(FollowOnce::new(transport, base))),
            credentials,
            account_sid: self.config.account_sid.as_str().into(),
            config: Arc::new(self.config),
        })
    }
}

#[cfg(feature = "rustls-ring")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(comms_http::ReqwestTransport::ring()?))
}

#[cfg(not(feature = "rustls-ring"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Err(Error::config("no transport: pass one to the builder, or switch on the feature rustls-ring"))
}
