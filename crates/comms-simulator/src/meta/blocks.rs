//! Blocked customers.

use serde_json::{Value, json};

use crate::double::{Answer, Call};

use super::{Answered, Meta, config::Customer, error::GraphError, identity, paging::page, phones};

/// How many customers one number may block.
const MAX_BLOCKED: usize = 64_000;

pub(crate) fn list(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let blocked = meta.state(|state| state.phone(phone).blocked.clone());
    let rows = blocked.into_iter().map(|key| {
        let field = if identity::is_user_id(&key) { "user_id" } else { "wa_id" };
        json!({"messaging_product": "whatsapp", field: key})
    });
    page(meta, call, rows.collect())
}

/// Blocks those who wrote in the last 24 hours; the answer tells those that were refused.
pub(crate) fn add(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let (mut added, mut failed) = (Vec::new(), Vec::new());
    for (input, customer) in users(meta, call, path)? {
        let result = meta.state(|state| {
            if !state.window_is_open(&phone.id, &customer.key(), call.now) {
                return Err("The user has not written to the business in the last 24 hours.");
            }
            let blocked = &mut state.phone(phone).blocked;
            if blocked.len() >= MAX_BLOCKED {
                return Err("The list of blocked users is full.");
            }
            blocked.insert(customer.key());
            Ok(())
        });
        match result {
            Ok(()) => added.push(named(&input, &customer)),
            Err(details) => {
                let mut user = named(&input, &customer);
                user["errors"] = json!([{
                    "message": "Failed to block user",
                    "code": 139_100,
                    "error_data": {"details": details},
                }]);
                failed.push(user);
            }
        }
    }
    let mut answer = json!({
        "messaging_product": "whatsapp",
        "block_users": {"added_users": added},
    });
    if failed.is_empty() {
        return Ok(Answer::json(200, &answer));
    }
    answer["block_users"]["failed_users"] = json!(failed);
    answer["error"] = json!({
        "message": "(#139100) Failed to block/unblock users",
        "type": "OAuthException",
        "code": 139_100,
        "error_data": {"details": "Failed to block some users, see the block_users response list for details"},
        "fbtrace_id": super::ids::trace(meta.core()),
    });
    Ok(Answer::json(400, &answer))
}

pub(crate) fn remove(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let mut removed = Vec::new();
    for (input, customer) in users(meta, call, path)? {
        meta.state(|state| state.phone(phone).blocked.remove(&customer.key()));
        removed.push(named(&input, &customer));
    }
    Ok(Answer::json(200, &json!({"messaging_product": "whatsapp", "block_users": {"removed_users": removed}})))
}

fn named(input: &str, customer: &Customer) -> Value {
    match &customer.wa_id {
        Some(wa_id) => json!({"input": input, "wa_id": wa_id}),
        None => json!({"input": input, "user_id": customer.user_id()}),
    }
}

/// The people that a call names, with the text that named them.
fn users(meta: &Meta, call: &Call, path: &[&str]) -> Result<Vec<(String, Customer)>, GraphError> {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let parameters = call.parameters();
    if parameters.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let list = parameters.get("block_users").and_then(Value::as_array);
    let list = list.ok_or_else(|| GraphError::parameter("The parameter block_users is required."))?;
    let user = |entry: &Value| {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let given = text("user").or_else(|| text("user_id"));
        let given = given.ok_or_else(|| GraphError::parameter("The parameter block_users[0]['user'] is required."))?;
        let customer = if identity::is_user_id(&given) {
            settings.meta.by_user_id(&given)
        } else {
            settings.meta.by_number(&identity::normalise(&given, phone)?)
        };
        Ok((given, customer))
    };
    list.iter().map(user).collect()
}
