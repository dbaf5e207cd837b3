//! QR codes and short links that begin a conversation.

use serde_json::{Map, Value, json};

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError, paging::page, phones};

const MAX_PREFILLED: usize = 140;
const MAX_CODES: usize = 2_000;

pub(crate) fn list(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let codes = meta.state(|state| state.phone(phone).qr_codes.clone());
    let rows = codes.iter().map(|(code, text)| written(code, text));
    page(meta, call, rows.collect())
}

/// Creates a code, or changes the one that `code` names.
pub(crate) fn save(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let parameters = call.parameters();
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let message = text("prefilled_message");
    let message = message.ok_or_else(|| GraphError::parameter("The parameter prefilled_message is required."))?;
    if message.chars().count() > MAX_PREFILLED {
        return Err(GraphError::parameter(format!(
            "Param prefilled_message must be at most {MAX_PREFILLED} characters long."
        )));
    }
    let image = image(meta, &parameters)?;
    let fresh = || meta.core().fresh().simple().to_string()[..14].to_uppercase();
    let code = text("code").map_or_else(fresh, str::to_owned);
    meta.state(|state| {
        let codes = &mut state.phone(phone).qr_codes;
        if text("code").is_some() && !codes.contains_key(&code) {
            return Err(GraphError::no_object(&call.method, &code));
        }
        if codes.len() >= MAX_CODES {
            return Err(GraphError::parameter("The phone number has as many QR codes as it may have."));
        }
        codes.insert(code.clone(), message.to_owned());
        Ok(())
    })?;
    let mut answer = written(&code, message);
    if let Some(image) = image {
        answer["qr_image_url"] = json!(image);
    }
    Ok(Answer::json(200, &answer))
}

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    let message = meta.state(|state| state.phone(phone).qr_codes.get(path[2]).cloned());
    let message = message.ok_or_else(|| GraphError::no_object(&call.method, path[2]))?;
    Ok(Answer::json(200, &json!({"data": [written(path[2], &message)]})))
}

pub(crate) fn delete(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phones::phone(&settings.meta, call, path)?;
    meta.state(|state| state.phone(phone).qr_codes.remove(path[2]))
        .ok_or_else(|| GraphError::no_object(&call.method, path[2]))?;
    phones::success()
}

/// Where the picture would be; the double draws none.
fn image(meta: &Meta, parameters: &Map<String, Value>) -> Result<Option<String>, GraphError> {
    match parameters.get("generate_qr_image").and_then(Value::as_str) {
        None => Ok(None),
        Some(format @ ("SVG" | "PNG")) => Ok(Some(format!(
            "{}/qr/{}.{}",
            meta.core().public_url(),
            meta.core().fresh().simple(),
            format.to_lowercase()
        ))),
        Some(_) => Err(GraphError::parameter("Param generate_qr_image must be one of {SVG, PNG}.")),
    }
}

fn written(code: &str, message: &str) -> Value {
    json!({
        "code": code,
        "prefilled_message": message,
        "deep_link_url": format!("https://wa.me/message/{code}"),
    })
}
