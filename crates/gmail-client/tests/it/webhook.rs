//! Push: who called is proved, then what they say is read, whatever it is.

use std::sync::Arc;

use comms_http::{ErrorKind, ManualClock, WebhookRequest};
use gmail_client::{
    model::HistoryId,
    webhook::{Keys, Push, Verifier},
};
use proptest::prelude::*;
use serde::Deserialize;

const KEYS: &str = include_str!("../data/jwks.json");

#[derive(Deserialize)]
struct Tokens {
    now: i64,
    audience: String,
    email: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    token: String,
    valid: bool,
}

fn tokens() -> Tokens {
    serde_json::from_str(include_str!("../data/tokens.json")).unwrap()
}

fn verifier(keys: &Keys) -> Verifier {
    let tokens = tokens();
    Verifier::new(tokens.audience, tokens.email, keys.clone(), Arc::new(ManualClock::at_unix(tokens.now))).unwrap()
}

fn keys() -> Keys {
    let keys = Keys::default();
    keys.replace(KEYS).unwrap();
    keys
}

fn request(token: &str) -> WebhookRequest {
    WebhookRequest::post("https://example.com/webhooks/gmail", include_str!("../data/push/push_standard.json"))
        .header("authorization", &format!("Bearer {token}"))
}

#[test]
fn every_token_is_judged_as_it_must_be() {
    let verifier = verifier(&keys());
    for case in tokens().cases {
        let judged = verifier.verify(&request(&case.token));
        assert_eq!(judged.is_ok(), case.valid, "{}", case.name);
        match judged {
            Ok(verified) => assert!(verified.parse().notification.is_some()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidSignature, "{}", case.name),
        }
    }
}

#[test]
fn a_push_without_a_token_is_refused() {
    let verifier = verifier(&keys());
    for header in ["", "Basic abc", "Bearer", "Bearer  "] {
        let request = WebhookRequest::post("https://example.com/webhooks/gmail", "{}").header("authorization", header);
        assert!(verifier.verify(&request).is_err(), "{header:?}");
    }
    assert!(verifier.verify(&WebhookRequest::post("https://example.com/webhooks/gmail", "{}")).is_err());
}

#[test]
fn a_token_ends() {
    let tokens = tokens();
    let at = |seconds| {
        let clock = Arc::new(ManualClock::at_unix(tokens.now + seconds));
        Verifier::new(&tokens.audience, &tokens.email, keys(), clock).unwrap()
    };
    let valid = &tokens.cases[0].token;
    assert!(at(3600).verify(&request(valid)).is_ok());
    assert!(at(3600 + 61).verify(&request(valid)).is_err());
    assert!(at(-61).verify(&request(valid)).is_err());
}

#[test]
fn keys_are_replaced_for_all_who_share_them() {
    let keys = Keys::default();
    let verifier = verifier(&keys);
    let valid = request(&tokens().cases[0].token);
    assert!(verifier.verify(&valid).is_err() && !keys.knows(&valid));
    keys.replace(KEYS).unwrap();
    assert!(verifier.verify(&valid).is_ok() && verifier.keys().knows(&valid));
    // What is no set of keys leaves the former ones.
    for broken in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"1","k":"AA"}]}"#] {
        assert!(keys.replace(broken).is_err(), "{broken}");
    }
    assert!(verifier.verify(&valid).is_ok());
}

#[test]
fn without_an_audience_or_account_there_is_no_verifier() {
    let clock = || Arc::new(ManualClock::at_unix(0));
    assert!(Verifier::new("", "a@b", Keys::default(), clock()).is_err());
    assert!(Verifier::new("https://example.org", "", Keys::default(), clock()).is_err());
}

#[test]
fn every_push_is_read_as_far_as_it_can_be() {
    for (body, id) in [
        (include_str!("../data/push/push_standard.json"), Some(9_876_543_210)),
        (include_str!("../data/push/push_history_id_as_string.json"), None),
        (include_str!("../data/push/push_big_history_id.json"), None),
        (include_str!("../data/push/push_unpadded_base64url.json"), None),
        (include_str!("../data/push/push_unwrapped_payload.json"), Some(9_876_543_210)),
        (include_str!("../data/push/push_with_attributes_and_ordering.json"), None),
        (include_str!("../data/push/push_with_delivery_attempt.json"), None),
    ] {
        let push = Push::read(body.as_bytes());
        let notification = push.notification.unwrap_or_else(|| panic!("{body}"));
        assert!(notification.email_address.contains('@'));
        if let Some(id) = id {
            assert_eq!(notification.history_id, HistoryId(id));
        }
        assert_eq!(push.problem, None);
    }
    for body in [
        include_str!("../data/push/push_no_data.json"),
        include_str!("../data/push/push_data_not_json.json"),
        "",
        "[]",
        "null",
        "{\"message\":7}",
    ] {
        let push = Push::read(body.as_bytes());
        assert!(push.notification.is_none() && push.problem.is_some(), "{body}");
    }
    assert!(Push::read(&vec![b' '; 70_000]).problem.is_some());
}

proptest! {
    #[test]
    fn no_body_and_no_token_makes_it_stumble(body in proptest::collection::vec(any::<u8>(), 0..200), token in "[ -~]{0,80}") {
        let _ = Push::read(&body);
        prop_assert!(verifier(&keys()).verify(&request(&token)).is_err());
    }
}
