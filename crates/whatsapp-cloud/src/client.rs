//! The client: one number, one token, one transport.

use std::{fmt, sync::Arc};

use comms_http::{
    Caller, Clock, Error, Operation, Request, Response, Result, RetryPolicy, SystemClock, Transport, setting,
};
use http::Method;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    api,
    auth::{Credentials, Scheme},
    config::Config,
    error,
    token::{self, TokenProvider},
};

/// The provider's name in errors.
pub(crate) const PROVIDER: &str = "whatsapp";

/// A client of the WhatsApp Cloud API for one number. Cheap to clone; clones share transport and token.
///
/// Each resource of the API is a method here that gives its operations.
///
/// ```no_run
/// use whatsapp_cloud::{Client, Config, Message};
///
/// # async fn run() -> whatsapp_cloud::Result<()> {
/// let client = Client::builder(Config::from_env()).build()?;
/// let sent = client.messages().send(&Message::text("hola").to("+34600000000")).await?;
/// println!("accepted as {}", sent.id());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    graph: Graph,
    credentials: Credentials,
    config: Arc<Config>,
    phone_number_id: Arc<str>,
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

    /// Makes a client step by step: transport, base URL, version, retry, clock, token.
    #[must_use]
    pub fn builder(config: Config) -> ClientBuilder {
        ClientBuilder {
            config,
            transport: None,
            retry: RetryPolicy::default(),
            clock: Arc::new(SystemClock),
            token: None,
            proof: false,
        }
    }

    /// The same client for another number under the same token.
    #[must_use]
    pub fn for_number(&self, phone_number_id: &str) -> Self {
        Self { phone_number_id: phone_number_id.into(), ..self.clone() }
    }

    /// The same client with another source of tokens.
    #[must_use]
    pub fn with_token_provider(&self, token: Arc<dyn TokenProvider>) -> Self {
        let mut client = self.clone();
        client.credentials.token = token;
        client
    }

    /// The id of the number.
    #[must_use]
    pub fn phone_number_id(&self) -> &str {
        &self.phone_number_id
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sending, marking as read, typing.
    #[must_use]
    pub fn messages(&self) -> api::Messages<'_> {
        api::Messages::new(self)
    }

    /// Uploading, looking up, downloading and deleting media.
    #[must_use]
    pub fn media(&self) -> api::Media<'_> {
        api::Media::new(self)
    }

    /// Resumable uploads, for examples of templates and profile pictures.
    #[must_use]
    pub fn uploads(&self) -> api::Uploads<'_> {
        api::Uploads::new(self)
    }

    /// Templates of the business account.
    #[must_use]
    pub fn templates(&self) -> api::Templates<'_> {
        api::Templates::new(self)
    }

    /// Numbers: data, registration, verification, settings.
    #[must_use]
    pub fn phone_numbers(&self) -> api::PhoneNumbers<'_> {
        api::PhoneNumbers::new(self)
    }

    /// The public profile.
    #[must_use]
    pub fn profile(&self) -> api::Profile<'_> {
        api::Profile::new(self)
    }

    /// The username of the business.
    #[must_use]
    pub fn username(&self) -> api::Username<'_> {
        api::Username::new(self)
    }

    /// Which apps get the webhooks of the business account.
    #[must_use]
    pub fn subscribed_apps(&self) -> api::SubscribedApps<'_> {
        api::SubscribedApps::new(self)
    }

    /// The people that the number has blocked.
    #[must_use]
    pub fn block_users(&self) -> api::BlockUsers<'_> {
        api::BlockUsers::new(self)
    }

    /// QR codes and short links.
    #[must_use]
    pub fn qr_codes(&self) -> api::QrCodes<'_> {
        api::QrCodes::new(self)
    }

    /// Inspecting and exchanging tokens with the app's own credentials.
    ///
    /// # Errors
    /// `Config` where `WHATSAPP_APP_ID` or `WHATSAPP_APP_SECRET` is not set.
    pub fn tokens(&self) -> Result<api::Tokens> {
        let secret = self.config.app_secret.clone();
        let secret = secret.ok_or_else(|| setting::missing("WHATSAPP_APP_SECRET"))?;
        Ok(api::Tokens::new(self.graph.clone(), self.app_id()?.to_owned(), secret))
    }

    /// A request below the number.
    pub(crate) fn number(&self, method: Method, path: &[&str]) -> Result<Request> {
        self.graph.request(method, self.phone_number_id(), path)
    }

    /// A request below the business account.
    pub(crate) fn account(&self, method: Method, path: &[&str]) -> Result<Request> {
        let account = self.config.business_account_id.as_deref();
        let account = account.ok_or_else(|| setting::missing("WHATSAPP_BUSINESS_ACCOUNT_ID"))?;
        self.graph.request(method, account, path)
    }

    /// A request for any object by its id.
    pub(crate) fn object(&self, method: Method, id: &str) -> Result<Request> {
        self.below(method, id, &[])
    }

    /// A request below any object.
    pub(crate) fn below(&self, method: Method, id: &str, path: &[&str]) -> Result<Request> {
        self.graph.request(method, id, path)
    }

    /// The id of the app, for what is the app's.
    pub(crate) fn app_id(&self) -> Result<&str> {
        let id = self.config.app_id.as_deref();
        id.ok_or_else(|| setting::missing("WHATSAPP_APP_ID"))
    }

    pub(crate) fn base(&self) -> &Url {
        &self.graph.base
    }

    /// Makes the call with the token and reads its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        self.json_as(Scheme::Bearer, operation, request).await
    }

    pub(crate) async fn json_as<T: DeserializeOwned>(
        &self,
        scheme: Scheme,
        operation: Operation,
        mut request: Request,
    ) -> Result<T> {
        let authorized = self.credentials.authorize(scheme, &mut request).await;
        authorized.map_err(|error| error.provider(PROVIDER).operation(operation.name))?;
        self.graph.caller.json(operation, request).await
    }

    /// Fetches media with the token. The caller has checked the host.
    pub(crate) async fn download(&self, operation: Operation, mut request: Request) -> Result<Response> {
        let authorized = self.credentials.authorize_download(&mut request).await;
        authorized.map_err(|error| error.provider(PROVIDER).operation(operation.name))?;
        self.graph.caller.stream(operation, request).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("phone_number_id", &self.phone_number_id)
            .field("base", &self.graph.base.as_str())
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
    token: Option<Arc<dyn TokenProvider>>,
    proof: bool,
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

    /// Calls another version of the Graph API.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.api_version = version.into();
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

    /// Takes tokens from here instead of `access_token`.
    #[must_use]
    pub fn token_provider(mut self, token: Arc<dyn TokenProvider>) -> Self {
        self.token = Some(token);
        self
    }

    /// Sends `appsecret_proof` with each call, for apps that require it.
    ///
    /// *See [Graph API docs/Secure requests](https://developers.facebook.com/docs/graph-api/guides/secure-requests)*
    #[must_use]
    pub fn appsecret_proof(mut self) -> Self {
        self.proof = true;
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn build(self) -> Result<Client> {
        let named = |error: Error| error.provider(PROVIDER);
        let mut base = self.config.check().map_err(named)?;
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().push(&self.config.api_version);
        }
        let proof = match (self.proof, &self.config.app_secret) {
            (false, _) => None,
            (true, Some(secret)) => Some(secret.clone()),
            (true, None) => return Err(named(setting::missing("WHATSAPP_APP_SECRET"))),
        };
        let transport = self.transport.map_or_else(default_transport, Ok).map_err(named)?;
        let caller = Caller::new(PROVIDER, transport, self.clock, self.retry, error::classify);
        let token = self.token.unwrap_or_else(|| token::fixed(self.config.access_token.clone()));
        Ok(Client {
            graph: Graph { caller, base },
            credentials: Credentials { token, proof },
            phone_number_id: self.config.phone_number_id.as_str().into(),
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

/// Calls and the address that they start from, without credentials.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) caller: Caller,
    base: Url,
}

impl Graph {
    /// A request for `{base}/{version}/{id}/{path…}`. The id may come from outside, so it must stay one segment.
    pub(crate) fn request(&self, method: Method, id: &str, path: &[&str]) -> Result<Request> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            for segment in std::iter::once(&id).chain(path) {
                // The URL type drops empty and dotted segments, which would address another object.
                if segment.is_empty() || *segment == "." || *segment == ".." {
                    return Err(Error::invalid("an id is empty or not an id").field("id"));
                }
                segments.push(segment);
            }
        }
        Ok(Request::new(method, url))
    }
}
