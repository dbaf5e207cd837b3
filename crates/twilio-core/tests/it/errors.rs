//! Errors: every shape of body, and the code decides.

use std::time::Duration;

use comms_http::{Error, ErrorKind, Failure, Outcome};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use twilio_core::{
    error::{self, Answer},
    limits,
};

use ErrorKind::{InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
use Outcome::{NotSent, Rejected, Unknown};

fn classify_with(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Error {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    error::classify(&Failure { status: StatusCode::from_u16(status).unwrap(), headers: &headers, body })
}

fn classify(status: u16, body: &str) -> Error {
    classify_with(status, &[], body.as_bytes())
}

fn answer(error: &Error) -> &Answer {
    Answer::of(error).unwrap()
}

/// What an answer must be read as: code, message, field, kind and outcome.
type Read = (Option<&'static str>, &'static str, Option<&'static str>, (ErrorKind, Outcome));

fn assert_read(status: u16, body: &str, wanted: Read) {
    let error = classify(status, body);
    let read = (error.provider_code(), error.message(), error.field_name(), (error.kind(), error.outcome()));
    assert_eq!(read, wanted, "{body}");
}

#[test]
fn each_shape_of_json_is_read() {
    let not_mobile = (Some("21614"), "not mobile", None, (InvalidRecipient, Rejected));
    assert_read(400, r#"{"code":21614,"message":"not mobile","more_info":"x","status":400}"#, not_mobile);
    assert_read(400, r#"{"code":"21614","message":"not mobile","status":"400"}"#, not_mobile);
    let details = r#"{"code":20001,"message":"no","details":{"field":"To"}}"#;
    assert_read(400, details, (Some("20001"), "no", Some("To"), (InvalidRequest, Rejected)));
    let without_code = r#"{"status":404,"message":"not found"}"#;
    assert_read(404, without_code, (None, "not found", None, (InvalidRequest, Rejected)));
    let problem = r##"{"type":"https://www.twilio.com/docs/api/errors/20422","title":"Validation failed","status":400,
        "detail":"One field is invalid","code":20422,"errors":[{"detail":"must be E.164","pointer":"#/to"}]}"##;
    let message = "Validation failed: One field is invalid";
    assert_read(400, problem, (Some("20422"), message, Some("to"), (InvalidRequest, Rejected)));
    let nested = r#"{"error":{"code":20429,"message":"slow down"},"code":null}"#;
    assert_read(429, nested, (Some("20429"), "slow down", None, (RateLimited, NotSent)));
    let listed = r##"{"title":"no","errors":[{"code":"21211","pointer":"#/to"}]}"##;
    assert_read(400, listed, (Some("21211"), "no", Some("to"), (InvalidRecipient, Rejected)));
    assert_read(404, r#"{"error":"not found"}"#, (None, "not found", None, (InvalidRequest, Rejected)));
    assert_read(400, r#"{"code":null,"message":7}"#, (None, UNREADABLE, None, (InvalidRequest, Rejected)));
    let cut = r#"{"code":20500,"message":"Internal Ser"#;
    assert_read(500, cut, (None, UNREADABLE, None, (Provider, Unknown)));
}

#[test]
fn each_other_shape_is_read() {
    let xml = "<?xml version='1.0'?>\n<TwilioResponse><RestException><Status>400</Status>\
               <Message>To &amp; From &#39;x&#39;</Message><Code>21201</Code>\
               <MoreInfo>https://www.twilio.com/docs/errors/21201</MoreInfo></RestException></TwilioResponse>";
    assert_read(400, xml, (Some("21201"), "To & From 'x'", None, (InvalidRequest, Rejected)));
    let cdata =
        "<TwilioResponse xmlns=\"urn:x\"><RestException><Code> 21201 </Code><Message><![CDATA[To & From]]></Message>";
    assert_read(
        400,
        &format!("{cdata}</RestException>"),
        (Some("21201"), "To & From", None, (InvalidRequest, Rejected)),
    );
    let page = "<!DOCTYPE html>\n<html>\n<head><title>502 Bad Gateway</title></head><body><br>";
    assert_read(502, page, (None, "502 Bad Gateway", None, (Provider, Unknown)));
    let line = "451 Unavailable For Legal Reasons";
    assert_read(451, line, (None, line, None, (InvalidRequest, Rejected)));
    assert_read(500, "", (None, UNREADABLE, None, (Provider, Unknown)));
    assert_read(401, "[]", (None, "[]", None, (Unauthenticated, Rejected)));
    assert_read(302, "", (None, UNREADABLE, None, (Provider, Unknown)));
}

const UNREADABLE: &str = "the provider refused without a readable reason";

#[test]
fn what_else_was_said_is_the_source() {
    let body = r#"{"code":20001,"message":"no","more_info":"https://www.twilio.com/docs/errors/20001","details":{"field":"To"}}"#;
    let error = classify_with(400, &[("twilio-request-id", "RQ1")], body.as_bytes());
    let said = answer(&error);
    assert_eq!((said.code(), said.request_id()), (Some(20001), Some("RQ1")));
    assert_eq!(said.details().unwrap()["field"], "To");
    assert_eq!(said.to_string(), "request RQ1, see https://www.twilio.com/docs/errors/20001");
    let cut = classify(500, r#"{"code":20500,"message":"Int"#);
    assert_eq!(answer(&cut).excerpt(), Some(r#"{"code":20500,"message":"Int"#));
    // The XML of a call whose .json was forgotten, broken off.
    let cut = classify(400, "<TwilioResponse><RestException><Code>21201</Code><Mess");
    assert_eq!(cut.provider_code(), Some("21201"));
}

#[test]
fn the_code_decides_where_one_status_means_two_things() {
    let code = |code: u32| format!(r#"{{"code":{code},"message":"x","status":429}}"#);
    let busy = classify(429, &code(20429));
    assert_eq!((busy.kind(), busy.outcome(), busy.wait()), (RateLimited, NotSent, None));
    let daily = classify(429, &code(63038));
    assert_eq!((daily.kind(), daily.outcome(), daily.wait()), (RateLimited, NotSent, Some(limits::DAILY_CAP_WAIT)));
    let queue = classify(429, &code(21611));
    assert_eq!((queue.kind(), queue.outcome(), queue.wait()), (RateLimited, NotSent, Some(limits::QUEUE_WAIT)));
    // A refusal is one whatever status it comes with, and a code that is not known leaves it to the status.
    assert_eq!(classify(429, &code(21610)).outcome(), Rejected);
    assert_eq!((classify(429, &code(99)).kind(), classify(500, &code(99)).outcome()), (RateLimited, Unknown));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let wait = |headers: &[(&'static str, &'static str)], code: u32| {
        classify_with(429, headers, format!(r#"{{"code":{code}}}"#).as_bytes()).wait()
    };
    assert_eq!(wait(&[("retry-after", "2")], 20429), Some(Duration::from_secs(2)));
    assert_eq!(wait(&[("retry-after", "7200")], 63038), Some(Duration::from_secs(7200)));
    let date = [("date", "Sun, 22 Nov 2026 22:10:48 GMT"), ("retry-after", "Sun, 22 Nov 2026 22:11:18 GMT")];
    assert_eq!(wait(&date, 20429), Some(Duration::from_secs(30)));
    let past = [("date", "Sun, 22 Nov 2026 22:10:48 GMT"), ("retry-after", "Sun, 22 Nov 2026 22:10:18 GMT")];
    assert_eq!(wait(&past, 20429), None);
    assert_eq!(wait(&[("retry-after", "soon")], 20429), None);
}

#[test]
fn phone_numbers_are_masked_and_ids_are_not() {
    let message = "To number: +15005550009 of Account AC00000000000000000000000000000001 (code 21614, 34600000000).";
    for body in [format!(r#"{{"code":21614,"message":"{message}"}}"#), message.to_owned()] {
        let error = classify(400, &body);
        let masked = "To number: +15******009 of Account AC00000000000000000000000000000001 (code 21614, 34******000).";
        assert_eq!(error.message(), masked);
        let details = r#"{"code":21614,"message":"no","details":{"To":"+15005550009"}}"#;
        let printed = format!("{error:?} {error} {:?}", classify(400, details));
        assert!(!printed.contains("5005550009") && !printed.contains("34600000000"), "{printed}");
    }
}

#[test]
fn general_codes_are_read_as_their_status() {
    for (code, wanted) in [
        (20404, (InvalidRequest, Rejected)),
        (20401, (Unauthenticated, Rejected)),
        (20409, (Provider, NotSent)),
        (20422, (InvalidRequest, Rejected)),
        (20504, (Provider, Unknown)),
        (20600, (Provider, Unknown)),
        (0, (Provider, Unknown)),
        (-1, (Provider, Unknown)),
        (i64::MIN, (Provider, Unknown)),
        (i64::MAX, (Provider, Unknown)),
    ] {
        assert_eq!(error::classify_code(code), wanted, "{code}");
    }
}

proptest! {
    #[test]
    fn no_body_is_too_strange(status in 300_u16..600, body in prop::collection::vec(any::<u8>(), 0..400)) {
        let error = classify_with(status, &[], &body);
        prop_assert!(!error.message().is_empty());
        prop_assert!(error.outcome() != NotSent || matches!(status, 409 | 429));
    }

    #[test]
    fn a_body_that_breaks_off_anywhere_is_survived(at in any::<prop::sample::Index>(), xml in any::<bool>()) {
        let whole = if xml {
            "<TwilioResponse><RestException><Message>ñ</Message><Code>21201</Code></RestException></TwilioResponse>"
        } else {
            r#"{"code":21201,"message":"ñ","status":400}"#
        };
        let error = classify_with(400, &[], &whole.as_bytes()[..at.index(whole.len())]);
        prop_assert_eq!((error.kind(), error.outcome()), (InvalidRequest, Rejected));
    }
}
