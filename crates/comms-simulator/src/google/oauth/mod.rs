//! Google's OAuth 2.

pub(crate) mod consent;
pub(crate) mod info;
pub(crate) mod token;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{Google, jwt, scopes};

/// Google's number of an account: always the same for an address.
pub(crate) fn subject_of(address: &str) -> String {
    const SMALLEST: u64 = 100_000_000_000_000_000;
    let digest = Sha256::digest(address.to_lowercase());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("1{}", SMALLEST + number % (9 * SMALLEST))
}

/// Who somebody is, as a token.
pub(crate) fn id_token(
    google: &Google,
    client_id: &str,
    account: &str,
    granted: &[String],
    now: OffsetDateTime,
    life: i64,
) -> String {
    let mut claims = json!({
        "iss": "https://accounts.google.com", "azp": client_id, "aud": client_id, "sub": subject_of(account),
        "iat": now.unix_timestamp(), "exp": now.unix_timestamp() + life,
    });
    describe(google, account, granted, &mut claims);
    jwt::Key::google().sign(&claims)
}

/// What the scopes let be seen of an account.
pub(crate) fn describe(google: &Google, account: &str, granted: &[String], claims: &mut Value) {
    let has = |scope: &str| granted.iter().any(|one| one == scope);
    if has(scopes::EMAIL) {
        claims["email"] = json!(account);
        claims["email_verified"] = json!(true);
    }
    if has(scopes::PROFILE) {
        let settings = google.settings();
        claims["name"] =
            json!(settings.google.mailbox(account).map(|mailbox| mailbox.name.as_str()).unwrap_or_default());
    }
}
