//! What an answer that is no success means: its code, then its status.
//!
//! ElevenLabs answers an object in `detail` with a code; older parts of it an object with `status` for a code; its checks of a body a list; some
//! a text; what stands before it a page. All of them are read, and none of them can make the reading fail. Status 429 is three things: too many
//! requests, too many conversations at once for the plan, and a provider that is busy itself.

use std::{fmt, time::Duration};

use comms_http::{Error, ErrorKind, Failure, Outcome};
use serde_json::Value;

use crate::limits;

use ErrorKind::{Config, InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
use Outcome::{NotSent, Rejected, Unknown};

/// The longest part of a message that is kept, in characters.
const MESSAGE: usize = 300;
const UNREADABLE: &str = "ElevenLabs refused without a readable reason";

/// Makes an [`Error`] of an answer that is not a success, whatever its body holds.
///
/// ```
/// use comms_http::{ErrorKind, Failure, Outcome};
///
/// let error = elevenlabs_client::error::classify(&Failure {
///     status: http::StatusCode::TOO_MANY_REQUESTS,
///     headers: &http::HeaderMap::new(),
///     body: br#"{"detail":{"type":"rate_limit_error","code":"concurrent_limit_exceeded","message":"Too many"}}"#,
/// });
/// assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
/// assert_eq!(error.provider_code(), Some("concurrent_limit_exceeded"));
/// ```
///
/// *See [ElevenLabs docs/Errors](https://elevenlabs.io/docs/eleven-api/resources/errors)*
#[must_use]
pub fn classify(failure: &Failure<'_>) -> Error {
    let answer = Answer::read(failure.body);
    let status = failure.status.as_u16();
    let known = answer.codes().find_map(|code| look_up(code).map(|meaning| (code, meaning)));
    let (kind, outcome) = known.map_or_else(|| by_status(status), |(_, meaning)| meaning);
    let code = known.map(|(code, _)| code).or_else(|| answer.codes().next());
    let mut error = Error::new(kind, outcome, answer.reason());
    if let Some(code) = code {
        error = error.code(code);
    }
    if let Some(field) = &answer.field {
        error = error.field(field);
    }
    if let Some(whole) = is_about_account(kind, code, status) {
        error = error.about_account(whole);
    }
    match wait(failure, code) {
        Some(wait) if matches!(kind, RateLimited | Provider) => error.retry_after(wait),
        _ => error,
    }
    .source(answer)
}

/// Kind and outcome of a code of ElevenLabs; `None` for one that is not in the table.
///
/// ```
/// use elevenlabs_client::{ErrorKind, Outcome, error::look_up};
///
/// assert_eq!(look_up("invalid_api_key"), Some((ErrorKind::Unauthenticated, Outcome::Rejected)));
/// ```
///
/// *See [ElevenLabs docs/Errors](https://elevenlabs.io/docs/eleven-api/resources/errors)*
#[must_use]
pub fn look_up(code: &str) -> Option<(ErrorKind, Outcome)> {
    TABLE.iter().find(|(_, _, codes)| codes.contains(&code)).map(|(kind, outcome, _)| (*kind, *outcome))
}

/// The table. The older name of a code stands beside it.
#[rustfmt::skip]
const TABLE: &[(ErrorKind, Outcome, &[&str])] = &[
    // Nothing was done, and it may be asked again later.
    (RateLimited, NotSent, &[
        "rate_limit_exceeded", "concurrent_limit_exceeded", "too_many_concurrent_requests", "system_busy", "too_many_requests",
        // What was paid for is used up: it ends with the period, or when more is paid for.
        "quota_exceeded", "credit_limit_exceeded", "insufficient_credits",
    ]),
    (Unauthenticated, Rejected, &[
        "invalid_api_key", "missing_api_key", "api_key_expired", "invalid_authorization_header", "needs_authorization", "unauthorized",
        "missing_permissions", "insufficient_permissions", "not_logged_in",
    ]),
    // For whoever runs the workspace at ElevenLabs.
    (Config, Rejected, &[
        "detected_unusual_activity", "payment_required", "paid_plan_required", "subscription_required", "feature_not_available",
        "payment_issue", "workspace_disabled", "override_error", "missing_dynamic_variable",
    ]),
    (InvalidRecipient, Rejected, &["invalid_phone_number", "phone_number_not_supported"]),
    (InvalidRequest, Rejected, &[
        "conversation_not_found", "agent_not_found", "document_not_found", "not_found", "batch_call_not_found", "phone_number_not_found",
        "validation_error", "invalid_parameters", "invalid_request", "bad_request",
    ]),
];

/// What the status says where no code does.
fn by_status(status: u16) -> (ErrorKind, Outcome) {
    match status {
        // Another process may have acted before the answer was lost on the way.
        500.. => (Provider, Unknown),
        429 => (RateLimited, NotSent),
        408 | 409 | 425 => (Provider, Unknown),
        402 => (Config, Rejected),
        401 | 403 => (Unauthenticated, Rejected),
        400..=499 => (InvalidRequest, Rejected),
        // A redirect or an informational answer where a result was promised.
        _ => (Provider, Unknown),
    }
}

/// Whether every call of the workspace would meet it; `None` where the kind says it.
fn is_about_account(kind: ErrorKind, code: Option<&str>, status: u16) -> Option<bool> {
    match code {
        // The provider's own trouble is no throttle of ours.
        Some("system_busy") => Some(false),
        Some("override_error" | "missing_dynamic_variable") => Some(false),
        _ if kind == Config || status == 402 => Some(true),
        _ => None,
    }
}

/// How long to wait: what the answer says, to the millisecond where it does, else what the code is known for.
fn wait(failure: &Failure<'_>, code: Option<&str>) -> Option<Duration> {
    let milliseconds = failure.headers.get("retry-after-ms").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let known = match code {
        Some("concurrent_limit_exceeded" | "too_many_concurrent_requests") => Some(limits::CONCURRENCY_WAIT),
        Some("quota_exceeded" | "credit_limit_exceeded" | "insufficient_credits") => Some(limits::QUOTA_WAIT),
        _ => None,
    };
    milliseconds.map(Duration::from_millis).or_else(|| failure.retry_after()).or(known)
}

/// What ElevenLabs said about a failed call. It is the [source](std::error::Error::source) of the errors of a client.
///
/// *See [ElevenLabs docs/Errors](https://elevenlabs.io/docs/eleven-api/resources/errors)*
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The kind of the error, for instance `rate_limit_error`.
    pub kind: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// The code under its older name.
    pub status: Option<String>,
    /// `request_id`, which ElevenLabs' support asks for.
    pub request_id: Option<String>,
    message: Option<String>,
    field: Option<String>,
}

impl Answer {
    /// What ElevenLabs said, where an error comes from an answer of it.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// Reads a body by what it looks like.
    fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            return Self::of_json(&value);
        }
        let words = if text.starts_with('<') { title(text) } else { Some(text) };
        Self { message: words.filter(|words| !words.is_empty()).map(shorten), ..Self::default() }
    }

    fn of_json(value: &Value) -> Self {
        let detail = ["detail", "error"].into_iter().find_map(|name| value.get(name)).unwrap_or(value);
        match detail {
            Value::String(text) => Self { message: Some(shorten(text)), ..Self::default() },
            Value::Array(problems) => Self::of_list(problems),
            detail => {
                let text = |name: &str| detail[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
                Self {
                    kind: text("type"),
                    code: text("code"),
                    status: text("status"),
                    request_id: text("request_id"),
                    message: text("message").as_deref().map(shorten),
                    field: text("param"),
                }
            }
        }
    }

    /// What a check of the body found: each problem with the place that it was found at. What was sent is left out.
    fn of_list(problems: &[Value]) -> Self {
        let place = |problem: &Value| -> Option<String> {
            let words: Vec<String> = problem["loc"].as_array()?.iter().filter_map(word).collect();
            Some(words.strip_prefix(&["body".to_owned()]).unwrap_or(&words).join("."))
        };
        let message = |problem: &Value| -> Option<String> {
            let message = problem["msg"].as_str().or_else(|| problem.as_str())?;
            Some(place(problem).map_or_else(|| message.to_owned(), |place| format!("{place}: {message}")))
        };
        let messages: Vec<_> = problems.iter().filter_map(message).collect();
        Self {
            code: problems.iter().find_map(|problem| problem["type"].as_str()).map(str::to_owned),
            message: (!messages.is_empty()).then(|| shorten(&messages.join("; "))),
            field: problems.iter().find_map(place),
            ..Self::default()
        }
    }

    fn codes(&self) -> impl Iterator<Item = &str> {
        [&self.code, &self.status, &self.kind].into_iter().filter_map(Option::as_deref)
    }

    /// What to tell a person.
    fn reason(&self) -> String {
        self.message.clone().unwrap_or_else(|| UNREADABLE.to_owned())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.request_id, &self.kind) {
            (Some(id), _) => write!(f, "request {id}"),
            (None, Some(kind)) => f.write_str(kind),
            (None, None) => f.write_str("an answer without details"),
        }
    }
}

impl std::error::Error for Answer {}

/// A part of the place of a problem: a name, or a number in a list.
fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}

/// The title of a page, or nothing of it.
fn title(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<title>")?;
    rest.split_once("</title>").map(|(title, _)| title.trim())
}

fn shorten(text: &str) -> String {
    text.chars().take(MESSAGE).collect()
}
