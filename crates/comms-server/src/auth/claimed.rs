//! What a request says of its caller, read once for the rate limit and the handlers.

use actix_web::{
    HttpMessage, HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
};

use crate::{
    app::State,
    auth::{Identity, token_hash},
    errors::{ApiError, Code},
};

/// The header of another back end's token.
const SERVICE_TOKEN: &str = "X-Service-Token";

/// Who a request says it comes from.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// It says nothing.
    Nobody,
    /// A user whose token holds.
    User(Identity),
    /// A user's token that does not hold.
    Refused(ApiError),
    /// A service token, as its SHA-256: not looked up yet.
    Service(String),
}

impl Claimed {
    /// What an earlier step found out about this request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        extensions.get::<Self>().cloned().unwrap_or(Self::Nobody)
    }

    /// The refusal of a request without the token that it needs.
    #[must_use]
    pub fn refusal(self) -> ApiError {
        match self {
            Self::Refused(error) => error,
            _ => ApiError::new(Code::Unauthenticated),
        }
    }
}

/// Reads who a request says it comes from.
#[must_use]
pub fn identify(app: &State, headers: &HeaderMap) -> Claimed {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(value) = header(AUTHORIZATION.as_str()) {
        return match bearer_of(value).map(|token| app.tokens.verify(token)) {
            Some(Ok(identity)) => Claimed::User(identity),
            Some(Err(error)) => Claimed::Refused(error),
            None => Claimed::Refused(ApiError::new(Code::Unauthenticated).because("Authorization no es Bearer")),
        };
    }
    match header(SERVICE_TOKEN) {
        Some(token) => Claimed::Service(token_hash(token)),
        None => Claimed::Nobody,
    }
}

/// The user's token of a request, unread.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    bearer_of(headers.get(AUTHORIZATION)?.to_str().ok()?)
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
