//! Labels: list, read, create, change, delete.

use serde_json::{Map, Value, json};

use super::{Request, answer, is_system, nothing};
use crate::google::{
    Answered, Google,
    error::GoogleError,
    mailbox::{Label, MailBox, SYSTEM_LABELS},
};

/// What of a label can be changed beside its name.
const LOOKS: [&str; 3] = ["messageListVisibility", "labelListVisibility", "color"];

pub(crate) fn list(google: &Google, request: &Request<'_>) -> Answered {
    let labels = request.mailbox(google, |mailbox| {
        let system = SYSTEM_LABELS.into_iter().map(|id| json!({"id": id, "name": id, "type": "system"}));
        let own = mailbox.labels.iter().map(view);
        system.chain(own).collect::<Vec<_>>()
    })?;
    Ok(answer(&json!({"labels": labels})))
}

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    let id = request.id(0);
    let label = request.mailbox(google, |mailbox| {
        let own = mailbox.labels.iter().find(|label| label.id == id).map(view);
        let mut label = own.or_else(|| is_system(id).then(|| json!({"id": id, "name": id, "type": "system"})))?;
        count(mailbox, id, &mut label);
        Some(label)
    })?;
    Ok(answer(&label.ok_or_else(GoogleError::not_found)?))
}

pub(crate) fn create(google: &Google, request: &Request<'_>) -> Answered {
    let name = name(request)?.ok_or_else(|| GoogleError::invalid("Invalid label name"))?;
    let label = request.mailbox(google, |mailbox| {
        is_free(mailbox, &name, None)?;
        let label = Label { id: format!("Label_{}", mailbox.labels.len() + 1), name, fields: looks(&request.body) };
        let shown = view(&label);
        mailbox.labels.push(label);
        Ok(shown)
    })??;
    Ok(answer(&label))
}

pub(crate) fn change(google: &Google, request: &Request<'_>) -> Answered {
    let (id, name) = (request.id(0), name(request)?);
    if is_system(id) {
        return Err(GoogleError::invalid("Invalid update request"));
    }
    let label = request.mailbox(google, |mailbox| {
        if let Some(name) = &name {
            is_free(mailbox, name, Some(id))?;
        }
        let label = mailbox.labels.iter_mut().find(|label| label.id == id).ok_or_else(GoogleError::not_found)?;
        label.name = name.unwrap_or_else(|| label.name.clone());
        label.fields.extend(looks(&request.body));
        Ok::<_, GoogleError>(view(label))
    })??;
    Ok(answer(&label))
}

pub(crate) fn delete(google: &Google, request: &Request<'_>) -> Answered {
    let id = request.id(0).to_owned();
    if is_system(&id) {
        return Err(GoogleError::invalid("Invalid delete request"));
    }
    let now = request.call.now;
    request.mailbox(google, |mailbox| {
        let before = mailbox.labels.len();
        mailbox.labels.retain(|label| label.id != id);
        if mailbox.labels.len() == before {
            return Err(GoogleError::not_found());
        }
        let labelled = mailbox.messages.values().filter(|mail| mail.has(&id));
        for message in labelled.map(|mail| mail.id.clone()).collect::<Vec<_>>() {
            mailbox.relabel(&message, &[], std::slice::from_ref(&id), now);
        }
        Ok(nothing())
    })?
}

fn name(request: &Request<'_>) -> Result<Option<String>, GoogleError> {
    let Some(name) = request.body.get("name") else { return Ok(None) };
    let name = name.as_str().map(str::trim).filter(|name| !name.is_empty());
    name.map(|name| Some(name.to_owned())).ok_or_else(|| GoogleError::invalid("Invalid label name"))
}

fn is_free(mailbox: &MailBox, name: &str, own: Option<&str>) -> Result<(), GoogleError> {
    let taken =
        mailbox.labels.iter().any(|label| label.name.eq_ignore_ascii_case(name) && Some(label.id.as_str()) != own);
    if SYSTEM_LABELS.iter().any(|system| system.eq_ignore_ascii_case(name)) {
        return Err(GoogleError::invalid("Invalid label name"));
    }
    if taken { Err(GoogleError::new("aborted")) } else { Ok(()) }
}

fn looks(body: &Value) -> Map<String, Value> {
    let given = body.as_object().into_iter().flatten();
    given
        .filter(|(name, _)| LOOKS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn view(label: &Label) -> Value {
    let mut shown = json!({"id": label.id, "name": label.name, "type": "user"});
    if let Some(object) = shown.as_object_mut() {
        object.extend(label.fields.clone());
    }
    shown
}

fn count(mailbox: &MailBox, id: &str, label: &mut Value) {
    let with = || mailbox.messages.values().filter(|mail| mail.has(id));
    let threads = |unread: bool| {
        let mut threads: Vec<&str> =
            with().filter(|mail| !unread || mail.has("UNREAD")).map(|mail| mail.thread_id.as_str()).collect();
        threads.sort_unstable();
        threads.dedup();
        threads.len()
    };
    label["messagesTotal"] = json!(with().count());
    label["messagesUnread"] = json!(with().filter(|mail| mail.has("UNREAD")).count());
    label["threadsTotal"] = json!(threads(false));
    label["threadsUnread"] = json!(threads(true));
}
