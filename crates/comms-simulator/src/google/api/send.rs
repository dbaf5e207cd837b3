//! Messages that go out, and messages that are put into the mailbox.

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

use super::{Request, answer};
use crate::{
    double::{Call, SendRequest},
    google::{
        Answered, Google,
        error::GoogleError,
        mailbox::Mail,
        mime::{self, Entity},
        outgoing, view,
    },
};

/// The names of what sends.
const SENDS: [&str; 2] = ["google.messages.send", "google.drafts.send"];

pub(crate) fn send(google: &Google, request: &Request<'_>) -> Answered {
    let raw = raw_of(&request.body, request.uploaded.as_ref())?;
    let thread = request.body.get("threadId").and_then(Value::as_str);
    let mail = outgoing::accept(google, &request.account, raw, thread)?;
    Ok(answer(&view::ids(&mail)))
}

/// As if it had come by SMTP.
pub(crate) fn import(google: &Google, request: &Request<'_>) -> Answered {
    put(google, request, "dateHeader")
}

/// As it is.
pub(crate) fn insert(google: &Google, request: &Request<'_>) -> Answered {
    put(google, request, "receivedTime")
}

fn put(google: &Google, request: &Request<'_>, usual_date: &str) -> Answered {
    let raw = raw_of(&request.body, request.uploaded.as_ref())?;
    let labels = request.body.get("labelIds").and_then(Value::as_array).cloned().unwrap_or_default();
    let labels: Vec<&str> = labels.iter().filter_map(Value::as_str).collect();
    let (id, now) = (google.fresh_id(), request.call.now);
    let mut mail = Mail::new(&id, &id, raw, &labels, now);
    if request.get("internalDateSource").unwrap_or(usual_date) == "dateHeader"
        && let Some(date) = date_of(&mail.entity)
    {
        mail.internal_ms = date.unix_timestamp() * 1_000;
    }
    let thread = request.body.get("threadId").and_then(Value::as_str);
    let shown = request.mailbox(google, |mailbox| {
        if let Some(unknown) = labels.iter().find(|label| !mailbox.knows_label(label)) {
            return Err(GoogleError::invalid(format!("Invalid label: {unknown}")));
        }
        let found = thread.filter(|thread| !mailbox.thread(thread).is_empty()).map(str::to_owned);
        mail.thread_id = found.or_else(|| mailbox.thread_of(&mail.entity)).unwrap_or(id);
        let shown = view::ids(&mail);
        mailbox.add(mail, now);
        Ok(shown)
    })??;
    Ok(answer(&shown))
}

/// The message of a call: uploaded, or base64url in its JSON.
pub(crate) fn raw_of(message: &Value, uploaded: Option<&Bytes>) -> Result<Bytes, GoogleError> {
    if let Some(uploaded) = uploaded {
        return Ok(uploaded.clone());
    }
    let raw = message.get("raw").and_then(Value::as_str).filter(|raw| !raw.is_empty()).ok_or_else(|| {
        GoogleError::invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    })?;
    let bytes = mime::from_base64url(raw)
        .ok_or_else(|| GoogleError::invalid("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed"))?;
    Ok(bytes.into())
}

/// What a call asks to be sent, where it is a send.
pub(crate) fn request_of(call: &Call, endpoint: &str, account: String) -> Option<SendRequest> {
    if !SENDS.contains(&endpoint) || !completes(call) {
        return None;
    }
    let raw = carried(call).unwrap_or_default();
    let entity = Entity::parse(&raw);
    let first =
        ["To", "Cc", "Bcc"].into_iter().find_map(|name| mime::addresses(entity.header(name)?).into_iter().next());
    let message_id = entity.header("Message-ID").map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
    Some(SendRequest { account, to: first.unwrap_or_default(), callback_data: message_id })
}

/// Whether a call brings the last of its message: of a resumable upload only one does.
fn completes(call: &Call) -> bool {
    if call.query.get("uploadType").is_none_or(|kind| kind != "resumable") {
        return true;
    }
    let last = || {
        let (span, total) = call.headers.get("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let end: usize = span.split_once('-')?.1.parse().ok()?;
        Some(end + 1 == total.parse::<usize>().ok()?)
    };
    call.query.contains_key("upload_id") && (!call.headers.contains_key("content-range") || last() == Some(true))
}

/// The headers of the message that a call carries, whichever way.
fn carried(call: &Call) -> Option<Bytes> {
    if let Some(body) = call.json() {
        return raw_of(&body, None).or_else(|_| raw_of(body.get("message").unwrap_or(&body), None)).ok();
    }
    let content_type = call.headers.get("content-type")?;
    if let Some(boundary) = mime::parameter(content_type, "boundary") {
        let pieces = mime::pieces(&call.body, &boundary);
        return Some(Bytes::copy_from_slice(mime::split(pieces.get(1)?).1));
    }
    Some(call.body.clone())
}

fn date_of(entity: &Entity) -> Option<OffsetDateTime> {
    let date = entity.header("Date")?;
    // A comment with the name of the zone may stand behind it.
    let date = date.split('(').next().unwrap_or_default().trim();
    OffsetDateTime::parse(date, &time::format_description::well_known::Rfc2822).ok()
}
