//! Who calls: Basic authentication by account or API key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use comms_http::signature::constant_time_eq;

use crate::double::Call;

use super::{
    config::{Account, TwilioConfig},
    error::TwilioError,
};

/// What an endpoint asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing, unless the account protects its media.
    Media,
    /// An API key will do.
    Key,
    /// Only the auth token: a standard key may not touch accounts.
    Token,
    /// Anyone.
    Public,
}

/// The account that a call is about, its credentials checked. `named` is the one of the path.
pub(crate) fn account(
    config: &TwilioConfig,
    call: &Call,
    named: Option<&str>,
    access: Access,
) -> Result<Account, TwilioError> {
    let denied = || TwilioError::new(20003);
    if access == Access::Public {
        return Ok(Account::default());
    }
    let wanted = named.and_then(|sid| config.account(sid));
    let given = credentials(call);
    if let (Access::Media, Some(account), None) = (access, wanted, &given)
        && !account.media_auth
    {
        return Ok(account.clone());
    }
    let (user, secret) = given.ok_or_else(denied)?;
    let (holder, by_key) = holder(config, &user, &secret).ok_or_else(denied)?;
    if by_key && access == Access::Token {
        return Err(denied());
    }
    match wanted {
        None if named.is_some() => Err(denied()),
        None => Ok(holder.clone()),
        Some(account) if account.sid == holder.sid => Ok(account.clone()),
        // The auth token of an account opens its sub-accounts, too; an API key is for its own account.
        Some(account) if !by_key && account.owner_sid.as_deref() == Some(&holder.sid) => Ok(account.clone()),
        Some(_) => Err(denied()),
    }
}

/// Whose credentials these are, and whether they are an API key.
fn holder<'a>(config: &'a TwilioConfig, user: &str, secret: &str) -> Option<(&'a Account, bool)> {
    let by_token = config.account(user).filter(|account| constant_time_eq(&account.auth_token, secret));
    if let Some(account) = by_token {
        return Some((account, false));
    }
    let account = config.accounts.iter().find(|account| {
        let mut keys = account.api_keys.iter();
        keys.any(|key| key.sid == user && constant_time_eq(&key.secret, secret))
    })?;
    Some((account, true))
}

fn credentials(call: &Call) -> Option<(String, String)> {
    let (scheme, value) = call.headers.get("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}
