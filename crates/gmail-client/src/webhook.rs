//! Push: who called is proved first, then the body is read.
//!
//! Pub/Sub signs nothing of the body. It shows a token that Google has signed (OpenID Connect, RS256), for our address and in the
//! name of the service account that the subscription was given. **Every project of the world can have Google sign a token for our
//! address**, so that the service account is what tells our subscription from theirs.
//!
//! Google's keys come as a value: fetch [`CERTS_URI`](crate::limits::CERTS_URI) in a task, as often as its `Cache-Control`
//! says, and hand them to [`Keys`], which all clones share. Where a token names a key that is not among them ([`Keys::knows`]),
//! fetch them once more.
//!
//! ```no_run
//! use comms_http::{SystemClock, WebhookRequest};
//! use gmail_client::webhook::{Keys, Verifier};
//! use std::sync::Arc;
//!
//! # fn run(jwks: &str, request: WebhookRequest) -> gmail_client::Result<()> {
//! let keys = Keys::default();
//! keys.replace(jwks)?;
//! let verifier = Verifier::new(
//!     "https://example.org/webhook/gmail",
//!     "gmail-push@my-project.iam.gserviceaccount.com",
//!     keys,
//!     Arc::new(SystemClock),
//! )?;
//! let push = verifier.verify(&request)?.parse();
//! if let Some(notification) = push.notification {
//!     println!("{} changed", notification.email_address);
//! }
//! # Ok(()) }
//! ```
//!
//! Answer 2xx as soon as it is stored, for mailboxes that are not known too: anything else is delivered again.
//!
//! *See [Pub/Sub docs/Authenticate push subscriptions](https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions)*

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use comms_http::{Clock, Error, Result, WebhookRequest};
use jwt_simple::prelude::{
    Audiences, Duration as JwtDuration, JWTClaims, RS256PublicKey, RSAPublicKeyLike, Token, UnixTimeStamp,
    VerificationOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::model::push::{Envelope, Notification, PubSubMessage};
use crate::{client::PROVIDER, limits};

/// Google's public keys. Clones share them.
#[derive(Clone, Default)]
pub struct Keys(Arc<RwLock<HashMap<String, RS256PublicKey>>>);

impl Keys {
    /// Puts the keys of a JWK set in the place of the former ones. Keys of other kinds in it are passed over.
    ///
    /// # Errors
    /// `InvalidRequest` for what is no JWK set or holds no usable key; the former ones then stay.
    pub fn replace(&self, jwks: &str) -> Result<()> {
        let refused = |why: &str| Error::invalid(why).provider(PROVIDER).field("keys");
        let set: Set = serde_json::from_str(jwks).map_err(|error| refused("not a set of keys").source(error))?;
        let keys: HashMap<String, RS256PublicKey> = set.keys.iter().filter_map(key).collect();
        if keys.is_empty() {
            return Err(refused("the set holds no RSA key with an id"));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Whether the key that the token of `request` names is here. Where it is not, Google may have changed its keys.
    #[must_use]
    pub fn knows(&self, request: &WebhookRequest) -> bool {
        let Some(token) = bearer(request) else { return true };
        let Ok(head) = Token::decode_metadata(token) else { return true };
        head.key_id().is_none_or(|id| self.get(id).is_some())
    }

    fn get(&self, id: &str) -> Option<RS256PublicKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(keys.keys()).finish()
    }
}

/// Checks who pushed.
#[derive(Clone, Debug)]
pub struct Verifier {
    audience: String,
    service_account: String,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Accepts pushes for this audience (the address of the subscription, unless it was given another) in the name of this service
    /// account.
    ///
    /// # Errors
    /// `Config` where one of them is empty: anybody could push then.
    pub fn new(
        audience: impl Into<String>,
        service_account: impl Into<String>,
        keys: Keys,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let (audience, service_account) = (audience.into(), service_account.into());
        for (field, value) in [("audience", &audience), ("service_account", &service_account)] {
            if value.is_empty() {
                return Err(Error::config(format!("{field} is empty")).provider(PROVIDER).field(field));
            }
        }
        Ok(Self { audience, service_account, keys, clock })
    }

    /// The keys that it checks with.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Checks the token of a push: signature, issuer, audience, service account, time.
    ///
    /// # Errors
    /// `InvalidSignature` where the token is absent, repeated, or does not prove what it must. Answer 401.
    pub fn verify(&self, request: &WebhookRequest) -> Result<Verified> {
        let token = bearer(request).ok_or_else(|| refused("the token is absent, repeated or no bearer token"))?;
        let head = Token::decode_metadata(token).map_err(|_| refused("the token is malformed"))?;
        let key = head.key_id().and_then(|id| self.keys.get(id));
        let key = key.ok_or_else(|| refused("the token is signed with a key that is not known"))?;
        let claims: JWTClaims<Google> = key
            .verify_token(token, Some(self.options()))
            .map_err(|_| refused("the token is not Google's, not for this address, or has ended"))?;
        // Pub/Sub names one audience; a list of them was made by somebody else.
        if claims.expires_at.is_none() || !matches!(claims.audiences, Some(Audiences::AsString(_))) {
            return Err(refused("the token has no end, or is for others too"));
        }
        let ours =
            claims.custom.email.as_deref() == Some(&self.service_account) && is_true(&claims.custom.email_verified);
        if !ours {
            return Err(refused("the token is another service account's"));
        }
        Ok(Verified { body: request.body.clone() })
    }

    fn options(&self) -> VerificationOptions {
        let now = u64::try_from(self.clock.now().unix_timestamp()).unwrap_or_default();
        VerificationOptions {
            allowed_issuers: Some(limits::ISSUERS.iter().map(|&issuer| issuer.to_owned()).collect()),
            allowed_audiences: Some(HashSet::from([self.audience.clone()])),
            time_tolerance: Some(JwtDuration::from_secs(limits::PUSH_CLOCK_SKEW.as_secs())),
            artificial_time: Some(UnixTimeStamp::from_secs(now)),
            ..VerificationOptions::default()
        }
    }
}

/// A push whose sender is proved. Only [`Verifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    body: Bytes,
}

impl Verified {
    /// What it says. What cannot be read stands as a problem, and is no reason to have it delivered again.
    #[must_use]
    pub fn parse(&self) -> Push {
        Push::read(&self.body)
    }
}

/// A push, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Push {
    /// What Gmail says.
    pub notification: Option<Notification>,
    /// The envelope around it; empty where the subscription pushes without one.
    pub envelope: Envelope,
    /// Why it could not be read.
    pub problem: Option<String>,
}

impl Push {
    /// Reads the body of a push that was verified when it was stored.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let problem = |why: &str| Self { problem: Some(why.to_owned()), ..Self::default() };
        if body.len() > limits::PUSH_BYTES {
            return problem("the body is longer than any push");
        }
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return problem("the body is not JSON") };
        // Without the envelope, where the subscription was set up so.
        if let Ok(notification) = Notification::deserialize(&value) {
            return Self { notification: Some(notification), ..Self::default() };
        }
        let Ok(envelope) = serde_json::from_value::<Envelope>(value) else {
            return problem("the body is no message of Pub/Sub");
        };
        match envelope.message.notification() {
            Some(notification) => Self { notification: Some(notification), envelope, problem: None },
            None => Self { envelope, ..problem("the message does not say which mailbox changed") },
        }
    }
}

/// What Google's token says beside the claims of the standard.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Google {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

fn key(jwk: &Value) -> Option<(String, RS256PublicKey)> {
    let id = jwk.get("kid")?.as_str()?;
    let key = RS256PublicKey::from_jwk(&jwk.to_string()).ok()?;
    Some((id.to_owned(), key))
}

fn bearer(request: &WebhookRequest) -> Option<&str> {
    let header = request.header_str("authorization")?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Google has written it as text too.
fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true")
}

fn refused(why: &str) -> Error {
    Error::invalid_signature(why).provider(PROVIDER)
}
