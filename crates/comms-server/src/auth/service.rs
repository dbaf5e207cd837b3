//! Tokens of other back ends. Only their hashes are kept.

use comms_core::{OrganizationId, history::ServiceToken};
use jwt_simple::prelude::HS256Key;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

/// A service token that was just made: the only moment at which its text is known.
pub struct NewToken {
    /// What is stored.
    pub row: ServiceToken,
    /// The hash under which it is stored.
    pub sha256: String,
    /// What the other back end sends.
    pub text: String,
}

impl NewToken {
    /// Makes one of 256 random bits.
    #[must_use]
    pub fn generate(organization: OrganizationId, name: String, now: OffsetDateTime) -> Self {
        let text = format!("cst_{}", hex::encode(HS256Key::generate().to_bytes()));
        Self {
            row: ServiceToken { id: Uuid::now_v7(), organization, name, created_at: now, revoked_at: None },
            sha256: token_hash(&text),
            text,
        }
    }
}

/// The hash under which a service token is looked up: looking up a hash takes no time that tells of the token.
#[must_use]
pub fn token_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
