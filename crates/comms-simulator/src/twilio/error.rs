//! Twilio's errors: the codes, their HTTP status, their words, the body.

use serde_json::{Map, Value, json};

use crate::{double::Answer, faults::ProviderError};

/// An error answer. Boxed, as it is the rare side of every result here.
#[derive(Clone, Debug)]
pub(crate) struct TwilioError(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: i64,
    status: u16,
    message: String,
    details: Option<Value>,
    retry_after: Option<u64>,
}

/// The codes whose status is not 400, and the words of those that the double uses without words of its own.
///
/// See <https://www.twilio.com/docs/api/errors>.
const CODES: &[(i64, u16, &str)] = &[
    (20001, 400, "Unknown parameters"),
    (20003, 401, "Authenticate"),
    (20004, 405, "Method not allowed"),
    (20005, 401, "Account not active"),
    (20006, 403, "Access Denied"),
    (20008, 403, "Resource not accessible with Test Account Credentials"),
    (20009, 409, "Cannot delete this resource before it is complete"),
    (20404, 404, "The requested resource was not found"),
    (20409, 409, "Conflict"),
    (20429, 429, "Too Many Requests"),
    (20500, 500, "Internal Server Error"),
    (20503, 503, "Service Unavailable"),
    (21201, 400, "No 'To' number is specified"),
    (21205, 400, "Url parameter is required."),
    (21213, 400, "No 'From' number is specified"),
    (21218, 400, "Invalid ApplicationSid"),
    (21602, 400, "Message body is required."),
    (21603, 400, "A 'From' phone number is required."),
    (21604, 400, "A 'To' phone number is required."),
    (21610, 400, "Attempt to send to unsubscribed recipient"),
    (21617, 400, "The concatenated message body exceeds the 1600 character limit."),
    (21620, 400, "Invalid media URL(s)"),
    (21623, 400, "Number of media files exceeds allowed limit"),
    (21624, 400, "The validity period is not valid."),
    (21655, 400, "The ContentSid is Invalid"),
    (21656, 400, "The Content Variables parameter is invalid."),
    (21701, 400, "The Messaging Service does not exist."),
    (21704, 400, "The Messaging Service contains no phone numbers."),
    (30003, 400, "Unreachable destination handset"),
    (30004, 400, "Message blocked"),
    (30005, 400, "Unknown destination handset"),
    (30006, 400, "Landline or unreachable carrier"),
    (30007, 400, "Message filtered"),
    (30008, 400, "Unknown error"),
    (35111, 400, "SendAt timestamp is missing"),
    (35114, 400, "Scheduling does not support this timestamp"),
    (35118, 400, "MessagingServiceSid is required to schedule a message"),
    (63003, 400, "Channel could not find To address"),
    (63007, 400, "Twilio could not find a Channel with the specified From address"),
    (63013, 400, "Channel policy violation"),
    (
        63016,
        400,
        "Failed to send freeform message because you are outside the allowed window. If you are using WhatsApp, please use a Message Template.",
    ),
    (63018, 429, "Rate limit exceeded for Channel"),
    (63024, 400, "Invalid message recipient"),
    (63038, 429, "Account exceeded the daily messages limit"),
    (63040, 400, "Template Rejected"),
    (63041, 400, "Template paused"),
    (63042, 400, "Template disabled"),
];

/// The codes that are 429 beside those of the table.
const QUEUE_FULL: i64 = 21611;

impl TwilioError {
    /// An error with the status and words that belong to its code.
    pub(crate) fn new(code: i64) -> Self {
        let status = if code == QUEUE_FULL { 429 } else { 400 };
        let known = CODES.iter().find(|(known, ..)| *known == code).copied();
        let (_, status, message) = known.unwrap_or((code, status, "The request was refused"));
        Self(Box::new(Parts { code, status, message: message.to_owned(), details: None, retry_after: None }))
    }

    /// Nothing is at this path.
    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(20404).message(format!("The requested resource {path} was not found"))
    }

    pub(crate) fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// The answer: JSON, or XML where the path does not end in `.json`.
    pub(crate) fn answer(&self, xml: bool) -> Answer {
        let parts = &*self.0;
        let more_info = format!("https://www.twilio.com/docs/errors/{}", parts.code);
        let mut answer = if xml {
            let body = format!(
                "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>{}</Code><Message>{}</Message>\
                 <MoreInfo>{more_info}</MoreInfo><Status>{}</Status></RestException></TwilioResponse>",
                parts.code,
                quick_xml::escape::escape(parts.message.as_str()),
                parts.status
            );
            Answer { status: parts.status, ..Answer::bytes("application/xml", body.into()) }
        } else {
            let mut body = Map::new();
            body.insert("code".to_owned(), json!(parts.code));
            body.insert("message".to_owned(), json!(parts.message));
            body.insert("more_info".to_owned(), json!(more_info));
            body.insert("status".to_owned(), json!(parts.status));
            if let Some(details) = &parts.details {
                body.insert("details".to_owned(), details.clone());
            }
            Answer::json(parts.status, &Value::Object(body))
        };
        if parts.status == 401 {
            answer = answer.header("WWW-Authenticate", "Basic realm=\"Twilio API\"");
        }
        match parts.retry_after {
            Some(seconds) => answer.header("Retry-After", seconds.to_string()),
            None => answer,
        }
    }
}

impl From<&ProviderError> for TwilioError {
    fn from(wanted: &ProviderError) -> Self {
        let mut error = Self::new(wanted.code);
        let parts = &mut error.0;
        parts.status = wanted.status.unwrap_or(parts.status);
        parts.details = wanted.details.as_ref().map(|details| json!({"reason": details}));
        parts.retry_after = wanted.retry_after;
        error
    }
}

/// The words of a code, for `error_message`.
pub(crate) fn words(code: i64) -> &'static str {
    CODES.iter().find(|(known, ..)| *known == code).map_or("Unknown error", |(.., words)| words)
}
