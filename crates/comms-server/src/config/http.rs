//! How the server is reached.

use std::{
    net::IpAddr,
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

use comms_core::Secret;
use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

/// How the server is reached, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The one address to listen on; every address where absent.
    pub bind: Option<IpAddr>,
    /// Worker threads; one for each core where absent.
    pub workers: Option<NonZeroU16>,
    /// The address under which providers call us.
    pub public_base_url: Option<Url>,
    /// Addresses or networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// The front end, to which browsers go back after a consent at a provider.
    pub frontend_url: Option<Url>,
    /// Requests per minute of one user, else of one client address.
    pub rate_limit_per_minute: NonZeroU32,
    /// Signed webhooks per minute of one provider; of Twilio, of one account there.
    pub webhook_limit_per_minute: NonZeroU32,
    /// Bearer token of `/metrics`.
    pub metrics_token: Option<Secret>,
    /// Seconds that what is under way has when the server is asked to stop.
    pub shutdown_seconds: NonZeroU16,
    /// Seconds for which connections are still taken then, while `/health` says that the server stops.
    pub shutdown_delay_seconds: u16,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            port: 8080,
            bind: None,
            workers: None,
            public_base_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            frontend_url: None,
            rate_limit_per_minute: NonZeroU32::MIN.saturating_add(199),
            webhook_limit_per_minute: NonZeroU32::MIN.saturating_add(599_999),
            metrics_token: None,
            // Longer than the longest send.
            shutdown_seconds: NonZeroU16::MIN.saturating_add(59),
            shutdown_delay_seconds: 0,
        }
    }
}

impl HttpSettings {
    /// Whether providers can call us at all: the local address is nobody else's.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.public_base_url.is_some()
    }

    /// The public address without a slash at its end; the local one where none is set.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.public_base_url.as_ref().map_or_else(
            || format!("http://localhost:{}", self.port),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        )
    }

    /// How long what is under way has when the server is asked to stop.
    #[must_use]
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds.get().into())
    }

    /// For how long connections are still taken then.
    #[must_use]
    pub fn shutdown_delay(&self) -> Duration {
        Duration::from_secs(self.shutdown_delay_seconds.into())
    }

    /// The host of the public address; empty where none is set.
    pub(super) fn base_host(&self) -> &str {
        self.public_base_url.as_ref().and_then(Url::host_str).unwrap_or_default()
    }

    /// The networks of [`trusted_proxies`](Self::trusted_proxies).
    #[must_use]
    pub fn proxies(&self) -> Vec<IpNet> {
        let proxies = self.trusted_proxies.iter();
        proxies.filter_map(|text| network(text)).collect()
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for text in &self.trusted_proxies {
            if network(text).is_none() {
                problems.push(format!(
                    "TRUSTED_PROXIES (http.trusted_proxies): {text:?} is neither an address nor a network such as 10.0.0.0/8"
                ));
            }
        }
        for origin in &self.cors_origins {
            let parsed = Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if parsed.as_deref() != Ok(origin.as_str()) {
                problems.push(format!(
                    "CORS_ORIGINS (http.cors_origins): {origin:?} is not an origin such as https://app.example.com"
                ));
            }
        }
        if let Some(url) = &self.public_base_url
            && (!matches!(url.scheme(), "http" | "https") || url.query().is_some())
        {
            problems.push(format!(
                "PUBLIC_BASE_URL (http.public_base_url): {url} is not an http(s) address without a query"
            ));
        }
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
