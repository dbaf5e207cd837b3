//! The users' tokens: JWT, HS256, issued by the business's own back end.

use std::{fmt, sync::Arc};

use comms_core::{Clock, ExposeSecret, OrganizationId, Secret, UserId};
use jwt_simple::prelude::{Claims, Duration, HS256Key, JWTClaims, MACLike, UnixTimeStamp, VerificationOptions};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    config::AuthSettings,
    errors::{ApiError, Code},
};

/// How far two clocks may differ, in seconds.
const TOLERANCE: u64 = 30;

/// The last second of the year 9999.
const UNIX_EPOCH_TO_9999: i64 = 253_402_300_799;

/// A user, as their token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Of which organisation, where the token says it.
    pub organization: Option<OrganizationId>,
}

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees their own rows.
    Seller,
    /// Sees their organisation, and runs it.
    Admin,
    /// Runs all organisations.
    Operator,
}

/// Reads and writes tokens.
pub struct Tokens {
    key: HS256Key,
    names: AuthSettings,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens([REDACTED])")
    }
}

impl Tokens {
    /// Tokens under `secret`, with the names of claims and roles that the settings give.
    #[must_use]
    pub fn new(secret: &Secret, settings: &AuthSettings, clock: Arc<dyn Clock>) -> Self {
        Self { key: HS256Key::from_bytes(secret.expose_secret().as_bytes()), names: settings.clone(), clock }
    }

    /// Reads a token.
    ///
    /// # Errors
    /// 401 for one that is malformed, of another secret or algorithm, expired, or without `exp` or user; 403 for a role that is
    /// neither of the configured ones.
    pub fn verify(&self, token: &str) -> Result<Identity, ApiError> {
        let refuse = |reason: &str| ApiError::new(Code::Unauthenticated).because(reason);
        let claims = self.claims(token)?;
        if claims.expires_at.is_none() {
            return Err(refuse("el token no caduca: falta exp"));
        }
        let user = self.claim(&claims, &self.names.claim_id).ok_or_else(|| refuse("el token no indica el usuario"))?;
        Ok(Identity {
            user: UserId::new(user),
            role: self.role(&claims)?,
            organization: self.claim(&claims, &self.names.claim_organization).map(OrganizationId::new),
        })
    }

    /// Until when a token is valid; `None` for one that is not.
    #[must_use]
    pub fn valid_until(&self, token: &str) -> Option<OffsetDateTime> {
        let expires = self.claims(token).ok()?.expires_at?.as_secs().saturating_add(TOLERANCE);
        // A date beyond all calendars is as good as none.
        let latest = UNIX_EPOCH_TO_9999;
        OffsetDateTime::from_unix_timestamp(i64::try_from(expires).unwrap_or(latest).min(latest)).ok()
    }

    /// The claims of a token that holds.
    fn claims(&self, token: &str) -> Result<JWTClaims<Map<String, Value>>, ApiError> {
        let options = VerificationOptions {
            time_tolerance: Some(Duration::from_secs(TOLERANCE)),
            artificial_time: Some(self.now()),
            ..VerificationOptions::default()
        };
        let refused = |_| ApiError::new(Code::Unauthenticated).because("el token no es válido o ha caducado");
        self.key.verify_token(token, Some(options)).map_err(refused)
    }

    /// Writes a token: for the demo and for tests, as the business's back end would.
    ///
    /// # Errors
    /// 500 where the token cannot be written.
    pub fn issue(&self, identity: &Identity, valid: std::time::Duration) -> Result<String, ApiError> {
        let role = match identity.role {
            Role::Seller => Some(&self.names.role_seller),
            Role::Admin => Some(&self.names.role_admin),
            Role::Operator => self.names.role_operator.as_ref(),
        };
        let mut custom = Map::new();
        custom.insert(self.names.claim_id.clone(), identity.user.as_str().into());
        custom.insert(self.names.claim_role.clone(), role.cloned().into());
        if let Some(organization) = &identity.organization {
            custom.insert(self.names.claim_organization.clone(), organization.as_str().into());
        }
        let mut claims = Claims::with_custom_claims(custom, Duration::from_secs(0));
        let now = self.now();
        claims.issued_at = Some(now);
        claims.invalid_before = None;
        claims.expires_at = Some(now + Duration::from_secs(valid.as_secs()));
        self.key.authenticate(claims).map_err(|_| ApiError::new(Code::Engine(comms_engine::Code::Internal)))
    }

    fn role(&self, claims: &JWTClaims<Map<String, Value>>) -> Result<Role, ApiError> {
        let role = self.claim(claims, &self.names.claim_role);
        let role = role.as_deref();
        if role == Some(&self.names.role_seller) {
            Ok(Role::Seller)
        } else if role == Some(&self.names.role_admin) {
            Ok(Role::Admin)
        } else if role.is_some() && role == self.names.role_operator.as_deref() {
            Ok(Role::Operator)
        } else {
            Err(ApiError::new(Code::Forbidden).because("el rol del token no es de este servicio"))
        }
    }

    /// A claim that is text or a whole number; anything else, and the empty text, counts as absent.
    fn claim(&self, claims: &JWTClaims<Map<String, Value>>, name: &str) -> Option<String> {
        let value = match name {
            "sub" => claims.subject.clone(),
            _ => match claims.custom.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
        };
        value.filter(|text| !text.is_empty())
    }

    fn now(&self) -> UnixTimeStamp {
        let seconds = self.clock.now().unix_timestamp();
        UnixTimeStamp::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}
