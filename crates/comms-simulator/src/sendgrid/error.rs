//! SendGrid's errors: words and a field, no codes.

use serde_json::{Value, json};

use crate::{double::Answer, faults::ProviderError};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct SendgridError {
    status: u16,
    message: String,
    field: Option<String>,
}

impl SendgridError {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None }
    }

    /// A request that is refused because of a field.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), field: Some(field.into()) }
    }

    /// The same with another status than 400.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "resource not found")
    }

    pub(crate) fn answer(&self) -> Answer {
        let field = self.field.as_ref().map_or(Value::Null, |field| json!(field));
        Answer::json(self.status, &json!({"errors": [{"message": self.message, "field": field, "help": null}]}))
    }
}

impl From<&ProviderError> for SendgridError {
    /// The code of a fault is the HTTP status: SendGrid has no other.
    fn from(error: &ProviderError) -> Self {
        let status = error.status.or(u16::try_from(error.code).ok()).filter(|status| (400..600).contains(status));
        let status = status.unwrap_or(500);
        let usual = match status {
            401 => "The provided authorization grant is invalid, expired, or revoked",
            403 => "access forbidden",
            413 => "payload too large",
            429 => "too many requests",
            500.. => "internal server error",
            _ => "bad request",
        };
        Self::new(status, error.details.clone().unwrap_or_else(|| usual.to_owned()))
    }
}
