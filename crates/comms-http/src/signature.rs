//! Keyed hashes over raw bytes, compared in constant time.
//!
//! A signature is always computed over the bytes as they arrived: parsing and writing JSON again changes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{ExposeSecret, Secret};

type HmacSha1 = Hmac<Sha1>;
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

/// The base64 of the HMAC-SHA1 of `data` (28 characters), as Twilio signs.
#[must_use]
pub fn hmac_sha1_base64(secret: &Secret, data: &[u8]) -> String {
    STANDARD.encode(mac_sha1(secret, data).finalize().into_bytes())
}

/// Whether `signature` (base64 with padding, exactly 28 characters) is the HMAC-SHA1 of `data` under one of `secrets`.
///
/// Several secrets serve a rotation. The comparison takes the same time wherever the values differ.
#[must_use]
pub fn verify_hmac_sha1_base64(secrets: &[Secret], data: &[u8], signature: &str) -> bool {
    let Ok(given) = STANDARD.decode(signature) else { return false };
    secrets.iter().any(|secret| mac_sha1(secret, data).verify_slice(&given).is_ok())
}

/// The lower-case hexadecimal SHA-256 of `body` (64 characters).
#[must_use]
pub fn sha256_hex(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
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

fn mac_sha1(secret: &Secret, data: &[u8]) -> HmacSha1 {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <HmacSha1 as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(data);
    mac
}

fn mac(secret: &Secret, body: &[u8]) -> HmacSha256 {
    // HMAC accepts a key of any length; there is no failing case to report.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <HmacSha256 as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(body);
    mac
}
