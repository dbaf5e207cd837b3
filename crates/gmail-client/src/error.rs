//! Two tables, of the API's reasons and of OAuth's: what went wrong and what became of the request.
//!
//! Google's reason decides before the HTTP status: one and the same quota is refused now with 403, now with 429. How long to
//! wait stands as a point in time in the middle of the message; it is counted from the answer's own `Date`, so that a clock that
//! is wrong here does no harm.

use std::time::Duration;

use comms_http::{Error, ErrorKind, Failure, Outcome};
use http::header::DATE;
use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc2822, format_description::well_known::Rfc3339};

use ErrorKind::{Config, InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
use Outcome::{NotSent, Rejected, Unknown};

/// Makes an [`Error`] of an answer of the Gmail API that is not a success, whatever its body holds.
///
/// ```
/// use comms_http::{ErrorKind, Failure, Outcome};
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("date", "Sun, 22 Nov 2026 18:00:00 GMT".parse().unwrap());
/// let error = gmail_client::error::classify(&Failure {
///     status: http::StatusCode::TOO_MANY_REQUESTS,
///     headers: &headers,
///     body: br#"{"error":{"code":429,"message":"User-rate limit exceeded.  Retry after 2026-11-22T18:03:15.961Z",
///         "errors":[{"reason":"rateLimitExceeded"}]}}"#,
/// });
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
/// assert_eq!(error.wait().unwrap().as_secs(), 196);
/// ```
///
/// *See [Gmail docs/Resolve errors](https://developers.google.com/workspace/gmail/api/guides/handle-errors)*
#[must_use]
pub fn classify(failure: &Failure<'_>) -> Error {
    let status = failure.status.as_u16();
    let object = ErrorObject::read(failure.body);
    let reason = object.reason();
    let message = object.message.as_deref().unwrap_or_default();
    let (kind, outcome) = by_message(message).or_else(|| reason.and_then(look_up)).unwrap_or_else(|| by_status(status));
    let mut error = Error::new(kind, outcome, if message.is_empty() { UNREADABLE } else { message });
    if let Some(reason) = reason {
        error = error.code(reason);
    }
    match wait(message, failure) {
        Some(wait) if kind == RateLimited => error.retry_after(wait),
        _ => error,
    }
}

/// Makes an [`Error`] of an answer of the token or revocation endpoint that is not a success.
///
/// `invalid_grant` is `Unauthenticated`: the owner of the mailbox must connect it again. Why it ended is not to be known.
///
/// *See [Google docs/OAuth 2.0 errors](https://developers.google.com/identity/protocols/oauth2/web-server#error-codes)*
#[must_use]
pub fn classify_oauth(failure: &Failure<'_>) -> Error {
    let body: OAuthError = serde_json::from_slice(failure.body).unwrap_or_default();
    let (kind, outcome) = match body.error.as_deref() {
        Some(code) => OAUTH
            .iter()
            .find(|(_, _, codes)| codes.contains(&code))
            .map_or_else(|| by_status(failure.status.as_u16()), |(kind, outcome, _)| (*kind, *outcome)),
        None => by_status(failure.status.as_u16()),
    };
    let message = match (body.error.as_deref(), body.error_description) {
        (Some("invalid_grant"), said) => {
            let said = said.unwrap_or_else(|| "no reason given".to_owned());
            format!("the permission has ended, the mailbox must be connected again: {said}")
        }
        (_, Some(said)) => said,
        (Some(code), None) => code.to_owned(),
        (None, None) => UNREADABLE.to_owned(),
    };
    let error = Error::new(kind, outcome, message);
    match body.error {
        Some(code) => error.code(code),
        None => error,
    }
}

/// Kind and outcome of a reason of the Gmail API; `None` for one that is not in the table.
#[must_use]
pub fn look_up(reason: &str) -> Option<(ErrorKind, Outcome)> {
    let found = REASONS.iter().find(|(_, _, reasons)| reasons.contains(&reason));
    found.map(|(kind, outcome, _)| (*kind, *outcome))
}

const UNREADABLE: &str = "the provider refused without a readable reason";

/// The table of the API: `errors[].reason`, `details[].reason`, `status`.
#[rustfmt::skip]
const REASONS: &[(ErrorKind, Outcome, &[&str])] = &[
    // Throttled before anything was done.
    (RateLimited, NotSent, &[
        "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED",
        "userRateLimitExceededUnreg", "rateLimitExceededUnreg", "concurrentLimitExceeded",
    ]),
    // For an operator: quota of the day, API switched off, policy of the organisation, Gmail not switched on for the account.
    (Config, Rejected, &[
        "dailyLimitExceeded", "dailyLimitExceededUnreg", "accessNotConfigured", "SERVICE_DISABLED", "domainPolicy",
        "failedPrecondition", "FAILED_PRECONDITION", "billingNotEnabled", "BILLING_DISABLED", "keyInvalid",
    ]),
    // Token, scope.
    (Unauthenticated, Rejected, &[
        "authError", "UNAUTHENTICATED", "required", "expired", "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "delegationDenied", "forbidden", "PERMISSION_DENIED", "ACCESS_TOKEN_EXPIRED",
    ]),
    (InvalidRequest, Rejected, &[
        "invalidArgument", "INVALID_ARGUMENT", "badRequest", "invalid", "invalidParameter", "notFound", "NOT_FOUND",
        "parseError", "uploadTooLarge", "conditionNotMet", "duplicate", "ALREADY_EXISTS",
    ]),
    // Failed on their side, perhaps after acting.
    (Provider, Unknown, &["backendError", "internalError", "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN"]),
];

/// The table of OAuth: `error`.
#[rustfmt::skip]
const OAUTH: &[(ErrorKind, Outcome, &[&str])] = &[
    (Unauthenticated, Rejected, &["invalid_grant", "access_denied", "invalid_token", "interaction_required", "invalid_rapt"]),
    (Config, Rejected, &[
        "invalid_client", "unauthorized_client", "redirect_uri_mismatch", "admin_policy_enforced", "org_internal",
        "invalid_scope", "invalid_request", "unsupported_grant_type", "deleted_client", "disabled_client",
    ]),
    (RateLimited, NotSent, &["rate_limit_exceeded", "slow_down"]),
    // Comes with status 400 and even 200; a refresh may be repeated whatever became of it.
    (Provider, Unknown, &["internal_failure", "server_error", "temporarily_unavailable"]),
];

/// What stands in the message alone: the reason beside it is a general one.
fn by_message(message: &str) -> Option<(ErrorKind, Outcome)> {
    let says = |text| message.contains(text);
    if says("Quota exceeded for quota metric") || says("limit exceeded") && says("Retry after") {
        return Some((RateLimited, NotSent));
    }
    if says("Recipient address required")
        || says("Invalid To header")
        || says("Invalid Cc header")
        || says("Invalid Bcc header")
    {
        return Some((InvalidRecipient, Rejected));
    }
    None
}

/// What the status says where no reason does.
fn by_status(status: u16) -> (ErrorKind, Outcome) {
    match status {
        500.. => (Provider, Unknown),
        429 => (RateLimited, NotSent),
        // A time-out on their side, or a conflict with another change: nothing proves that the request was not read.
        408 | 409 | 425 => (Provider, Unknown),
        401 | 403 => (Unauthenticated, Rejected),
        400..=499 => (InvalidRequest, Rejected),
        // A redirect or an informational answer where a result was promised.
        _ => (Provider, Unknown),
    }
}

/// The point in time in `… Retry after 2026-11-22T18:03:15.961Z …`, from the answer's own time.
fn wait(message: &str, failure: &Failure<'_>) -> Option<Duration> {
    let (_, text) = message.split_once("Retry after ")?;
    let until =
        OffsetDateTime::parse(text.split_whitespace().next()?.trim_end_matches(['.', ',', ')']), &Rfc3339).ok()?;
    let date = failure.headers.get(DATE)?.to_str().ok()?;
    // The parser of RFC 2822 takes `GMT` for the obsolete zone that it is.
    let now = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    let wait = Duration::try_from(until - now).ok()?;
    // To the whole second, upwards: `Date` has no smaller unit.
    Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
}

#[derive(Debug, Default, Deserialize)]
struct OAuthError {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

/// What an error body says, of whichever shape.
#[derive(Debug, Default)]
struct ErrorObject {
    message: Option<String>,
    status: Option<String>,
    /// `errors[].reason`.
    listed: Option<String>,
    /// `details[].reason` of `google.rpc.ErrorInfo`.
    detailed: Option<String>,
}

impl ErrorObject {
    /// Bodies come as HTML, cut off, empty or wrapped into a list too.
    fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let value = value.get(0).unwrap_or(&value);
        let error = value.get("error").unwrap_or(value);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let first = |list: &str| error.get(list)?.as_array()?.iter().find_map(|one| text(one.get("reason")));
        Self {
            message: text(error.get("message")).or_else(|| text(Some(error))),
            status: text(error.get("status")),
            listed: first("errors"),
            detailed: first("details"),
        }
    }

    /// The most telling one. `forbidden` and `PERMISSION_DENIED` say less than what stands beside them.
    fn reason(&self) -> Option<&str> {
        let all = || [&self.listed, &self.detailed, &self.status].into_iter().flatten();
        let general = |reason: &&String| !["forbidden", "PERMISSION_DENIED", "global"].contains(&reason.as_str());
        all().find(general).or_else(|| all().next()).map(String::as_str)
    }
}
