//! What the owner of a mailbox gave.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_http::{Error, ErrorKind, Outcome, Result, Secret};
use oauth2::TokenResponse;
use serde::Deserialize;
use time::OffsetDateTime;

use super::answer::TokenAnswer;
use crate::{client::PROVIDER, limits};

/// An access token and its end.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// The answer to a code or to a refresh token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Grant {
    /// For the next hour.
    pub access: AccessToken,
    /// For as long as the grant lasts. A refresh usually brings none: the one that was used goes on.
    pub refresh_token: Option<Secret>,
    /// When the grant itself ends, where it is limited in time.
    pub ends_at: Option<OffsetDateTime>,
    /// What was given: perhaps less than was asked for.
    pub scopes: Scopes,
    /// Who gave it, where a scope for that was given ([`scope::EMAIL`](super::scope::EMAIL)).
    pub email: Option<String>,
}

impl Grant {
    pub(crate) fn of(answer: &TokenAnswer, now: OffsetDateTime) -> Self {
        let life = answer.expires_in().unwrap_or(limits::TOKEN_LIFE);
        let extra = answer.extra_fields();
        let scopes = answer.scopes().into_iter().flatten().map(|scope| scope.as_str().to_owned()).collect();
        Self {
            access: AccessToken { token: answer.access_token().secret().as_str().into(), expires_at: now + life },
            refresh_token: answer.refresh_token().map(|token| token.secret().as_str().into()),
            ends_at: extra.refresh_token_expires_in.map(|seconds| now.saturating_add(time::Duration::seconds(seconds))),
            scopes: Scopes(scopes),
            email: extra.id_token.as_deref().and_then(email),
        }
    }

    /// Whether all of these were given. People can untick single ones on the consent page, and Google then answers as if all were
    /// well.
    ///
    /// # Errors
    /// `Unauthenticated` with the first scope that is lacking as its field.
    pub fn require(&self, scopes: &[&str]) -> Result<()> {
        let Some(lacking) = self.scopes.lacking(scopes).into_iter().next() else { return Ok(()) };
        let message =
            format!("the owner did not give {lacking}: the mailbox must be connected again with that box ticked");
        Err(Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, message).provider(PROVIDER).field(lacking))
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Those of a text with spaces, as Google writes them.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Whether this one is given, by itself or by a wider one.
    #[must_use]
    pub fn allow(&self, scope: &str) -> bool {
        self.0.contains(scope) || super::scope::wider(scope).iter().any(|wider| self.0.contains(*wider))
    }

    /// Those of `scopes` that are not given.
    #[must_use]
    pub fn lacking<'a>(&self, scopes: &[&'a str]) -> Vec<&'a str> {
        scopes.iter().copied().filter(|scope| !self.allow(scope)).collect()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The address in an id token. It came from Google over TLS in answer to our secret, so that its signature need not be checked.
fn email(id_token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        email: Option<String>,
        #[serde(default)]
        email_verified: bool,
    }
    let claims = id_token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims.email.filter(|_| claims.email_verified)
}
