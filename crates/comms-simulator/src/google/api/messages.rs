//! Messages: list, read, label, delete.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};
use time::Duration;

use super::{Request, answer, nothing};
use crate::google::{
    Answered, Google,
    error::GoogleError,
    mailbox::{Mail, MailBox},
    search::Search,
    view::{self, Shown},
};

/// Messages in one batch.
const MAX_BATCH: usize = 1_000;

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    let found = matching(google, request)?;
    let (start, end, next) = request.page(found.len())?;
    let rows: Vec<Value> = found[start..end].iter().map(|(id, thread)| json!({"id": id, "threadId": thread})).collect();
    Ok(answer(&json!({"messages": rows, "nextPageToken": next, "resultSizeEstimate": found.len()})))
}

/// The messages that a list asks for, newest first: id and thread.
pub(super) fn matching(google: &Google, request: &Request<'_>) -> Result<Vec<(String, String)>, GoogleError> {
    let query = request.get("q");
    if query.is_some() && request.sees_only_metadata() {
        return Err(GoogleError::api(403, "forbidden", "Metadata scope does not support 'q' parameter"));
    }
    let search = Search::read(query.unwrap_or_default());
    let labels = request.all("labelIds");
    let named = |label: &str| labels.contains(&label);
    let everywhere =
        request.get("includeSpamTrash") == Some("true") || search.everywhere || named("SPAM") || named("TRASH");
    let (settings, now) = (google.settings(), request.call.now);
    let lag = Duration::milliseconds(i64::try_from(settings.google.mail.search_lag_ms).unwrap_or(i64::MAX));
    request.mailbox(google, |mailbox| {
        let is_wanted = |mail: &&Mail| {
            (everywhere || !(mail.has("SPAM") || mail.has("TRASH")))
                && labels.iter().all(|label| mail.has(label))
                && (query.is_none() || now - mail.arrived >= lag)
                && search.finds(mail, &mailbox.labels)
        };
        let found = mailbox.newest_first().into_iter().filter(is_wanted);
        found.map(|mail| (mail.id.clone(), mail.thread_id.clone())).collect()
    })
}

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    let shown = Shown::of(request, &["minimal", "metadata", "raw", "full"])?;
    let mail = request.mailbox(google, |mailbox| mailbox.messages.get(request.id(0)).cloned())?;
    let mail = mail.ok_or_else(GoogleError::not_found)?;
    Ok(answer(&shown.message(google, &mail)))
}

pub(crate) fn attachment(google: &Google, request: &Request<'_>) -> Answered {
    let mail = request.mailbox(google, |mailbox| mailbox.messages.get(request.id(0)).cloned())?;
    let mail = mail.ok_or_else(GoogleError::not_found)?;
    let life = google.settings().google.mail.attachment_seconds;
    let part = view::attachment(&mail, request.id(1), request.call.now, life);
    let part = part.ok_or_else(|| GoogleError::invalid("Invalid attachment token"))?;
    Ok(answer(&json!({"size": part.size, "data": URL_SAFE.encode(&part.content)})))
}

pub(crate) fn modify(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    let changed = request.mailbox(google, |mailbox| {
        let (add, remove) = request.label_change(mailbox)?;
        mailbox.relabel(request.id(0), &add, &remove, now);
        Ok(mailbox.messages.get(request.id(0)).map(view::ids))
    })??;
    Ok(answer(&changed.ok_or_else(GoogleError::not_found)?))
}

pub(crate) fn batch_modify(google: &Google, request: &Request<'_>) -> Answered {
    let (ids, now) = (batch_ids(request)?, request.call.now);
    request.mailbox(google, |mailbox| {
        let (add, remove) = request.label_change(mailbox)?;
        for id in &ids {
            mailbox.relabel(id, &add, &remove, now);
        }
        Ok(nothing())
    })?
}

pub(crate) fn trash(google: &Google, request: &Request<'_>) -> Answered {
    moved(google, request, &["TRASH"], &["INBOX"])
}

pub(crate) fn untrash(google: &Google, request: &Request<'_>) -> Answered {
    moved(google, request, &[], &["TRASH"])
}

pub(crate) fn delete(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    let was_there = request.mailbox(google, |mailbox| mailbox.remove(request.id(0), now))?;
    if was_there { Ok(nothing()) } else { Err(GoogleError::not_found()) }
}

pub(crate) fn batch_delete(google: &Google, request: &Request<'_>) -> Answered {
    let (ids, now) = (batch_ids(request)?, request.call.now);
    request.mailbox(google, |mailbox| {
        for id in &ids {
            mailbox.remove(id, now);
        }
        nothing()
    })
}

fn moved(google: &Google, request: &Request<'_>, add: &[&str], remove: &[&str]) -> Answered {
    let now = request.call.now;
    let changed = request.mailbox(google, |mailbox| move_labels(mailbox, request.id(0), add, remove, now))?;
    Ok(answer(&changed.ok_or_else(GoogleError::not_found)?))
}

pub(super) fn move_labels(
    mailbox: &mut MailBox,
    id: &str,
    add: &[&str],
    remove: &[&str],
    now: time::OffsetDateTime,
) -> Option<Value> {
    let owned = |list: &[&str]| list.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
    mailbox.relabel(id, &owned(add), &owned(remove), now);
    mailbox.messages.get(id).map(view::ids)
}

fn batch_ids(request: &Request<'_>) -> Result<Vec<String>, GoogleError> {
    let list = request.body.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<String> = list.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
    if ids.is_empty() || ids.len() > MAX_BATCH {
        return Err(GoogleError::invalid(format!("ids: 1 to {MAX_BATCH} are allowed")));
    }
    Ok(ids)
}
