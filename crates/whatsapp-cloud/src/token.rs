//! Where the access token comes from: fixed, or exchanged for a new one before it expires.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use comms_http::{Error, ErrorKind, Outcome, Result, Secret};
use futures_util::lock::Mutex;
use time::OffsetDateTime;

use crate::{
    api::tokens::{TokenInfo, Tokens},
    limits,
};

/// Gives the token for each call.
#[async_trait]
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// The token to use now.
    ///
    /// # Errors
    /// `Unauthenticated` where there is none that works.
    async fn token(&self) -> Result<Secret>;
}

/// A token that stays: that of a system user.
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

/// A token of limited life that is exchanged for a new one in time.
///
/// The exchange takes place when a third of the token's life, or 20 days where its life is not known, are left; a token of
/// 60 days therefore has 20 days in which an exchange may fail and be tried again. However many callers ask at once, there is
/// one exchange; the others go on with the token that still works. An expired token cannot be exchanged: callers get
/// `Unauthenticated` and an operator must make a new one.
///
/// The old token stays valid until its own end, so that other replicas may go on with it. Keep the new one with
/// [`on_change`](Self::on_change), or a restart begins with the old one.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use whatsapp_cloud::{Client, Config, token::RefreshingToken};
/// # fn main() -> whatsapp_cloud::Result<()> {
/// let config = Config::from_env();
/// let token = config.access_token.clone();
/// let client = Client::builder(config).build()?;
/// let provider = RefreshingToken::new(client.tokens()?, token).on_change(|_token, _expires_at| { /* keep it */ });
/// let client = client.with_token_provider(Arc::new(provider));
/// # Ok(()) }
/// ```
///
/// *See [Graph API docs/Long-lived tokens](https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived)*
pub struct RefreshingToken {
    tokens: Tokens,
    state: RwLock<State>,
    flight: Mutex<()>,
    on_change: Option<Box<OnChange>>,
}

type OnChange = dyn Fn(&Secret, Option<OffsetDateTime>) + Send + Sync;

#[derive(Clone)]
struct State {
    token: Secret,
    life: Life,
    system_user: bool,
    next_attempt: Option<OffsetDateTime>,
    failure: Option<Error>,
}

#[derive(Clone, Copy)]
enum Life {
    /// Not asked yet.
    Unknown,
    Endless,
    Until {
        end: OffsetDateTime,
        whole: Option<time::Duration>,
    },
    Over,
}

impl RefreshingToken {
    /// Begins with this token, whose end is asked for before its first use.
    #[must_use]
    pub fn new(tokens: Tokens, token: Secret) -> Self {
        Self {
            tokens,
            state: RwLock::new(State {
                token,
                life: Life::Unknown,
                system_user: false,
                next_attempt: None,
                failure: None,
            }),
            flight: Mutex::new(()),
            on_change: None,
        }
    }

    /// Says when the token ends, so that it need not be asked for.
    #[must_use]
    pub fn expires_at(self, end: OffsetDateTime) -> Self {
        self.update(|state| state.life = Life::Until { end, whole: None });
        self
    }

    /// Is told each new token and its end.
    #[must_use]
    pub fn on_change(mut self, told: impl Fn(&Secret, Option<OffsetDateTime>) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(told));
        self
    }

    /// Why the last attempt failed, until one succeeds: for a health check.
    #[must_use]
    pub fn last_failure(&self) -> Option<Error> {
        self.current().failure
    }

    fn current(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for the end of the token, then exchanges it where that is due.
    async fn refresh(&self, now: OffsetDateTime) {
        if let Err(error) = self.try_refresh(now).await {
            self.update(|state| {
                state.next_attempt = Some(now + state.pause(now));
                state.failure = Some(error);
            });
        }
    }

    async fn try_refresh(&self, now: OffsetDateTime) -> Result<()> {
        let mut state = self.current();
        if matches!(state.life, Life::Unknown) {
            let info = self.tokens.inspect(&state.token).await?;
            self.update(|state| state.learn(&info));
            state = self.current();
        }
        if !state.is_due(now) {
            return Ok(());
        }
        let new = self.tokens.exchange(&state.token, state.system_user).await?;
        let end = new.expires_in.map(|seconds| now + time::Duration::seconds(seconds));
        let life = match end {
            Some(end) => Life::Until { end, whole: Some(end - now) },
            None => Life::Endless,
        };
        self.update(|state| {
            *state = State {
                token: new.access_token.clone(),
                life,
                system_user: state.system_user,
                next_attempt: None,
                failure: None,
            };
        });
        if let Some(told) = &self.on_change {
            told(&new.access_token, end);
        }
        Ok(())
    }
}

impl State {
    fn is_due(&self, now: OffsetDateTime) -> bool {
        if self.next_attempt.is_some_and(|at| now < at) {
            return false;
        }
        match self.life {
            Life::Unknown => true,
            Life::Endless | Life::Over => false,
            Life::Until { end, whole } => {
                let margin =
                    whole.map_or(time::Duration::seconds_f64(limits::TOKEN_REFRESH.as_secs_f64()), |whole| whole / 3);
                now < end && end - now <= margin
            }
        }
    }

    fn works(&self, now: OffsetDateTime) -> bool {
        match self.life {
            Life::Unknown | Life::Endless => true,
            Life::Over => false,
            Life::Until { end, .. } => now < end,
        }
    }

    /// After a failure: an hour, or less where there is not much left.
    fn pause(&self, now: OffsetDateTime) -> Duration {
        let pause = limits::TOKEN_REFRESH_PAUSE;
        match self.life {
            Life::Until { end, .. } => {
                let left = Duration::try_from(end - now).unwrap_or_default();
                pause.min(left / 4)
            }
            _ => pause,
        }
    }

    fn learn(&mut self, info: &TokenInfo) {
        self.system_user = info.kind.as_deref() == Some("SYSTEM_USER");
        self.failure = None;
        self.life = match (info.is_valid, info.ends(), info.issued()) {
            (false, _, _) => Life::Over,
            (true, None, _) => Life::Endless,
            (true, Some(end), issued) => Life::Until { end, whole: issued.map(|issued| end - issued) },
        };
    }
}

#[async_trait]
impl TokenProvider for RefreshingToken {
    async fn token(&self) -> Result<Secret> {
        let now = self.tokens.clock().now();
        if self.current().is_due(now)
            // Whoever does not get the flight goes on with the token that still works.
            && let Some(_flight) = self.flight.try_lock()
            // Another flight may have landed in between.
            && self.current().is_due(now)
        {
            self.refresh(now).await;
        }
        let state = self.current();
        if state.works(now) {
            return Ok(state.token);
        }
        let message = "the access token has expired and cannot be exchanged any more: make a new one";
        let error = Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, message);
        Err(match state.failure {
            Some(failure) => error.source(failure),
            None => error,
        })
    }
}

impl fmt::Debug for RefreshingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.current().life {
            Life::Until { end, .. } => Some(end),
            _ => None,
        };
        f.debug_struct("RefreshingToken").field("expires_at", &end).finish_non_exhaustive()
    }
}

impl From<Secret> for StaticToken {
    fn from(token: Secret) -> Self {
        Self(token)
    }
}

/// The provider of a token that stays.
pub(crate) fn fixed(token: Secret) -> Arc<dyn TokenProvider> {
    Arc::new(StaticToken::from(token))
}
