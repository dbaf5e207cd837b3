//! What a client needs to know of a workspace.

use std::time::Duration;

use comms_http::{
    Error, ExposeSecret, Result, Secret,
    setting::{self, check_secret, wrong},
};
use serde::Deserialize;
use url::Url;

use crate::{PROVIDER, limits, webhook::Verifier};

/// The settings of a workspace. `Debug` hides the secrets.
///
/// It is plain data: [`ClientBuilder::build`](crate::ClientBuilder::build) checks it, and its errors name the variable.
///
/// ```
/// use elevenlabs_client::Config;
///
/// let config = Config::from_lookup(|name| match name {
///     "ELEVENLABS_API_KEY" => Some("sk_an-invented-key".into()),
///     "ELEVENLABS_API_BASE" => Some("https://api.eu.residency.elevenlabs.io".into()),
///     _ => None,
/// });
/// // Requests and WebSockets go to one region.
/// assert_eq!(config.check()?.web_socket.as_str(), "wss://api.eu.residency.elevenlabs.io/");
/// assert!(!format!("{config:?}").contains("an-invented-key"));
/// # Ok::<(), elevenlabs_client::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// `ELEVENLABS_API_KEY`: a key with the rights for agents.
    pub api_key: Secret,
    /// `ELEVENLABS_WEBHOOK_SECRET`: the secrets that webhooks are verified with, as ElevenLabs shows each once. Several, divided by commas,
    /// while one is exchanged.
    pub webhook_secret: Option<Secret>,
    /// `ELEVENLABS_API_BASE`: where the API is, [`API_BASE`](limits::API_BASE) unless set. WebSockets go to the same host.
    pub api_base: String,
    /// `ELEVENLABS_WS_BASE`: where WebSockets are opened, where that is not the host of the API.
    pub ws_base: Option<String>,
    /// `ELEVENLABS_CONCURRENCY`: text conversations at once, [`SESSIONS`](limits::SESSIONS) unless set. Further ones wait.
    pub concurrency: Option<usize>,
    /// `ELEVENLABS_KEEP_SESSIONS`: for how many seconds after its last answer a text conversation stays open for the next message of
    /// its thread. Unless set, or 0: each message has a conversation of its own.
    pub keep_sessions: Option<u64>,
}

/// Where calls go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bases {
    /// Requests (`https`, or `http` for a simulator).
    pub http: Url,
    /// WebSockets (`wss`, or `ws` for a simulator).
    pub web_socket: Url,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            webhook_secret: None,
            api_base: limits::API_BASE.to_owned(),
            ws_base: None,
            concurrency: None,
            keep_sessions: None,
        }
    }
}

impl Config {
    /// The settings of a workspace, everything else by default.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self { api_key: api_key.into(), ..Self::default() }
    }

    /// Reads the environment: see the fields for the names. An empty value counts as absent.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source of named values.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| lookup(name).filter(|value| !value.is_empty());
        let base = Self::default();
        Self {
            api_key: value(API_KEY).map(Secret::from).unwrap_or_default(),
            webhook_secret: value(WEBHOOK_SECRET).map(Secret::from),
            api_base: value(API_BASE).unwrap_or(base.api_base),
            ws_base: value(WS_BASE),
            // What is no number is a number that no client has: `check` names it.
            concurrency: value(CONCURRENCY).map(|text| text.trim().parse().unwrap_or(usize::MAX)),
            keep_sessions: value(KEEP_SESSIONS).map(|text| text.trim().parse().unwrap_or(u64::MAX)),
        }
    }

    /// What webhooks are verified with; `None` where no secret is set.
    ///
    /// # Errors
    /// `Config` where a secret is no secret.
    pub fn verifier(&self) -> Result<Option<Verifier>> {
        let Some(secrets) = &self.webhook_secret else { return Ok(None) };
        let secrets = secrets.expose_secret().split(',').map(str::trim).filter(|secret| !secret.is_empty());
        let verifier = Verifier::new(secrets.map(Secret::from));
        verifier.map(Some).map_err(|error| wrong(WEBHOOK_SECRET, error.message()).provider(PROVIDER))
    }

    /// Text conversations at once.
    ///
    /// # Errors
    /// `Config` where it is none, or more than [`MOST_SESSIONS`](limits::MOST_SESSIONS).
    pub fn sessions(&self) -> Result<usize> {
        let number = self.concurrency.unwrap_or(limits::SESSIONS);
        if (1..=limits::MOST_SESSIONS).contains(&number) {
            return Ok(number);
        }
        let what = format!("must be a number from 1 to {}", limits::MOST_SESSIONS);
        Err(wrong(CONCURRENCY, &what).provider(PROVIDER))
    }

    /// How long a text conversation stays open after its last answer; none where that is no time.
    ///
    /// # Errors
    /// `Config` where it is longer than [`KEPT_LONGEST`](limits::KEPT_LONGEST).
    pub fn keep(&self) -> Result<Duration> {
        let keep = Duration::from_secs(self.keep_sessions.unwrap_or_default());
        if keep <= limits::KEPT_LONGEST {
            return Ok(keep);
        }
        let what = format!("must be a number of seconds up to {}", limits::KEPT_LONGEST.as_secs());
        Err(wrong(KEEP_SESSIONS, &what).provider(PROVIDER))
    }

    /// Checks everything that is set and returns the addresses that all calls start from.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn check(&self) -> Result<Bases> {
        let named = |error: Error| error.provider(PROVIDER);
        check_secret(API_KEY, &self.api_key).map_err(named)?;
        self.verifier()?;
        self.sessions()?;
        self.keep()?;
        let http = setting::base_url(API_BASE, &self.api_base).map_err(named)?;
        let web_socket = match &self.ws_base {
            Some(base) => web_socket(base).map_err(named)?,
            None => with_scheme(&http, if http.scheme() == "http" { "ws" } else { "wss" }).map_err(named)?,
        };
        Ok(Bases { http, web_socket })
    }
}

/// An address that WebSockets start from. The checks are those of other addresses.
fn web_socket(base: &str) -> Result<Url> {
    let url = Url::parse(base).map_err(|_| wrong(WS_BASE, "is not an address"))?;
    let scheme = match url.scheme() {
        "wss" => "https",
        "ws" => "http",
        _ => return Err(wrong(WS_BASE, "must begin with wss:// (or ws:// for a simulator)")),
    };
    setting::base_url(WS_BASE, with_scheme(&url, scheme)?.as_str())?;
    Ok(url)
}

/// The same address with another scheme. The URL type changes a scheme only among those that have a default port, as all of ours do.
fn with_scheme(url: &Url, scheme: &str) -> Result<Url> {
    let mut url = url.clone();
    url.set_scheme(scheme).map_err(|()| wrong(WS_BASE, "is not an address"))?;
    Ok(url)
}

const API_KEY: &str = "ELEVENLABS_API_KEY";
const WEBHOOK_SECRET: &str = "ELEVENLABS_WEBHOOK_SECRET";
const API_BASE: &str = "ELEVENLABS_API_BASE";
const WS_BASE: &str = "ELEVENLABS_WS_BASE";
const CONCURRENCY: &str = "ELEVENLABS_CONCURRENCY";
const KEEP_SESSIONS: &str = "ELEVENLABS_KEEP_SESSIONS";
