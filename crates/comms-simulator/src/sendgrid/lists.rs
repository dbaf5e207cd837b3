//! Whom nothing is sent to.

use serde_json::{Value, json};

use super::{Answered, Sendgrid, endpoints::Request, error::SendgridError, mail::nothing};
use crate::double::Answer;

const LISTS: [&str; 5] = ["bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes"];

/// `GET /v3/suppression/{}`.
pub(super) fn list(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let name = known(request)?;
    let number = |name: &str, usual: usize| request.call.query.get(name).map_or(Ok(usual), |text| text.parse());
    let (limit, offset) = (number("limit", 500), number("offset", 0));
    let (Ok(limit), Ok(offset)) = (limit, offset) else {
        return Err(SendgridError::field("limit", "limit and offset must be numbers"));
    };
    let mut all: Vec<Value> =
        sendgrid.state(|state| state.lists.get(name).into_iter().flat_map(|held| held.values().cloned()).collect());
    all.sort_by_key(|one| std::cmp::Reverse(one["created"].as_i64()));
    let page: Vec<Value> = all.into_iter().skip(offset).take(limit.min(500)).collect();
    Ok(Answer::json(200, &json!(page)))
}

/// `GET /v3/suppression/{}/{}`.
pub(super) fn get(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let (name, email) = (known(request)?, request.id(1).to_lowercase());
    let found = sendgrid.state(|state| state.lists.get(name).and_then(|held| held.get(&email)).cloned());
    Ok(Answer::json(200, &json!(Vec::from_iter(found))))
}

/// `DELETE /v3/suppression/{}/{}`.
pub(super) fn remove(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    take_off(sendgrid, known(request)?, request.id(1))
}

/// `POST /v3/asm/suppressions/global`.
pub(super) fn unsubscribe(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let emails = recipients(request)?;
    let created = request.call.now.unix_timestamp();
    sendgrid.state(|state| {
        for email in &emails {
            state.suppress("unsubscribes", email, json!({"created": created, "email": email}));
        }
    });
    Ok(Answer::json(201, &json!({"recipient_emails": emails})))
}

/// `GET /v3/asm/suppressions/global/{}`: an empty object where the address is not held.
pub(super) fn is_unsubscribed(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let email = request.id(0);
    let held = sendgrid.state(|state| state.is_on("unsubscribes", email));
    Ok(Answer::json(200, &if held { json!({"recipient_email": email}) } else { json!({}) }))
}

/// `DELETE /v3/asm/suppressions/global/{}`.
pub(super) fn resubscribe(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    take_off(sendgrid, "unsubscribes", request.id(0))
}

/// `GET /v3/asm/groups`.
pub(super) fn groups(sendgrid: &Sendgrid, _: &Request<'_>) -> Answered {
    let groups = sendgrid.state(|state| state.groups.clone());
    Ok(Answer::json(200, &json!(groups)))
}

/// `POST /v3/asm/groups`.
pub(super) fn create_group(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let mut group =
        request.call.json().filter(Value::is_object).ok_or_else(|| SendgridError::new(400, "Bad Request"))?;
    if group["name"].as_str().unwrap_or_default().is_empty() {
        return Err(SendgridError::field("name", "name is required"));
    }
    let created = sendgrid.state(|state| {
        let taken = state.groups.iter().any(|known| known["name"] == group["name"]);
        let next = state.groups.iter().filter_map(|known| known["id"].as_i64()).max().unwrap_or_default() + 1;
        group["id"] = json!(next);
        group["unsubscribes"] = json!(0);
        (!taken).then(|| state.groups.push(group.clone()))
    });
    match created {
        Some(()) => Ok(Answer::json(201, &group)),
        None => Err(SendgridError::field("name", "group name is taken")),
    }
}

/// `DELETE /v3/asm/groups/{}`.
pub(super) fn delete_group(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let id = group(sendgrid, request)?;
    sendgrid.state(|state| {
        state.groups.retain(|known| known["id"] != id);
        state.left.remove(&id);
    });
    Ok(nothing())
}

/// `GET /v3/asm/groups/{}/suppressions`.
pub(super) fn members(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let id = group(sendgrid, request)?;
    let members = sendgrid.state(|state| state.left.get(&id).cloned().unwrap_or_default());
    Ok(Answer::json(200, &json!(members)))
}

/// `POST /v3/asm/groups/{}/suppressions`.
pub(super) fn leave(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let (id, emails) = (group(sendgrid, request)?, recipients(request)?);
    let lower = emails.iter().map(|email| email.to_lowercase());
    sendgrid.state(|state| state.left.entry(id).or_default().extend(lower));
    Ok(Answer::json(201, &json!({"recipient_emails": emails})))
}

/// `DELETE /v3/asm/groups/{}/suppressions/{}`.
pub(super) fn join(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let (id, email) = (group(sendgrid, request)?, request.id(1).to_lowercase());
    sendgrid.state(|state| state.left.get_mut(&id).map(|held| held.remove(&email)));
    Ok(nothing())
}

fn known<'a>(request: &'a Request<'_>) -> Result<&'a str, SendgridError> {
    let name = request.id(0);
    if LISTS.contains(&name) { Ok(name) } else { Err(SendgridError::not_found()) }
}

fn group(sendgrid: &Sendgrid, request: &Request<'_>) -> Result<i64, SendgridError> {
    let id: i64 = request.id(0).parse().map_err(|_| SendgridError::not_found())?;
    let known = sendgrid.state(|state| state.groups.iter().any(|known| known["id"] == id));
    if known { Ok(id) } else { Err(SendgridError::not_found()) }
}

fn take_off(sendgrid: &Sendgrid, list: &str, email: &str) -> Answered {
    let email = email.to_lowercase();
    let held = sendgrid.state(|state| state.lists.get_mut(list).and_then(|held| held.remove(&email)).is_some());
    if held { Ok(nothing()) } else { Err(SendgridError::not_found()) }
}

fn recipients(request: &Request<'_>) -> Result<Vec<String>, SendgridError> {
    let body = request.call.json().unwrap_or_default();
    let emails =
        body["recipient_emails"].as_array().ok_or_else(|| SendgridError::field("recipient_emails", "is required"))?;
    Ok(emails.iter().filter_map(|email| email.as_str().map(str::to_owned)).collect())
}
