//! Tickets: a minute's permission to open one kind of thing, for browsers that can set no header there.

use std::{fmt, sync::Arc};

use comms_core::{Clock, OrganizationId, Secret, UserId, signature};
use jwt_simple::prelude::{Claims, Duration, HS256Key, MACLike, UnixTimeStamp, VerificationOptions};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    auth::{Caller, Role},
    errors::{ApiError, Code},
};

/// What the key of the tickets is derived from, beside the secret: a ticket is no user's token, and a token no ticket.
const PURPOSE: &[u8] = b"comms-server: ticket of the event streams, 1";

/// How long a ticket opens streams, in seconds.
pub const TICKET_SECONDS: u64 = 60;

/// Writes and reads tickets of event streams.
pub struct Tickets {
    key: HS256Key,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets([REDACTED])")
    }
}

/// What a ticket says: whose streams it opens, and until when they last.
#[derive(Serialize, Deserialize)]
struct Contents {
    usuario: String,
    /// Whether they see their own only.
    vendedor: bool,
    organizacion: String,
    /// Unix seconds.
    hasta: i64,
}

/// Whom a ticket was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who.
    pub user: UserId,
    /// Whether they see their own only.
    pub seller: bool,
    /// Of which organisation.
    pub organization: OrganizationId,
    /// When their own token ends, and with it what the ticket opened.
    pub until: OffsetDateTime,
}

impl Tickets {
    /// Tickets under a key of their own, derived from `secret`.
    #[must_use]
    pub fn new(secret: &Secret, clock: Arc<dyn Clock>) -> Self {
        let derived = signature::hmac_sha256_hex(secret, PURPOSE);
        Self { key: HS256Key::from_bytes(derived.as_bytes()), clock }
    }

    /// A ticket for this caller, whose token ends at `until`; and when the ticket itself ends.
    ///
    /// # Errors
    /// 500 where it cannot be written.
    pub fn issue(&self, caller: &Caller, until: OffsetDateTime) -> Result<(String, OffsetDateTime), ApiError> {
        let contents = Contents {
            usuario: caller.user.as_str().to_owned(),
            vendedor: caller.role == Role::Seller,
            organizacion: caller.organization.as_str().to_owned(),
            hasta: until.unix_timestamp(),
        };
        let mut claims = Claims::with_custom_claims(contents, Duration::from_secs(0));
        let now = self.now();
        let expires = now + Duration::from_secs(TICKET_SECONDS);
        claims.issued_at = Some(now);
        claims.invalid_before = None;
        claims.expires_at = Some(expires);
        let internal = || ApiError::new(Code::Engine(comms_engine::Code::Internal));
        let ticket = self.key.authenticate(claims).map_err(|_| internal())?;
        let expires = i64::try_from(expires.as_secs()).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        Ok((ticket, expires.ok_or_else(internal)?))
    }

    /// Reads a ticket.
    ///
    /// # Errors
    /// 401 for one that is not ours or older than a minute.
    pub fn verify(&self, ticket: &str) -> Result<Bearer, ApiError> {
        let refuse = || ApiError::new(Code::Unauthenticated).because("el ticket no es válido o ha caducado");
        let options = VerificationOptions {
            // We wrote it ourselves: there is one clock.
            time_tolerance: Some(Duration::from_secs(0)),
            artificial_time: Some(self.now()),
            ..VerificationOptions::default()
        };
        let claims = self.key.verify_token::<Contents>(ticket, Some(options)).map_err(|_| refuse())?;
        let contents = claims.custom;
        Ok(Bearer {
            user: UserId::new(contents.usuario),
            seller: contents.vendedor,
            organization: OrganizationId::new(contents.organizacion),
            until: OffsetDateTime::from_unix_timestamp(contents.hasta).map_err(|_| refuse())?,
        })
    }

    fn now(&self) -> UnixTimeStamp {
        let seconds = self.clock.now().unix_timestamp();
        UnixTimeStamp::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}
