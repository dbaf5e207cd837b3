//! What an answer that is no success means: SendGrid's words, then its status.
//!
//! SendGrid has no codes. One status means several things (401 is a wrong key, and an account that has used up what it paid for), so that
//! the words decide where they are known. How long to wait stands in `X-RateLimit-Reset` as a point in time; it is counted from the
//! answer's own `Date`, so that a clock that is wrong here does no harm.

use std::time::Duration;

use comms_http::{Error, ErrorKind, Failure, Outcome};
use http::header::DATE;
use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use ErrorKind::{Config, InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
use Outcome::{NotSent, Rejected, Unknown};

/// Makes an [`Error`] of an answer that is not a success, whatever its body holds.
///
/// ```
/// use comms_http::{ErrorKind, Failure, Outcome};
///
/// let error = sendgrid_client::error::classify(&Failure {
///     status: http::StatusCode::UNAUTHORIZED,
///     headers: &http::HeaderMap::new(),
///     body: br#"{"errors":[{"message":"Maximum credits exceeded","field":null,"help":null}]}"#,
/// });
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
/// assert!(error.is_about_account());
/// ```
///
/// *See [SendGrid docs/Errors](https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors)*
#[must_use]
pub fn classify(failure: &Failure<'_>) -> Error {
    let status = failure.status.as_u16();
    let body: Body = serde_json::from_slice(failure.body).unwrap_or_default();
    let all: Vec<&str> = body.errors.iter().filter_map(|error| error.message.as_deref()).collect();
    let known = all.iter().find_map(|message| look_up(message));
    let (kind, outcome) = known.unwrap_or_else(|| by_status(status));
    let message = if all.is_empty() { UNREADABLE.to_owned() } else { all.join("; ") };
    let mut error = Error::new(kind, outcome, message);
    if let Some(field) = body.errors.iter().find_map(Entry::field) {
        error = error.field(field);
    }
    if is_about_account(status, kind, &body) {
        error = error.about_account(true);
    }
    match wait(failure) {
        Some(wait) if kind == RateLimited => error.retry_after(wait),
        _ => error,
    }
}

/// Kind and outcome of words of SendGrid's; `None` for those that are not in the table.
#[must_use]
pub fn look_up(message: &str) -> Option<(ErrorKind, Outcome)> {
    let message = message.to_lowercase();
    let found = WORDS.iter().find(|(_, _, all)| all.iter().any(|words| message.contains(words)));
    found.map(|(kind, outcome, _)| (*kind, *outcome))
}

const UNREADABLE: &str = "SendGrid refused without a readable reason";

/// The table: parts of messages, in lower case.
#[rustfmt::skip]
const WORDS: &[(ErrorKind, Outcome, &[&str])] = &[
    // Nothing was done. What was paid for is used up comes as 401 and ends with the next period, or when more is paid for.
    (RateLimited, NotSent, &["maximum credits exceeded", "too many requests", "rate limit", "exceeded your messaging limits"]),
    (Unauthenticated, Rejected, &[
        "authorization grant is invalid", "access forbidden", "permission denied", "authorization required", "bad username / password",
    ]),
    // For whoever runs the account at SendGrid.
    (Config, Rejected, &[
        "does not match a verified sender identity", "from address is not verified", "account is disabled", "account has been suspended",
        "account has not been activated", "regional", "ip pool", "authenticated user is not authorized to send mail",
    ]),
    (InvalidRecipient, Rejected, &["does not contain a valid address", "recipient address is not valid", "invalid recipient"]),
];

/// What the status says where no words do.
fn by_status(status: u16) -> (ErrorKind, Outcome) {
    match status {
        // Another process may have taken the mail before the answer was lost on the way.
        500.. => (Provider, Unknown),
        429 => (RateLimited, NotSent),
        408 | 409 | 425 => (Provider, Unknown),
        401 | 403 => (Unauthenticated, Rejected),
        400..=499 => (InvalidRequest, Rejected),
        // A redirect or an informational answer where a result was promised.
        _ => (Provider, Unknown),
    }
}

/// Every mail of the account would meet it: the key, the quota, the sender's verification.
fn is_about_account(status: u16, kind: ErrorKind, body: &Body) -> bool {
    let about_sender = || body.errors.iter().any(|error| error.field().as_deref() == Some("from"));
    match kind {
        Config => true,
        RateLimited | Unauthenticated => status != 403 || !about_sender(),
        _ => false,
    }
}

/// Until the quota begins anew, by the answer's own time.
fn wait(failure: &Failure<'_>) -> Option<Duration> {
    let header = |name| failure.headers.get(name).and_then(|value| value.to_str().ok());
    let reset: i64 = header("x-ratelimit-reset")?.trim().parse().ok()?;
    let date = failure.headers.get(DATE)?.to_str().ok()?;
    // The parser of RFC 2822 takes `GMT` for the obsolete zone that it is.
    let now = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    let seconds = reset.checked_sub(now.unix_timestamp())?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(default)]
    message: Option<String>,
    /// A name, null, or the word "null".
    #[serde(default)]
    field: Value,
}

impl Entry {
    fn field(&self) -> Option<String> {
        self.field.as_str().filter(|field| !field.is_empty() && *field != "null").map(str::to_owned)
    }
}
