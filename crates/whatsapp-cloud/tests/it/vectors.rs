//! The collected requests, answers and errors of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.

use std::{env, fs, path::PathBuf};

use comms_http::{ErrorKind, Failure, Outcome};
use serde_json::Value;
use whatsapp_cloud::{
    Message, error,
    model::{
        error_object::ErrorObject,
        interactive::{Action, HeaderContent, InteractiveType},
        media::{Created, MediaInfo},
        message::Content,
        phone_number::{PhoneNumber, Registration, Settings},
        profile::{Profile, QrCode},
        sent::Sent,
        template::{NewTemplate, Template, TemplateCreated},
        template_message::{Component, ComponentType, ParameterValue, SubType},
    },
};

/// The files of one kind, by name; `None` where there is no folder, which is said.
fn files(kind: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let Some(root) = env::var_os("COMMS_VECTORS") else {
        println!("vectors meta/whatsapp {kind}: skipped, COMMS_VECTORS is not set");
        return None;
    };
    let folder = PathBuf::from(root).join("meta/whatsapp");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path
                .file_stem()?
                .to_str()?
                .strip_prefix(kind)?
                .strip_prefix("__")?;
            Some((name.to_owned(), fs::read(&path).unwrap()))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the folder holds no {kind}__ file");
    Some(files)
}

/// Runs `check` over all files; prints one line, and fails with all that failed. `Ok(false)` = not a body of this crate.
fn run(kind: &str, check: impl Fn(&str, &[u8]) -> Result<bool, String>) {
    let Some(files) = files(kind) else { return };
    let (mut passed, mut others, mut failed) = (0, 0, Vec::new());
    for (name, bytes) in &files {
        match check(name, bytes) {
            Ok(true) => passed += 1,
            Ok(false) => others += 1,
            Err(reason) => failed.push(format!("{name}: {reason}")),
        }
    }
    let total = files.len() - others;
    println!(
        "vectors meta/whatsapp {kind}: {passed}/{total} ({others} of endpoints that the crate does not have)"
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Reads as `T` and writes again: the same JSON value, or the difference.
fn same<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Result<T, String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == *value {
        Ok(read)
    } else {
        Err(format!("read {value}, wrote {written}"))
    }
}

#[test]
fn requests() {
    run("req", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let has = |part: &str| name.contains(part);
        if has("messages_encrypted") || has("calls_post") || has("conversational_automation") {
            return Ok(false);
        }
        if value.get("status").is_some_and(|status| status == "read") {
            // Written by two functions of the API, whose tests compare the body.
            return Ok(false);
        }
        if has("message_templates_post") {
            return same::<NewTemplate>(&value).map(|_| true);
        }
        if has("register_post") {
            return same::<Registration>(&value).map(|_| true);
        }
        if has("settings_post") {
            return same::<Settings>(&value)
                .and_then(|s| nothing_extra(&s.extra))
                .map(|()| true);
        }
        if has("business_profile_post") {
            return same::<Profile>(&value).map(|_| true);
        }
        if value["messaging_product"] == "whatsapp"
            && (value.get("to").is_some() || value.get("recipient").is_some())
        {
            return same::<Message>(&value)
                .and_then(|message| typed(&message))
                .map(|()| true);
        }
        Ok(false)
    });
}

fn nothing_extra(extra: &whatsapp_cloud::model::Extra) -> Result<(), String> {
    if extra.is_empty() {
        return Ok(());
    }
    Err(format!("not typed: {extra:?}"))
}

/// Whether every part of the message has a type of its own: a round trip through a catch-all proves nothing.
fn typed(message: &Message) -> Result<(), String> {
    match message.content() {
        Content::Other => Err("a content without a type".into()),
        Content::Text(text) => nothing_extra(&text.extra),
        Content::Image(media)
        | Content::Audio(media)
        | Content::Video(media)
        | Content::Document(media)
        | Content::Sticker(media) => nothing_extra(&media.extra),
        Content::Interactive(interactive) => {
            let header = interactive.header.as_ref().map(|header| header.content());
            // An example with a placeholder for the type of its header still has a header of text.
            if matches!(header, Some(HeaderContent::Other)) {
                return Err("a header without a type".into());
            }
            if matches!(interactive.kind, InteractiveType::Other(_))
                || matches!(interactive.action, Action::Other(_))
            {
                return Err("an action without a type".into());
            }
            nothing_extra(&interactive.extra)
        }
        Content::Template(template) => {
            nothing_extra(&template.extra)?;
            template.components.iter().flatten().try_for_each(component)
        }
        _ => Ok(()),
    }
}

fn component(part: &Component) -> Result<(), String> {
    nothing_extra(&part.extra)?;
    if matches!(part.kind, ComponentType::Other(_))
        || matches!(part.sub_type, Some(SubType::Other(_)))
    {
        return Err(format!("not typed: {:?} {:?}", part.kind, part.sub_type));
    }
    for parameter in part.parameters.iter().flatten() {
        if matches!(parameter.value(), ParameterValue::Other) {
            return Err(format!("a value without a type: {parameter:?}"));
        }
    }
    part.cards
        .iter()
        .flat_map(|card| &card.components)
        .try_for_each(component)
}

#[test]
fn answers() {
    run("res", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let has = |part: &str| name.contains(part);
        let list = |value: &Value| value["data"].as_array().cloned().unwrap_or_default();
        if value.get("messages").is_some() && value.get("contacts").is_some() {
            let sent = same::<Sent>(&value)?;
            return if sent.id().is_empty() {
                Err("no id".into())
            } else {
                Ok(true)
            };
        }
        if has("media_id_get") {
            same::<MediaInfo>(&value)?;
        } else if has("media_post") || has("phone_numbers_post") {
            same::<Created>(&value)?;
        } else if has("template_id_get") {
            same::<Template>(&value)?;
        } else if has("message_templates_get") {
            list(&value)
                .iter()
                .try_for_each(|item| same::<Template>(item).map(|_| ()))?;
        } else if has("message_templates_post") {
            same::<TemplateCreated>(&value)?;
        } else if has("waba_id_phone_numbers_get") {
            // An explicit null and an absent field say the same of a number.
            list(&value)
                .iter()
                .map(without_nulls)
                .try_for_each(|item| same::<PhoneNumber>(&item).map(|_| ()))?;
        } else if has("settings_get") && !has("commerce") {
            same::<Settings>(&value)?;
        } else if has("message_qrdls_post") {
            same::<QrCode>(&value)?;
        } else if has("message_qrdls") {
            list(&value)
                .iter()
                .try_for_each(|item| same::<QrCode>(item).map(|_| ()))?;
        } else if has("phone_number_id_get") {
            same::<PhoneNumber>(&value)?;
        } else {
            // Read in place by a function of the API, or of an endpoint that the crate does not have.
            return Ok(false);
        }
        Ok(true)
    });
}

fn without_nulls(value: &Value) -> Value {
    let fields = value.as_object().into_iter().flatten();
    fields
        .filter(|(_, field)| !field.is_null())
        .map(|(name, field)| (name.clone(), field.clone()))
        .collect()
}

#[test]
fn errors() {
    run("err", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let object = &value["error"];
        let code = object["code"].as_i64().ok_or("no code")?;
        same::<ErrorObject>(object)?;
        // The status that the example was recorded under; those of the text pages have none.
        let status = name
            .split_once("http")
            .and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        let error = error::classify(&Failure {
            status: http::StatusCode::from_u16(status.unwrap_or(400)).unwrap(),
            headers: &http::HeaderMap::new(),
            body: bytes,
        });
        if error.provider_code() != Some(&*code.to_string()) {
            return Err(format!("{error:?}"));
        }
        let wanted = match code {
            4 | 17 | 613 | 80_007 | 130_429 => (ErrorKind::RateLimited, Outcome::NotSent),
            1 | 2 => (ErrorKind::Provider, Outcome::Unknown),
            10 | 104 | 190 | 200..=299 | 131_005 => (ErrorKind::Unauthenticated, Outcome::Rejected),
            134_011 => (ErrorKind::Config, Outcome::Rejected),
            100 | 803 => (ErrorKind::InvalidRequest, Outcome::Rejected),
            // Not a code of the table: the status stands in.
            403 => (ErrorKind::Unauthenticated, Outcome::Rejected),
            400 => (ErrorKind::InvalidRequest, Outcome::Rejected),
            _ => {
                return if error.message().is_empty() {
                    Err("no message".into())
                } else {
                    Ok(true)
                };
            }
        };
        if (error.kind(), error.outcome()) == wanted {
            Ok(true)
        } else {
            Err(format!("wanted {wanted:?}: {error:?}"))
        }
    });
}
