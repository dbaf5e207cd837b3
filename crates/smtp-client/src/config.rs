//! What a client needs to know: the server, who we are to it, and who sends.

use std::{net::IpAddr, time::Duration};

use comms_http::{ExposeSecret, Result, Secret, setting};
use serde::Deserialize;
use url::{Host, Url};

use crate::{
    Credentials, Mechanism,
    limits::{STEP, SUBMISSION, SUBMISSIONS},
};

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Encrypted before anything is told. A server that does not offer it is left.
    #[default]
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Not encrypted: to this machine only.
    None,
}

/// The settings of a server and a sender. `Debug` hides the secret.
///
/// ```
/// use smtp_client::{Client, Config, Security};
///
/// let config = Config::from_lookup(|name| match name {
///     "SMTP_URL" => Some("smtps://ventas%40example.org:an-invented-password@mail.example.org".into()),
///     "SMTP_FROM" => Some("ventas@example.org".into()),
///     _ => None,
/// });
/// let client = Client::new(config)?;
/// assert_eq!((client.host(), client.port(), client.security()), ("mail.example.org", 465, Security::Tls));
/// # Ok::<(), smtp_client::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// `SMTP_URL`: server, port, protection, user and password in one; see the crate's page. It goes before the settings below.
    pub url: Option<Secret>,
    /// `SMTP_HOST`.
    pub host: Option<String>,
    /// `SMTP_PORT`; that of the protection where absent.
    pub port: Option<u16>,
    /// `SMTP_SECURITY`: `starttls`, `tls` or `none`.
    pub security: Option<Security>,
    /// `SMTP_USER`.
    pub user: Option<String>,
    /// `SMTP_PASSWORD`: the password, or the access token of `xoauth2`.
    pub password: Option<Secret>,
    /// `SMTP_AUTH`: `plain`, `login` or `xoauth2`; what the server offers of passwords where absent.
    pub auth: Option<Mechanism>,
    /// `SMTP_FROM`: the address that sends.
    pub from: Option<String>,
    /// `SMTP_FROM_NAME`: the name beside it.
    pub from_name: Option<String>,
    /// How long one step of the dialogue may take.
    #[serde(skip)]
    pub step: Option<Duration>,
    /// A certificate (PEM) that is trusted beside those of the platform.
    #[serde(skip)]
    pub root_certificate: Option<Vec<u8>>,
    /// The variable whose word is none that is understood.
    #[serde(skip)]
    unread: Option<&'static str>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub credentials: Option<Credentials>,
    pub from: Option<String>,
    pub from_name: Option<String>,
    pub step: Duration,
    pub root_certificate: Option<Vec<u8>>,
}

const URL: &str = "SMTP_URL";
const HOST: &str = "SMTP_HOST";
const SECURITY: &str = "SMTP_SECURITY";
const USER: &str = "SMTP_USER";
const PASSWORD: &str = "SMTP_PASSWORD";
const AUTH: &str = "SMTP_AUTH";
const PORT: &str = "SMTP_PORT";
pub(crate) const FROM: &str = "SMTP_FROM";

impl Config {
    /// Reads the environment: see the fields for the names. An empty value counts as absent.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source of named values. What is no port, protection or mechanism is refused by
    /// [`Client::new`](crate::Client::new).
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| lookup(name).filter(|value| !value.is_empty());
        let mut unread = None;
        // Port 0 is none: the check refuses it.
        let port = value(PORT).map(|text| text.parse().unwrap_or(0));
        let security = value(SECURITY).and_then(|word| match word.as_str() {
            "starttls" => Some(Security::StartTls),
            "tls" => Some(Security::Tls),
            "none" => Some(Security::None),
            _ => {
                unread = Some(SECURITY);
                None
            }
        });
        let auth = value(AUTH).and_then(|word| match word.as_str() {
            "plain" => Some(Mechanism::Plain),
            "login" => Some(Mechanism::Login),
            "xoauth2" => Some(Mechanism::Xoauth2),
            _ => {
                unread = Some(AUTH);
                None
            }
        });
        Self {
            unread,
            url: value(URL).map(Secret::from),
            host: value(HOST),
            port,
            security,
            user: value(USER),
            password: value(PASSWORD).map(Secret::from),
            auth,
            from: value(FROM),
            from_name: value("SMTP_FROM_NAME"),
            step: None,
            root_certificate: None,
        }
    }

    /// The settings of a server that is reached as this address says.
    #[must_use]
    pub fn of_url(url: impl Into<String>) -> Self {
        Self { url: Some(Secret::from(url.into())), ..Self::default() }
    }

    /// Every check.
    pub(crate) fn checked(self) -> Result<Checked> {
        if let Some(name) = self.unread {
            return Err(setting::wrong(name, "is none of the words that are understood"));
        }
        let whole = match &self.url {
            Some(url) => self.clone().with_url(url)?,
            None => self,
        };
        let host = whole.host.clone().ok_or_else(|| setting::missing(HOST))?;
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(setting::wrong(HOST, "is not the name of a server"));
        }
        let security = whole.security.unwrap_or_default();
        if security == Security::None && !is_this_machine(&host) {
            return Err(setting::wrong(
                SECURITY,
                "may be none for this machine only: what goes to another one is encrypted",
            ));
        }
        let usual = if security == Security::Tls { SUBMISSIONS } else { SUBMISSION };
        let port = whole.port.unwrap_or(usual);
        if port == 0 {
            return Err(setting::wrong(PORT, "is not a port"));
        }
        let credentials = whole.credentials()?;
        Ok(Checked {
            host,
            port,
            security,
            credentials,
            from: whole.from.map(|from| from.trim().to_owned()).filter(|from| !from.is_empty()),
            from_name: whole.from_name,
            step: whole.step.unwrap_or(STEP),
            root_certificate: whole.root_certificate,
        })
    }

    fn with_url(mut self, url: &Secret) -> Result<Self> {
        // The cause may repeat the address, and with it the password.
        let wrong = |what: &str| setting::wrong(URL, what);
        let url = Url::parse(url.expose_secret()).map_err(|_| wrong("is not an address"))?;
        self.security = Some(match url.scheme() {
            "smtp" => Security::StartTls,
            "smtps" => Security::Tls,
            "smtp+plain" => Security::None,
            _ => return Err(wrong("must begin with smtp://, smtps:// or smtp+plain://")),
        });
        let host = url.host().ok_or_else(|| wrong("names no server"))?;
        self.host = Some(match host {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        });
        self.port = url.port().or(self.port);
        let decoded = |text: &str| decode(text).ok_or_else(|| wrong("holds a % that stands for no letter"));
        if !url.username().is_empty() {
            self.user = Some(decoded(url.username())?);
        }
        if let Some(password) = url.password() {
            self.password = Some(Secret::from(decoded(password)?));
        }
        Ok(self)
    }

    fn credentials(&self) -> Result<Option<Credentials>> {
        match (&self.user, &self.password) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(setting::missing(USER)),
            (Some(_), None) => Err(setting::missing(PASSWORD)),
            (Some(user), Some(secret)) => {
                setting::check_secret(PASSWORD, secret)?;
                Ok(Some(Credentials { user: user.clone(), secret: secret.clone(), mechanism: self.auth }))
            }
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A part of an address with its `%40` as letters.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}
