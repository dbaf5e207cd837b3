//! Who calls: an access token, and what it opens.

use super::{Google, error::GoogleError, scopes::Any};
use crate::double::Call;

/// Whoever an access token speaks for.
pub(crate) struct Principal {
    pub account: String,
    pub scopes: Vec<String>,
}

/// The token of a call, checked. One of `wanted` must be among its scopes.
pub(crate) fn principal(google: &Google, call: &Call, wanted: Any) -> Result<Principal, GoogleError> {
    let given = bearer(call).ok_or_else(|| GoogleError::api(401, "required", "Login Required."))?;
    let settings = google.settings();
    let token = google.state(|state| state.token(&settings.google, &given, call.now));
    let token = token.ok_or_else(|| GoogleError::new("authError"))?;
    if !wanted.is_empty() && !token.scopes.iter().any(|scope| wanted.contains(&scope.as_str())) {
        return Err(GoogleError::new("insufficientPermissions"));
    }
    Ok(Principal { account: token.account, scopes: token.scopes })
}

/// The mailbox that a path names.
pub(crate) fn mailbox(google: &Google, principal: &Principal, user: &str) -> Result<String, GoogleError> {
    if user != "me" && !user.eq_ignore_ascii_case(&principal.account) {
        return Err(GoogleError::new("delegationDenied").saying(format!("Delegation denied for {}", principal.account)));
    }
    let settings = google.settings();
    if settings.google.mailbox(&principal.account).is_none() {
        return Err(GoogleError::new("failedPrecondition").saying("Mail service not enabled"));
    }
    Ok(principal.account.clone())
}

/// The token of the header, or of the query as Google still takes it.
pub(crate) fn bearer(call: &Call) -> Option<String> {
    let header = call.headers.get("authorization").and_then(|value| value.split_once(' '));
    let in_header = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let token = in_header.or_else(|| call.query.get("access_token").map(String::as_str))?;
    Some(token.to_owned()).filter(|token| !token.is_empty())
}
