//! Keyed hashes over raw bytes, compared in constant time.
//!
//! A signature is always computed over the bytes as they arrived: parsing and writing JSON again changes them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{ExposeSecret, Secret};

type HmacSha256 = Hmac<Sha256>;

/// The lower-case hexadecimal HMAC-SHA256 of `body` (64 characters).
#[must_use]
pub fn hmac_sha256_hex(secret: &Secret, body: &[u8]) -> String {
    hex::encode(mac(secret, body).finalize().into_bytes())
}

/// Whether `signature` (hexadecimal, either case, exactly 64 characters) is the HMAC-SHA256 of `body` under one of `secrets`.
///
/// Several secrets serve a rotation. The comparison takes the same time wherever the values differ.
#[must_use]
pub fn verify_hmac_sha256_hex(secrets: &[Secret], body: &[u8], signature: &str) -> bool {
    let mut given = [0_u8; 32];
    if hex::decode_to_slice(signature, &mut given).is_err() {
        return false;
    }
    secrets.iter().any(|secret| mac(secret, body).verify_slice(&given).is_ok())
}

/// Whether two strings are equal, in a time that depends on their lengths only.
///
/// For verify tokens and service tokens.
#[must_use]
pub fn constant_time_eq(left: &str, right: &str) -> bool {
    // Equal under a fixed key means equal, and `verify_slice` compares in constant time.
    let key = Secret::from("constant-time comparison");
    let expected = mac(&key, right.as_bytes()).finalize().into_bytes();
    mac(&key, left.as_bytes()).verify_slice(&expected).is_ok()
}

fn mac(secret: &Secret, body: &[u8]) -> HmacSha256 {
    // HMAC accepts a key of any length; there is no failing case to report.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <HmacSha256 as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(body);
    mac
}
