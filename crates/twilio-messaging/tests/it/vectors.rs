//! The collected webhooks and answers of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.

use std::{env, fs, path::PathBuf};

use comms_http::WebhookRequest;
use serde_json::Value;
use twilio_messaging::{
    model::{
        content::{Approval, Approvals, Content},
        media::MediaInfo,
        message::{Feedback, Message},
        service::{ChannelSender, Service, ServiceNumber},
    },
    webhook::{Params, SIGNATURE_HEADER, Verifier, Webhook},
};

use crate::support::ACCOUNT;

/// The manifest of a folder and the bytes of each file that it names; `None` where there is no folder, which is said.
fn files(folder: &str) -> Option<Vec<(Value, Vec<u8>)>> {
    let Some(root) = env::var_os("COMMS_VECTORS") else {
        println!("vectors twilio {folder} (messages): skipped, COMMS_VECTORS is not set");
        return None;
    };
    let folder = PathBuf::from(root).join("twilio").join(folder);
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let entries = manifest["files"].as_array().or(manifest.as_array()).unwrap();
    let read = |entry: &Value| (entry.clone(), fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap());
    Some(entries.iter().map(read).collect())
}

/// Runs `check` over all files; prints one line, and fails with all that failed. `Ok(false)` = not a matter of this crate.
fn run(folder: &str, check: impl Fn(&Value, &[u8]) -> Result<bool, String>) {
    let Some(files) = files(folder) else { return };
    let (mut passed, mut others, mut failed) = (0, 0, Vec::new());
    for (entry, bytes) in &files {
        match check(entry, bytes) {
            Ok(true) => passed += 1,
            Ok(false) => others += 1,
            Err(reason) => failed.push(format!("{}: {reason}", entry["file"])),
        }
    }
    let total = files.len() - others;
    println!("vectors twilio {folder} (messages): {passed}/{total} ({others} are not about messages)");
    assert!(failed.is_empty() && passed > 0, "{}", failed.join("\n"));
}

fn request(entry: &Value, body: &[u8]) -> WebhookRequest {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let (method, url) = (text("method").parse().unwrap(), text("url").to_owned());
    WebhookRequest { method, ..WebhookRequest::post(url, body.to_vec()) }
        .header("content-type", text("content_type"))
        .header(SIGNATURE_HEADER, text("x_twilio_signature"))
}

#[test]
fn vectors_of_webhooks_lose_no_field() {
    run("webhooks", |entry, body| {
        let kind = entry["kind"].as_str().unwrap_or_default();
        let wanted: fn(&Webhook) -> bool = match kind.split('.').next().unwrap_or_default() {
            _ if kind.contains("fallback") && kind.starts_with("sms") => |it| matches!(it, Webhook::Fallback(..)),
            "sms" | "mms" | "whatsapp" | "rcs" => |it| matches!(it, Webhook::Inbound(_)),
            "message" => |it| matches!(it, Webhook::Status(_)),
            "debugger" => |it| matches!(it, Webhook::Alert(_)),
            "eventstreams" => |it| matches!(it, Webhook::Events(_)),
            "json" => |it| matches!(it, Webhook::Other(_)),
            _ => return Ok(false),
        };
        let request = request(entry, body);
        let verifier = Verifier::new(ACCOUNT, entry["auth_token"].as_str().unwrap_or_default()).unwrap();
        let verified = verifier.verify(&request).map_err(|error| error.to_string())?;
        let webhook = Webhook::of(&verified);
        if !wanted(&webhook) {
            return Err(format!("read as {webhook:?}"));
        }
        let kept = kept(&webhook);
        for (name, value) in Params::of_request(&request).iter().filter(|(_, value)| !value.is_empty()) {
            if !kept.iter().any(|kept| kept == value) {
                return Err(format!("{name}={value} is lost"));
            }
        }
        #[cfg(feature = "channel")]
        events::lose_nothing(&request, &verifier)?;
        Ok(true)
    });
}

/// Every text that is in what was read.
fn kept(webhook: &Webhook) -> Vec<String> {
    let json = match webhook {
        Webhook::Inbound(message) | Webhook::Fallback(message, _) => serde_json::to_value(message).unwrap(),
        Webhook::Status(report) => serde_json::to_value(report).unwrap(),
        Webhook::Alert(alert) => serde_json::to_value(alert).unwrap(),
        Webhook::Events(events) => events.iter().map(|event| event.raw.clone()).collect(),
        Webhook::Other(raw) => raw.clone(),
        _ => Value::Null,
    };
    let mut texts = Vec::new();
    collect(&json, &mut texts);
    texts
}

fn collect(json: &Value, texts: &mut Vec<String>) {
    match json {
        Value::Array(all) => all.iter().for_each(|one| collect(one, texts)),
        Value::Object(all) => all.values().for_each(|one| collect(one, texts)),
        Value::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}

#[cfg(feature = "channel")]
mod events {
    use comms_core::Inbound;
    use comms_http::WebhookRequest;
    use twilio_messaging::{
        TwilioMessagingInbound,
        webhook::{Params, Verifier},
    };

    use super::collect;

    /// What a webhook of messages always says.
    const SAID_BY_THE_EVENT_ITSELF: [&str; 3] = ["ApiVersion", "SmsStatus", "NumMedia"];

    pub(super) fn lose_nothing(request: &WebhookRequest, verifier: &Verifier) -> Result<(), String> {
        let batch =
            TwilioMessagingInbound::new(verifier.clone()).receive(request).map_err(|error| error.to_string())?;
        if batch.events.is_empty() {
            return Err("no event".into());
        }
        let mut texts = Vec::new();
        collect(&serde_json::to_value(&batch.events).unwrap(), &mut texts);
        let params = Params::of_request(request);
        for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
            let id = value.rsplit('/').next().unwrap_or_default();
            let channel = ["whatsapp:", "messenger:", "rcs:"].into_iter().find(|channel| value.starts_with(channel));
            let without_channel = &value[channel.map_or(0, str::len)..];
            // Of files the ids are kept, of people the address; a JSON text may have been read.
            let kept = texts.iter().any(|text| {
                text == value
                    || text.trim_start_matches('+') == without_channel.trim_start_matches('+')
                    || (name.starts_with("MediaUrl") && text.ends_with(id))
                    || (name.starts_with("L") && text.parse::<f64>().ok() == value.parse().ok())
            });
            if !kept && !SAID_BY_THE_EVENT_ITSELF.contains(&name) && name != "Payload" {
                return Err(format!("{name}={value} is in no event"));
            }
        }
        Ok(())
    }
}

/// Reads as `T` and writes again: the same JSON value, nothing of it without a type, or the difference.
fn same<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Result<(), String> {
    let value = without_nulls(value);
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == value { Ok(()) } else { Err(format!("read {value}, wrote {written}")) }
}

/// An explicit null and an absent field say the same.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let some = fields.iter().filter(|(_, field)| !field.is_null());
            some.map(|(name, field)| (name.clone(), without_nulls(field))).collect()
        }
        Value::Array(all) => all.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn each<T: serde::de::DeserializeOwned + serde::Serialize>(list: &Value) -> Result<(), String> {
    list.as_array().ok_or("no list")?.iter().try_for_each(same::<T>)
}

#[test]
fn vectors_of_answers_are_read_and_written_again() {
    run("rest", |entry, bytes| {
        let name = entry["file"].as_str().unwrap_or_default();
        if name.starts_with("error_") || !name.ends_with(".json") {
            return Ok(false);
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let starts = |start: &str| name.starts_with(start);
        if starts("message_feedback") {
            same::<Feedback>(&value)?;
        } else if starts("message_list") {
            each::<Message>(&value["messages"])?;
        } else if starts("message_") {
            same::<Message>(&value)?;
        } else if starts("media_list") {
            each::<MediaInfo>(&value["media_list"])?;
        } else if starts("media_") {
            same::<MediaInfo>(&value)?;
        } else if starts("content_approval") {
            same::<Approvals>(&value)?;
        } else if starts("content_whatsapp_approval") {
            same::<Approval>(&value)?;
        } else if starts("content_list") {
            each::<Content>(&value["contents"])?;
        } else if starts("content_") {
            same::<Content>(&value)?;
        } else if starts("messaging_service_channel_sender") {
            same::<ChannelSender>(&value)?;
        } else if starts("messaging_service_phone_numbers_list") {
            each::<ServiceNumber>(&value["phone_numbers"])?;
        } else if starts("messaging_service_list") {
            each::<Service>(&value["services"])?;
        } else if starts("messaging_service_") {
            same::<Service>(&value)?;
        } else {
            return Ok(false);
        }
        typed(name, &value)
    });
}

/// Whether no field of a message is without a type: a round trip through a catch-all proves nothing.
fn typed(name: &str, value: &Value) -> Result<bool, String> {
    if !name.starts_with("message_") || name.starts_with("message_list") || name.starts_with("message_feedback") {
        return Ok(true);
    }
    let message: Message = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    if message.extra.is_empty() || name.contains("unknown") {
        return Ok(true);
    }
    Err(format!("not typed: {:?}", message.extra))
}
