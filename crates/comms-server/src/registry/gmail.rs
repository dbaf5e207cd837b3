//! Mailboxes at Gmail: channels that are built, when they are first wanted, of what their owners permitted; and pushes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use comms_core::{
    AccountId, Clock, Error, ErrorKind, FileReader, Inbound, OrganizationId, Outcome, Result, WebhookRequest,
    history::{Repository, RepositoryError},
};
use comms_engine::{Credentials, EngineError};
use comms_http::{Caller, Failure, Operation, Request, RetryPolicy, Transport};
use gmail_client::{
    Client, Config, GmailChannel, GmailInbound,
    limits::CERTS_URI,
    model::mailbox::WatchRequest,
    oauth::{ServiceAccount, ServiceAccountKey, StaticToken, TokenProvider, scope},
    webhook::{Keys, Verifier},
};
use http::Method;
use time::OffsetDateTime;
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use super::{GMAIL, MailboxTokens};
use crate::config::{GMAIL_PUSH, GmailSettings, Settings};
pub use gmail_client::{Mail, MailQuery};

/// A mailbox that can be read, listed and sent from.
pub type Mailbox = Arc<GmailChannel>;

const CERTS: Operation = Operation::repeatable("google.certs");
/// Google's keys are asked for again no sooner than this: anybody can name a key that is not known.
const CERTS_PAUSE: time::Duration = time::Duration::minutes(1);
/// Google changes its keys every few days, and says so with a life of some hours.
const CERTS_LIFE: time::Duration = time::Duration::hours(6);
/// How long fetching them may take: whoever pushes waits for it.
const CERTS_PATIENCE: Duration = Duration::from_secs(5);

/// The code of what is wrong with a mailbox that nobody has connected.
pub(super) const NOT_CONNECTED: &str = "not_connected";

/// The mailboxes of this server.
pub struct Mailboxes {
    /// What is common to all: transport, host, clock.
    client: Client,
    settings: GmailSettings,
    delegation: Option<ServiceAccount>,
    bound: OnceLock<Bound>,
    built: Mutex<HashMap<AccountId, Built>>,
}

/// What is there only once the database is open.
struct Bound {
    credentials: Credentials,
    repository: Arc<dyn Repository>,
    files: Arc<dyn FileReader>,
}

/// A channel that was built.
#[derive(Clone)]
struct Built {
    channel: Mailbox,
    /// Whose it is; of no user where a service account opens it.
    organization: Option<OrganizationId>,
    /// How many changes of permissions there had been when it was looked at last.
    changes: u64,
}

impl Mailboxes {
    /// What the settings allow for; `None` where there is nothing of Google.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub(super) fn new(
        settings: &Settings,
        transport: &Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>> {
        let (google, gmail) = (&settings.google, &settings.gmail);
        if !google.is_wanted() && gmail.service_account_key.is_none() {
            return Ok(None);
        }
        let mut config = google.client(&settings.http).unwrap_or_else(Config::default);
        if let Some(base) = &google.api_base {
            base.trim_end_matches('/').clone_into(&mut config.api_base);
        }
        // What may be repeated the queue repeats. Each mailbox has tokens of its own.
        let client = Client::builder(config)
            .transport(Arc::clone(transport))
            .retry(RetryPolicy::never())
            .clock(Arc::clone(clock))
            .token_provider(Arc::new(StaticToken::new("")))
            .build()?;
        let delegation = match &gmail.service_account_key {
            Some(key) => Some(delegation(key, transport, clock)?),
            None => None,
        };
        Ok(Some(Self { client, settings: gmail.clone(), delegation, bound: OnceLock::new(), built: Mutex::default() }))
    }

    /// Gives it what is there only once the database is open.
    pub(super) fn bind(&self, credentials: Credentials, repository: Arc<dyn Repository>, files: Arc<dyn FileReader>) {
        // A second set would be of the same database.
        let _ = self.bound.set(Bound { credentials, repository, files });
    }

    /// The channel of a mailbox. It is kept for as long as its owner's permission is.
    ///
    /// # Errors
    /// `Config` where it is not connected, with what to do.
    pub(super) async fn channel(&self, account: &AccountId) -> Result<Mailbox> {
        let bound = self.bound.get().ok_or_else(|| Error::config("the mailboxes are not open yet"))?;
        let changes = *bound.credentials.changes().borrow();
        let known = self.built().get(account).cloned();
        if let Some(known) = known {
            let Some(organization) = known.organization.clone().filter(|_| known.changes != changes) else {
                return Ok(known.channel);
            };
            // Somebody's permission has changed: perhaps this one is gone.
            if let Err(error) = permitted(bound, &organization, account).await {
                self.built().remove(account);
                return Err(error);
            }
            let channel = Arc::clone(&known.channel);
            self.built().insert(account.clone(), Built { changes, ..known });
            return Ok(channel);
        }
        let built = self.build(bound, account, changes).await?;
        let channel = Arc::clone(&built.channel);
        self.built().insert(account.clone(), built);
        Ok(channel)
    }

    fn built(&self) -> MutexGuard<'_, HashMap<AccountId, Built>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn build(&self, bound: &Bound, account: &AccountId, changes: u64) -> Result<Built> {
        let address = account.external_id();
        let delegation = self.delegation.as_ref().filter(|_| self.settings.is_delegated(address));
        let (organization, tokens): (_, Arc<dyn TokenProvider>) = match delegation {
            Some(delegation) => (None, Arc::new(delegation.mailbox(address, &[scope::MODIFY]))),
            None => {
                let organization = organization_of(bound, account).await?;
                permitted(bound, &organization, account).await?;
                let tokens = MailboxTokens::new(bound.credentials.clone(), organization.clone(), account.clone());
                (Some(organization), Arc::new(tokens))
            }
        };
        let client = self.client.for_mailbox("me", tokens);
        let mut channel = GmailChannel::new(client, address, Arc::clone(&bound.files))?.plan(self.settings.plan());
        if let Some(days) = self.settings.first_days {
            channel = channel.first_days(days);
        }
        Ok(Built { channel: Arc::new(channel), organization, changes })
    }

    /// Has what changes in a mailbox pushed to us; until when. `None` where nothing is to be pushed.
    ///
    /// # Errors
    /// As the provider's crate says.
    pub(super) async fn watch(&self, account: &AccountId) -> Result<Option<OffsetDateTime>> {
        let Some(topic) = self.settings.topic.as_ref().filter(|_| self.settings.push_account.is_some()) else {
            return Ok(None);
        };
        let channel = self.channel(account).await?;
        let watch = channel.client().mailbox().watch(&WatchRequest::new(topic.as_str())).await?;
        Ok(watch.ends_at())
    }
}

impl fmt::Debug for Mailboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailboxes").field("built", &self.built().len()).finish_non_exhaustive()
    }
}

fn delegation(
    key: &comms_core::Secret,
    transport: &Arc<dyn Transport>,
    clock: &Arc<dyn Clock>,
) -> Result<ServiceAccount> {
    use comms_core::ExposeSecret;
    let key = ServiceAccountKey::parse(key.expose_secret())?;
    ServiceAccount::new(&key, Arc::clone(transport), Arc::clone(clock), RetryPolicy::default())
}

async fn organization_of(bound: &Bound, account: &AccountId) -> Result<OrganizationId> {
    let accounts = bound.repository.accounts(None).await.map_err(away)?;
    let found = accounts.into_iter().find(|known| known.id == *account && known.active);
    found.map(|known| known.organization).ok_or_else(not_connected)
}

/// An error where nobody permits it any more.
async fn permitted(bound: &Bound, organization: &OrganizationId, account: &AccountId) -> Result<()> {
    match bound.credentials.find(organization, account).await {
        // One that has ended says so when it is asked for a token.
        Ok(_) => Ok(()),
        Err(EngineError::Store(RepositoryError::NotFound(_))) => Err(not_connected()),
        Err(error) => Err(away(error)),
    }
}

/// Nobody gave a permission for it, or took it back.
fn not_connected() -> Error {
    Error::config("the mailbox is not connected: its owner connects it at Google").code(NOT_CONNECTED).provider(GMAIL)
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, "the store does not answer").source(error)
}

/// The pushes of a project: who sends them is proved by Google's keys.
#[derive(Clone, Debug)]
pub(super) struct Pushes {
    verifier: Verifier,
    caller: Caller,
    certs: Url,
    /// When they were asked for last, and when that last went well.
    asked: Arc<AsyncMutex<(Option<OffsetDateTime>, Option<OffsetDateTime>)>>,
}

impl Pushes {
    /// What the settings allow for.
    pub(super) fn new(
        settings: &Settings,
        transport: &Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>> {
        let gmail = &settings.gmail;
        let Some(account) = &gmail.push_account else { return Ok(None) };
        let audience = gmail.push_audience.clone();
        let audience = audience.unwrap_or_else(|| format!("{}{GMAIL_PUSH}", settings.http.base_url()));
        let certs = match &gmail.certs_uri {
            Some(uri) => uri.clone(),
            None => Url::parse(CERTS_URI).map_err(|error| Error::config("GOOGLE_CERTS_URI").source(error))?,
        };
        let verifier = Verifier::new(audience, account.as_str(), Keys::default(), Arc::clone(clock))?;
        let caller = Caller::new("google", Arc::clone(transport), Arc::clone(clock), RetryPolicy::never(), failed);
        Ok(Some(Self { verifier, caller, certs, asked: Arc::default() }))
    }

    pub(super) fn inbound(&self) -> Arc<dyn Inbound> {
        Arc::new(GmailInbound::new(self.verifier.clone()))
    }

    /// Fetches Google's keys where the one that signed is not known, or what is known is old. Where that fails, the proof does.
    pub(super) async fn look_up(&self, request: &WebhookRequest) {
        let now = self.caller.clock().now();
        let mut asked = self.asked.lock().await;
        let old = asked.1.is_some_and(|at| now - at > CERTS_LIFE);
        let paused = asked.0.is_some_and(|at| now - at < CERTS_PAUSE);
        if paused || self.verifier.keys().knows(request) && !old {
            return;
        }
        asked.0 = Some(now);
        match self.fetch().await {
            Ok(()) => asked.1 = Some(now),
            Err(error) => tracing::warn!(%error, "Google's keys could not be fetched: pushes may be refused"),
        }
    }

    async fn fetch(&self) -> Result<()> {
        let mut request = Request::new(Method::GET, self.certs.clone());
        request.timeout = Some(CERTS_PATIENCE);
        let bytes = self.caller.bytes(CERTS, request).await?;
        self.verifier.keys().replace(&String::from_utf8_lossy(&bytes))
    }
}

fn failed(failure: &Failure<'_>) -> Error {
    let message = format!("Google's keys: HTTP {}", failure.status.as_u16());
    Error::new(ErrorKind::Provider, Outcome::Unknown, message)
}
