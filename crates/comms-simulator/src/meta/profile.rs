//! The business profile and the user name of a number.

use serde_json::{Map, Value, json};

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError, phones};

/// The fields of a profile and their longest text; `websites` is a list.
const FIELDS: &[(&str, usize)] = &[
    ("about", 139),
    ("address", 256),
    ("description", 512),
    ("email", 128),
    ("vertical", 128),
    ("profile_picture_handle", 4096),
];
const MAX_WEBSITES: usize = 2;

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let profile = meta.state(|state| state.phone(phone).profile.clone());
    let asked = call.query.get("fields").map(String::as_str);
    let wanted: Vec<&str> = asked.map_or_else(Vec::new, |fields| fields.split(',').collect());
    let mut shown: Map<String, Value> =
        profile.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect();
    shown.insert("messaging_product".to_owned(), json!("whatsapp"));
    Ok(Answer::json(200, &json!({"data": [shown]})))
}

pub(crate) fn edit(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let mut parameters = call.parameters();
    if parameters.remove("messaging_product") != Some(json!("whatsapp")) {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    parameters.remove("access_token");
    for (name, value) in &parameters {
        check(name, value)?;
    }
    if parameters.remove("profile_picture_handle").is_some() {
        let (base, name) = (meta.core().public_url(), meta.core().fresh().simple());
        let url = format!("{base}/profile_pictures/{name}");
        parameters.insert("profile_picture_url".to_owned(), json!(url));
    }
    meta.state(|state| state.phone(phone).profile.extend(parameters));
    phones::success()
}

pub(crate) fn find_username(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let username = meta.state(|state| state.phone(phone).username.clone());
    let answer = match username {
        Some(username) => json!({"username": username, "status": "approved"}),
        None => json!({}),
    };
    Ok(Answer::json(200, &answer))
}

pub(crate) fn set_username(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let parameters = call.parameters();
    let username = parameters.get("username").and_then(Value::as_str);
    let username = username.ok_or_else(|| GraphError::parameter("The parameter username is required."))?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '_';
    if !(3..=35).contains(&username.len()) || !username.chars().all(allowed) {
        return Err(GraphError::new(147_001).details("The user name has a form that is not allowed."));
    }
    meta.state(|state| state.phone(phone).username = Some(username.to_owned()));
    Ok(Answer::json(200, &json!({"status": "approved"})))
}

pub(crate) fn delete_username(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    meta.state(|state| state.phone(phone).username = None);
    phones::success()
}

fn check(name: &str, value: &Value) -> Result<(), GraphError> {
    if name == "websites" {
        return match value.as_array() {
            Some(sites) if sites.len() <= MAX_WEBSITES => Ok(()),
            _ => Err(GraphError::parameter(format!(
                "Param websites must be an array of at most {MAX_WEBSITES} elements."
            ))),
        };
    }
    let Some((_, most)) = FIELDS.iter().find(|(known, _)| *known == name) else {
        return Err(GraphError::parameter(format!("Unexpected key \"{name}\" on param \"request\".")));
    };
    match value.as_str() {
        Some(text) if text.chars().count() <= *most => Ok(()),
        _ => Err(GraphError::parameter(format!("Param {name} must be a string of at most {most} characters."))),
    }
}
