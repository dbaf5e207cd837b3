//! Where the access token of each call comes from.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use comms_http::{Clock, Error, ExposeSecret, Outcome, Result, Secret};
use futures_util::lock::Mutex;
use time::OffsetDateTime;

use super::{AccessToken, Grant, OAuth};
use crate::limits;

/// Gives the access token for each call.
#[async_trait]
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// The token to use now.
    ///
    /// # Errors
    /// `Unauthenticated` where there is none that works and none can be had.
    async fn token(&self) -> Result<Secret>;

    /// Is told that the provider refuses this token before its end. Says whether another one can be had.
    fn discard(&self, token: &Secret) -> bool {
        let _ = token;
        false
    }
}

/// An access token that somebody else keeps fresh.
#[derive(Clone, Debug)]
pub struct StaticToken(Secret);

impl StaticToken {
    /// Always this token.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self(token.into())
    }
}

#[async_trait]
impl TokenProvider for StaticToken {
    async fn token(&self) -> Result<Secret> {
        Ok(self.0.clone())
    }
}

/// Access tokens made of a refresh token, or of a service account's key.
///
/// A token is replaced five minutes before its end. However many callers ask at once, there is one request: those who hold a
/// token that still works go on with it, the others wait for the one that is under way. Where the grant has ended
/// (`invalid_grant`), Google is not asked again: every further call gets the same error at once.
///
/// Google may answer with a new refresh token. Keep it with [`on_change`](Self::on_change), or a restart begins with the old one.
pub struct RefreshingToken {
    source: Arc<dyn Mint>,
    state: RwLock<State>,
    flight: Mutex<()>,
    on_change: Option<Box<OnChange>>,
}

type OnChange = dyn Fn(&Grant) + Send + Sync;

/// Whoever makes access tokens.
#[async_trait]
pub(crate) trait Mint: fmt::Debug + Send + Sync + 'static {
    /// A fresh one. `refresh` is the current refresh token.
    async fn mint(&self, refresh: &Secret) -> Result<Grant>;
    fn clock(&self) -> &Arc<dyn Clock>;

    /// Whether a refusal is for good: a permission that was taken back does not come again. What an administrator switches off they may
    /// switch on.
    fn refuses_for_good(&self) -> bool {
        true
    }
}

#[async_trait]
impl Mint for OAuth {
    async fn mint(&self, refresh: &Secret) -> Result<Grant> {
        self.refresh(refresh).await
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.caller.clock()
    }
}

#[derive(Default)]
struct State {
    refresh: Secret,
    access: Option<AccessToken>,
    failure: Option<Error>,
    /// After a failure, those whose token still works leave Google alone until then.
    pause: Option<OffsetDateTime>,
}

/// What a caller is to do.
enum Next {
    Use(Secret),
    /// It works, and should be replaced soon.
    UseAndRefresh(Secret),
    Refresh,
    Fail(Error),
}

impl RefreshingToken {
    /// Begins with this refresh token. The first call makes the first access token.
    #[must_use]
    pub fn new(oauth: OAuth, refresh_token: Secret) -> Self {
        Self::over(Arc::new(oauth), refresh_token)
    }

    pub(crate) fn over(source: Arc<dyn Mint>, refresh: Secret) -> Self {
        let state = RwLock::new(State { refresh, ..State::default() });
        Self { source, state, flight: Mutex::new(()), on_change: None }
    }

    /// Begins with an access token too, so that the first call needs no request.
    #[must_use]
    pub fn with_access(self, access: AccessToken) -> Self {
        self.update(|state| state.access = Some(access));
        self
    }

    /// Is told what each refresh brought.
    #[must_use]
    pub fn on_change(mut self, told: impl Fn(&Grant) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(told));
        self
    }

    /// Why the last refresh failed, until one succeeds: for a health check. `Unauthenticated` means that the owner must connect the
    /// mailbox again.
    #[must_use]
    pub fn last_failure(&self) -> Option<Error> {
        self.read(|state| state.failure.clone())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn now(&self) -> OffsetDateTime {
        self.source.clock().now()
    }

    fn next(&self) -> Next {
        let now = self.now();
        let for_good = self.source.refuses_for_good();
        self.read(|state| state.next(now, for_good))
    }

    /// Makes a fresh token. The caller has the flight.
    async fn refresh(&self) {
        let refresh = self.read(|state| state.refresh.clone());
        match self.source.mint(&refresh).await {
            Ok(grant) => {
                self.update(|state| {
                    state.access = Some(grant.access.clone());
                    if let Some(new) = &grant.refresh_token {
                        state.refresh = new.clone();
                    }
                    (state.failure, state.pause) = (None, None);
                });
                if let Some(told) = &self.on_change {
                    told(&grant);
                }
            }
            Err(error) => {
                let pause = self.now() + error.wait().unwrap_or(limits::REFRESH_PAUSE);
                self.update(|state| (state.failure, state.pause) = (Some(error), Some(pause)));
            }
        }
    }
}

impl State {
    fn next(&self, now: OffsetDateTime, for_good: bool) -> Next {
        let waits = self.pause.is_some_and(|until| now < until);
        let refused = self.failure.as_ref().filter(|failure| failure.outcome() == Outcome::Rejected);
        let ended = refused.filter(|_| for_good || waits);
        match &self.access {
            Some(access) if access.expires_at - now > limits::TOKEN_MARGIN => Next::Use(access.token.clone()),
            Some(access) if access.expires_at > now && (ended.is_some() || waits) => Next::Use(access.token.clone()),
            Some(access) if access.expires_at > now => Next::UseAndRefresh(access.token.clone()),
            _ => match ended {
                Some(failure) => Next::Fail(failure.clone()),
                None => Next::Refresh,
            },
        }
    }
}

#[async_trait]
impl TokenProvider for RefreshingToken {
    async fn token(&self) -> Result<Secret> {
        match self.next() {
            Next::Use(token) => return Ok(token),
            Next::Fail(error) => return Err(error),
            Next::UseAndRefresh(token) => {
                // Whoever does not get the flight goes on with the token that still works.
                let Some(_flight) = self.flight.try_lock() else { return Ok(token) };
                if matches!(self.next(), Next::UseAndRefresh(_)) {
                    self.refresh().await;
                }
            }
            Next::Refresh => {
                let before = self.read(|state| state.failure.is_some());
                let _flight = self.flight.lock().await;
                // Another flight may have landed meanwhile, with a token or without: its failure is everybody's.
                let failed = self.read(|state| state.failure.clone());
                match (self.next(), failed) {
                    (Next::Refresh, Some(error)) if !before => return Err(error),
                    (Next::Refresh, _) => self.refresh().await,
                    _ => {}
                }
            }
        }
        match self.next() {
            Next::Use(token) | Next::UseAndRefresh(token) => Ok(token),
            Next::Fail(error) => Err(error),
            Next::Refresh => Err(self.last_failure().unwrap_or_else(|| {
                Error::new(
                    comms_http::ErrorKind::Unauthenticated,
                    Outcome::NotSent,
                    "the fresh token has ended already",
                )
            })),
        }
    }

    fn discard(&self, token: &Secret) -> bool {
        self.update(|state| {
            let same = |access: &AccessToken| access.token.expose_secret() == token.expose_secret();
            if state.access.as_ref().is_some_and(same) {
                state.access = None;
            }
        });
        !matches!(self.next(), Next::Fail(_))
    }
}

impl fmt::Debug for RefreshingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.read(|state| state.access.as_ref().map(|access| access.expires_at));
        f.debug_struct("RefreshingToken").field("expires_at", &end).finish_non_exhaustive()
    }
}
