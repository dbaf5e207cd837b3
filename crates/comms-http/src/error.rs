//! One error for every provider: what went wrong, and what became of the request.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms that a caller can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting, account or registration at the provider must be mended by an operator.
    Config,
    /// The credential is missing, expired, revoked or lacks a permission.
    Unauthenticated,
    /// The provider, or a check before any request, refuses this payload. Repeating cannot help.
    InvalidRequest,
    /// This recipient cannot be reached (now): not on the channel, blocked, in an excluded country.
    InvalidRecipient,
    /// Free text outside of the customer-service window: send a template instead.
    WindowClosed,
    /// The recipient asked not to be written to.
    OptedOut,
    /// Too many requests: wait for [`Error::retry_after`] or back off.
    RateLimited,
    /// The channel cannot do this. No request was made.
    Unsupported,
    /// A webhook whose signature is absent, malformed or wrong.
    InvalidSignature,
    /// The network: refused, reset, timed out.
    Transport,
    /// The provider failed on its side.
    Provider,
    /// An answer that cannot be read as what was promised.
    Decode,
}

impl ErrorKind {
    /// The name used in stored reasons and metrics, for instance `rate_limited`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRecipient => "invalid_recipient",
            Self::WindowClosed => "window_closed",
            Self::OptedOut => "opted_out",
            Self::RateLimited => "rate_limited",
            Self::Unsupported => "unsupported",
            Self::InvalidSignature => "invalid_signature",
            Self::Transport => "transport",
            Self::Provider => "provider",
            Self::Decode => "decode",
        }
    }
}

/// What became of the request. Whether a repeat is safe follows from this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider certainly did not act, and the same request may succeed later: repeating is safe.
    NotSent,
    /// The provider (or a check of ours) refused for good: repeating cannot help.
    Rejected,
    /// The provider may have acted: bytes were written and no conclusive answer was read. Reconcile, never repeat a send.
    Unknown,
}

/// The error of every crate of the toolkit.
///
/// `Display` names provider, operation, code and message, and never repeats the [source](StdError::source).
///
/// ```
/// use comms_http::{Error, ErrorKind, Outcome};
///
/// let error = Error::new(ErrorKind::RateLimited, Outcome::NotSent, "too many messages to this person")
///     .provider("whatsapp")
///     .operation("messages.send")
///     .http_status(400)
///     .code("131056");
/// assert!(error.is_retryable());
/// assert_eq!(
///     error.to_string(),
///     "whatsapp messages.send: too many messages to this person (HTTP 400, code 131056)"
/// );
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    message: String,
    retry_after: Option<Duration>,
    provider: Option<&'static str>,
    operation: Option<&'static str>,
    http_status: Option<u16>,
    code: Option<String>,
    field: Option<String>,
    whole_account: Option<bool>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind and outcome; `message` is for a person to read and carries no secret.
    pub fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome,
            message: message.into(),
            retry_after: None,
            provider: None,
            operation: None,
            http_status: None,
            code: None,
            field: None,
            whole_account: None,
            source: None,
        }))
    }

    /// A payload refused before any request was made.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, Outcome::Rejected, message)
    }

    /// A setting that cannot be used.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, Outcome::Rejected, message)
    }

    /// Something this channel cannot do; no request was made.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, Outcome::Rejected, message)
    }

    /// A webhook that did not prove who sent it.
    pub fn invalid_signature(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidSignature, Outcome::Rejected, message)
    }

    /// Names the provider, for instance `whatsapp`.
    #[must_use]
    pub fn provider(mut self, provider: &'static str) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Names the operation, for instance `messages.send`.
    #[must_use]
    pub fn operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// The HTTP status of the provider's answer.
    #[must_use]
    pub fn http_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    /// The provider's own code, verbatim.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// The field of the request that is at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// How long the provider asks to wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Says whether every request of the account would meet this, or only this one (its recipient, its template, its body).
    #[must_use]
    pub fn about_account(mut self, whole: bool) -> Self {
        self.0.whole_account = Some(whole);
        self
    }

    /// The cause. It must carry no secret: it is printed by error reporters that walk the chain.
    #[must_use]
    pub fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same error with another outcome, for a caller that knows more about the request than the code table.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What became of the request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same request may be made again without risk of acting twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.outcome == Outcome::NotSent
    }

    /// The message without provider, operation and code.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How long the provider asks to wait, where it said so.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The provider's own code, verbatim.
    #[must_use]
    pub fn provider_code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether every request of the account would meet this. What a code table does not say follows from the kind: a credential
    /// that is refused and a throttle are the account's, anything else is this request's.
    #[must_use]
    pub fn is_about_account(&self) -> bool {
        let by_kind = matches!(self.0.kind, ErrorKind::Unauthenticated | ErrorKind::RateLimited);
        self.0.whole_account.unwrap_or(by_kind)
    }

    /// Which provider answered.
    #[must_use]
    pub fn provider_name(&self) -> Option<&'static str> {
        self.0.provider
    }

    /// What was being done.
    #[must_use]
    pub fn operation_name(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The HTTP status of the answer, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The field of the request that is at fault, where one is known.
    #[must_use]
    pub fn field_name(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        match (inner.provider, inner.operation) {
            (Some(provider), Some(operation)) => write!(f, "{provider} {operation}: ")?,
            (Some(name), None) | (None, Some(name)) => write!(f, "{name}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        match (inner.http_status, &inner.code) {
            (Some(status), Some(code)) => write!(f, " (HTTP {status}, code {code})"),
            (Some(status), None) => write!(f, " (HTTP {status})"),
            (None, Some(code)) => write!(f, " (code {code})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("outcome", &inner.outcome)
            .field("provider", &inner.provider)
            .field("operation", &inner.operation)
            .field("http_status", &inner.http_status)
            .field("code", &inner.code)
            .field("field", &inner.field)
            .field("retry_after", &inner.retry_after)
            .field("message", &inner.message)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
