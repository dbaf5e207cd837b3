//! The collected requests, answers and errors of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.

use std::{env, fs, path::PathBuf};

use comms_http::{Body, ErrorKind, Failure, Outcome, Secret};
use serde_json::{Value, json};
use whatsapp_cloud::{
    Message, error,
    model::{
        error_object::ErrorObject,
        interactive::{Action, HeaderContent, InteractiveType},
        media::{Created, MediaInfo},
        message::Content,
        phone_number::{CodeMethod, PhoneNumber, Registration, Settings},
        profile::{Profile, QrCode, QrImage},
        sent::Sent,
        template::{NewTemplate, Template, TemplateCreated},
        template_message::{Component, ComponentType, ParameterValue, SubType},
    },
};

use crate::support::{answer, client, json_body, ok};

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
            let name = path.file_stem()?.to_str()?.strip_prefix(kind)?.strip_prefix("__")?;
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
    println!("vectors meta/whatsapp {kind}: {passed}/{total} ({others} of endpoints that the crate does not have)");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Reads as `T` and writes again: the same JSON value, or the difference.
fn same<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Result<T, String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if written == *value { Ok(read) } else { Err(format!("read {value}, wrote {written}")) }
}

#[test]
fn requests() {
    run("req", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let has = |field: &str| value.get(field).is_some();
        if name.contains("settings_post") {
            same::<Settings>(&value).and_then(|settings| nothing_extra(&settings.extra))?;
        } else if name.contains("business_profile_post") {
            same::<Profile>(&value).and_then(|mut profile| {
                profile.extra.remove("messaging_product");
                nothing_extra(&profile.extra)
            })?;
        } else if has("pin") && has("messaging_product") && !has("to") {
            same::<Registration>(&value)?;
        } else if has("name") && has("language") && has("category") {
            same::<NewTemplate>(&value)?;
        } else if (has("to") || has("recipient")) && !has("action") {
            same::<Message>(&value).and_then(|message| typed(&message))?;
        } else if let Some(posted) = posted(name, &value) {
            if posted != value {
                return Err(format!("wanted {value}, posted {posted}"));
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    });
}

/// The body that a function of the API posts with the values of an example.
fn posted(name: &str, value: &Value) -> Option<Value> {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let (client, script) = client([ok(&json!({ "code": "c", "success": true })), ok(&json!({}))]);
    block_on(async {
        if text("status") == "read" && value.get("typing_indicator").is_some() {
            client.messages().typing(text("message_id")).await.ok()?;
        } else if text("status") == "read" {
            client.messages().mark_read(text("message_id")).await.ok()?;
        } else if name.contains("message_qrdls_post") && value.get("code").is_some() {
            client.qr_codes().update(text("code"), text("prefilled_message")).await.ok()?;
        } else if name.contains("message_qrdls_post") {
            let image = value["generate_qr_image"].as_str().map(QrImage::from);
            client.qr_codes().create(text("prefilled_message"), image).await.ok()?;
        } else if name.contains("block_users_post") {
            let users = value["block_users"].as_array()?.iter();
            let users: Vec<&str> = users.filter_map(|user| user["user"].as_str()).collect();
            client.block_users().block(&users).await.ok()?;
        } else if name.contains("phone_number_id_request_code_post") {
            let method = CodeMethod::from(text("code_method"));
            client.phone_numbers().request_code(method, text("language")).await.ok()?;
        } else if name.contains("phone_number_id_verify_code_post") {
            client.phone_numbers().verify_code(text("code")).await.ok()?;
        } else if name.contains("subscribed_apps_post") && value.get("verify_token").is_some() {
            let token = Secret::from(text("verify_token"));
            let apps = client.subscribed_apps();
            apps.override_webhook(text("override_callback_uri"), &token).await.ok()?;
        } else if name.contains("subscribed_apps_post") {
            client.subscribed_apps().subscribe().await.ok()?;
        } else {
            return None;
        }
        let request = script.requests().pop()?;
        Some(match request.body {
            Body::Empty => json!({}),
            _ => json_body(&request),
        })
    })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(work)
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
            if matches!(interactive.kind, InteractiveType::Other(_)) || matches!(interactive.action, Action::Other(_)) {
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
    let unknown_sub_type = part.sub_type.as_ref().is_some_and(|sub_type| {
        // Meta's pages write these names in either case.
        let known = |name: String| !matches!(SubType::from(&*name), SubType::Other(_));
        !known(sub_type.as_str().to_lowercase()) && !known(sub_type.as_str().to_uppercase())
    });
    let kind = ComponentType::from(&*part.kind.as_str().to_lowercase());
    if unknown_sub_type || matches!(kind, ComponentType::Other(_)) {
        return Err(format!("not typed: {:?} {:?}", part.kind, part.sub_type));
    }
    for parameter in part.parameters.iter().flatten() {
        if matches!(parameter.value(), ParameterValue::Other) {
            return Err(format!("a value without a type: {parameter:?}"));
        }
    }
    part.cards.iter().flat_map(|card| &card.components).try_for_each(component)
}

#[test]
fn answers() {
    run("res", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let has = |part: &str| name.contains(part);
        let list = |value: &Value| value["data"].as_array().cloned().unwrap_or_default();
        if value.get("messages").is_some() && value.get("contacts").is_some() {
            let sent = same::<Sent>(&value)?;
            return if sent.id().is_empty() { Err("no id".into()) } else { Ok(true) };
        }
        if has("media_id_get") {
            same::<MediaInfo>(&value)?;
        } else if has("media_post") || has("phone_numbers_post") {
            same::<Created>(&value)?;
        } else if has("template_id_get") {
            same::<Template>(&value)?;
        } else if has("message_templates_get") {
            list(&value).iter().try_for_each(|item| same::<Template>(item).map(|_| ()))?;
        } else if has("message_templates_post") {
            same::<TemplateCreated>(&value)?;
        } else if has("waba_id_phone_numbers_get") {
            // An explicit null and an absent field say the same of a number.
            list(&value).iter().map(without_nulls).try_for_each(|item| same::<PhoneNumber>(&item).map(|_| ()))?;
        } else if has("settings_get") && !has("commerce") {
            same::<Settings>(&value)?;
        } else if has("message_qrdls_post") {
            same::<QrCode>(&value)?;
        } else if has("message_qrdls") {
            list(&value).iter().try_for_each(|item| same::<QrCode>(item).map(|_| ()))?;
        } else if has("phone_number_id_get") {
            same::<PhoneNumber>(&value)?;
        } else if let Some(read) = read_in_place(name, bytes) {
            read?;
        } else {
            return Ok(false);
        }
        Ok(true)
    });
}

/// The answers that a function of the API takes apart.
fn read_in_place(name: &str, bytes: &[u8]) -> Option<Result<(), String>> {
    let has = |part: &str| name.contains(part);
    let (client, _) = client([answer(200, bytes), answer(200, bytes)]);
    let token = Secret::from("v");
    let count = block_on(async {
        let count: comms_http::Result<usize> = if has("block_users_get") {
            client.block_users().page(None).await.map(|page| page.items.len())
        } else if has("block_users_post") {
            client.block_users().block(&["1"]).await.map(|it| it.added_users.len())
        } else if has("block_users_delete") {
            client.block_users().unblock(&["1"]).await.map(|it| it.removed_users.len())
        } else if has("business_profile_get") {
            client.profile().get().await.map(|it| it.about.iter().count())
        } else if has("subscribed_apps_get") {
            client.subscribed_apps().list().await.map(|it| it.len())
        } else if has("subscribed_apps_post") {
            let apps = client.subscribed_apps();
            apps.override_webhook("https://example.com", &token).await.map(|()| 1)
        } else if has("phone_number_id_verify_code_post") {
            client.phone_numbers().verify_code("1").await.map(|()| 1)
        } else {
            return None;
        };
        Some(count)
    })?;
    Some(match count {
        Ok(0) => Err("nothing was read".into()),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error:?}")),
    })
}

fn without_nulls(value: &Value) -> Value {
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(_, field)| !field.is_null()).map(|(name, field)| (name.clone(), field.clone())).collect()
}

#[test]
fn errors() {
    run("err", |name, bytes| {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let object = &value["error"];
        let code = object["code"].as_i64().ok_or("no code")?;
        same::<ErrorObject>(object)?;
        // The status that the example was recorded under; those of the text pages have none.
        let status = name.split_once("http").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
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
                return if error.message().is_empty() { Err("no message".into()) } else { Ok(true) };
            }
        };
        if (error.kind(), error.outcome()) == wanted { Ok(true) } else { Err(format!("wanted {wanted:?}: {error:?}")) }
    });
}
