//! Access tokens: what a browser or an app shows to Twilio, so that it can call and be called.
//!
//! They are made here, without a request, and signed with the secret of an API key. There is no way to take one back but to delete
//! the key: give it to whom you have authenticated, for an hour rather than a day.
//!
//! ```
//! use comms_http::{Clock, ExposeSecret, ManualClock, Secret};
//! use twilio_voice::token::{AccessToken, Signer, VoiceGrant};
//!
//! let key = Signer::new(
//!     "AC00000000000000000000000000000001",
//!     "SK00000000000000000000000000000001",
//!     Secret::from("0123456789abcdef0123456789abcdef"),
//! )?;
//! let clock = ManualClock::at_unix(1_767_225_600);
//! let voice = VoiceGrant::new().incoming(true).outgoing("AP00000000000000000000000000000001");
//! let signed = key.sign(&AccessToken::new("alice").voice(voice), clock.now())?;
//! assert_eq!(signed.expires_at.unix_timestamp(), 1_767_229_200);
//! assert_eq!(signed.jwt.expose_secret().split('.').count(), 3);
//! # Ok::<(), comms_http::Error>(())
//! ```
//!
//! *See [Twilio docs/Access tokens](https://www.twilio.com/docs/iam/access-tokens)*

mod grants;

use std::{collections::BTreeMap, fmt, time::Duration};

use comms_http::{Error, ExposeSecret, Result, Secret};
use jwt_simple::{
    prelude::{Base64UrlSafeNoPadding, HS256Key, HS384Key, HS512Key, MACLike},
    reexports::ct_codecs::Encoder,
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

pub use grants::{ChatGrant, VoiceGrant};

/// How long a token is good for unless set.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(3_600);

/// How long a token may be good for; Twilio refuses longer ones with error 20157.
///
/// *See [Twilio docs/Error 20157](https://www.twilio.com/docs/api/errors/20157)*
pub const MAX_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Characters of an identity that is to call or to be called.
///
/// *See [Twilio docs/Client](https://www.twilio.com/docs/voice/twiml/client)*
pub const MAX_IDENTITY: usize = 121;

/// Says to Twilio which kind of JWT this is.
const CONTENT_TYPE: &str = "twilio-fpa;v=1";

/// An API key, which signs tokens.
///
/// The account's auth token cannot sign, nor can a restricted key. The key has to be of the account and of the region that the
/// token is used in.
///
/// *See [Twilio docs/API keys](https://www.twilio.com/docs/iam/api-keys)*
#[derive(Clone)]
pub struct Signer {
    account_sid: String,
    key_sid: String,
    secret: Secret,
    region: Option<String>,
    algorithm: Algorithm,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256: what Twilio's own libraries use unless told otherwise.
    #[default]
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// A token that is signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signed {
    /// What the browser gets. Whoever has it can call at your cost until it expires.
    pub jwt: Secret,
    /// When Twilio stops to take it: have a new one before.
    pub expires_at: OffsetDateTime,
}

impl Signer {
    /// A key (`SK…`) of an account (`AC…`).
    ///
    /// # Errors
    /// [`Config`](comms_http::ErrorKind::Config) where a SID is of another kind, or the secret is empty.
    pub fn new(account_sid: impl Into<String>, key_sid: impl Into<String>, secret: Secret) -> Result<Self> {
        let (account_sid, key_sid) = (account_sid.into(), key_sid.into());
        if !account_sid.starts_with("AC") {
            return Err(config("account_sid", "the SID of an account starts with AC"));
        }
        if !key_sid.starts_with("SK") {
            return Err(config("api_key_sid", "tokens are signed with an API key, whose SID starts with SK"));
        }
        if secret.expose_secret().is_empty() {
            return Err(config("api_key_secret", "the secret of the API key is empty"));
        }
        Ok(Self { account_sid, key_sid, secret, region: None, algorithm: Algorithm::default() })
    }

    /// The API key and the region of an account's settings.
    ///
    /// # Errors
    /// [`Config`](comms_http::ErrorKind::Config) where the key is not set, and as for [`new`](Self::new).
    pub fn from_config(settings: &twilio_core::Config) -> Result<Self> {
        let (Some(key), Some(secret)) = (&settings.api_key_sid, &settings.api_key_secret) else {
            return Err(config("api_key_sid", "access tokens need TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET"));
        };
        let signer = Self::new(&settings.account_sid, key, secret.clone())?;
        Ok(signer.region(settings.region.as_deref().unwrap_or_default()))
    }

    /// The region that the key belongs to, for instance `ie1`; the USA unless set.
    ///
    /// *See [Twilio docs/Regions](https://www.twilio.com/docs/global-infrastructure/understanding-twilio-regions)*
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into()).filter(|region| !region.is_empty());
        self
    }

    /// How tokens are signed; [`Algorithm::Hs256`] unless set.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Signs a token that is good from `now` on.
    ///
    /// # Errors
    /// [`InvalidRequest`](comms_http::ErrorKind::InvalidRequest) where the identity is empty, or longer than [`MAX_IDENTITY`] in a
    /// token for voice; where the token is good for less than a second or longer than [`MAX_LIFE`]; where a time is past the calendar.
    pub fn sign(&self, token: &AccessToken, now: OffsetDateTime) -> Result<Signed> {
        token.check()?;
        // A token counts whole seconds: its end is no later than it says.
        let now = now.truncate_to_second();
        let expires_at = now
            .checked_add(time::Duration::seconds(token.seconds()))
            .ok_or_else(|| invalid("now", "the token would expire past the end of the calendar"))?;
        let issued_at = now.unix_timestamp();
        let header = Header { alg: self.algorithm.name(), typ: "JWT", cty: CONTENT_TYPE, twr: self.region.as_deref() };
        let claims = Claims {
            jti: format!("{}-{issued_at}", self.key_sid),
            grants: &token.grants,
            iat: issued_at,
            nbf: token.not_before.map(OffsetDateTime::unix_timestamp),
            exp: issued_at + token.seconds(),
            iss: &self.key_sid,
            sub: &self.account_sid,
        };
        let signed = format!("{}.{}", part(&header)?, part(&claims)?);
        let mac = self.mac(signed.as_bytes());
        Ok(Signed { jwt: Secret::from(format!("{signed}.{}", encode(&mac)?)), expires_at })
    }

    /// jwt-simple writes no header of one's own (`twr`), so it is asked for the code alone.
    fn mac(&self, signed: &[u8]) -> Vec<u8> {
        let secret = self.secret.expose_secret().as_bytes();
        match self.algorithm {
            Algorithm::Hs256 => HS256Key::from_bytes(secret).authentication_tag(signed),
            Algorithm::Hs384 => HS384Key::from_bytes(secret).authentication_tag(signed),
            Algorithm::Hs512 => HS512Key::from_bytes(secret).authentication_tag(signed),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("account_sid", &self.account_sid)
            .field("key_sid", &self.key_sid)
            .field("secret", &self.secret)
            .field("region", &self.region)
            .field("algorithm", &self.algorithm)
            .finish()
    }
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }
}

/// Who may do what, and for how long.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AccessToken {
    grants: BTreeMap<String, Value>,
    identity: String,
    life: Duration,
    not_before: Option<OffsetDateTime>,
}

impl AccessToken {
    /// For this user, by the name that TwiML calls them with ([`Client`](crate::twiml::Client)); Twilio recommends letters, digits
    /// and `_`. Without a grant it permits nothing yet.
    pub fn new(identity: impl Into<String>) -> Self {
        let identity = identity.into();
        let grants = BTreeMap::from([("identity".to_owned(), Value::from(identity.clone()))]);
        Self { grants, identity, life: DEFAULT_LIFE, not_before: None }
    }

    /// How long it is good for, in whole seconds; [`DEFAULT_LIFE`] unless set, at most [`MAX_LIFE`].
    pub fn valid_for(mut self, life: Duration) -> Self {
        self.life = life;
        self
    }

    /// From when on it is good. Best left out: with clocks that disagree, Twilio refuses a token as not yet valid (20105).
    pub fn not_before(mut self, time: OffsetDateTime) -> Self {
        self.not_before = Some(time);
        self
    }

    /// May call and be called.
    pub fn voice(self, grant: VoiceGrant) -> Self {
        self.grant("voice", grant.0)
    }

    /// May take part in conversations.
    pub fn chat(self, grant: ChatGrant) -> Self {
        self.grant("chat", grant.0)
    }

    /// May use a Sync service (`IS…`).
    pub fn sync(self, service_sid: &str) -> Self {
        self.grant("data_sync", texts([("service_sid", service_sid)]))
    }

    /// May join a video room; any, where none is given.
    pub fn video(self, room: Option<&str>) -> Self {
        self.grant("video", texts([("room", room.unwrap_or_default())]))
    }

    /// May work as a worker of TaskRouter (`WS…`, `WK…`), for instance in the role `worker`.
    pub fn task_router(self, workspace_sid: &str, worker_sid: &str, role: &str) -> Self {
        self.grant("task_router", texts([("workspace_sid", workspace_sid), ("worker_sid", worker_sid), ("role", role)]))
    }

    /// Any other grant as Twilio writes it, for instance `player`. The name `identity` is taken.
    pub fn grant(mut self, name: &str, grant: impl Into<Value>) -> Self {
        if name != "identity" {
            self.grants.insert(name.to_owned(), grant.into());
        }
        self
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.life.as_secs()).unwrap_or(i64::MAX)
    }

    fn check(&self) -> Result<()> {
        if self.identity.trim().is_empty() {
            return Err(invalid("identity", "a token without an identity belongs to nobody"));
        }
        if self.grants.contains_key("voice") && self.identity.chars().count() > MAX_IDENTITY {
            return Err(invalid("identity", format!("an identity has at most {MAX_IDENTITY} characters")));
        }
        if self.life.as_secs() == 0 {
            return Err(invalid("valid_for", "the token would have expired when it is made"));
        }
        if self.life > MAX_LIFE {
            return Err(invalid("valid_for", "a token is good for 24 hours at most"));
        }
        Ok(())
    }
}

/// A grant of these texts, without those that are blank.
fn texts<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    fields.into_iter().fold(Map::new(), |mut grant, (name, value)| {
        grants::put(&mut grant, name, value);
        grant
    })
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    cty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    twr: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    grants: &'a BTreeMap<String, Value>,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    iss: &'a str,
    sub: &'a str,
}

fn part(content: &impl Serialize) -> Result<String> {
    encode(&serde_json::to_vec(content).map_err(|error| invalid("grants", error.to_string()))?)
}

fn encode(bytes: &[u8]) -> Result<String> {
    Base64UrlSafeNoPadding::encode_to_string(bytes).map_err(|_| invalid("grants", "the token is too large"))
}

fn invalid(field: &str, message: impl Into<String>) -> Error {
    Error::invalid(message).provider(twilio_core::PROVIDER).operation("token.sign").field(field)
}

fn config(field: &str, message: &str) -> Error {
    Error::config(message).provider(twilio_core::PROVIDER).operation("token.sign").field(field)
}
