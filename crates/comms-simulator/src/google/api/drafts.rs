//! Drafts: list, read, write, send, delete.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Request, answer, messages, nothing, send::raw_of};
use crate::google::{
    Answered, Google,
    error::GoogleError,
    mailbox::Mail,
    outgoing,
    view::{self, Shown},
};

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    let wanted = messages::matching(google, request)?;
    let found: Vec<Value> = request.mailbox(google, |mailbox| {
        let rows = wanted.iter().filter_map(|(message, thread)| {
            let (id, _) = mailbox.drafts.iter().find(|(_, of)| *of == message)?;
            Some(json!({"id": id, "message": {"id": message, "threadId": thread}}))
        });
        rows.collect()
    })?;
    let (start, end, next) = request.page(found.len())?;
    Ok(answer(&json!({"drafts": found[start..end], "nextPageToken": next, "resultSizeEstimate": found.len()})))
}

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    let shown = Shown::of(request, &["minimal", "metadata", "raw", "full"])?;
    let mail = draft(google, request, request.id(0))?;
    Ok(answer(&json!({"id": request.id(0), "message": shown.message(google, &mail)})))
}

pub(crate) fn create(google: &Google, request: &Request<'_>) -> Answered {
    let id = format!("r-{}", google.core().fresh_number());
    put(google, request, id)
}

pub(crate) fn update(google: &Google, request: &Request<'_>) -> Answered {
    let before = draft(google, request, request.id(0))?;
    let now = request.call.now;
    let answer = put(google, request, request.id(0).to_owned())?;
    request.mailbox(google, |mailbox| mailbox.remove(&before.id, now))?;
    Ok(answer)
}

pub(crate) fn send(google: &Google, request: &Request<'_>) -> Answered {
    let id = request.body.get("id").and_then(Value::as_str);
    let message = request.body.get("message").cloned().unwrap_or_else(|| json!({}));
    let given = raw_of(&message, request.uploaded.as_ref()).ok();
    let (raw, thread) = match (id, given) {
        (Some(id), given) => {
            let mail = draft(google, request, id)?;
            (given.unwrap_or_else(|| mail.raw.clone()), Some(mail))
        }
        (None, Some(given)) => (given, None),
        (None, None) => return Err(GoogleError::invalid("Invalid draft")),
    };
    let answered = thread
        .as_ref()
        .map(|mail| mail.thread_id.clone())
        .filter(|id| thread.as_ref().is_some_and(|mail| mail.id != *id));
    let now = request.call.now;
    let sent = outgoing::accept(google, &request.account, raw, answered.as_deref())?;
    if let Some(mail) = thread {
        request.mailbox(google, |mailbox| mailbox.remove(&mail.id, now))?;
    }
    Ok(answer(&view::ids(&sent)))
}

pub(crate) fn delete(google: &Google, request: &Request<'_>) -> Answered {
    let mail = draft(google, request, request.id(0))?;
    let now = request.call.now;
    request.mailbox(google, |mailbox| mailbox.remove(&mail.id, now))?;
    Ok(nothing())
}

fn draft(google: &Google, request: &Request<'_>, id: &str) -> Result<Mail, GoogleError> {
    let found = request.mailbox(google, |mailbox| {
        let message = mailbox.drafts.get(id)?;
        mailbox.messages.get(message).cloned()
    })?;
    found.ok_or_else(GoogleError::not_found)
}

/// Puts the message of a call in the place of a draft's.
fn put(google: &Google, request: &Request<'_>, id: String) -> Answered {
    let message = request.body.get("message").cloned().unwrap_or_else(|| json!({}));
    let raw: Bytes = raw_of(&message, request.uploaded.as_ref())?;
    let (message_id, now) = (google.fresh_id(), request.call.now);
    let mut mail = Mail::new(&message_id, &message_id, raw, &["DRAFT"], now);
    let thread = message.get("threadId").and_then(Value::as_str);
    let shown = request.mailbox(google, |mailbox| {
        let named = thread.filter(|thread| !mailbox.thread(thread).is_empty()).map(str::to_owned);
        mail.thread_id = named.or_else(|| mailbox.thread_of(&mail.entity)).unwrap_or(message_id);
        let shown = view::ids(&mail);
        mailbox.drafts.insert(id.clone(), mail.id.clone());
        mailbox.add(mail, now);
        shown
    })?;
    Ok(answer(&json!({"id": id, "message": shown})))
}
