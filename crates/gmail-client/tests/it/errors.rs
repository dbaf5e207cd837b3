//! The tables: one answer, one meaning.

use std::time::Duration;

use comms_http::{Error, ErrorKind, Failure, Outcome};
use gmail_client::error::{classify, classify_oauth};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    status: u16,
    #[serde(default)]
    repeatable: serde_json::Value,
    body: String,
}

fn cases(text: &str) -> Vec<Case> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn failing(table: fn(&Failure<'_>) -> Error, status: u16, body: &str) -> Error {
    let mut headers = HeaderMap::new();
    headers.insert("date", "Sun, 22 Nov 2026 18:00:00 GMT".parse().unwrap());
    table(&Failure { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body: body.as_bytes() })
}

#[test]
fn every_known_body_of_the_api_is_classified() {
    use ErrorKind::*;
    use Outcome::*;
    for case in cases(include_str!("../data/errors.jsonl")) {
        let error = failing(classify, case.status, &case.body);
        let expected = match case.name.as_str() {
            "400_recipient_required" => (InvalidRecipient, Rejected),
            "400_failed_precondition" | "403_daily_limit" => (Config, Rejected),
            "401_invalid_credentials" | "403_insufficient_scope" => (Unauthenticated, Rejected),
            name if name.starts_with("400") || name.starts_with("404") => (InvalidRequest, Rejected),
            name if name.starts_with("403") || name.starts_with("429") => (RateLimited, NotSent),
            _ => (Provider, Unknown),
        };
        assert_eq!((error.kind(), error.outcome()), expected, "{}: {error}", case.name);
        if case.repeatable == true {
            assert_ne!(error.outcome(), Rejected, "{}", case.name);
        }
        assert!(!error.message().is_empty());
    }
}

#[test]
fn the_time_in_the_text_is_counted_from_the_answers_own_time() {
    let body = |text: &str| serde_json::json!({ "error": { "code": 429, "message": text } }).to_string();
    let wait = |text: &str| failing(classify, 429, &body(text)).wait();
    let limited = "User-rate limit exceeded.  Retry after ";
    assert_eq!(wait(&format!("{limited}2026-11-22T18:03:15.961Z")), Some(Duration::from_secs(196)));
    assert_eq!(wait(&format!("{limited}2026-11-22T18:03:15.961Z (Mail sending)")), Some(Duration::from_secs(196)));
    // It is over, or it is no time: the ordinary pause holds.
    assert_eq!(wait(&format!("{limited}2026-11-22T17:59:59Z")), None);
    assert_eq!(wait(&format!("{limited}soon")), None);
}

#[test]
fn a_quota_is_a_quota_whatever_its_status() {
    for status in [403, 429] {
        for reason in ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"] {
            let body =
                serde_json::json!({ "error": { "code": status, "message": "m", "errors": [{ "reason": reason }] } });
            let error = failing(classify, status, &body.to_string());
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::RateLimited, Outcome::NotSent),
                "{status} {reason}"
            );
            assert_eq!(error.provider_code(), Some(reason));
        }
    }
}

#[test]
fn what_cannot_be_read_is_judged_by_its_status() {
    for (status, body, kind, outcome) in [
        (502, "<html>", ErrorKind::Provider, Outcome::Unknown),
        (500, "", ErrorKind::Provider, Outcome::Unknown),
        (429, "\u{0}", ErrorKind::RateLimited, Outcome::NotSent),
        (401, "[]", ErrorKind::Unauthenticated, Outcome::Rejected),
        (403, "[ \"error\": { } ]", ErrorKind::Unauthenticated, Outcome::Rejected),
        (404, "null", ErrorKind::InvalidRequest, Outcome::Rejected),
        (302, "", ErrorKind::Provider, Outcome::Unknown),
    ] {
        let error = failing(classify, status, body);
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{status} {body:?}");
    }
}

#[test]
fn every_known_body_of_the_token_endpoint_is_classified() {
    for case in cases(include_str!("../data/oauth_errors.jsonl")) {
        let error = failing(classify_oauth, case.status, &case.body);
        let code = error.provider_code().unwrap();
        let kind = match code {
            "invalid_grant" | "invalid_token" => ErrorKind::Unauthenticated,
            "internal_failure" => ErrorKind::Provider,
            _ => ErrorKind::Config,
        };
        assert_eq!(error.kind(), kind, "{}", case.name);
        let outcome = if kind == ErrorKind::Provider { Outcome::Unknown } else { Outcome::Rejected };
        assert_eq!(error.outcome(), outcome, "{}", case.name);
    }
}
