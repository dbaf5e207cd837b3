//! Resumable uploads: the samples of template headers and profile pictures.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError};

/// Uploads that are open at once; the oldest go first.
const MAX_UPLOADS: usize = 1_000;

/// An upload that is under way.
pub(crate) struct Upload {
    length: usize,
    mime_type: String,
    data: Vec<u8>,
}

pub(crate) fn create(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let parameters = call.parameters();
    let text = |name: &str| match parameters.get(name) {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
        _ => Err(GraphError::parameter(format!("The parameter {name} is required."))),
    };
    let length = text("file_length")?;
    let length = length.parse().map_err(|_| GraphError::parameter("Param file_length must be an integer."))?;
    let upload = Upload { length, mime_type: text("file_type")?, data: Vec::new() };
    let id = format!("upload:{}?sig=simulated", meta.core().fresh().simple());
    meta.state(|state| {
        state.uploads.insert(session(&id).to_owned(), upload);
        while state.uploads.len() > MAX_UPLOADS {
            state.uploads.pop_first();
        }
    });
    Ok(Answer::json(200, &json!({"id": id})))
}

/// Takes the bytes from `file_offset` on; the answer of the last ones is the handle.
pub(crate) fn send(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let offset = call.headers.get("file_offset").map(String::as_str);
    let offset: usize =
        offset.unwrap_or("0").parse().map_err(|_| GraphError::parameter("Header file_offset must be an integer."))?;
    meta.state(|state| {
        let upload = state.uploads.get_mut(session(path[0]));
        let upload = upload.ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
        if offset != upload.data.len() || offset + call.body.len() > upload.length {
            return Err(GraphError::parameter(format!(
                "The file offset {offset} with {} bytes does not continue {} of {} bytes.",
                call.body.len(),
                upload.data.len(),
                upload.length
            )));
        }
        upload.data.extend_from_slice(&call.body);
        if upload.data.len() < upload.length {
            return Ok(Answer::json(200, &json!({"id": path[0], "file_offset": upload.data.len()})));
        }
        let handle = format!("4::{}:{}", STANDARD.encode(&upload.mime_type), session(path[0]));
        upload.data = Vec::new();
        Ok(Answer::json(200, &json!({"h": handle})))
    })
}

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let offset = meta.state(|state| state.uploads.get(session(path[0])).map(|upload| upload.data.len()));
    let offset = offset.ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
    Ok(Answer::json(200, &json!({"id": path[0], "file_offset": offset})))
}

/// The part of an upload id that the path carries: what follows `?` arrives as the query.
fn session(id: &str) -> &str {
    id.split('?').next().unwrap_or(id)
}
