//! Messages that come beside the JSON: simple, multipart, resumable.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{Google, endpoints::Endpoint, error::GoogleError, mime, state::Upload};
use crate::double::{Answer, Call};

/// The longest JSON body that Gmail takes.
const LONGEST_JSON: usize = 5 * 1024 * 1024;

/// What a call carries.
pub(crate) enum Content {
    /// All of it.
    Whole(Value, Option<Bytes>),
    /// A piece; this is the answer to it.
    Answer(Answer),
}

pub(crate) fn content(google: &Google, call: &Call, endpoint: &Endpoint) -> Result<Content, GoogleError> {
    let Some(longest) = endpoint.upload.filter(|_| call.path.contains("/upload/")) else {
        if call.body.len() > LONGEST_JSON {
            return Err(GoogleError::new("uploadTooLarge"));
        }
        return Ok(whole(body(call)?, None));
    };
    let kind = call.query.get("uploadType").map_or("", String::as_str);
    let content = match kind {
        "media" => {
            is_message(call.media_type())?;
            whole(json!({}), Some(call.body.clone()))
        }
        "multipart" => multipart(call)?,
        "resumable" => resumable(google, call)?,
        _ => return Err(GoogleError::invalid(format!("Invalid uploadType {kind:?}"))),
    };
    if let Content::Whole(_, Some(raw)) = &content
        && raw.len() > longest
    {
        return Err(GoogleError::new("uploadTooLarge"));
    }
    Ok(content)
}

fn whole(metadata: Value, raw: Option<Bytes>) -> Content {
    Content::Whole(metadata, raw)
}

fn body(call: &Call) -> Result<Value, GoogleError> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    call.json().filter(Value::is_object).ok_or_else(|| GoogleError::api(400, "parseError", "Parse Error"))
}

/// The JSON first, then the message.
fn multipart(call: &Call) -> Result<Content, GoogleError> {
    let content_type = call.headers.get("content-type").map_or("", String::as_str);
    let bad = || GoogleError::api(400, "badContent", "Malformed multipart body.");
    let boundary = mime::parameter(content_type, "boundary").filter(|_| content_type.starts_with("multipart/related"));
    let pieces = mime::pieces(&call.body, &boundary.ok_or_else(bad)?);
    let [metadata, message] = pieces[..] else { return Err(bad()) };
    let ((_, metadata), (head, message)) = (mime::split(metadata), mime::split(message));
    let kind = String::from_utf8_lossy(head).to_lowercase();
    let kind = kind.lines().find_map(|line| line.strip_prefix("content-type:"));
    is_message(kind.unwrap_or_default().split(';').next().unwrap_or_default().trim())?;
    let metadata = match metadata.trim_ascii() {
        b"" => json!({}),
        text => serde_json::from_slice(text).map_err(|_| GoogleError::api(400, "parseError", "Parse Error"))?,
    };
    Ok(whole(metadata, Some(Bytes::copy_from_slice(message))))
}

fn is_message(kind: &str) -> Result<(), GoogleError> {
    if kind.starts_with("message/") {
        return Ok(());
    }
    Err(GoogleError::api(
        400,
        "badContent",
        format!("Media type '{kind}' is not supported. Valid media types: [message/*]"),
    ))
}

/// The first call opens it, the others bring its pieces.
fn resumable(google: &Google, call: &Call) -> Result<Content, GoogleError> {
    let Some(id) = call.query.get("upload_id") else {
        let id = google.core().fresh().simple().to_string();
        let upload = Upload { metadata: body(call)?, bytes: Vec::new(), path: call.path.clone() };
        google.state(|state| state.uploads.insert(id.clone(), upload));
        let location = format!("{}{}?uploadType=resumable&upload_id={id}", google.core().public_url(), call.path);
        let answer = Answer::bytes("text/plain; charset=utf-8", Bytes::new());
        return Ok(Content::Answer(answer.header("Location", location).header("X-GUploader-UploadID", id)));
    };
    let range = call.headers.get("content-range").map(String::as_str);
    let bad = |why: &str| GoogleError::invalid(format!("Invalid Content-Range: {why}"));
    let (first, total) = match range {
        None => (Some(0), Some(call.body.len())),
        Some(range) => parse_range(range).ok_or_else(|| bad(range))?,
    };
    let received = google.state(|state| {
        let upload = state.uploads.get_mut(id).filter(|upload| upload.path == call.path)?;
        if let Some(first) = first {
            // What came before is not taken twice; a gap is not taken at all.
            let known = upload.bytes.len().checked_sub(first);
            let fresh = known.and_then(|known| call.body.get(known.min(call.body.len())..));
            upload.bytes.extend_from_slice(fresh.unwrap_or_default());
        }
        let complete = total == Some(upload.bytes.len());
        if complete { state.uploads.remove(id).map(Ok) } else { Some(Err(upload.bytes.len())) }
    });
    match received.ok_or_else(GoogleError::not_found)? {
        Ok(upload) => Ok(whole(upload.metadata, Some(upload.bytes.into()))),
        Err(length) => {
            let answer = Answer { status: 308, ..Answer::bytes("text/plain; charset=utf-8", Bytes::new()) };
            let answer = if length == 0 { answer } else { answer.header("Range", format!("bytes=0-{}", length - 1)) };
            Ok(Content::Answer(answer))
        }
    }
}

/// The first byte that comes, and how many there are in all, where it is known.
fn parse_range(range: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (span, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    if span == "*" {
        return Some((None, total));
    }
    Some((Some(span.split_once('-')?.0.parse().ok()?), total))
}
