//! Signatures of Standard Webhooks: the specification's own example, and what is not accepted.

use comms_http::{
    ErrorKind, ExposeSecret, Secret,
    standard_webhooks::{ID, SIGNATURE, SigningKey, TIMESTAMP, verify},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SENT: i64 = 1_614_265_330;

fn key(text: &str) -> SigningKey {
    SigningKey::parse(&Secret::from(text)).unwrap()
}

fn other_key() -> SigningKey {
    SigningKey::of_bytes([7; 32]).unwrap()
}

fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
}

fn signed(signatures: &str) -> HeaderMap {
    headers(&[(ID, MESSAGE), (TIMESTAMP, &SENT.to_string()), (SIGNATURE, signatures)])
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(SENT + seconds).unwrap()
}

#[test]
fn the_specifications_example_is_signed_and_verified() {
    let signature = key(KEY).sign(MESSAGE, SENT, BODY);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(verify(&[key(KEY)], &signed(&signature), BODY, at(0)).unwrap(), MESSAGE);
    assert_eq!(key(KEY).to_text().expose_secret(), KEY);
    assert_eq!(key(&KEY["whsec_".len()..]).to_text().expose_secret(), KEY);
}

#[test]
fn while_keys_change_either_one_is_enough() {
    let both = format!("{} {}", other_key().sign(MESSAGE, SENT, BODY), key(KEY).sign(MESSAGE, SENT, BODY));
    for keys in [vec![key(KEY)], vec![other_key()], vec![SigningKey::of_bytes([8; 24]).unwrap(), key(KEY)]] {
        verify(&keys, &signed(&both), BODY, at(0)).unwrap();
    }
    let asymmetric = format!("v1a,AAAA {}", key(KEY).sign(MESSAGE, SENT, BODY));
    verify(&[key(KEY)], &signed(&asymmetric), BODY, at(0)).unwrap();
}

#[test]
fn what_is_changed_old_or_incomplete_is_refused() {
    let good = key(KEY).sign(MESSAGE, SENT, BODY);
    let refused = |keys: &[SigningKey], headers: &HeaderMap, body: &[u8], now| {
        let error = verify(keys, headers, body, now).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSignature);
    };
    let right = [key(KEY)];
    refused(&right, &signed(&good), b"{}", at(0));
    refused(&[other_key()], &signed(&good), BODY, at(0));
    refused(&[], &signed(&good), BODY, at(0));
    for seconds in [-301, 301, i64::from(i32::MAX)] {
        refused(&right, &signed(&good), BODY, at(seconds));
    }
    verify(&right, &signed(&good), BODY, at(300)).unwrap();
    for bad in ["", "v1", "v1,", "v1,not base64", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", &good[3..]] {
        refused(&right, &signed(bad), BODY, at(0));
    }
    for absent in [ID, TIMESTAMP, SIGNATURE] {
        let mut headers = signed(&good);
        headers.remove(absent);
        refused(&right, &headers, BODY, at(0));
    }
    let mut headers = signed(&good);
    headers.insert(TIMESTAMP, HeaderValue::from_static("9223372036854775807"));
    refused(&right, &headers, BODY, at(0));
}

#[test]
fn a_key_has_the_length_of_the_specification_and_shows_itself_nowhere() {
    for (length, right) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
        assert_eq!(SigningKey::of_bytes(vec![1; length]).is_ok(), right, "{length}");
    }
    assert!(SigningKey::parse(&Secret::from("whsec_no base64")).is_err());
    assert_eq!(format!("{:?}", key(KEY)), "SigningKey([REDACTED])");
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_nothing_else_does(body: Vec<u8>, other: Vec<u8>, bytes: [u8; 32]) {
        let own = SigningKey::of_bytes(bytes).unwrap();
        let headers = signed(&own.sign(MESSAGE, SENT, &body));
        let keys = [own];
        prop_assert!(verify(&keys, &headers, &body, at(0)).is_ok());
        prop_assert_eq!(verify(&keys, &headers, &other, at(0)).is_ok(), body == other);
        prop_assert!(Duration::minutes(5) == comms_http::standard_webhooks::TOLERANCE);
    }
}
