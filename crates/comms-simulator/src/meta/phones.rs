//! Phone numbers: list, look-up, registration, verification, own callback.

use serde_json::{Map, Value, json};

use crate::double::{Answer, Call};

use super::{
    Answered, Meta, MetaConfig,
    config::Phone,
    error::GraphError,
    paging::page,
    state::{Callback, PhoneState},
    subscriptions,
};

/// What is told where no `fields` are asked for.
const USUAL_FIELDS: &[&str] = &["verified_name", "code_verification_status", "display_phone_number", "quality_rating"];
/// The code that every verification of a number takes.
pub(crate) const VERIFICATION_CODE: &str = "123456";

pub(crate) fn list(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let waba = settings.meta.waba(path[0]);
    let waba = waba.ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
    let rows = waba.phones.iter().map(|phone| written(meta, call, phone));
    let rows = rows.collect();
    page(meta, call, rows)
}

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phone(&settings.meta, call, path)?;
    Ok(Answer::json(200, &written(meta, call, phone)))
}

/// Sets the two-step PIN or the number's own callback.
pub(crate) fn edit(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = phone(&settings.meta, call, path)?;
    let parameters = call.parameters();
    if let Some(configuration) = parameters.get("webhook_configuration") {
        let field = |name: &str| configuration.get(name).and_then(Value::as_str).unwrap_or_default();
        let callback = subscriptions::override_of(field("override_callback_uri"), field("verify_token"))?;
        if let Some(callback) = &callback {
            meta.verify_now(callback)?;
        }
        meta.state(|state| state.phone(phone).callback = callback);
    }
    if parameters.contains_key("pin") {
        let pin = pin(&parameters)?;
        meta.state(|state| state.phone(phone).pin = Some(pin));
    }
    success()
}

pub(crate) fn register(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let parameters = call.parameters();
    if parameters.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let pin = pin(&parameters)?;
    with_phone(meta, call, path, |state| {
        if state.pin.as_ref().is_some_and(|known| *known != pin) {
            return Err(GraphError::new(133_005).details("The two-step verification PIN is not the right one."));
        }
        if !state.verified {
            return Err(GraphError::new(133_006).details("Verify the phone number before it is registered."));
        }
        state.pin = Some(pin);
        state.registered = true;
        Ok(())
    })
}

pub(crate) fn deregister(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    with_phone(meta, call, path, |state| {
        if !state.registered {
            return Err(GraphError::new(100)
                .subcode(2_207_051)
                .message("Phone number not registered on the WhatsApp Business Platform."));
        }
        state.registered = false;
        Ok(())
    })
}

pub(crate) fn request_code(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let parameters = call.parameters();
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    if !matches!(text("code_method"), Some("SMS" | "VOICE")) {
        return Err(GraphError::parameter("Param code_method must be one of {SMS, VOICE}."));
    }
    if text("language").is_none() {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    with_phone(meta, call, path, |state| {
        state.code = Some(VERIFICATION_CODE.to_owned());
        Ok(())
    })
}

pub(crate) fn verify_code(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let parameters = call.parameters();
    let given = parameters.get("code").and_then(Value::as_str);
    let given = given.ok_or_else(|| GraphError::parameter("The parameter code is required."))?;
    with_phone(meta, call, path, |state| {
        if state.code.as_deref() != Some(given) {
            return Err(GraphError::new(136_025).details("The code is not the one that was sent."));
        }
        state.code = None;
        state.verified = true;
        Ok(())
    })
}

pub(crate) fn phone<'a>(config: &'a MetaConfig, call: &Call, path: &[&str]) -> Result<&'a Phone, GraphError> {
    config.phone(path[0]).ok_or_else(|| GraphError::no_object(&call.method, path[0]))
}

pub(crate) fn success() -> Answered {
    Ok(Answer::json(200, &json!({"success": true})))
}

/// Changes what is remembered of the number of a call.
fn with_phone(
    meta: &Meta,
    call: &Call,
    path: &[&str],
    change: impl FnOnce(&mut PhoneState) -> Result<(), GraphError>,
) -> Answered {
    let settings = meta.settings();
    let phone = phone(&settings.meta, call, path)?;
    meta.state(|state| change(state.phone(phone)))?;
    success()
}

fn pin(parameters: &Map<String, Value>) -> Result<String, GraphError> {
    let pin = parameters.get("pin").and_then(Value::as_str);
    let pin = pin.ok_or_else(|| GraphError::parameter("The parameter pin is required."))?;
    if pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(pin.to_owned());
    }
    Err(GraphError::parameter("Param pin must be 6 digits."))
}

/// The fields that a call asks for.
fn written(meta: &Meta, call: &Call, phone: &Phone) -> Value {
    let all = all_fields(meta, phone);
    let asked = call.query.get("fields").map(String::as_str);
    let wanted: Vec<&str> = match asked {
        Some(fields) => fields.split(',').map(str::trim).collect(),
        None => USUAL_FIELDS.to_vec(),
    };
    let chosen =
        all.into_iter().filter(|(name, value)| name == "id" || (wanted.contains(&name.as_str()) && !value.is_null()));
    Value::Object(chosen.collect())
}

fn all_fields(meta: &Meta, phone: &Phone) -> Map<String, Value> {
    let settings = meta.settings();
    let waba = settings.meta.waba_of(&phone.id);
    let url = |callback: Option<Callback>| callback.map(|callback| callback.url);
    let fields = meta.state(|state| {
        let of_waba = waba.and_then(|waba| state.waba(&waba.id).callback.clone());
        let of_app = url(state.app_callback.clone()).or(settings.meta.app.callback_url.clone());
        let known = state.phone(phone);
        json!({
            "id": phone.id,
            "display_phone_number": shown(phone),
            "verified_name": phone.verified_name,
            "quality_rating": "GREEN",
            "code_verification_status": if known.verified { "VERIFIED" } else { "NOT_VERIFIED" },
            "name_status": "APPROVED",
            "status": if known.registered { "CONNECTED" } else { "DISCONNECTED" },
            "platform_type": "CLOUD_API",
            "account_mode": "LIVE",
            "is_official_business_account": false,
            "is_pin_enabled": known.pin.is_some(),
            "throughput": {"level": "STANDARD"},
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "username": known.username,
            "webhook_configuration": super::content::without_nulls(json!({
                "phone_number": url(known.callback.clone()),
                "whatsapp_business_account": url(of_waba),
                "application": of_app,
            })),
        })
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// `+1 5550783881`.
fn shown(phone: &Phone) -> String {
    match phone.number.strip_prefix(&phone.country_code) {
        Some(rest) => format!("+{} {rest}", phone.country_code),
        None => format!("+{}", phone.number),
    }
}
