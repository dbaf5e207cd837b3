//! Google's errors: of the API, of OAuth, and as a page.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::format_description};

use crate::{double::Answer, faults::ProviderError};

/// An error of Google's.
#[derive(Clone, Debug)]
pub(crate) struct GoogleError(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: u16,
    shape: Shape,
    retry_after: Option<u64>,
}

#[derive(Clone, Debug)]
enum Shape {
    Api { reason: String, message: String },
    OAuth { error: String, description: Option<String> },
    Page { error: String, text: String },
}

/// The reasons of the API with their usual status and words.
#[rustfmt::skip]
const REASONS: &[(&str, u16, &str)] = &[
    ("invalidArgument", 400, "Invalid argument"),
    ("badRequest", 400, "Bad Request"),
    ("failedPrecondition", 400, "Precondition check failed."),
    ("authError", 401, "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."),
    ("insufficientPermissions", 403, "Request had insufficient authentication scopes."),
    ("accessNotConfigured", 403, "Gmail API has not been used in project 1234567890 before or it is disabled."),
    ("dailyLimitExceeded", 403, "Daily Limit Exceeded"),
    ("domainPolicy", 403, "The domain administrators have disabled Gmail apps."),
    ("delegationDenied", 403, "Delegation denied"),
    ("rateLimitExceeded", 429, "Resource has been exhausted (e.g. check quota)."),
    ("userRateLimitExceeded", 403, "User Rate Limit Exceeded"),
    ("notFound", 404, "Requested entity was not found."),
    ("aborted", 409, "Label name exists or conflicts"),
    ("uploadTooLarge", 413, "Request entity too large"),
    ("backendError", 500, "Backend Error"),
    ("backendUnavailable", 503, "The service is currently unavailable."),
];

/// The codes of OAuth with their usual status and words.
const OAUTH: &[(&str, u16, &str)] = &[
    ("invalid_grant", 400, "Token has been expired or revoked."),
    ("invalid_client", 401, "The OAuth client was not found."),
    (
        "unauthorized_client",
        401,
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
    ),
    ("invalid_request", 400, "Bad Request"),
    ("redirect_uri_mismatch", 400, "Bad Request"),
    ("unsupported_grant_type", 400, "Invalid grant_type"),
    ("invalid_scope", 400, "Some requested scopes were invalid."),
    ("invalid_token", 400, "Token expired or revoked"),
    ("internal_failure", 400, ""),
    ("admin_policy_enforced", 400, "The administrator does not permit this app."),
];

impl GoogleError {
    /// An error of the API with the words that belong to its reason.
    pub(crate) fn new(reason: &str) -> Self {
        let known = REASONS.iter().find(|(known, ..)| *known == reason).copied();
        let (_, status, message) = known.unwrap_or((reason, 400, "Bad Request"));
        Self::api(status, reason, message)
    }

    pub(crate) fn api(status: u16, reason: &str, message: impl Into<String>) -> Self {
        let shape = Shape::Api { reason: reason.to_owned(), message: message.into() };
        Self(Box::new(Parts { status, shape, retry_after: None }))
    }

    /// A request that says something wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::api(400, "invalidArgument", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new("notFound")
    }

    /// An error of the token endpoint.
    pub(crate) fn oauth(error: &str) -> Self {
        let known = OAUTH.iter().find(|(known, ..)| *known == error);
        let (status, description) = known.map_or((400, ""), |(_, status, description)| (*status, *description));
        let description = Some(description.to_owned()).filter(|text| !text.is_empty());
        let shape = Shape::OAuth { error: error.to_owned(), description };
        Self(Box::new(Parts { status, shape, retry_after: None }))
    }

    /// A page instead of the consent.
    pub(crate) fn page(error: &str, text: impl Into<String>) -> Self {
        let shape = Shape::Page { error: error.to_owned(), text: text.into() };
        Self(Box::new(Parts { status: 400, shape, retry_after: None }))
    }

    /// With these words.
    pub(crate) fn saying(mut self, words: impl Into<String>) -> Self {
        match &mut self.0.shape {
            Shape::Api { message, .. } => *message = words.into(),
            Shape::OAuth { description, .. } => *description = Some(words.into()),
            Shape::Page { text, .. } => *text = words.into(),
        }
        self
    }

    /// Too much was asked for; more from `until` on, which stands in the middle of the text.
    pub(crate) fn rate_limited_until(until: OffsetDateTime, what: &str) -> Self {
        let until = millis_text(until);
        Self::api(429, "rateLimitExceeded", format!("User-rate limit exceeded.  Retry after {until}{what}"))
    }

    /// The same as Google's gateway says it.
    pub(crate) fn quota_metric(status: u16) -> Self {
        Self::api(
            status,
            "rateLimitExceeded",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service \
             'gmail.googleapis.com' for consumer 'project_number:1234567890'.",
        )
    }

    /// An error that a fault asks for: `details` is a reason of the API, a code of OAuth, or the words.
    pub(crate) fn wanted(wanted: &ProviderError, now: OffsetDateTime) -> Self {
        let details = wanted.details.as_deref().unwrap_or_default();
        let mut error = if OAUTH.iter().any(|(known, ..)| *known == details) {
            Self::oauth(details)
        } else if REASONS.iter().any(|(known, ..)| *known == details) {
            Self::new(details)
        } else {
            let error = Self::by_status(wanted, now);
            if details.is_empty() { error } else { error.saying(details) }
        };
        if let Some(status) = wanted.status {
            error.0.status = status;
        }
        error.0.retry_after = wanted.retry_after;
        error
    }

    fn by_status(wanted: &ProviderError, now: OffsetDateTime) -> Self {
        const USUAL_WAIT: u64 = 60;
        match wanted.code {
            429 => {
                let wait =
                    Duration::seconds(i64::try_from(wanted.retry_after.unwrap_or(USUAL_WAIT)).unwrap_or_default());
                Self::rate_limited_until(now + wait, "")
            }
            403 => Self::quota_metric(403),
            code => {
                let status = u16::try_from(code).unwrap_or(500);
                let row = REASONS.iter().find(|(_, known, _)| *known == status);
                row.map_or_else(|| Self::api(status, "backendError", "Backend Error"), |(reason, ..)| Self::new(reason))
            }
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        let parts = &*self.0;
        let mut answer = match &parts.shape {
            Shape::Api { reason, message } => Answer::json(parts.status, &api_body(parts.status, reason, message)),
            Shape::OAuth { error, description } => {
                let mut body = json!({"error": error});
                if let Some(description) = description {
                    body["error_description"] = json!(description);
                }
                Answer::json(parts.status, &body)
            }
            Shape::Page { error, text } => {
                let page = format!(
                    "<!doctype html><html><head><title>Error {status}: {error}</title></head><body><h1>Access blocked: \
                     authorization error</h1><p>Error {status}: {error}</p><p>{text}</p></body></html>",
                    status = parts.status,
                    text = escape(text),
                );
                Answer { status: parts.status, ..Answer::bytes("text/html; charset=utf-8", page.into()) }
            }
        };
        if parts.status == 401 {
            answer = answer
                .header("WWW-Authenticate", "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"");
        }
        match parts.retry_after {
            Some(seconds) => answer.header("Retry-After", seconds.to_string()),
            None => answer,
        }
    }
}

fn api_body(status: u16, reason: &str, message: &str) -> Value {
    let limits = ["accessNotConfigured", "dailyLimitExceeded", "userRateLimitExceeded"].contains(&reason)
        || message.starts_with("Quota exceeded");
    let domain = if limits { "usageLimits" } else { "global" };
    let mut listed = json!({"message": message, "domain": domain, "reason": reason});
    if status == 401 {
        listed["location"] = json!("Authorization");
        listed["locationType"] = json!("header");
    }
    let mut error = json!({"code": status, "message": message, "errors": [listed]});
    let name = match (status, reason) {
        (_, "failedPrecondition") => "FAILED_PRECONDITION",
        (400, _) => "INVALID_ARGUMENT",
        (401, _) => "UNAUTHENTICATED",
        (403, _) => "PERMISSION_DENIED",
        (404, _) => "NOT_FOUND",
        (409, _) => "ALREADY_EXISTS",
        (429, _) => "RESOURCE_EXHAUSTED",
        (503, _) => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    error["status"] = json!(name);
    if reason == "insufficientPermissions" {
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }]);
    }
    json!({"error": error})
}

/// A time as Google writes it into texts.
pub(crate) fn millis_text(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(&form).unwrap_or_default()
}

/// Text for HTML.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
