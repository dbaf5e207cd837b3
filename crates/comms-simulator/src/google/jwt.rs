//! Tokens that are signed with RSA, and the keys that they are checked with.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use serde_json::{Value, json};

/// The id of the key that Google signs with.
pub(crate) const KEY_ID: &str = "simulated-key-1";

/// A key of the simulated world, invented and worth nothing.
pub(crate) struct Key {
    pair: RsaKeyPair,
    pkcs8: Vec<u8>,
}

impl Key {
    /// Google's own.
    pub(crate) fn google() -> Self {
        Self::of(include_str!("keys/google.key"))
    }

    /// That of the service account of the default configuration.
    pub(crate) fn service_account() -> Self {
        Self::of(include_str!("keys/service-account.key"))
    }

    #[expect(clippy::expect_used, reason = "the keys are part of the program, and a test reads both")]
    fn of(text: &str) -> Self {
        let base64: String = text.split_whitespace().collect();
        let pkcs8 = STANDARD.decode(base64).expect("the key is base64");
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).expect("the key is an RSA key");
        Self { pair, pkcs8 }
    }

    /// The public part: PKCS #1, DER as base64.
    pub(crate) fn public_key(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    /// The private part as the console of Google Cloud hands it out.
    pub(crate) fn pem(&self) -> String {
        let base64 = STANDARD.encode(&self.pkcs8);
        let lines: Vec<String> =
            base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// The public part among the keys that everybody may read.
    pub(crate) fn jwk(&self) -> Value {
        let parts: RsaPublicKeyComponents<Vec<u8>> = self.pair.public_key().into();
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID,
            "n": URL_SAFE_NO_PAD.encode(parts.n), "e": URL_SAFE_NO_PAD.encode(parts.e),
        })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let head = json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&head), encode(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        if let Err(error) = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature) {
            tracing::error!(%error, "the key of the simulator does not sign");
        }
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// Whether this public key (PKCS #1, DER as base64) has signed a token with RS256.
pub(crate) fn is_signed_by(token: &str, public_key: &str) -> bool {
    let checked = || {
        let (signed, signature) = token.rsplit_once('.')?;
        let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').next()?).ok()?).ok()?;
        if head.get("alg")? != "RS256" {
            return None;
        }
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, STANDARD.decode(public_key).ok()?);
        key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()
    };
    checked().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_signs_its_public_part_confirms_and_the_other_does_not() {
        let (google, other) = (Key::google(), Key::service_account());
        let token = google.sign(&json!({"sub": "x"}));
        assert!(is_signed_by(&token, &google.public_key()));
        assert!(!is_signed_by(&token, &other.public_key()));
        let forged = token.replace('.', ".e30.").replacen(".e30.", ".", 1);
        assert!(!is_signed_by(&forged, &google.public_key()));
        assert_eq!(claims(&token).unwrap()["sub"], "x");
    }
}
