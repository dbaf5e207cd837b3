//! Google's OAuth for the mailboxes of sellers: consents, access tokens, revocation; and access tokens of another back end.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_core::{
    AccountId, Clock, Error, ErrorKind, ExposeSecret, OrganizationId, Outcome, Result, Secret, UserId,
    history::Credential,
};
use comms_engine::{Credentials, FreshToken, TokenRefresher};
use comms_http::{Caller, Failure, Operation, Request, RetryPolicy, Transport};
use gmail_client::oauth::{Begun, Consent, Grant, OAuth, Scopes, TokenProvider, scope};
use http::{HeaderName, Method};
use serde::Deserialize;
use url::Url;

use crate::config::Settings;

/// The provider's word in the credentials.
pub const GOOGLE: &str = "google";
/// What ids of Gmail's mailboxes begin with.
pub const GMAIL: &str = "gmail";

/// What is kept as the secret of a mailbox whose tokens the other back end gives: it has the real one.
const ELSEWHERE: &str = "back-end";
const ASK: Operation = Operation::repeatable("back_end.token");
const SERVICE_TOKEN: HeaderName = HeaderName::from_static("x-service-token");
/// How long a token works of which the other back end does not say it. It is asked again soon.
const UNTOLD_LIFE: Duration = Duration::from_secs(10 * 60);

/// Google's OAuth of this server.
#[derive(Clone, Debug)]
pub struct Google {
    oauth: Option<OAuth>,
    back_end: Option<BackEnd>,
    scopes: Arc<[String]>,
}

impl Google {
    /// What the settings allow for; `None` where there is nothing of Google.
    pub(super) fn new(
        settings: &Settings,
        transport: &Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>> {
        let google = &settings.google;
        if !google.is_wanted() {
            return Ok(None);
        }
        let oauth = match google.client(&settings.http) {
            Some(config) => {
                Some(OAuth::new(&config, Arc::clone(transport), Arc::clone(clock), RetryPolicy::default())?)
            }
            None => None,
        };
        let back_end = google.token_url.clone().zip(settings.auth.microservice_token.clone());
        let back_end = back_end.map(|(url, token)| BackEnd {
            caller: Caller::new("back_end", Arc::clone(transport), Arc::clone(clock), RetryPolicy::default(), refused),
            url,
            token,
        });
        Ok(Some(Self { oauth, back_end, scopes: google.scopes.clone().into() }))
    }

    /// Begins a consent: for what is needed, beside what was given for other things (Calendar).
    ///
    /// # Errors
    /// `Config` where the OAuth client is not set.
    pub fn begin(&self, login_hint: Option<&str>) -> Result<Begun> {
        let mut scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        scopes.extend([scope::OPENID, scope::EMAIL]);
        let consent = Consent::new(&scopes);
        self.oauth()?.begin(&match login_hint {
            Some(hint) => consent.login_hint(hint),
            None => consent,
        })
    }

    /// Makes a grant of what the browser brought back.
    ///
    /// # Errors
    /// As the provider's crate says.
    pub async fn exchange(&self, code: &str, verifier: &Secret) -> Result<Grant> {
        self.oauth()?.exchange(code, verifier).await
    }

    /// The scopes that are needed and were not given.
    #[must_use]
    pub fn lacking(&self, given: &Scopes) -> Vec<String> {
        let needed: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        given.lacking(&needed).into_iter().map(str::to_owned).collect()
    }

    /// Ends a permission at Google, for everything that this client uses it for.
    ///
    /// # Errors
    /// As the provider's crate says; `Unsupported` where the permission is the other back end's.
    pub async fn revoke(&self, secret: &Secret) -> Result<()> {
        if is_elsewhere(secret) {
            return Err(Error::unsupported("the permission was given to the other back end: it is ended there"));
        }
        self.oauth()?.revoke(secret).await
    }

    /// What the other back end has of a seller; `None` where there is no other back end, or it has nothing.
    ///
    /// # Errors
    /// Where it does not answer as it should.
    pub async fn of_back_end(&self, organization: &OrganizationId, user: &UserId) -> Result<Option<Elsewhere>> {
        let Some(back_end) = &self.back_end else { return Ok(None) };
        match back_end.token(organization, user).await {
            Ok(given) => Ok(Some(given)),
            Err(error) if error.outcome() == Outcome::Rejected && error.kind() == ErrorKind::Unauthenticated => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn oauth(&self) -> Result<&OAuth> {
        self.oauth.as_ref().ok_or_else(|| Error::config("set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"))
    }
}

/// The secret of a mailbox whose tokens the other back end gives.
#[must_use]
pub fn elsewhere() -> Secret {
    Secret::from(ELSEWHERE)
}

/// Whether the other back end gives the tokens of this secret.
#[must_use]
pub fn is_elsewhere(secret: &Secret) -> bool {
    secret.expose_secret() == ELSEWHERE
}

#[async_trait]
impl TokenRefresher for Google {
    async fn refresh(&self, credential: &Credential, secret: &Secret) -> Result<FreshToken> {
        if is_elsewhere(secret) {
            let back_end =
                self.back_end.as_ref().ok_or_else(|| Error::config("GOOGLE_TOKEN_URL is not set any more"))?;
            let given = back_end.token(&credential.organization, &credential.owner).await?;
            return Ok(FreshToken {
                token: given.token,
                until: given.until,
                secret: None,
                scopes: None,
                ends_at: None,
            });
        }
        let grant = self.oauth()?.refresh(secret).await?;
        let scopes: BTreeSet<String> = grant.scopes.iter().map(str::to_owned).collect();
        Ok(FreshToken {
            token: grant.access.token,
            until: grant.access.expires_at,
            secret: grant.refresh_token,
            scopes: (!scopes.is_empty()).then_some(scopes),
            ends_at: grant.ends_at,
        })
    }
}

/// The access tokens of one mailbox, for a client of Gmail.
#[derive(Clone, Debug)]
pub struct MailboxTokens {
    credentials: Credentials,
    organization: OrganizationId,
    account: AccountId,
}

impl MailboxTokens {
    /// Those of this mailbox.
    #[must_use]
    pub const fn new(credentials: Credentials, organization: OrganizationId, account: AccountId) -> Self {
        Self { credentials, organization, account }
    }
}

#[async_trait]
impl TokenProvider for MailboxTokens {
    async fn token(&self) -> Result<Secret> {
        self.credentials.token(&self.organization, &self.account).await
    }

    fn discard(&self, token: &Secret) -> bool {
        self.credentials.discard(&self.organization, &self.account, token)
    }
}

/// The other back end, to which sellers gave their permission.
#[derive(Clone, Debug)]
struct BackEnd {
    caller: Caller,
    url: Url,
    token: Secret,
}

/// What the other back end has of a seller.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// An access token.
    pub token: Secret,
    /// Until when it works.
    pub until: time::OffsetDateTime,
    /// What was permitted there.
    pub scopes: Scopes,
    /// The mailbox, where it says so.
    pub email: Option<String>,
}

/// Its answer; `expiry_date` is what Google's own library for Node calls the end of a token.
#[derive(Deserialize)]
struct Answer {
    access_token: Secret,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    expiry_date: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

impl BackEnd {
    async fn token(&self, organization: &OrganizationId, user: &UserId) -> Result<Elsewhere> {
        let request = Request::new(Method::GET, self.url.clone())
            .query("usuario_id", user.as_str())
            .query("organizacion_id", organization.as_str())
            .header(SERVICE_TOKEN, self.token.expose_secret())?;
        let answer: Answer = self.caller.json(ASK, request).await?;
        let now = self.caller.clock().now();
        let by_date = answer
            .expiry_date
            .and_then(|millis| time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok());
        let by_seconds = answer.expires_in.map(|seconds| now.saturating_add(time::Duration::seconds(seconds)));
        Ok(Elsewhere {
            token: answer.access_token,
            until: by_date.or(by_seconds).unwrap_or(now + UNTOLD_LIFE),
            scopes: Scopes::parse(answer.scope.as_deref().unwrap_or_default()),
            email: answer.email,
        })
    }
}

/// 404 is its word for a seller who gave no permission; anything else is for an operator, or passes.
fn refused(failure: &Failure<'_>) -> Error {
    match failure.status.as_u16() {
        404 | 410 => {
            let message = "the other back end has no permission of this seller any more";
            Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, message).code("invalid_grant")
        }
        401 | 403 => Error::config("the other back end refuses MICROSERVICE_TOKEN").code("service_token"),
        _ => Error::new(ErrorKind::Provider, Outcome::Unknown, "the other back end failed"),
    }
}
