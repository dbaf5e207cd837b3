//! One table: provider code → what went wrong and what became of the request.
//!
//! The code decides, never the HTTP status: Meta documents its throttles with status 400. The status is looked at only where an
//! answer carries no code that can be read.

use std::{ops::RangeInclusive, time::Duration};

use comms_http::{Error, ErrorKind, Failure, Outcome};
use serde_json::Value;

use crate::{limits, model::error_object::ErrorObject};

use ErrorKind::{
    Config, InvalidRecipient, InvalidRequest, OptedOut, Provider, RateLimited, Unauthenticated, Unsupported,
    WindowClosed,
};
use Outcome::{NotSent, Rejected, Unknown};

/// Makes an [`Error`] of an answer that is not a success, whatever its body holds.
///
/// ```
/// use comms_http::{ErrorKind, Failure, Outcome};
///
/// let error = whatsapp_cloud::error::classify(&Failure {
///     status: http::StatusCode::BAD_REQUEST,
///     headers: &http::HeaderMap::new(),
///     body: br#"{"error":{"message":"(#131047) Re-engagement message","code":131047}}"#,
/// });
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::WindowClosed, Outcome::Rejected));
/// assert_eq!(error.provider_code(), Some("131047"));
/// ```
#[must_use]
pub fn classify(failure: &Failure<'_>) -> Error {
    let object = error_object(failure.body);
    let code = object.code;
    let (kind, outcome) = code.and_then(look_up).unwrap_or_else(|| {
        let transient = object.is_transient == Some(true);
        by_status(failure.status.as_u16(), transient)
    });
    let message = if object == ErrorObject::default() {
        "the provider refused without a readable reason".to_owned()
    } else {
        scrub(&object.reason())
    };
    let mut error = Error::new(kind, outcome, message);
    if let Some(code) = code {
        error = error.code(code.to_string());
        if let Some(whole) = about_account(code) {
            error = error.about_account(whole);
        }
    }
    match wait(failure, code, kind) {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Kind and outcome of a code, for problems that arrive in webhooks. A code that is not in the table is `Provider` and `Unknown`.
///
/// ```
/// use comms_http::{ErrorKind, Outcome};
///
/// assert_eq!(
///     whatsapp_cloud::error::classify_code(131050),
///     (ErrorKind::OptedOut, Outcome::Rejected)
/// );
/// ```
///
/// *See [WhatsApp docs/Error codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes)*
#[must_use]
pub fn classify_code(code: i64) -> (ErrorKind, Outcome) {
    look_up(code).unwrap_or((Provider, Unknown))
}

/// How long to wait after the pair limit (131056) was hit `hits` times in a row: 4ˣ seconds, x = 0, 1, 2 …, at most an hour.
///
/// *See [WhatsApp docs/Pair rate limits](https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform)*
#[must_use]
pub fn pair_rate_wait(hits: u32) -> Duration {
    Duration::from_secs(4_u64.saturating_pow(hits)).min(limits::PAIR_RATE_LONGEST_WAIT)
}

fn look_up(code: i64) -> Option<(ErrorKind, Outcome)> {
    let listed = TABLE.iter().find(|(_, _, codes)| codes.contains(&code));
    let listed = listed.map(|(kind, outcome, _)| (*kind, *outcome));
    let ranged = || RANGES.iter().find(|(_, codes)| codes.contains(&code));
    listed.or_else(|| ranged().map(|(kind, _)| (*kind, Rejected)))
}

/// The table. Codes whose text says that something failed inside Meta are `Unknown`, even where Meta advises to try again:
/// nothing proves that the message was not taken.
#[rustfmt::skip]
const TABLE: &[(ErrorKind, Outcome, &[i64])] = &[
    // Failed on their side, perhaps after acting.
    (Provider, Unknown, &[
        1, 2, 131_000, 131_016, 131_057, 133_004, 134_101, 138_004, 138_007, 139_103, 2_494_100,
    ]),
    // Throttled before anything was done.
    (RateLimited, NotSent, &[
        4, 17, 32, 613, 80_007, 80_008, 130_429, 131_048, 131_056, 131_208, 132_069, 133_016, 138_002, 138_005, 138_009,
        138_012, 138_013,
    ]),
    // Deletion of the number is not complete: refused, and possible minutes later.
    (Config, NotSent, &[133_015]),
    // Token, permission, session.
    (Unauthenticated, Rejected, &[0, 3, 10, 102, 104, 190, 131_005]),
    // Account, number, payment, paused template: for an operator.
    (Config, Rejected, &[
        33, 368, 131_030, 131_031, 131_037, 131_042, 131_044, 131_045, 131_063, 131_064, 131_207, 132_015, 132_016, 132_068,
        134_011, 134_102, 138_000, 138_015, 139_000,
    ]),
    // This recipient.
    (InvalidRecipient, Rejected, &[130_472, 130_497, 131_026, 131_049, 137_000, 138_001]),
    (WindowClosed, Rejected, &[131_047]),
    (OptedOut, Rejected, &[131_050]),
    (Unsupported, Rejected, &[131_060]),
    // This payload.
    (InvalidRequest, Rejected, &[
        100, 803, 131_008, 131_009, 131_020, 131_021, 131_041, 131_051, 131_052, 131_053, 131_055, 131_059, 131_062, 132_000,
        132_001, 132_005, 132_007, 132_008, 132_012, 134_100, 135_000, 1_752_041, 2_388_012, 2_388_019, 2_388_040, 2_388_047,
        2_388_072, 2_388_073, 2_388_091, 2_388_093, 2_388_103, 2_388_293, 2_388_299, 2_593_079, 2_593_085, 2_593_107, 2_593_108,
    ]),
];

/// Settings that stop every message of the number: it is gone, blocked, locked, not registered, not paid for, or without a name.
/// A paused template or a test recipient stops one message, and is not here.
const STOPS_THE_NUMBER: [i64; 8] = [33, 368, 131_031, 131_037, 131_042, 131_044, 131_045, 133_010];
/// Throttles of one recipient, template, flow or call, not of the number.
const THROTTLES_ONE: [i64; 9] = [131_056, 131_208, 132_069, 138_002, 138_005, 138_009, 138_012, 138_013, 133_016];

/// Whether a code concerns every message of the number; `None` where its kind says it.
fn about_account(code: i64) -> Option<bool> {
    match code {
        _ if STOPS_THE_NUMBER.contains(&code) => Some(true),
        _ if THROTTLES_ONE.contains(&code) => Some(false),
        _ => None,
    }
}

/// What is left of a family of codes, all of them `Rejected`: permissions, groups, registration, calls, flows, block list, usernames,
/// template insights, coexistence.
#[rustfmt::skip]
const RANGES: &[(ErrorKind, RangeInclusive<i64>)] = &[
    (Unauthenticated, 200..=299),
    (InvalidRequest, 131_201..=131_215),
    (Config, 133_000..=133_014),
    (InvalidRequest, 138_003..=138_018),
    (InvalidRequest, 139_001..=139_004),
    (InvalidRequest, 139_100..=139_102),
    (InvalidRequest, 147_001..=147_005),
    (Config, 200_005..=200_007),
    (InvalidRequest, 2_494_164..=2_494_179),
];

/// What the status says where no code does.
fn by_status(status: u16, transient: bool) -> (ErrorKind, Outcome) {
    match status {
        500.. => (Provider, Unknown),
        429 => (RateLimited, NotSent),
        // A time-out on their side, or too early: nothing proves that the request was not read.
        408 | 425 => (Provider, Unknown),
        _ if transient => (Provider, Unknown),
        401 | 403 => (Unauthenticated, Rejected),
        400..=499 => (InvalidRequest, Rejected),
        // A redirect or an informational answer where a result was promised.
        _ => (Provider, Unknown),
    }
}

/// The error object of a body, or an empty one: bodies come as HTML, cut off or empty too.
fn error_object(body: &[u8]) -> ErrorObject {
    let Ok(Value::Object(mut body)) = serde_json::from_slice::<Value>(body) else {
        return ErrorObject::default();
    };
    let value = match body.remove("error") {
        Some(Value::String(message)) => serde_json::json!({ "message": message }),
        Some(object @ Value::Object(_)) => object,
        _ => body
            .remove("errors")
            .and_then(|mut errors| errors.get_mut(0).map(Value::take))
            .unwrap_or(Value::Object(body)),
    };
    readable(value)
}

/// Reads what can be read: where one field has another shape than documented, at least code, message and details.
fn readable(value: Value) -> ErrorObject {
    if let Ok(object) = serde_json::from_value(value.clone()) {
        return object;
    }
    let kept: serde_json::Map<String, Value> = ["code", "message", "error_data", "details"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), value.get(name)?.clone())))
        .filter(|(name, value)| name != "message" || value.is_string())
        .collect();
    serde_json::from_value(Value::Object(kept)).unwrap_or_default()
}

fn wait(failure: &Failure<'_>, code: Option<i64>, kind: ErrorKind) -> Option<Duration> {
    if kind == RateLimited
        && let Some(wait) = regain_access(failure)
    {
        return Some(wait);
    }
    match code {
        Some(131_056) => Some(pair_rate_wait(0)),
        Some(133_015) => Some(limits::NUMBER_DELETION_WAIT),
        Some(134_101) => Some(limits::TEMPLATE_SYNC_WAIT),
        _ => None,
    }
}

/// `X-Business-Use-Case-Usage`: the longest `estimated_time_to_regain_access`, which is in minutes.
///
/// *See [Graph API docs/Rate limits](https://developers.facebook.com/docs/graph-api/overview/rate-limiting)*
fn regain_access(failure: &Failure<'_>) -> Option<Duration> {
    let header = failure.headers.get("x-business-use-case-usage")?;
    let usage: serde_json::Map<String, Value> = serde_json::from_slice(header.as_bytes()).ok()?;
    let minutes = usage
        .values()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_u64())
        .max()
        .filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(minutes.saturating_mul(60)))
}

/// Hides what looks like a credential: Meta repeats a malformed token in its message.
fn scrub(message: &str) -> String {
    let secret = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.len() >= 16 && (word.starts_with("EAA") || word.contains('|'))
    };
    message.split(' ').map(|word| if secret(word) { "[REDACTED]" } else { word }).collect::<Vec<_>>().join(" ")
}
