//! The error table: by code, never by status, and whatever the body holds.

use std::time::Duration;

use comms_http::{Error, ErrorKind, Failure, Outcome};
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;
use serde_json::json;
use whatsapp_cloud::{
    Message,
    error::{classify, classify_code, pair_rate_wait},
};

use crate::support::{answer, client, ok};

fn classified(status: u16, body: impl AsRef<[u8]>) -> Error {
    classify(&Failure {
        status: StatusCode::from_u16(status).unwrap(),
        headers: &HeaderMap::new(),
        body: body.as_ref(),
    })
}

fn of(code: i64) -> (ErrorKind, Outcome) {
    let body = json!({ "error": { "message": "m", "code": code } }).to_string();
    // The status must not matter.
    let by_status: Vec<_> = [400, 401, 429, 500].map(|status| classified(status, &body)).into();
    let first = (by_status[0].kind(), by_status[0].outcome());
    for error in &by_status {
        assert_eq!((error.kind(), error.outcome()), first, "{code}");
        assert_eq!(error.provider_code(), Some(&*code.to_string()));
    }
    assert_eq!(classify_code(code), first);
    first
}

#[test]
fn what_failed_inside_meta_may_have_been_sent() {
    for code in [1, 2, 131_000, 131_016, 131_057, 133_004, 134_101, 139_103] {
        assert_eq!(of(code), (ErrorKind::Provider, Outcome::Unknown), "{code}");
    }
}

#[test]
fn a_throttle_was_not_sent_though_its_status_is_400() {
    for code in [4, 17, 613, 80_007, 80_008, 130_429, 131_048, 131_056, 131_208, 132_069, 133_016] {
        assert_eq!(of(code), (ErrorKind::RateLimited, Outcome::NotSent), "{code}");
    }
}

#[test]
fn each_class_of_the_table_has_its_kind() {
    let rejected: [(ErrorKind, &[i64]); 7] = [
        (ErrorKind::Unauthenticated, &[0, 3, 10, 102, 190, 200, 210, 299, 131_005]),
        (
            ErrorKind::Config,
            &[
                33, 368, 131_030, 131_031, 131_037, 131_042, 131_044, 131_045, 131_207, 132_015, 132_016, 133_010,
                134_011,
            ],
        ),
        (
            ErrorKind::InvalidRequest,
            &[
                100, 131_008, 131_009, 131_021, 131_051, 131_052, 131_053, 131_062, 131_201, 131_215, 132_000, 132_001,
                132_012, 135_000, 147_005, 2_388_040,
            ],
        ),
        (ErrorKind::InvalidRecipient, &[130_472, 130_497, 131_026, 131_049, 137_000]),
        (ErrorKind::OptedOut, &[131_050]),
        (ErrorKind::WindowClosed, &[131_047]),
        (ErrorKind::Unsupported, &[131_060]),
    ];
    for (kind, codes) in rejected {
        for code in codes {
            assert_eq!(of(*code), (kind, Outcome::Rejected), "{code}");
        }
    }
}

#[test]
fn an_unknown_code_falls_back_to_the_status_and_keeps_the_code() {
    let body = br#"{"error":{"message":"new","code":999999}}"#;
    let error = classified(400, body);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::Rejected));
    assert_eq!(error.provider_code(), Some("999999"));
    let error = classified(503, body);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Provider, Outcome::Unknown));
    let transient = br#"{"error":{"message":"new","code":999999,"is_transient":true}}"#;
    assert_eq!(classified(400, transient).outcome(), Outcome::Unknown);
    assert_eq!(classify_code(999_999), (ErrorKind::Provider, Outcome::Unknown));
}

#[test]
fn odd_bodies_still_say_what_they_say() {
    let with = |body: serde_json::Value| {
        let error = classified(400, body.to_string());
        (error.kind(), error.message().to_owned())
    };
    let window = ErrorKind::WindowClosed;
    let message = "Re-engagement message";
    for error in [
        json!({ "code": 131047, "message": message, "error_data": { "details": "more" } }),
        json!({ "code": 131047, "message": message, "error_data": "more" }),
        json!({ "code": 131047, "message": message, "details": "more" }),
        json!({ "code": "131047", "message": message, "details": "more" }),
        json!({ "code": 131047, "message": message, "details": "more", "is_transient": "no", "type": 7 }),
    ] {
        assert_eq!(with(json!({ "error": error })), (window, format!("{message}: more")), "{error}");
    }
    let details = json!({ "error": { "code": 131047, "message": message }, "details": "more" });
    assert_eq!(with(details).0, window);
    assert_eq!(with(json!({ "code": 131047, "message": message })).0, window);
    assert_eq!(with(json!({ "errors": [{ "code": 131047, "title": message }] })).0, window);
    assert_eq!(with(json!({ "error": "nope" })), (ErrorKind::InvalidRequest, "nope".to_owned()));
}

#[test]
fn a_body_that_cannot_be_read_is_judged_by_the_status() {
    for body in [&b""[..], b"<html>Sorry</html>", br#"{"error":{"code":1310"#, b"null", b"[]", b"\xff\xfe"] {
        for (status, kind, outcome) in [
            (500, ErrorKind::Provider, Outcome::Unknown),
            (502, ErrorKind::Provider, Outcome::Unknown),
            (429, ErrorKind::RateLimited, Outcome::NotSent),
            (401, ErrorKind::Unauthenticated, Outcome::Rejected),
            (403, ErrorKind::Unauthenticated, Outcome::Rejected),
            (404, ErrorKind::InvalidRequest, Outcome::Rejected),
            (400, ErrorKind::InvalidRequest, Outcome::Rejected),
            (302, ErrorKind::Provider, Outcome::Unknown),
        ] {
            let error = classified(status, body);
            assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{status} {body:?}");
            assert!(!error.message().is_empty());
        }
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(status in 300_u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!classified(status, body).message().is_empty());
    }
}

#[test]
fn the_pair_limit_waits_in_powers_of_four() {
    let waits: Vec<u64> = (0..5).map(|hits| pair_rate_wait(hits).as_secs()).collect();
    assert_eq!(waits, [1, 4, 16, 64, 256]);
    assert_eq!(pair_rate_wait(u32::MAX).as_secs(), 3600);
    let error = classified(400, br#"{"error":{"message":"pair","code":131056}}"#);
    assert_eq!(error.wait(), Some(Duration::from_secs(1)));
}

#[test]
fn the_usage_header_says_when_to_come_back() {
    let mut headers = HeaderMap::new();
    let usage = r#"{"102290129340398":[{"type":"whatsapp","estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":0}]}"#;
    headers.insert("x-business-use-case-usage", HeaderValue::from_static(usage));
    let wait = |code: i64| {
        let body = json!({ "error": { "message": "m", "code": code } }).to_string();
        let failure = Failure { status: StatusCode::BAD_REQUEST, headers: &headers, body: body.as_bytes() };
        classify(&failure).wait()
    };
    assert_eq!(wait(80_007), Some(Duration::from_secs(180)));
    assert_eq!(wait(100), None);
}

#[test]
fn a_token_that_meta_repeats_is_hidden() {
    let token = "EAAGm0PX4ZCpsBAKinventedinvented";
    for message in [
        format!("Malformed access token {token}"),
        format!("Malformed access token '{token}'."),
        "Invalid token 670843887433847|inventedsecret".to_owned(),
    ] {
        let body = json!({ "error": { "message": message, "code": 190 } }).to_string();
        let error = classified(401, body);
        assert!(error.message().contains("[REDACTED]"), "{error}");
        assert!(!format!("{error:?}").contains("invented"), "{error:?}");
    }
}

#[tokio::test]
async fn a_send_is_repeated_after_a_throttle_and_never_after_an_unknown_outcome() {
    let throttle = json!({ "error": { "message": "pair", "code": 131_056 } }).to_string();
    let sent = json!({ "messages": [{ "id": "wamid.1" }] });
    let (client, script) = client([answer(400, throttle), ok(&sent)]);
    let message = Message::text("a").to("+34600000000");
    assert_eq!(client.messages().send(&message).await.unwrap().id(), "wamid.1");
    assert_eq!(script.requests().len(), 2);

    for failure in [
        answer(500, json!({ "error": { "message": "m", "code": 131_000 } }).to_string()),
        answer(503, "<html>"),
        answer(200, "<html>"),
        ok(&json!({ "messaging_product": "whatsapp" })),
        Error::new(ErrorKind::Transport, Outcome::Unknown, "reset").into(),
    ] {
        let (client, script) = crate::support::client([failure]);
        let error = client.messages().send(&message).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}");
        assert_eq!(error.provider_name(), Some("whatsapp"));
        assert_eq!(error.operation_name(), Some("messages.send"));
        assert_eq!(script.requests().len(), 1);
    }
}
