//! The table: one answer, one meaning.

use comms_http::{ErrorKind, Failure, Outcome};
use elevenlabs_client::error::{Answer, classify};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::support::{data, names};

fn read(status: u16, headers: &[(&str, &str)], body: &[u8]) -> comms_http::Error {
    let pair =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    let headers: HeaderMap = headers.iter().map(pair).collect();
    classify(&Failure { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body })
}

#[test]
fn each_recorded_answer_has_its_meaning() {
    use ErrorKind::*;
    use Outcome::*;
    type Meaning = (ErrorKind, Outcome, Option<&'static str>, bool, &'static str);
    let expected: [(&str, Meaning); 9] = [
        ("400_string_detail.json", (InvalidRequest, Rejected, None, false, "Bad request")),
        ("401_legacy.json", (Unauthenticated, Rejected, Some("invalid_api_key"), true, "Invalid API key")),
        ("401_unauthorized.json", (Unauthenticated, Rejected, Some("invalid_api_key"), true, "Invalid API key")),
        (
            "404_not_found.json",
            (InvalidRequest, Rejected, Some("conversation_not_found"), false, "Conversation not found"),
        ),
        ("422_fastapi_list.json", (InvalidRequest, Rejected, Some("missing"), false, "agent_id: Field required")),
        (
            "429_concurrent_limit.json",
            (RateLimited, NotSent, Some("concurrent_limit_exceeded"), true, "Too many concurrent requests"),
        ),
        ("429_rate_limit.json", (RateLimited, NotSent, Some("rate_limit_exceeded"), true, "Rate limit exceeded")),
        ("429_system_busy.json", (RateLimited, NotSent, Some("system_busy"), false, "System busy")),
        ("502_html.txt", (Provider, Unknown, None, false, "502 Server Error")),
    ];
    assert_eq!(names("errors"), expected.map(|(name, _)| name.to_owned()));
    for (name, expected) in expected {
        let error = read(name[..3].parse().unwrap(), &[], &data(&format!("errors/{name}")));
        let found = (error.kind(), error.outcome(), error.provider_code(), error.is_about_account(), error.message());
        assert_eq!(found, expected, "{name}");
    }
    let listed = read(422, &[], &data("errors/422_fastapi_list.json"));
    assert_eq!(listed.field_name(), Some("agent_id"));
    let unauthorized = read(401, &[], &data("errors/401_unauthorized.json"));
    assert_eq!(Answer::of(&unauthorized).unwrap().request_id.as_deref(), Some("req_test"));
}

#[test]
fn the_wait_is_what_the_answer_says_else_what_the_code_is_known_for() {
    let seconds = |headers: &[(&str, &str)], name: &str| {
        let wait = read(429, headers, &data(&format!("errors/429_{name}.json"))).wait();
        wait.map(|wait| wait.as_secs_f64())
    };
    assert_eq!(seconds(&[("retry-after", "7")], "rate_limit"), Some(7.0));
    assert_eq!(seconds(&[("retry-after", "7"), ("retry-after-ms", "1500")], "rate_limit"), Some(1.5));
    assert_eq!(seconds(&[], "rate_limit"), None);
    assert_eq!(seconds(&[], "concurrent_limit"), Some(5.0));
    assert_eq!(seconds(&[("retry-after-ms", "250")], "concurrent_limit"), Some(0.25));
    let quota = br#"{"detail":{"status":"quota_exceeded","message":"This request exceeds your quota"}}"#;
    let error = read(401, &[], quota);
    assert_eq!((error.kind(), error.wait().unwrap().as_secs()), (ErrorKind::RateLimited, 3_600));
}

#[test]
fn what_was_sent_is_not_repeated() {
    let body = br#"{"detail":[{"type":"string_type","loc":["body","recipients",0,"phone_number"],"msg":"Input should be a string","input":"+34600000000"}]}"#;
    let error = read(422, &[], body);
    assert_eq!(error.field_name(), Some("recipients.0.phone_number"));
    assert!(!format!("{error:?}").contains("600000000"), "{error:?}");
}

#[test]
fn whatever_is_answered_is_an_error_that_can_be_read() {
    let long = vec![b'x'; 100_000];
    let bodies: [&[u8]; 11] = [
        b"",
        b"null",
        b"[]",
        b"[7]",
        b"<html>",
        b"{\"detail\":7}",
        b"{\"detail\":{\"message\":7}}",
        b"{\"detail\":null}",
        b"{\"detail\":[null,[]]}",
        b"\xff\xfe",
        &long,
    ];
    for body in bodies {
        for status in [302, 400, 401, 402, 403, 404, 405, 413, 415, 422, 429, 500, 503] {
            let error = read(status, &[], body);
            assert!(!error.message().is_empty() && error.message().len() <= 300);
            assert_eq!(error.outcome() == Outcome::Unknown, status >= 500 || status == 302, "{status}");
        }
    }
}
