//! Media: upload, look-up, download, deletion.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use comms_http::signature::{constant_time_eq, hmac_sha256_hex};
use serde_json::json;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError};

/// How long an upload can be used.
const UPLOAD_LIFE: Duration = Duration::days(30);
/// How long media of a customer can be fetched.
const INBOUND_LIFE: Duration = Duration::days(7);
/// How long a link can be used.
const LINK_LIFE: Duration = Duration::minutes(5);
const MB: usize = 1024 * 1024;

/// The media types that Meta accepts and their largest size in bytes.
///
/// See <https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media>.
#[rustfmt::skip]
const TYPES: &[(&str, usize)] = &[
    ("audio/aac", 16 * MB), ("audio/mp4", 16 * MB), ("audio/mpeg", 16 * MB), ("audio/amr", 16 * MB), ("audio/ogg", 16 * MB),
    ("image/jpeg", 5 * MB), ("image/png", 5 * MB),
    ("image/webp", 500 * 1024),
    ("video/mp4", 16 * MB), ("video/3gpp", 16 * MB),
    ("text/plain", 100 * MB), ("application/pdf", 100 * MB), ("application/msword", 100 * MB),
    ("application/vnd.ms-excel", 100 * MB), ("application/vnd.ms-powerpoint", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", 100 * MB),
];

/// The files that are kept, oldest first.
#[derive(Default)]
pub(crate) struct MediaStore {
    files: HashMap<String, File>,
    order: VecDeque<String>,
    bytes: usize,
}

struct File {
    mime_type: String,
    data: Bytes,
    sha256: [u8; 32],
    expires_at: OffsetDateTime,
}

/// A stored file as a webhook names it.
pub(crate) struct Stored {
    pub id: String,
    pub mime_type: String,
    pub sha256: [u8; 32],
    pub url: String,
}

impl MediaStore {
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.files.contains_key(id)
    }

    /// Whether a file can be sent.
    pub(crate) fn is_usable(&self, id: &str, now: OffsetDateTime) -> bool {
        self.files.get(id).is_some_and(|file| now < file.expires_at)
    }

    fn insert(&mut self, id: String, file: File, capacity: usize) {
        self.bytes += file.data.len();
        self.files.insert(id.clone(), file);
        self.order.push_back(id);
        while self.bytes > capacity && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.drop_file(&oldest);
        }
    }

    fn remove(&mut self, id: &str) {
        self.order.retain(|kept| kept != id);
        self.drop_file(id);
    }

    fn drop_file(&mut self, id: &str) {
        if let Some(file) = self.files.remove(id) {
            self.bytes -= file.data.len();
        }
    }
}

impl Meta {
    /// Keeps what a customer sent.
    pub(crate) fn store_inbound(&self, data: Bytes, mime_type: &str) -> Stored {
        let now = self.core().now();
        let id = self.store(data.clone(), mime_type, now + INBOUND_LIFE);
        Stored { url: self.link(&id, now), sha256: Sha256::digest(&data).into(), mime_type: mime_type.to_owned(), id }
    }

    fn store(&self, data: Bytes, mime_type: &str, expires_at: OffsetDateTime) -> String {
        let id = self.core().fresh_number();
        let file = File { mime_type: mime_type.to_owned(), sha256: Sha256::digest(&data).into(), data, expires_at };
        let capacity = self.settings().meta.media_capacity;
        self.state(|state| state.media.insert(id.clone(), file, capacity));
        id
    }

    /// A link that works for five minutes.
    fn link(&self, id: &str, now: OffsetDateTime) -> String {
        let expires = (now + LINK_LIFE).unix_timestamp().to_string();
        format!(
            "{}/whatsapp_business/attachments/?mid={id}&source=getMedia&ext={expires}&hash={}",
            self.core().public_url(),
            self.link_hash(id, &expires)
        )
    }

    fn link_hash(&self, id: &str, expires: &str) -> String {
        let secret = self.settings().meta.app.secret.clone().into();
        hmac_sha256_hex(&secret, format!("{id}.{expires}").as_bytes())
    }
}

pub(crate) fn upload(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let parameters = call.parameters();
    if parameters.get("messaging_product").and_then(|value| value.as_str()) != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let file = call.form.iter().find(|part| part.name == "file");
    let file = file.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    let given = file.content_type.as_deref().unwrap_or("application/octet-stream");
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((_, limit)) = TYPES.iter().find(|(name, _)| *name == essence) else {
        let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        return Err(GraphError::parameter(format!(
            "Param file must be a file with one of the following types: {}. Received file of type '{essence}'.",
            names.join(", ")
        )));
    };
    if file.data.len() > *limit {
        return Err(GraphError::new(131_053)
            .details(format!("File of type {essence} has {} bytes; at most {limit} are supported.", file.data.len())));
    }
    let id = meta.store(file.data.clone(), given, call.now + UPLOAD_LIFE);
    Ok(Answer::json(200, &json!({"id": id})))
}

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let id = path[0];
    let url = meta.link(id, call.now);
    let found = meta.state(|state| {
        let file = state.media.files.get(id)?;
        (call.now < file.expires_at).then(|| {
            json!({
                "messaging_product": "whatsapp",
                "url": url,
                "mime_type": file.mime_type,
                "sha256": hex::encode(file.sha256),
                "file_size": file.data.len().to_string(),
                "id": id,
            })
        })
    });
    let found = found.ok_or_else(|| GraphError::no_object(&call.method, id))?;
    Ok(Answer::json(200, &found))
}

pub(crate) fn delete(meta: &Meta, _: &Call, path: &[&str]) -> Answered {
    meta.state(|state| state.media.remove(path[0]));
    Ok(Answer::json(200, &json!({"success": true})))
}

/// The file behind a link; 404 where the link has ended or was never made here.
pub(crate) fn download(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let parameter = |name: &str| call.query.get(name).map_or("", String::as_str);
    let (id, expires) = (parameter("mid"), parameter("ext"));
    let genuine = constant_time_eq(parameter("hash"), &meta.link_hash(id, expires));
    let alive = expires.parse().is_ok_and(|end: i64| call.now.unix_timestamp() < end);
    let file = meta.state(|state| {
        let file = state.media.files.get(id)?;
        Some((file.mime_type.clone(), file.data.clone()))
    });
    match file {
        Some((mime_type, data)) if genuine && alive => Ok(Answer::bytes(&mime_type, data)),
        _ => Ok(Answer { status: 404, ..Answer::bytes("text/plain", Bytes::from_static(b"URL signature expired")) }),
    }
}
