//! Google: the OAuth client by which sellers connect their mailboxes.

use comms_core::Secret;
use gmail_client::{Config, oauth::scope};
use serde::Deserialize;
use url::Url;

use super::{HttpSettings, absent};

/// Where Google sends the browser after a consent.
pub const GOOGLE_CALLBACK: &str = "/api/comunicaciones/email/oauth/callback";

/// The OAuth client of a Google project. What lacks a key is off.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GoogleSettings {
    /// The OAuth client: `….apps.googleusercontent.com`.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// Where Google sends the browser after the consent, as registered with the client; the public address and
    /// [`GOOGLE_CALLBACK`] where absent.
    pub redirect_uri: Option<String>,
    /// What a seller must permit.
    pub scopes: Vec<String>,
    /// Another host than Google's for everything that has no address of its own here.
    pub api_base: Option<String>,
    /// Another consent page.
    pub auth_uri: Option<String>,
    /// Another place where codes become tokens.
    pub token_uri: Option<String>,
    /// Another place where permissions are taken back.
    pub revoke_uri: Option<String>,
    /// The other back end's address that gives a seller's access token: for those who are connected there.
    pub token_url: Option<Url>,
}

impl Default for GoogleSettings {
    fn default() -> Self {
        Self {
            client_id: None,
            client_secret: None,
            redirect_uri: None,
            scopes: vec![scope::MODIFY.to_owned()],
            api_base: None,
            auth_uri: None,
            token_uri: None,
            revoke_uri: None,
            token_url: None,
        }
    }
}

impl GoogleSettings {
    /// Whether sellers can connect mailboxes in one of the two ways.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.client_id.is_some() || self.token_url.is_some()
    }

    /// The settings without which nobody can connect a mailbox; empty where they can.
    #[must_use]
    pub fn missing(&self, http: &HttpSettings) -> Vec<&'static str> {
        let own =
            [("GOOGLE_CLIENT_ID", self.client_id.is_some()), ("GOOGLE_CLIENT_SECRET", self.client_secret.is_some())];
        let mut missing = if self.token_url.is_some() && self.client_id.is_none() { Vec::new() } else { absent(&own) };
        missing.extend(absent(&[("FRONTEND_URL", http.frontend_url.is_some())]));
        missing
    }

    /// The OAuth client as the provider's crate wants it; `None` where it is not set.
    #[must_use]
    pub fn client(&self, http: &HttpSettings) -> Option<Config> {
        let mut config = Config::new(self.client_id.clone()?, self.client_secret.clone()?);
        let callback = || format!("{}{GOOGLE_CALLBACK}", http.base_url());
        config.redirect_uri = Some(self.redirect_uri.clone().unwrap_or_else(callback));
        if let Some(base) = &self.api_base {
            let base = base.trim_end_matches('/');
            // The paths are Google's own on another host.
            config.auth_uri = format!("{base}/o/oauth2/v2/auth");
            config.token_uri = format!("{base}/token");
            config.revoke_uri = format!("{base}/revoke");
            config.api_base = base.to_owned();
        }
        let others = [
            (&self.auth_uri, &mut config.auth_uri),
            (&self.token_uri, &mut config.token_uri),
            (&self.revoke_uri, &mut config.revoke_uri),
        ];
        for (set, place) in others {
            if let Some(set) = set {
                set.clone_into(place);
            }
        }
        Some(config)
    }

    pub(super) fn check(&self, microservice_token: bool, problems: &mut Vec<String>) {
        if self.token_url.is_some() && !microservice_token {
            problems.push(
                "GOOGLE_TOKEN_URL (google.token_url): set MICROSERVICE_TOKEN too, it is sent with the question"
                    .to_owned(),
            );
        }
        if self.token_url.as_ref().is_some_and(|url| !matches!(url.scheme(), "http" | "https")) {
            problems.push("GOOGLE_TOKEN_URL (google.token_url): must begin with http:// or https://".to_owned());
        }
        if self.scopes.is_empty() {
            problems.push("GOOGLE_SCOPES (google.scopes): name at least one".to_owned());
        }
    }
}
