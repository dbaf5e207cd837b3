//! Access tokens: held in memory, shared among processes, made by one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use comms_core::{
    AccountId, Error, ErrorKind, ExposeSecret, OrganizationId, Outcome, Result, Secret,
    history::{Credential, CredentialState, RefreshClaim, RefreshOutcome, RepositoryError},
};
use time::OffsetDateTime;

use super::{Context, Credentials, FreshToken, manage::seal};
use crate::{EngineError, settings::span};

/// How long before its end an access token is replaced.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// How long a token is used without a look at the store: what another process ended or forgot is used for no longer.
const BELIEVED: Duration = Duration::from_secs(30);
/// How long a refresh may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nobody else may refresh: longer than a refresh may take.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is looked whether another process is done.
const LOOK: Duration = Duration::from_millis(100);
/// How long it is waited for another process in all: until its lease has ended and ours has had its time.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// After a failure that may pass the provider is left alone for this long, unless it says for how long itself.
const PAUSE: Duration = Duration::from_secs(10);
/// A token that is refused within this time of the one before is not to blame: another one would be refused as well.
const AGAIN: Duration = Duration::from_secs(60);

/// What this process holds of an account.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Whoever looks for a token; the others wait.
    flight: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    failed: Option<(Error, OffsetDateTime)>,
    /// The version whose access token the provider refused.
    refused: Option<i64>,
    /// When that was.
    refused_at: Option<OffsetDateTime>,
}

/// An access token.
#[derive(Clone, Debug)]
struct Held {
    token: Secret,
    until: OffsetDateTime,
    version: i64,
    looked_at: OffsetDateTime,
}

impl Held {
    fn lasts(&self, now: OffsetDateTime) -> bool {
        self.until - now > span(MARGIN)
    }
}

impl Entry {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The token that may be used without a look at the store.
    fn believed(&self, now: OffsetDateTime) -> Option<Secret> {
        self.with(|state| {
            let held = state.held.as_ref()?;
            (held.lasts(now) && now - held.looked_at < span(BELIEVED)).then(|| held.token.clone())
        })
    }

    fn hold(&self, held: Held) -> Secret {
        let token = held.token.clone();
        self.with(|state| {
            let refused_at = state.refused_at;
            *state = State { held: Some(held), refused_at, ..State::default() };
        });
        token
    }

    /// What a failure that may pass said, while it is left alone.
    fn pausing(&self, now: OffsetDateTime) -> Option<Error> {
        self.with(|state| state.failed.as_ref().filter(|(_, until)| now < *until).map(|(error, _)| error.clone()))
    }
}

impl Credentials {
    /// The access token of an account. It works for another five minutes, unless the provider cannot be reached meanwhile.
    ///
    /// # Errors
    /// `Unauthenticated` and `Rejected`, with the reason as its code, where the user must connect the account again; otherwise
    /// `NotSent`: nothing was done, and it may work later. Both concern the whole account.
    pub async fn token(&self, organization: &OrganizationId, account: &AccountId) -> Result<Secret> {
        let entry = self.entry(organization, account);
        if let Some(token) = entry.believed(self.now()) {
            return Ok(token);
        }
        // A task of its own: a flight lands also where its caller goes away, and what it brought is kept.
        let (credentials, place) = (self.clone(), (organization.clone(), account.clone()));
        let flight = tokio::spawn(async move {
            let _turn = Arc::clone(&entry.flight).lock_owned().await;
            match entry.believed(credentials.now()) {
                Some(token) => Ok(token),
                None => credentials.look(&entry, &place.0, &place.1).await,
            }
        });
        flight.await.unwrap_or_else(|_| Err(later("the refresh was cut off")))
    }

    /// Is told that the provider refuses this token before its end. Says whether another one can be had: where the one before was
    /// refused a moment ago, it is not the token's fault.
    #[must_use]
    pub fn discard(&self, organization: &OrganizationId, account: &AccountId, token: &Secret) -> bool {
        let now = self.now();
        self.entry(organization, account).with(|state| {
            let Some(held) = state.held.as_ref() else { return true };
            if held.token.expose_secret() != token.expose_secret() {
                return true;
            }
            if state.refused_at.is_some_and(|at| now - at < span(AGAIN)) {
                return false;
            }
            *state = State { refused: Some(held.version), refused_at: Some(now), ..State::default() };
            true
        })
    }

    /// Finds the token in the store, makes it, or waits for whoever makes it.
    async fn look(&self, entry: &Entry, organization: &OrganizationId, account: &AccountId) -> Result<Secret> {
        let deadline = self.now() + span(LONGEST_WAIT);
        loop {
            let credential = self.read(organization, account).await?;
            let now = self.now();
            let shared = self.shared(entry, &credential)?;
            if let Some(held) = shared.as_ref().filter(|held| held.lasts(now)) {
                return Ok(entry.hold(held.clone()));
            }
            // It still works: nobody need wait.
            let spare = shared.filter(|held| held.until > now).map(|held| held.token);
            if let Some(error) = entry.pausing(now) {
                return spare.ok_or(error);
            }
            let claim = self.0.repository.claim_refresh(credential.id, credential.version, now, span(LEASE)).await;
            match claim.map_err(store)? {
                Some(claim) => match self.refresh(entry, claim).await {
                    Ok(Some(token)) => return Ok(token),
                    // It was connected anew, or somebody else was faster: what there is now is read.
                    Ok(None) => {}
                    Err(error) => return spare.filter(|_| error.outcome() != Outcome::Rejected).ok_or(error),
                },
                None if spare.is_some() => return spare.ok_or_else(|| later("no token")),
                None => self.0.clock.sleep(LOOK).await,
            }
            if self.now() >= deadline {
                return Err(later("another process refreshes the token and does not end"));
            }
        }
    }

    /// The credential as it is now.
    async fn read(&self, organization: &OrganizationId, account: &AccountId) -> Result<Credential> {
        match self.0.repository.credential(organization, account).await {
            Ok(credential) if credential.state == CredentialState::Active => Ok(credential),
            Ok(credential) => Err(ended(
                credential.reason.as_deref().unwrap_or(credential.state.as_str()),
                credential.detail.as_deref().unwrap_or("it must be connected again"),
            )),
            Err(RepositoryError::NotFound(_)) => Err(ended("not_connected", "the account is not connected")),
            Err(error) => Err(store(error)),
        }
    }

    /// The access token that the store has, where the provider did not refuse it.
    fn shared(&self, entry: &Entry, credential: &Credential) -> Result<Option<Held>> {
        let Some((sealed, until)) = &credential.sealed.access else { return Ok(None) };
        let (now, version) = (self.now(), credential.version);
        let known = entry.with(|state| match (&state.held, state.refused) {
            (_, Some(refused)) if refused == version => Some(None),
            (Some(held), _) if held.version == version => Some(Some(Held { looked_at: now, ..held.clone() })),
            _ => None,
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let vault = self.vault().map_err(|error| Error::config(error.to_string()).about_account(true))?;
        // Where it cannot be read, another one can be made.
        let token = vault.open(&Context::of(credential).access(), sealed).ok();
        Ok(token.map(|token| Held { token, until: *until, version, looked_at: now }))
    }

    /// Makes a token under a claim. `None` where the word of this refresh does not count any more.
    async fn refresh(&self, entry: &Entry, claim: RefreshClaim) -> Result<Option<Secret>> {
        let outcome = match self.ask(&claim.credential).await {
            Ok((fresh, sealed)) => {
                let outcome = RefreshOutcome::Fresh { sealed, scopes: fresh.scopes.clone(), ends_at: fresh.ends_at };
                let counted = self.0.repository.conclude_refresh(&claim, outcome, self.now()).await;
                if !counted.map_err(store)? {
                    return Ok(None);
                }
                let (now, version) = (self.now(), claim.credential.version + 1);
                let held = Held { token: fresh.token, until: fresh.until, version, looked_at: now };
                return Ok(Some(entry.hold(held)));
            }
            Err(error) => error,
        };
        self.failed(entry, &claim, outcome).await
    }

    /// A refresh brought nothing: for good, or for now.
    async fn failed(&self, entry: &Entry, claim: &RefreshClaim, error: Error) -> Result<Option<Secret>> {
        let (credential, now) = (&claim.credential, self.now());
        let final_word = error.kind() == ErrorKind::Unauthenticated && error.outcome() == Outcome::Rejected;
        let outcome = if final_word {
            let over = credential.ends_at.is_some_and(|end| end <= now);
            RefreshOutcome::Ended {
                state: if over { CredentialState::Expired } else { CredentialState::Revoked },
                reason: error.provider_code().unwrap_or("refused").to_owned(),
                detail: error.message().to_owned(),
            }
        } else {
            let since = credential.failing_since.unwrap_or(now);
            RefreshOutcome::Failed { since, failure: error.message().to_owned() }
        };
        if !self.0.repository.conclude_refresh(claim, outcome, now).await.map_err(store)? {
            return Ok(None);
        }
        let (id, provider) = (credential.id, credential.provider.as_str());
        if final_word {
            tracing::warn!(credential = %id, provider, reason = error.provider_code(), "a credential ended");
            self.changed(&credential.organization, &credential.account);
            return Err(ended(error.provider_code().unwrap_or("refused"), error.message()));
        }
        tracing::warn!(credential = %id, provider, kind = ?error.kind(), "an access token could not be made");
        let pause = error.wait().unwrap_or(PAUSE);
        let error = for_now(&error).retry_after(pause);
        entry.with(|state| state.failed = Some((error.clone(), now + pause)));
        Err(error)
    }

    /// Asks the provider, and encrypts what it gave.
    async fn ask(&self, credential: &Credential) -> Result<(FreshToken, comms_core::history::SealedSecret)> {
        let config = |error: EngineError| Error::config(error.to_string());
        let refresher = self.0.refreshers.get(&credential.provider);
        let refresher = refresher.ok_or_else(|| Error::config("this provider is not configured any more"))?;
        let secret = self.secret(credential).map_err(config)?;
        let fresh = match tokio::time::timeout(PATIENCE, refresher.refresh(credential, &secret)).await {
            Ok(fresh) => fresh?,
            Err(_) => return Err(later("the provider did not answer in time")),
        };
        let (secret, access) = (fresh.secret.as_ref().unwrap_or(&secret), Some((&fresh.token, fresh.until)));
        let sealed = seal(self.vault().map_err(config)?, &Context::of(credential), secret, access).map_err(config)?;
        Ok((fresh, sealed))
    }
}

/// The user must connect the account again.
fn ended(reason: &str, detail: &str) -> Error {
    Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, detail).code(reason).about_account(true)
}

/// It may work later. Nothing was done with what the token was wanted for.
fn later(message: &str) -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, message).about_account(true)
}

/// The same error, as one of the token alone: what it was wanted for was not begun, whatever became of the refresh.
fn for_now(error: &Error) -> Error {
    let same = Error::new(error.kind(), Outcome::NotSent, error.message()).about_account(true);
    match error.provider_code() {
        Some(code) => same.code(code),
        None => same,
    }
}

fn store(error: RepositoryError) -> Error {
    later("the store does not answer").source(error)
}
