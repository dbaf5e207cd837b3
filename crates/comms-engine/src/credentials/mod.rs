//! What users gave us for their accounts at providers: kept encrypted, refreshed by one, gone when they say so.
//!
//! The engine knows no provider: how an access token is made of a secret is a [`TokenRefresher`]'s. What a secret belongs to is
//! encrypted with it, so that who writes to the database can put none in the place of another.
//!
//! However many callers and processes want the access token of one account, one makes it: in a process the others wait for that
//! flight, among processes it is made under a lease of the store and found there, encrypted, by all. A flight goes on when its
//! caller goes away, since a provider may give a new secret with it that must not be lost.

mod consent;
mod manage;
mod rotate;
mod token;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use comms_core::{
    AccountId, Clock, OrganizationId, Result, Secret, UserId,
    history::{Credential, Repository},
};
use time::OffsetDateTime;
use tokio::sync::watch;

pub use consent::{BegunConsent, CONSENT_LIFE};
pub use manage::NewCredential;
pub use rotate::Rotated;

use crate::{EngineError, Vault, VaultError};
use token::Entry;

/// Makes access tokens of a provider's secrets.
#[async_trait]
pub trait TokenRefresher: fmt::Debug + Send + Sync + 'static {
    /// A fresh access token.
    ///
    /// # Errors
    /// `Unauthenticated` and `Rejected` where the secret does not work any more and will not again: the credential ends with this
    /// error's code and message, which its user is shown. After any other error it is tried again later.
    async fn refresh(&self, credential: &Credential, secret: &Secret) -> Result<FreshToken>;
}

/// What a refresh brought.
#[derive(Clone, Debug)]
pub struct FreshToken {
    /// The access token.
    pub token: Secret,
    /// Until when it works.
    pub until: OffsetDateTime,
    /// The secret from now on, where the provider gave another one.
    pub secret: Option<Secret>,
    /// What is permitted, where the provider said so.
    pub scopes: Option<BTreeSet<String>>,
    /// When the permission itself ends, where the provider said so.
    pub ends_at: Option<OffsetDateTime>,
}

/// The credentials of users. Cheap to clone: clones share what they hold.
///
/// Without a vault nothing can be kept, and what is kept cannot be read.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    repository: Arc<dyn Repository>,
    vault: Option<Vault>,
    clock: Arc<dyn Clock>,
    refreshers: HashMap<String, Arc<dyn TokenRefresher>>,
    entries: Mutex<HashMap<Place, Arc<Entry>>>,
    changes: watch::Sender<u64>,
}

/// An account of an organisation.
type Place = (OrganizationId, AccountId);

impl Credentials {
    /// The credentials of this store, encrypted by this vault; each provider by its word with whoever refreshes its tokens.
    pub fn new(
        repository: Arc<dyn Repository>,
        vault: Option<Vault>,
        clock: Arc<dyn Clock>,
        refreshers: impl IntoIterator<Item = (String, Arc<dyn TokenRefresher>)>,
    ) -> Self {
        Self(Arc::new(Inner {
            repository,
            vault,
            clock,
            refreshers: refreshers.into_iter().collect(),
            entries: Mutex::default(),
            changes: watch::Sender::new(0),
        }))
    }

    /// Whether secrets can be kept.
    #[must_use]
    pub fn can_keep(&self) -> bool {
        self.0.vault.is_some()
    }

    /// Changes whenever this process kept, ended or forgot a credential: who built something of one looks again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn vault(&self) -> Result<&Vault, EngineError> {
        self.0.vault.as_ref().ok_or(EngineError::EncryptionKeyMissing)
    }

    fn now(&self) -> OffsetDateTime {
        self.0.clock.now()
    }

    fn entry(&self, organization: &OrganizationId, account: &AccountId) -> Arc<Entry> {
        let mut entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entries.entry((organization.clone(), account.clone())).or_default())
    }

    /// Nothing that was held of this account counts any more.
    fn changed(&self, organization: &OrganizationId, account: &AccountId) {
        let mut entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&(organization.clone(), account.clone()));
        drop(entries);
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("vault", &self.0.vault)
            .field("providers", &self.0.refreshers.keys())
            .finish_non_exhaustive()
    }
}

/// What the secrets of a credential belong to, in the words that are authenticated with them.
struct Context<'a> {
    organization: &'a OrganizationId,
    owner: &'a UserId,
    provider: &'a str,
    account: &'a AccountId,
}

impl<'a> Context<'a> {
    fn of(credential: &'a Credential) -> Self {
        Self {
            organization: &credential.organization,
            owner: &credential.owner,
            provider: &credential.provider,
            account: &credential.account,
        }
    }

    fn secret(&self) -> String {
        self.words("secret")
    }

    fn access(&self) -> String {
        self.words("access")
    }

    /// Each part with its length, so that no two credentials have the same words.
    fn words(&self, what: &str) -> String {
        let parts = [what, self.organization.as_str(), self.owner.as_str(), self.provider, self.account.as_str()];
        let parts = parts.iter().map(|part| format!("{}:{part}", part.len()));
        format!("credential {}", parts.collect::<Vec<_>>().join(" "))
    }
}

fn unreadable(error: VaultError) -> EngineError {
    EngineError::SecretUnreadable(error.to_string())
}
