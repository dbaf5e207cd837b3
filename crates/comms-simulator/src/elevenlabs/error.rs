//! ElevenLabs' errors: a `detail` with type, code and message, or a list where the request has no good form.

use std::fmt;

use serde_json::{Value, json};

use crate::{double::Answer, faults::ProviderError};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct ElevenlabsError {
    status: u16,
    detail: Value,
}

impl fmt::Display for ElevenlabsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail.fmt(f)
    }
}

impl ElevenlabsError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let detail = json!({
            "type": kind(status),
            "code": code,
            "message": message.into(),
            "request_id": "req_simulated",
            // The name that this code had before there were codes.
            "status": if code == "concurrent_limit_exceeded" { "too_many_concurrent_requests" } else { code },
        });
        Self { status, detail }
    }

    pub(crate) fn not_found(what: &str, message: &str) -> Self {
        Self::new(404, &format!("{what}_not_found"), message)
    }

    /// A field of the body that is missing or has no good value.
    pub(crate) fn field(place: &str, message: &str) -> Self {
        let detail = json!([{"type": "value_error", "loc": ["body", place], "msg": message, "input": {}}]);
        Self { status: 422, detail }
    }

    pub(crate) fn concurrency() -> Self {
        Self::new(429, "concurrent_limit_exceeded", "Too many concurrent requests")
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer::json(self.status, &json!({"detail": self.detail})).header("request-id", "req_simulated")
    }
}

impl From<&ProviderError> for ElevenlabsError {
    /// A fault is found by its HTTP status, `details` names the code: `429` is `rate_limit_exceeded`, unless it says
    /// `concurrent_limit_exceeded` or `system_busy`.
    fn from(error: &ProviderError) -> Self {
        let status = error.status.or(u16::try_from(error.code).ok()).filter(|status| (400..600).contains(status));
        let status = status.unwrap_or(500);
        let (code, message) = match status {
            401 => ("invalid_api_key", "Invalid API key"),
            402 => ("quota_exceeded", "This request exceeds your quota"),
            403 => ("insufficient_permissions", "The API key misses a permission"),
            404 => ("conversation_not_found", "Conversation not found"),
            429 => ("rate_limit_exceeded", "Rate limit exceeded"),
            500.. => ("internal_server_error", "Internal server error"),
            _ => ("invalid_request", "Invalid request"),
        };
        Self::new(status, error.details.as_deref().unwrap_or(code), message)
    }
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "payment_required",
        403 => "authorization_error",
        404 => "not_found",
        429 => "rate_limit_error",
        500.. => "internal_error",
        _ => "validation_error",
    }
}
