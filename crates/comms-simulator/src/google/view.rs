//! Messages as the API shows them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::{
    Google,
    api::Request,
    error::{GoogleError, escape},
    mailbox::Mail,
    mime::Entity,
};

/// Characters of a snippet.
const SNIPPET: usize = 200;
/// Text parts up to this size come with the message.
const INLINE: usize = 100 * 1024;
/// What attachment ids begin with. The rest makes them as long as Google's.
const ATTACHMENT: &str = "ANGjdJ_";

/// How a message is shown.
pub(crate) struct Shown<'a> {
    format: &'a str,
    headers: Vec<&'a str>,
}

impl<'a> Shown<'a> {
    /// As a call asks for it; `formats` are those that it may name.
    pub(crate) fn of(request: &'a Request<'_>, formats: &[&str]) -> Result<Self, GoogleError> {
        let usual = if request.sees_only_metadata() { "metadata" } else { "full" };
        let asked = request.get("format").map(str::to_lowercase);
        let format = match asked.as_deref() {
            None => usual,
            Some("minimal") => "minimal",
            Some("metadata") => "metadata",
            Some("raw") => "raw",
            Some("full") => "full",
            Some(other) => return Err(GoogleError::invalid(format!("Invalid value at 'format': {other}"))),
        };
        if !formats.contains(&format) {
            return Err(GoogleError::invalid(format!("Invalid value at 'format': {format}")));
        }
        if request.sees_only_metadata() && ["full", "raw"].contains(&format) {
            let message = format!("Metadata scope doesn't allow format {}", format.to_uppercase());
            return Err(GoogleError::api(403, "forbidden", message));
        }
        Ok(Self { format, headers: request.all("metadataHeaders") })
    }

    pub(crate) fn message(&self, google: &Google, mail: &Mail) -> Value {
        let mut shown = ids(mail);
        shown["snippet"] = json!(snippet(&mail.entity));
        shown["sizeEstimate"] = json!(mail.raw.len());
        shown["historyId"] = json!(mail.history_id.to_string());
        shown["internalDate"] = json!(mail.internal_ms.to_string());
        match self.format {
            "raw" => shown["raw"] = json!(URL_SAFE.encode(&mail.raw)),
            "metadata" => {
                let wanted = |name: &str| {
                    self.headers.is_empty() || self.headers.iter().any(|one| one.eq_ignore_ascii_case(name))
                };
                shown["payload"] = json!({
                    "mimeType": mail.entity.mime_type,
                    "headers": headers(&mail.entity, wanted),
                });
            }
            "full" => shown["payload"] = part(google, mail, &mail.entity, ""),
            _ => {}
        }
        shown
    }
}

/// The ids and labels alone, as after a change.
pub(crate) fn ids(mail: &Mail) -> Value {
    let mut shown = json!({"id": mail.id, "threadId": mail.thread_id});
    if !mail.labels.is_empty() {
        shown["labelIds"] = json!(mail.labels);
    }
    shown
}

pub(crate) fn snippet(entity: &Entity) -> String {
    let text = entity.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(SNIPPET).collect();
    escape(&short).replace("&apos;", "&#39;")
}

fn headers(entity: &Entity, wanted: impl Fn(&str) -> bool) -> Vec<Value> {
    let headers = entity.headers.iter().filter(|(name, _)| wanted(name));
    headers.map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn part(google: &Google, mail: &Mail, entity: &Entity, id: &str) -> Value {
    let mut shown = Map::new();
    shown.insert("partId".to_owned(), json!(id));
    shown.insert("mimeType".to_owned(), json!(entity.mime_type));
    shown.insert("filename".to_owned(), json!(entity.filename));
    shown.insert("headers".to_owned(), json!(headers(entity, |_| true)));
    let mut body = json!({"size": entity.size});
    let is_file = !entity.filename.is_empty() || !entity.mime_type.starts_with("text/") || entity.size > INLINE;
    if entity.size > 0 && is_file {
        body["attachmentId"] = json!(attachment_id(google, mail, id));
    } else if entity.size > 0 {
        body["data"] = json!(URL_SAFE.encode(&entity.content));
    }
    shown.insert("body".to_owned(), body);
    if !entity.parts.is_empty() {
        let parts = entity.parts.iter().enumerate().map(|(number, inner)| {
            let inner_id = if id.is_empty() { number.to_string() } else { format!("{id}.{number}") };
            part(google, mail, inner, &inner_id)
        });
        shown.insert("parts".to_owned(), json!(parts.collect::<Vec<_>>()));
    }
    Value::Object(shown)
}

/// Another one with each reading, which ends.
fn attachment_id(google: &Google, mail: &Mail, part: &str) -> String {
    let core = google.core();
    let inside = format!("{}|{}|{part}|{}", core.now().unix_timestamp(), mail.id, core.fresh());
    format!("{ATTACHMENT}{}{}", hex::encode(inside), "A".repeat(160))
}

/// The part that an attachment id names, while it lasts.
pub(crate) fn attachment<'a>(mail: &'a Mail, id: &str, now: OffsetDateTime, life: i64) -> Option<&'a Entity> {
    let inside = hex::decode(id.strip_prefix(ATTACHMENT)?.trim_end_matches('A')).ok()?;
    let inside = String::from_utf8(inside).ok()?;
    let [at, message, part, _] = inside.split('|').collect::<Vec<_>>()[..] else { return None };
    if message != mail.id || now.unix_timestamp() - at.parse::<i64>().ok()? > life {
        return None;
    }
    let mut entity = &mail.entity;
    for number in part.split('.').filter(|number| !number.is_empty()) {
        entity = entity.parts.get(number.parse::<usize>().ok()?)?;
    }
    Some(entity)
}
