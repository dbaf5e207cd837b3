//! Who sent it.

use std::time::Duration;

use comms_http::{ErrorKind, WebhookRequest};
use elevenlabs_client::webhook::{SIGNATURE_HEADER, Verifier};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{NOW, SECRET, URL, clock, json, post, signature, verifier};

/// A recorded signature: whether it is accepted at the time that it names.
fn accepted(vector: &Value) -> bool {
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    let request = WebhookRequest::post(URL, text("body_utf8")).header(SIGNATURE_HEADER, &text("header"));
    let verifier = Verifier::new([text("secret").into()]).unwrap().clock(clock(vector["now"].as_i64().unwrap()));
    match verifier.verify(&request) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidSignature, "{}", vector["name"]);
            false
        }
    }
}

/// Whether we accept it: hexadecimal digits mean the same in either case; a time far ahead is nobody's.
fn expected(vector: &Value) -> bool {
    vector["expect"] == "ok" || vector["name"] == "uppercase_hex"
}

#[test]
fn each_recorded_signature_is_judged_rightly() {
    let vectors = json("webhooks/signature_vectors.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 16);
    for vector in vectors {
        assert_eq!(accepted(vector), expected(vector), "{}", vector["name"]);
    }
    assert!(vectors.iter().any(|vector| vector["name"] == "reject_far_future" && !expected(vector)));
}

/// The whole collection of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.
#[test]
fn vectors_of_signatures() {
    let Some(root) = std::env::var_os("COMMS_VECTORS") else {
        return println!("vectors elevenlabs signatures: skipped, COMMS_VECTORS is not set");
    };
    let file = std::path::PathBuf::from(root).join("elevenlabs/webhooks/signature_vectors.json");
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let right = vectors.iter().filter(|vector| accepted(vector) == expected(vector)).count();
    println!("vectors elevenlabs signatures: {right}/{}", vectors.len());
    assert!(right == vectors.len() && right > 0);
}

#[test]
fn one_changed_thing_and_it_is_refused() {
    let right = post("{\"a\":1}\r\n");
    verifier().verify(&right).unwrap();
    let refused = |request: &WebhookRequest, what: &str| {
        let error = verifier().verify(request).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::InvalidSignature, "{what}");
        assert!(!error.to_string().contains(SECRET));
    };
    let mut changed = right.clone();
    changed.body = "{\"a\":1}".into();
    refused(&changed, "another body");
    let header = |value: &str| right.clone().header(SIGNATURE_HEADER, value);
    let signature = signature(SECRET, NOW, &right.body);
    let v0 = signature.split_once(',').unwrap().1;
    for time in ["", "1767225641", "+1767225640", " 1767225640 x", "１７６７２２５６４０", "17672256400000"] {
        refused(&header(&format!("t={time},{v0}")), time);
    }
    refused(&header(&format!("t={NOW},t={NOW},{v0}")), "two times");
    refused(&header(&format!("t={NOW},{}", &v0[..v0.len() - 2])), "a shorter signature");
    refused(&header(&format!("t={NOW},{}", vec!["v0=00"; 17].join(","))), "too many signatures");
    let mut twice = right.clone();
    let value = twice.headers[SIGNATURE_HEADER].clone();
    twice.headers.append(SIGNATURE_HEADER, value);
    refused(&twice, "two headers");
}

#[test]
fn a_signature_has_its_time() {
    let request = post("{}");
    let at = |seconds: i64| verifier().clock(clock(NOW + seconds)).verify(&request).is_ok();
    assert!(at(0) && at(30 * 60));
    assert!(!at(30 * 60 + 1), "too old");
    assert!(at(-5 * 60), "clocks differ");
    assert!(!at(-5 * 60 - 1), "from the future");
    let strict = verifier().tolerance(Duration::from_secs(60)).clock(clock(NOW + 61));
    assert!(strict.verify(&request).is_err());
}

#[test]
fn without_a_secret_there_is_no_verifier() {
    assert_eq!(Verifier::new([]).unwrap_err().kind(), ErrorKind::Config);
    assert!(Verifier::new(["".into()]).is_err());
    assert!(Verifier::new(["wsec_a ".into()]).is_err());
}

proptest! {
    #[test]
    fn only_the_very_body_is_accepted(body in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..200, bit in 0_u8..8) {
        let right = post(body.clone());
        prop_assert!(verifier().verify(&right).is_ok());
        let mut changed = body;
        match changed.get_mut(at) {
            Some(byte) => *byte ^= 1 << bit,
            None => changed.push(bit),
        }
        let mut wrong = right;
        wrong.body = changed.into();
        prop_assert!(verifier().verify(&wrong).is_err());
    }

    #[test]
    fn no_header_makes_it_fail_otherwise(header in "[ -~]{0,80}") {
        let request = WebhookRequest::post(URL, "{}").header(SIGNATURE_HEADER, &header);
        prop_assert_eq!(verifier().verify(&request).unwrap_err().kind(), ErrorKind::InvalidSignature);
    }
}
