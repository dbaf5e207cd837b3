//! Access tokens.

use comms_http::signature::constant_time_eq;
use time::{OffsetDateTime, macros::format_description};

use crate::double::Call;

use super::{Meta, config::MetaConfig, error::GraphError};

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Public,
    /// Any valid token.
    Any,
    /// The token of the app: `{app id}|{app secret}`.
    App,
    /// `whatsapp_business_messaging`.
    Messaging,
    /// `whatsapp_business_management`.
    Management,
}

/// Checks the token of a call.
pub(crate) fn check(meta: &Meta, call: &Call, access: Access) -> Result<(), GraphError> {
    if access == Access::Public {
        return Ok(());
    }
    let settings = meta.settings();
    let Some(given) = token_of(call) else {
        return Err(GraphError::new(104).message("An access token is required to request this resource."));
    };
    let is_app = constant_time_eq(&given, &app_token(&settings.meta));
    if is_app && matches!(access, Access::App | Access::Any) {
        return Ok(());
    }
    if access == Access::App {
        return Err(GraphError::new(15).message("(#15) This method must be called with an app access_token."));
    }
    let Some(token) = settings.meta.tokens.iter().find(|token| token.value == given) else {
        return Err(GraphError::new(190).message("Invalid OAuth access token - Cannot parse access token"));
    };
    if token.expires_at != 0 && token.expires_at <= call.now.unix_timestamp() {
        return Err(expired(token.expires_at, call.now));
    }
    let scope = match access {
        Access::Messaging => "whatsapp_business_messaging",
        Access::Management => "whatsapp_business_management",
        Access::Public | Access::Any | Access::App => return Ok(()),
    };
    if token.scopes.iter().any(|granted| granted == scope) {
        return Ok(());
    }
    Err(GraphError::new(200).message(format!("(#200) Requires {scope} permission to manage the object")))
}

/// The token of the app itself.
pub(crate) fn app_token(config: &MetaConfig) -> String {
    format!("{}|{}", config.app.id, config.app.secret)
}

/// The token that a call carries: as a parameter, which wins, or in the `Authorization` header.
fn token_of(call: &Call) -> Option<String> {
    let parameter = call.query.get("access_token").cloned();
    parameter.or_else(|| {
        let (scheme, token) = call.headers.get("authorization")?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
        known.then(|| token.trim().to_owned())
    })
}

fn expired(expires_at: i64, now: OffsetDateTime) -> GraphError {
    let format =
        format_description!("[weekday], [day]-[month repr:short]-[year repr:last_two] [hour]:[minute]:[second] UTC");
    let written = |at: OffsetDateTime| at.format(format).unwrap_or_default();
    let expired = OffsetDateTime::from_unix_timestamp(expires_at).unwrap_or(now);
    GraphError::new(190).subcode(463).message(format!(
        "Error validating access token: Session has expired on {}. The current time is {}.",
        written(expired),
        written(now)
    ))
}
