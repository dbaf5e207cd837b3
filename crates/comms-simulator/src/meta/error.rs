//! Meta's errors: the codes, their HTTP status, their titles, the body.

use serde_json::{Map, Value, json};

use crate::{double::Answer, faults::ProviderError};

/// An error answer of the Graph API. Boxed, as it is the rare side of every result here.
#[derive(Clone, Debug)]
pub(crate) struct GraphError(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: i64,
    status: u16,
    kind: &'static str,
    message: String,
    subcode: Option<i64>,
    details: Option<String>,
    /// Further fields of the error object.
    more: Map<String, Value>,
    retry_after: Option<u64>,
}

/// The codes that the double knows: code, HTTP status, title.
///
/// See <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>.
const CODES: &[(i64, u16, &str)] = &[
    (0, 401, "AuthException"),
    (1, 400, "API Unknown"),
    (2, 503, "API Service"),
    (3, 500, "API Method"),
    (4, 400, "API Too Many Calls"),
    (10, 403, "Permission Denied"),
    (33, 400, "Parameter value is not valid"),
    (100, 400, "Invalid parameter"),
    (104, 401, "An access token is required to request this resource."),
    (190, 401, "Access token has expired"),
    (200, 403, "API Permission"),
    (368, 403, "Temporarily blocked for policies violations"),
    (613, 400, "Calls to this API have exceeded the rate limit."),
    (80007, 400, "Rate limit issues"),
    (80008, 400, "Rate limit issues"),
    (130429, 400, "Rate limit hit"),
    (130472, 400, "User's number is part of an experiment"),
    (130497, 403, "Business account is restricted from messaging users in this country."),
    (131000, 500, "Something went wrong"),
    (131005, 403, "Access denied"),
    (131008, 400, "Required parameter is missing"),
    (131009, 400, "Parameter value is not valid"),
    (131016, 500, "Service unavailable"),
    (131021, 400, "Recipient cannot be sender"),
    (131026, 400, "Message undeliverable"),
    (131030, 400, "Recipient phone number not in allowed list"),
    (131031, 403, "Account has been locked"),
    (131037, 400, "WhatsApp provided number needs display name approval before message can be sent."),
    (131042, 400, "Business eligibility payment issue"),
    (131045, 500, "Incorrect certificate"),
    (131047, 400, "Re-engagement message"),
    (131048, 400, "Spam rate limit hit"),
    (131049, 400, "This message was not delivered to maintain healthy ecosystem engagement."),
    (131050, 400, "User has stopped marketing messages from this business."),
    (131051, 400, "Unsupported message type"),
    (131052, 400, "Media download error"),
    (131053, 400, "Media upload error"),
    (131056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131057, 500, "Account in maintenance mode"),
    (131062, 400, "Business-scoped user ID recipients are not supported for this message."),
    (132000, 400, "Number of parameters does not match the expected number of params"),
    (132001, 404, "Template name does not exist in the translation"),
    (132005, 400, "Translated text too long"),
    (132007, 400, "Template format character policy violated"),
    (132012, 400, "Parameter format does not match format in the created template"),
    (132015, 400, "Template is paused"),
    (132016, 400, "Template is disabled"),
    (132068, 400, "Flow is blocked"),
    (132069, 400, "Flow is throttled"),
    (133000, 500, "Incomplete deregistration"),
    (133004, 503, "Server temporarily unavailable"),
    (133005, 400, "Two step verification PIN mismatch"),
    (133006, 400, "Phone number re-verification needed"),
    (133008, 400, "Too many two step verification PIN guesses"),
    (133009, 400, "Two step verification PIN guessed too fast"),
    (133010, 400, "Phone number not registered"),
    (133015, 400, "Please wait a few minutes before attempting to register this phone number"),
    (133016, 400, "Account register deregister rate limit exceeded"),
    (135000, 400, "Generic user error"),
    (136025, 400, "Phone number verification failed"),
    (139100, 400, "Failed to block users"),
    (139101, 400, "Blocklist limit reached"),
    (139102, 400, "Blocklist concurrent update"),
    (139103, 400, "Internal error"),
    (147001, 400, "Username is not valid"),
    (2388023, 400, "The message template language is being deleted"),
    (2388024, 400, "Content in this language already exists"),
];

impl GraphError {
    /// An error with the status and title that belong to its code.
    pub(crate) fn new(code: i64) -> Self {
        let (_, status, title) = CODES.iter().find(|(known, ..)| *known == code).copied().unwrap_or((
            code,
            400,
            "An unknown error occurred",
        ));
        Self(Box::new(Parts {
            code,
            status,
            kind: "OAuthException",
            message: format!("(#{code}) {title}"),
            subcode: None,
            details: None,
            more: Map::new(),
            retry_after: None,
        }))
    }

    /// A parameter that must be there is not.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(131_008).details(format!("Required parameter is missing: {parameter}"))
    }

    /// A parameter has a value that cannot be.
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        Self::new(131_009).details(details)
    }

    /// The general "Invalid parameter" with this text for the message.
    pub(crate) fn parameter(message: impl AsRef<str>) -> Self {
        Self::new(100).message(format!("(#100) {}", message.as_ref()))
    }

    /// Nothing with this id, or nothing that the token may see, or not such a call.
    pub(crate) fn no_object(method: &str, id: &str) -> Self {
        let mut error = Self::new(100).subcode(33).message(format!(
            "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, \
             or does not support this operation. Please read the Graph API documentation at \
             https://developers.facebook.com/docs/graph-api",
            method.to_lowercase()
        ));
        error.0.kind = "GraphMethodException";
        error
    }

    /// No such path.
    pub(crate) fn unknown_path(method: &str) -> Self {
        Self::new(100).subcode(33).message(format!("Unsupported {} request.", method.to_lowercase()))
    }

    pub(crate) fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.0.details = Some(details.into());
        self
    }

    pub(crate) fn subcode(mut self, subcode: i64) -> Self {
        self.0.subcode = Some(subcode);
        self
    }

    /// The two fields that a person in a business sees.
    pub(crate) fn for_user(mut self, title: &str, text: &str) -> Self {
        self.0.more.insert("is_transient".to_owned(), json!(false));
        self.0.more.insert("error_user_title".to_owned(), json!(title));
        self.0.more.insert("error_user_msg".to_owned(), json!(text));
        self
    }

    /// The answer with its trace id.
    pub(crate) fn answer(&self, trace: &str) -> Answer {
        let parts = &*self.0;
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(parts.message));
        error.insert("type".to_owned(), json!(parts.kind));
        error.insert("code".to_owned(), json!(parts.code));
        if let Some(subcode) = parts.subcode {
            error.insert("error_subcode".to_owned(), json!(subcode));
        }
        if let Some(details) = &parts.details {
            error.insert("error_data".to_owned(), json!({"messaging_product": "whatsapp", "details": details}));
        }
        error.extend(parts.more.clone());
        error.insert("fbtrace_id".to_owned(), json!(trace));
        let answer = Answer::json(parts.status, &json!({"error": error}));
        match parts.retry_after {
            Some(seconds) => answer.header("Retry-After", seconds.to_string()),
            None => answer,
        }
    }
}

impl From<&ProviderError> for GraphError {
    fn from(wanted: &ProviderError) -> Self {
        let mut error = Self::new(wanted.code);
        let parts = &mut error.0;
        parts.status = wanted.status.unwrap_or(parts.status);
        parts.subcode = wanted.subcode;
        parts.details.clone_from(&wanted.details);
        parts.retry_after = wanted.retry_after;
        error
    }
}

/// The error object inside of a webhook.
pub(crate) fn webhook_error(code: i64, details: &str) -> Value {
    let title =
        CODES.iter().find(|(known, ..)| *known == code).map_or("An unknown error occurred", |(.., title)| title);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    })
}
