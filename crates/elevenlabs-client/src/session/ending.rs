//! Why a session ended, as an error that says whether asking again helps.

use comms_http::{Error, ErrorKind, Outcome};

use super::frames::{ErrorType, ServerError};
use crate::PROVIDER;

use ErrorKind::{Config, InvalidRequest, Provider, RateLimited, Transport, Unauthenticated};
use Outcome::{NotSent, Rejected};

/// The code of errors where the session's data never came.
pub const NO_METADATA: &str = "no_metadata";
/// The code of errors where the agent said nothing, and was not asked to.
pub const NO_ANSWER: &str = "no_answer";
/// The code of errors where the connection broke before the answer was whole. What was said until then is no answer.
pub const BROKEN_OFF: &str = "broken_off";
/// The code of errors where the agent spoke only: its settings do not permit to have it write, and ElevenLabs passed over that in silence.
pub const SPOKE_ONLY: &str = "text_only_ignored";
/// The code of errors where the agent said more than is kept.
pub const TOO_LONG: &str = "reply_too_long";

/// The name of what is done, in errors.
pub(super) const OPERATION: &str = "conversation";

/// How a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code: 1006 where the connection ended without a word, 1005 where no code was given.
    pub code: u16,
    /// The reason, for people.
    pub reason: String,
}

impl Close {
    /// The connection ended without a word.
    pub const BROKEN: u16 = 1006;
    /// In order.
    pub const NORMAL: u16 = 1000;
    /// In order, and without a code.
    pub const NO_CODE: u16 = 1005;

    /// A close with this code and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// The connection ended without a word.
    #[must_use]
    pub fn broken() -> Self {
        Self::new(Self::BROKEN, "")
    }

    /// Whether it says that all is well.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        matches!(self.code, Self::NORMAL | Self::NO_CODE)
    }
}

/// Whether a session that ended so is worth to be repeated at once, in a new one: nothing came of it, and nobody said why.
///
/// ```
/// use elevenlabs_client::session::{Close, error_of_close, is_worth_another};
///
/// assert!(is_worth_another(&error_of_close(&Close::broken())));
/// let refused = Close::new(1008, "Override for field 'text_only' is not allowed by config.");
/// assert!(!is_worth_another(&error_of_close(&refused)));
/// ```
#[must_use]
pub fn is_worth_another(error: &Error) -> bool {
    matches!(error.provider_code(), Some(NO_METADATA | NO_ANSWER | BROKEN_OFF | CRASHED))
}

const CRASHED: &str = "unknown_websocket_crash";

/// The error that an `error` frame stands for.
#[must_use]
pub fn error_of_frame(error: &ServerError) -> Error {
    let said = error.reason.as_deref().or(error.message.as_deref()).unwrap_or_default();
    let close = Close::new(error.code.unwrap_or_default(), said);
    match &error.error_type {
        Some(ErrorType::Unknown | ErrorType::Other(_)) | None => error_of_close(&close).code(code_of(error)),
        Some(known) => {
            // A type for many causes: the words say more.
            let (kind, outcome) = throttled(said).unwrap_or_else(|| by_type(known));
            named(kind, outcome, explained(known, said)).code(known.as_str())
        }
    }
}

/// The error that a close stands for where no frame said more. One in order means that the agent left without an answer.
#[must_use]
pub fn error_of_close(close: &Close) -> Error {
    let reason = close.reason.trim();
    let told = type_in(reason);
    if let Some(told) = told {
        let (kind, outcome) = by_type(&told);
        return named(kind, outcome, explained(&told, reason)).code(told.as_str());
    }
    let code = close.code.to_string();
    if let Some((kind, outcome)) = throttled(reason) {
        return named(kind, outcome, reason).code(code);
    }
    match close.code {
        Close::NORMAL | Close::NO_CODE => no_answer(),
        // 1001 a server that goes away, 1006 a connection that is gone.
        1001 | Close::BROKEN => broken_off(),
        1008 => named(InvalidRequest, Rejected, or(reason, "the session was refused")).code(code),
        1009 => named(InvalidRequest, Rejected, "a frame is longer than ElevenLabs takes").code(code),
        1011 => named(Provider, NotSent, or(reason, "ElevenLabs failed")).code(CRASHED),
        // See the registry of codes: unauthorised, forbidden.
        3000 | 3003 => named(Unauthenticated, Rejected, or(reason, "the key is refused")).code(code),
        _ => named(Provider, NotSent, or(reason, "ElevenLabs ended the session")).code(code),
    }
}

pub(super) fn no_metadata() -> Error {
    named(Provider, NotSent, "the session did not begin in time").code(NO_METADATA)
}

pub(super) fn no_answer() -> Error {
    named(Provider, NotSent, "the agent did not answer").code(NO_ANSWER)
}

pub(super) fn broken_off() -> Error {
    named(Transport, NotSent, "the connection broke before the answer was whole").code(BROKEN_OFF)
}

pub(super) fn spoke_only() -> Error {
    let message = "the agent spoke and did not write: permit the override `text_only` in its settings";
    named(Config, Rejected, message).code(SPOKE_ONLY)
}

pub(super) fn too_long() -> Error {
    named(ErrorKind::Decode, Rejected, "the agent said more than an answer may be long").code(TOO_LONG)
}

fn named(kind: ErrorKind, outcome: Outcome, message: impl Into<String>) -> Error {
    Error::new(kind, outcome, message).provider(PROVIDER).operation(OPERATION)
}

fn or<'a>(reason: &'a str, otherwise: &'a str) -> &'a str {
    if reason.is_empty() { otherwise } else { reason }
}

fn code_of(error: &ServerError) -> String {
    match &error.error_type {
        Some(kind) => kind.as_str().to_owned(),
        None => error.code.unwrap_or_default().to_string(),
    }
}

/// What an operator has to do stands before what ElevenLabs says.
fn explained(kind: &ErrorType, said: &str) -> String {
    let hint = match kind {
        ErrorType::OverrideError => "the agent's settings do not permit an override",
        ErrorType::MissingDynamicVariable | ErrorType::MissingDynamicVariableTransfer => {
            "a variable of the agent's prompt has no value"
        }
        _ if said.is_empty() => return kind.as_str().replace('_', " "),
        _ => return said.to_owned(),
    };
    if said.is_empty() { hint.to_owned() } else { format!("{hint}: {said}") }
}

/// A close may bring the reason alone.
fn type_in(reason: &str) -> Option<ErrorType> {
    let says = |text: &str| reason.to_ascii_lowercase().contains(text);
    if says("override") && (says("not allowed") || says("not enabled") || says("invalid")) {
        return Some(ErrorType::OverrideError);
    }
    if says("missing required dynamic variable") || says("missing dynamic variable") {
        return Some(ErrorType::MissingDynamicVariable);
    }
    None
}

/// Limits come under several types and codes, and are known by their words.
fn throttled(said: &str) -> Option<(ErrorKind, Outcome)> {
    let says = |text: &str| said.to_ascii_lowercase().contains(text);
    let limited = says("quota") || says("rate limit") || says("too many") || says("concurren") && says("limit");
    limited.then_some((RateLimited, NotSent))
}

/// The table: type → kind, and whether asking again may help.
fn by_type(kind: &ErrorType) -> (ErrorKind, Outcome) {
    match kind {
        // For an operator: the agent, its tools, its variables.
        ErrorType::OverrideError
        | ErrorType::MissingDynamicVariable
        | ErrorType::MissingDynamicVariableTransfer
        | ErrorType::TelephonyAgentError
        | ErrorType::McpToolError
        | ErrorType::McpHttpsError => (Config, Rejected),
        // What was asked.
        ErrorType::InvalidMessage | ErrorType::ValueError | ErrorType::MissingFields | ErrorType::SafetyViolation => {
            (InvalidRequest, Rejected)
        }
        ErrorType::WebsocketDisconnect => (Transport, NotSent),
        // Failed, or took too long, on their side; nothing reached anybody.
        _ => (Provider, NotSent),
    }
}
