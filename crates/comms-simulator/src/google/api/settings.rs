//! The addresses that a mailbox may send as.

use serde_json::{Value, json};

use super::{Request, answer};
use crate::google::{Answered, Google, config::Mailbox, error::GoogleError};

/// What of an address can be changed.
const CHANGEABLE: [&str; 6] = ["displayName", "replyToAddress", "signature", "isDefault", "treatAsAlias", "smtpMsa"];

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    Ok(answer(&json!({"sendAs": all(google, request)?})))
}

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    Ok(answer(&one(google, request)?))
}

pub(crate) fn change(google: &Google, request: &Request<'_>) -> Answered {
    one(google, request)?;
    let given = request.body.as_object().cloned().unwrap_or_default();
    request.mailbox(google, |mailbox| {
        let changed = mailbox.send_as.entry(request.id(0).to_lowercase()).or_default();
        changed.extend(given.into_iter().filter(|(name, _)| CHANGEABLE.contains(&name.as_str())));
    })?;
    Ok(answer(&one(google, request)?))
}

fn one(google: &Google, request: &Request<'_>) -> Result<Value, GoogleError> {
    let wanted =
        |one: &Value| one["sendAsEmail"].as_str().is_some_and(|address| address.eq_ignore_ascii_case(request.id(0)));
    all(google, request)?.into_iter().find(wanted).ok_or_else(GoogleError::not_found)
}

fn all(google: &Google, request: &Request<'_>) -> Result<Vec<Value>, GoogleError> {
    let settings = google.settings();
    let mailbox = settings.google.mailbox(&request.account).ok_or_else(|| GoogleError::new("failedPrecondition"))?;
    let mut shown = addresses(mailbox);
    request.mailbox(google, |state| {
        for one in &mut shown {
            let address = one["sendAsEmail"].as_str().unwrap_or_default().to_lowercase();
            if let (Some(changed), Some(object)) = (state.send_as.get(&address), one.as_object_mut()) {
                object.extend(changed.clone());
            }
        }
    })?;
    Ok(shown)
}

fn addresses(mailbox: &Mailbox) -> Vec<Value> {
    let primary = json!({
        "sendAsEmail": mailbox.address, "displayName": mailbox.name, "replyToAddress": "", "signature": "",
        "isPrimary": true, "isDefault": true,
    });
    let aliases = mailbox.aliases.iter().map(|alias| {
        json!({
            "sendAsEmail": alias.address, "displayName": alias.name, "replyToAddress": "", "signature": "",
            "treatAsAlias": true, "verificationStatus": if alias.accepted { "accepted" } else { "pending" },
        })
    });
    std::iter::once(primary).chain(aliases).collect()
}
