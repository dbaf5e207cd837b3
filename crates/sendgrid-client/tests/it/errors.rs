//! The table: one answer, one meaning.

use comms_http::{ErrorKind, Failure, Outcome};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sendgrid_client::error::classify;
use serde_json::Value;

fn read(status: u16, headers: &[(&str, &str)], body: &[u8]) -> comms_http::Error {
    let pair =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    let headers: HeaderMap = headers.iter().map(pair).collect();
    classify(&Failure { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body })
}

#[test]
fn each_recorded_answer_has_its_meaning() {
    use ErrorKind::*;
    let expected = [
        ("400_content_order", InvalidRequest, Outcome::Rejected, Some("content"), false),
        ("400_content_type_empty", InvalidRequest, Outcome::Rejected, Some("content.0.type"), false),
        ("400_field_is_string_null", InvalidRequest, Outcome::Rejected, None, false),
        ("401_bad_key", Unauthenticated, Outcome::Rejected, None, true),
        ("401_max_credits", RateLimited, Outcome::NotSent, None, true),
        ("403_sender_identity", Config, Outcome::Rejected, Some("from"), true),
        ("429_rate_limited", RateLimited, Outcome::NotSent, None, true),
        ("500_server", Provider, Outcome::Unknown, None, false),
    ];
    for line in include_str!("../data/answers.jsonl").lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let name = answer["name"].as_str().unwrap();
        let Some(expected) = expected.iter().find(|one| one.0 == name) else {
            assert_eq!(name, "200_sandbox");
            continue;
        };
        let status = u16::try_from(answer["http_status"].as_u64().unwrap()).unwrap();
        let error = read(status, &[], answer["body"].to_string().as_bytes());
        let found = (error.kind(), error.outcome(), error.field_name(), error.is_about_account());
        assert_eq!(found, (expected.1, expected.2, expected.3, expected.4), "{name}: {error}");
    }
}

#[test]
fn the_wait_is_counted_from_the_answers_own_time() {
    let headers = [("date", "Thu, 20 Feb 2014 00:00:00 GMT"), ("x-ratelimit-reset", "1392854463")];
    assert_eq!(read(429, &headers, b"").wait().unwrap().as_secs(), 63);
    assert_eq!(read(429, &headers[1..], b"").wait(), None);
    let past = [("date", "Thu, 20 Feb 2014 00:00:00 GMT"), ("x-ratelimit-reset", "1392815263")];
    assert_eq!(read(429, &past, b"").wait(), None);
    assert_eq!(read(500, &headers, b"").wait(), None);
}

#[test]
fn whatever_is_answered_is_an_error_that_can_be_read() {
    for body in [&b""[..], b"null", b"[]", b"<html>", b"{\"errors\":7}", b"{\"errors\":[{\"message\":7}]}", b"\xff\xfe"]
    {
        for status in [302, 400, 401, 403, 404, 405, 413, 415, 429, 500, 503] {
            let error = read(status, &[], body);
            assert!(!error.message().is_empty());
            assert_eq!(error.outcome() == Outcome::Unknown, status >= 500 || status == 302, "{status}");
        }
    }
}
