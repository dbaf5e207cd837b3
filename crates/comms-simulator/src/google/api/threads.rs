//! Threads: list, read, label, delete.

use serde_json::{Value, json};

use super::{Request, answer, messages, nothing};
use crate::google::{
    Answered, Google,
    error::GoogleError,
    mailbox::{Mail, MailBox},
    view::{self, Shown},
};

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    let mut found: Vec<String> = Vec::new();
    for (_, thread) in messages::matching(google, request)? {
        if !found.contains(&thread) {
            found.push(thread);
        }
    }
    let (start, end, next) = request.page(found.len())?;
    let rows: Vec<Value> = request.mailbox(google, |mailbox| {
        let rows = found[start..end].iter().filter_map(|id| {
            let last = mailbox.thread(id).last().copied()?;
            Some(json!({"id": id, "snippet": view::snippet(&last.entity), "historyId": last.history_id.to_string()}))
        });
        rows.collect()
    })?;
    Ok(answer(&json!({"threads": rows, "nextPageToken": next, "resultSizeEstimate": found.len()})))
}

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    let shown = Shown::of(request, &["minimal", "metadata", "full"])?;
    let mails =
        request.mailbox(google, |mailbox| mailbox.thread(request.id(0)).into_iter().cloned().collect::<Vec<Mail>>())?;
    let history = mails.iter().map(|mail| mail.history_id).max().ok_or_else(GoogleError::not_found)?;
    let messages: Vec<Value> = mails.iter().map(|mail| shown.message(google, mail)).collect();
    Ok(answer(&json!({"id": request.id(0), "historyId": history.to_string(), "messages": messages})))
}

pub(crate) fn modify(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    each(google, request, |mailbox, id| {
        let (add, remove) = request.label_change(mailbox)?;
        mailbox.relabel(id, &add, &remove, now);
        Ok(())
    })
}

pub(crate) fn trash(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    each(google, request, |mailbox, id| {
        messages::move_labels(mailbox, id, &["TRASH"], &["INBOX"], now);
        Ok(())
    })
}

pub(crate) fn untrash(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    each(google, request, |mailbox, id| {
        messages::move_labels(mailbox, id, &[], &["TRASH"], now);
        Ok(())
    })
}

pub(crate) fn delete(google: &Google, request: &Request<'_>) -> Answered {
    let now = request.call.now;
    each(google, request, |mailbox, id| {
        mailbox.remove(id, now);
        Ok(())
    })?;
    Ok(nothing())
}

/// Does the same with each message of the thread, and answers those that are left.
fn each(
    google: &Google,
    request: &Request<'_>,
    act: impl Fn(&mut MailBox, &str) -> Result<(), GoogleError>,
) -> Answered {
    let left = request.mailbox(google, |mailbox| {
        let ids: Vec<String> = mailbox.thread(request.id(0)).iter().map(|mail| mail.id.clone()).collect();
        if ids.is_empty() {
            return Err(GoogleError::not_found());
        }
        for id in &ids {
            act(mailbox, id)?;
        }
        Ok(mailbox.thread(request.id(0)).into_iter().map(view::ids).collect::<Vec<Value>>())
    })??;
    Ok(answer(&json!({"id": request.id(0), "messages": left})))
}
