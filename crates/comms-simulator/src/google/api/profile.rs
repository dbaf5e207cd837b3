//! The mailbox itself: profile, watch, stop.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::Duration;

use super::{Request, answer, nothing};
use crate::google::{Answered, Google, error::GoogleError, mailbox::Watch};

/// How long a watch lasts.
const WATCH_LIFE: Duration = Duration::days(7);

pub(crate) fn get(google: &Google, request: &Request<'_>) -> Answered {
    let profile = request.mailbox(google, |mailbox| {
        let threads: BTreeSet<&str> = mailbox.messages.values().map(|mail| mail.thread_id.as_str()).collect();
        json!({
            "emailAddress": request.account,
            "messagesTotal": mailbox.messages.len(),
            "threadsTotal": threads.len(),
            "historyId": mailbox.last_history.to_string(),
        })
    })?;
    Ok(answer(&profile))
}

pub(crate) fn watch(google: &Google, request: &Request<'_>) -> Answered {
    let topic = request.body.get("topicName").and_then(Value::as_str).unwrap_or_default();
    let settings = google.settings();
    if !topic.starts_with("projects/") || !topic.contains("/topics/") {
        return Err(GoogleError::invalid("Invalid topicName does not match projects/my-project/topics/*"));
    }
    if settings.google.topic(topic).is_none() {
        return Err(GoogleError::invalid(format!(
            "Error sending test message to Cloud PubSub {topic} : Resource not found (resource={}).",
            topic.rsplit('/').next().unwrap_or_default()
        )));
    }
    let labels = request.body.get("labelIds").and_then(Value::as_array).cloned().unwrap_or_default();
    let behaviour = request.body.get("labelFilterBehavior").or_else(|| request.body.get("labelFilterAction"));
    let exclude = behaviour.and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case("exclude"));
    let now = request.call.now;
    let watch = Watch {
        topic: topic.to_owned(),
        labels: labels.iter().filter_map(|label| Some(label.as_str()?.to_owned())).collect(),
        exclude,
        expires: now + WATCH_LIFE,
        last_push: None,
    };
    let expiration = (now + WATCH_LIFE).unix_timestamp() * 1_000;
    let history = request.mailbox(google, |mailbox| {
        // What was before is told to nobody.
        mailbox.unpublished.clear();
        mailbox.watch = Some(watch);
        mailbox.last_history
    })?;
    Ok(answer(&json!({"historyId": history.to_string(), "expiration": expiration.to_string()})))
}

pub(crate) fn stop(google: &Google, request: &Request<'_>) -> Answered {
    request.mailbox(google, |mailbox| mailbox.watch = None)?;
    Ok(nothing())
}
