//! What changed since a history id.

use serde_json::{Value, json};
use time::Duration;

use super::{Request, answer};
use crate::google::{
    Answered, Google,
    error::GoogleError,
    mailbox::{Change, Record},
};

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    let start = request.get("startHistoryId").ok_or_else(|| GoogleError::invalid("Missing startHistoryId"))?;
    let start: u64 = start.parse().map_err(|_| GoogleError::invalid("Invalid startHistoryId"))?;
    let (settings, now) = (google.settings(), request.call.now);
    let lag = Duration::milliseconds(i64::try_from(settings.google.push.history_lag_ms).unwrap_or(i64::MAX));
    let (types, label) = (request.all("historyTypes"), request.get("labelId"));
    if let Some(unknown) = types.iter().find(|name| !TYPES.contains(name)) {
        return Err(GoogleError::invalid(format!("Invalid value at 'history_types': {unknown}")));
    }
    let (rows, last) = request.mailbox(google, |mailbox| {
        mailbox.forget_history(settings.google.mail.history_length);
        if start < mailbox.oldest_history {
            return Err(GoogleError::not_found());
        }
        let visible = |record: &&Record| now - record.at >= lag;
        // What is not shown yet hides all that came after it: ids only grow.
        let last = mailbox.history.iter().take_while(visible).last().map_or(mailbox.oldest_history, |record| record.id);
        let wanted = |record: &&Record| {
            record.id > start
                && record.id <= last
                && (types.is_empty() || types.contains(&type_of(&record.change)))
                && label.is_none_or(|label| record.labels.contains(label))
        };
        let rows: Vec<Value> = mailbox.history.iter().filter(wanted).map(row).collect();
        Ok((rows, last))
    })??;
    let (first, end, next) = request.page(rows.len())?;
    Ok(answer(&json!({"history": rows[first..end], "nextPageToken": next, "historyId": last.to_string()})))
}

const TYPES: [&str; 4] = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"];

fn type_of(change: &Change) -> &'static str {
    match change {
        Change::Added => TYPES[0],
        Change::Deleted => TYPES[1],
        Change::LabelsAdded(_) => TYPES[2],
        Change::LabelsRemoved(_) => TYPES[3],
    }
}

fn row(record: &Record) -> Value {
    let ids = json!({"id": record.message_id, "threadId": record.thread_id});
    let mut message = ids.clone();
    if !record.labels.is_empty() {
        message["labelIds"] = json!(record.labels);
    }
    let mut row = json!({"id": record.id.to_string(), "messages": [ids]});
    match &record.change {
        Change::Added => row["messagesAdded"] = json!([{"message": message}]),
        Change::Deleted => row["messagesDeleted"] = json!([{"message": message}]),
        Change::LabelsAdded(labels) => row["labelsAdded"] = json!([{"message": message, "labelIds": labels}]),
        Change::LabelsRemoved(labels) => row["labelsRemoved"] = json!([{"message": message, "labelIds": labels}]),
    }
    row
}
