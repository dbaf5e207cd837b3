//! One table: provider code → what went wrong and what became of the request.
//!
//! The code decides, never the HTTP status alone: too many requests at once (20429) and the daily cap (63038) are both status 429.
//! The status is looked at only where an answer carries no code that can be read, or one that is not in the table.

#[cfg(feature = "client")]
mod answer;
mod table;

#[cfg(feature = "client")]
use std::time::Duration;

#[cfg(feature = "client")]
use comms_http::{Error, Failure};
use comms_http::{ErrorKind, Outcome};
#[cfg(feature = "client")]
use http::StatusCode;

#[cfg(feature = "client")]
pub use self::answer::Answer;
#[cfg(feature = "client")]
use crate::limits;

/// Kind and outcome of a code, for problems that arrive in webhooks. A code that is not in the table is `Provider` and `Unknown`.
///
/// ```
/// use twilio_core::{ErrorKind, Outcome, error::classify_code};
///
/// assert_eq!(classify_code(20429), (ErrorKind::RateLimited, Outcome::NotSent));
/// assert_eq!(classify_code(20500), (ErrorKind::Provider, Outcome::Unknown));
/// assert_eq!(classify_code(21610), (ErrorKind::OptedOut, Outcome::Rejected));
/// assert_eq!(classify_code(63016), (ErrorKind::WindowClosed, Outcome::Rejected));
/// ```
///
/// *See [Twilio docs/Error and warning dictionary](https://www.twilio.com/docs/api/errors)*
#[must_use]
pub fn classify_code(code: i64) -> (ErrorKind, Outcome) {
    table::look_up(code).unwrap_or((ErrorKind::Provider, Outcome::Unknown))
}

/// Makes an [`Error`] of an answer that is not a success, whatever its body holds: the usual object, one without a code, one of
/// RFC 9457, XML, a page, a line of text, nothing, or half of it.
///
/// What else the answer says (details, request id, the start of an unreadable body) is an [`Answer`], the error's source.
///
/// ```
/// use comms_http::Failure;
/// use twilio_core::{ErrorKind, Outcome, error};
///
/// let error = error::classify(&Failure {
///     status: http::StatusCode::TOO_MANY_REQUESTS,
///     headers: &http::HeaderMap::new(),
///     body: br#"{"code":63038,"message":"Account exceeded the 500 daily messages limit","status":429}"#,
/// });
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
/// // Far more than a call waits by itself.
/// assert_eq!(error.wait(), Some(twilio_core::limits::DAILY_CAP_WAIT));
/// ```
#[cfg(feature = "client")]
#[must_use]
pub fn classify(failure: &Failure<'_>) -> Error {
    let answer = Answer::read(failure);
    let status = failure.status.as_u16();
    let (kind, outcome) = answer.code().and_then(table::look_up).unwrap_or_else(|| table::by_status(status));
    let mut error = Error::new(kind, outcome, answer.reason());
    if let Some(code) = answer.code() {
        error = error.code(code.to_string());
        if table::STOPS_THE_SENDER.contains(&code) {
            error = error.about_account(true);
        }
    }
    if let Some(field) = answer.field() {
        error = error.field(field);
    }
    if let Some(wait) = wait(failure, answer.code()) {
        error = error.retry_after(wait);
    }
    error.source(answer)
}

/// A success that is not what was promised: Twilio acted, and nobody knows with what result.
#[cfg(feature = "client")]
pub(crate) fn unread(status: StatusCode, body: &[u8], cause: &serde_json::Error) -> Error {
    let message =
        format!("the answer is not what the provider documents: {:?} at line {}", cause.classify(), cause.line());
    Error::new(ErrorKind::Decode, Outcome::Unknown, message).http_status(status.as_u16()).source(Answer::of_body(body))
}

/// How long to wait: what the answer says, else what the code is known for.
#[cfg(feature = "client")]
fn wait(failure: &Failure<'_>, code: Option<i64>) -> Option<Duration> {
    let known = match code {
        Some(63_038) => Some(limits::DAILY_CAP_WAIT),
        Some(20_409 | 21_611) => Some(limits::QUEUE_WAIT),
        _ => None,
    };
    failure.retry_after().or_else(|| answer::retry_at(failure.headers)).or(known)
}
