//! Sending, and mails that wait for their time.

use serde_json::{Map, Value, json};

use super::{Answered, Sendgrid, checks, endpoints::Request, error::SendgridError, events::Letter, state::Waiting};
use crate::double::Answer;

/// The header by which SendGrid names what it took.
pub(super) const MESSAGE_ID: &str = "X-Message-Id";

/// The longest mail with its attachments, as it is posted.
const LONGEST: usize = 30 * 1024 * 1024;

/// `POST /v3/mail/send`.
pub(super) fn send(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    if request.call.body.len() > LONGEST {
        return Err(SendgridError::new(
            413,
            "The total size of your email, including attachments, must be less than 30MB.",
        ));
    }
    let Some(Value::Object(mail)) = request.call.json() else {
        return Err(SendgridError::new(400, "Bad Request"));
    };
    for name in mail.keys().filter(|name| !checks::FIELDS.contains(&name.as_str())) {
        let what = format!("the field {name:?} is unknown and ignored");
        sendgrid.core().ledger.record_violation(request.call.now, "sendgrid.mail.send", what);
    }
    let now = request.call.now.unix_timestamp();
    checks::mail(&mail, now)?;
    check_account(sendgrid, &mail)?;
    let id = sendgrid.fresh_id();
    if is_for_sandbox(&mail) {
        return Ok(taken(200, &id));
    }
    count(sendgrid)?;
    for (number, personalization) in checks::list(&mail, "personalizations").iter().enumerate() {
        let letter = Letter::of(&id, number, &mail, personalization);
        let at = personalization.get("send_at").or_else(|| mail.get("send_at")).and_then(Value::as_i64);
        if at.is_some_and(|at| at > now) {
            let batch = mail.get("batch_id").and_then(Value::as_str).map(str::to_owned);
            sendgrid.state(|state| state.waiting.push(Waiting { batch, letter }));
        } else {
            sendgrid.begin(letter);
        }
    }
    Ok(taken(202, &id))
}

fn check_account(sendgrid: &Sendgrid, mail: &Map<String, Value>) -> Result<(), SendgridError> {
    let settings = sendgrid.settings();
    let from = mail.get("from").and_then(|from| from["email"].as_str()).unwrap_or_default();
    if !settings.sendgrid.may_send(from) {
        let message = "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.";
        return Err(SendgridError::field("from", message).with_status(403));
    }
    let text = |name: &str| mail.get(name).and_then(Value::as_str);
    if let Some(id) = text("template_id")
        && !sendgrid.templates().iter().any(|template| template["id"] == id)
    {
        return Err(SendgridError::field(
            "template_id",
            "The template_id must be a valid GUID, you provided an unknown one.",
        ));
    }
    if let Some(batch) = text("batch_id")
        && !sendgrid.state(|state| state.batches.contains(batch))
    {
        return Err(SendgridError::field("batch_id", "The batch_id must be a valid batch ID."));
    }
    Ok(())
}

/// One mail less of what was paid for. SendGrid says so with the status of a wrong key.
fn count(sendgrid: &Sendgrid) -> Result<(), SendgridError> {
    let most = sendgrid.settings().sendgrid.credits;
    let within = sendgrid.state(|state| {
        let within = most.is_none_or(|most| state.sent < most);
        state.sent += u64::from(within);
        within
    });
    if within { Ok(()) } else { Err(SendgridError::new(401, "Maximum credits exceeded")) }
}

fn is_for_sandbox(mail: &Map<String, Value>) -> bool {
    let settings = mail.get("mail_settings");
    settings.and_then(|settings| settings.pointer("/sandbox_mode/enable")) == Some(&Value::Bool(true))
}

fn taken(status: u16, id: &str) -> Answer {
    let answer = Answer { status, ..Answer::bytes("text/plain; charset=utf-8", bytes::Bytes::new()) };
    answer.header(MESSAGE_ID, id)
}

/// `POST /v3/mail/batch`.
pub(super) fn create_batch(sendgrid: &Sendgrid, _: &Request<'_>) -> Answered {
    let id = sendgrid.fresh_id();
    sendgrid.state(|state| state.batches.insert(id.clone()));
    Ok(Answer::json(201, &json!({"batch_id": id})))
}

/// `GET /v3/mail/batch/{}`.
pub(super) fn get_batch(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let id = request.id(0);
    if sendgrid.state(|state| state.batches.contains(id)) {
        return Ok(Answer::json(200, &json!({"batch_id": id})));
    }
    Err(SendgridError::new(400, "invalid batch id"))
}

/// `GET /v3/user/scheduled_sends`.
pub(super) fn stopped(sendgrid: &Sendgrid, _: &Request<'_>) -> Answered {
    let all = sendgrid.state(|state| state.stopped.clone());
    let all: Vec<Value> = all.into_iter().map(|(batch, status)| json!({"batch_id": batch, "status": status})).collect();
    Ok(Answer::json(200, &json!(all)))
}

/// `POST /v3/user/scheduled_sends`.
pub(super) fn stop(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    let (batch, status) = (body["batch_id"].as_str().unwrap_or_default(), wanted(&body)?);
    if sendgrid.state(|state| !state.batches.contains(batch)) {
        return Err(SendgridError::field("batch_id", "invalid batch id"));
    }
    if sendgrid.state(|state| state.stopped.contains_key(batch)) {
        return Err(SendgridError::field("batch_id", "a status for this batch id already exists"));
    }
    sendgrid.state(|state| state.stopped.insert(batch.to_owned(), status.to_owned()));
    Ok(Answer::json(201, &json!({"batch_id": batch, "status": status})))
}

/// `PATCH /v3/user/scheduled_sends/{}`.
pub(super) fn change_stop(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let status = wanted(&request.call.json().unwrap_or_default())?.to_owned();
    let known = sendgrid.state(|state| state.stopped.get_mut(request.id(0)).map(|held| *held = status).is_some());
    if known { Ok(nothing()) } else { Err(SendgridError::not_found()) }
}

/// `DELETE /v3/user/scheduled_sends/{}`.
pub(super) fn resume(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let known = sendgrid.state(|state| state.stopped.remove(request.id(0)).is_some());
    if known { Ok(nothing()) } else { Err(SendgridError::not_found()) }
}

fn wanted(body: &Value) -> Result<&str, SendgridError> {
    let status = body["status"].as_str().filter(|status| matches!(*status, "pause" | "cancel"));
    status.ok_or_else(|| SendgridError::field("status", "status must be pause or cancel"))
}

/// 204.
pub(super) fn nothing() -> Answer {
    Answer { status: 204, ..Answer::bytes("application/json", bytes::Bytes::new()) }
}

impl Sendgrid {
    /// Has it be the time of every mail that waits: what was withdrawn ends, what is paused goes on waiting. Returns how many were
    /// sent.
    pub fn release(&self) -> usize {
        let due = self.state(|state| {
            let waiting = std::mem::take(&mut state.waiting);
            let mut due = Vec::new();
            for one in waiting {
                let stopped = one.batch.as_ref().and_then(|batch| state.stopped.get(batch)).map(String::as_str);
                match stopped {
                    Some("cancel") => {}
                    Some(_) => state.waiting.push(one),
                    None => due.push(one.letter),
                }
            }
            due
        });
        let number = due.len();
        due.into_iter().for_each(|letter| self.begin(letter));
        number
    }
}
