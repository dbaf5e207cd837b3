//! Batches of calls.

use serde_json::{Value, json};

use super::{
    Answered, Elevenlabs,
    calls::PhoneCall,
    endpoints::Request,
    error::ElevenlabsError,
    state::{Batch, Recipient},
    view,
};
use crate::double::Answer;

/// The most recipients of one batch.
const MOST_RECIPIENTS: usize = 10_000;
/// The page of a list that does not say.
const USUAL_PAGE: usize = 100;

/// `POST /v1/convai/batch-calling/submit`.
pub(super) fn submit(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    let text = |name: &'static str| {
        let value = body[name].as_str().filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| ElevenlabsError::field(name, "Field required"))
    };
    let (name, agent_id, phone_number_id) = (text("call_name")?, text("agent_id")?, text("agent_phone_number_id")?);
    let settings = elevenlabs.settings();
    let agent = settings.elevenlabs.agent(&agent_id);
    let agent = agent.ok_or_else(|| ElevenlabsError::not_found("agent", "Agent not found"))?;
    if settings.elevenlabs.phone_number(&phone_number_id).is_none() {
        return Err(ElevenlabsError::not_found("phone_number", "Phone number not found"));
    }
    let now = request.call.now.unix_timestamp();
    let scheduled = body["scheduled_time_unix"].as_i64().unwrap_or(now);
    let batch = Batch {
        id: elevenlabs.fresh_id("btcal"),
        name,
        agent_id,
        agent_name: agent.name.clone(),
        phone_number_id,
        timezone: body["timezone"].clone(),
        created: now,
        scheduled,
        updated: now,
        status: "pending",
        retries: 0,
        recipients: recipients(elevenlabs, &body["recipients"], now)?,
    };
    let (id, answer) = (batch.id.clone(), view::batch(&batch));
    elevenlabs.state(|state| state.batches.push(batch));
    if scheduled <= now {
        elevenlabs.dispatch(&id);
    }
    Ok(Answer::json(200, &answer))
}

fn recipients(elevenlabs: &Elevenlabs, of: &Value, now: i64) -> Result<Vec<Recipient>, ElevenlabsError> {
    let all = of.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() || all.len() > MOST_RECIPIENTS {
        return Err(ElevenlabsError::field("recipients", "From 1 to 10000 recipients are required"));
    }
    let one = |recipient: &Value| {
        let number = recipient["phone_number"].as_str().filter(|number| !number.is_empty());
        let number = number.ok_or_else(|| ElevenlabsError::field("recipients", "Field required: phone_number"))?;
        let own = recipient["id"].as_str().map(str::to_owned);
        Ok(Recipient {
            id: own.unwrap_or_else(|| elevenlabs.fresh_id("rcpt")),
            phone_number: number.to_owned(),
            status: "pending",
            created: now,
            updated: now,
            conversation_id: None,
            client_data: recipient["conversation_initiation_client_data"].clone(),
        })
    };
    all.iter().map(one).collect()
}

/// `GET /v1/convai/batch-calling/workspace`.
pub(super) fn list(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(USUAL_PAGE);
    let last = request.query("last_doc");
    let (page, more) = elevenlabs.state(|state| {
        let newest = state.batches.iter().rev();
        let mut rest = newest.skip_while(|batch| last.is_some_and(|last| batch.id != last)).peekable();
        if last.is_some() {
            rest.next();
        }
        let page: Vec<Value> = rest.by_ref().take(limit).map(view::batch).collect();
        (page, rest.peek().is_some())
    });
    let next = page.last().filter(|_| more).map(|last| last["id"].clone());
    Ok(Answer::json(200, &json!({"batch_calls": page, "next_doc": next, "has_more": more})))
}

/// `GET /v1/convai/batch-calling/{}`.
pub(super) fn get(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let found = elevenlabs.state(|state| state.batch(request.id()).map(view::batch_with_recipients));
    found.map(|batch| Answer::json(200, &batch)).ok_or_else(missing)
}

/// `DELETE /v1/convai/batch-calling/{}`.
pub(super) fn delete(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let gone = elevenlabs.state(|state| {
        let before = state.batches.len();
        state.batches.retain(|batch| batch.id != request.id());
        state.batches.len() < before
    });
    if gone { Ok(Answer::json(200, &json!({}))) } else { Err(missing()) }
}

/// `POST /v1/convai/batch-calling/{}/cancel`: who has not been called yet is not called.
pub(super) fn cancel(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let now = request.call.now.unix_timestamp();
    changed(elevenlabs, request, |batch| {
        for recipient in batch.recipients.iter_mut().filter(|one| matches!(one.status, "pending" | "dispatched")) {
            recipient.status = "cancelled";
            recipient.updated = now;
        }
        batch.status = "cancelled";
        batch.updated = now;
    })
}

/// `POST /v1/convai/batch-calling/{}/retry`: who was not reached is called again.
pub(super) fn retry(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let answer = changed(elevenlabs, request, |batch| {
        for recipient in batch.recipients.iter_mut().filter(|one| matches!(one.status, "failed" | "voicemail")) {
            recipient.status = "pending";
            recipient.conversation_id = None;
        }
        batch.status = "pending";
        batch.retries += 1;
    })?;
    elevenlabs.dispatch(request.id());
    Ok(answer)
}

fn changed(elevenlabs: &Elevenlabs, request: &Request<'_>, change: impl FnOnce(&mut Batch)) -> Answered {
    let answer = elevenlabs.state(|state| {
        let batch = state.batch_mut(request.id())?;
        change(batch);
        Some(view::batch(batch))
    });
    answer.map(|batch| Answer::json(200, &batch)).ok_or_else(missing)
}

impl Elevenlabs {
    /// Calls whom a batch has not called yet.
    pub(super) fn dispatch(&self, id: &str) {
        let Some(batch) = self.state(|state| state.batch(id).cloned()) else { return };
        for recipient in batch.recipients.iter().filter(|one| one.status == "pending") {
            let call = PhoneCall {
                agent_id: batch.agent_id.clone(),
                phone_number_id: batch.phone_number_id.clone(),
                person: recipient.phone_number.clone(),
                client_data: recipient.client_data.clone(),
                ..PhoneCall::default()
            };
            let Ok((conversation, _)) = self.begin_call(&call, Some((batch.id.clone(), recipient.id.clone()))) else {
                continue;
            };
            self.state(|state| {
                let of = state.batch_mut(id).and_then(|batch| batch.recipient_mut(&recipient.id));
                if let Some(of) = of {
                    of.conversation_id = Some(conversation.clone());
                }
            });
            self.settle_recipient(&conversation, "dispatched");
            self.let_run(conversation, call);
        }
    }

    /// Has it be the time of every batch that waits for one. Returns how many began.
    pub fn release(&self) -> usize {
        let now = self.core().now().unix_timestamp();
        let due: Vec<String> = self.state(|state| {
            let waiting = state.batches.iter_mut().filter(|batch| batch.status == "pending" && batch.scheduled > now);
            waiting
                .map(|batch| {
                    batch.scheduled = now;
                    batch.id.clone()
                })
                .collect()
        });
        due.iter().for_each(|id| self.dispatch(id));
        due.len()
    }

    /// Notes what became of the recipient whose call this is; one that was withdrawn stays so.
    pub(super) fn settle_recipient(&self, conversation: &str, status: &'static str) {
        let now = self.core().now().unix_timestamp();
        self.state(|state| {
            let Some((batch, recipient)) = state.conversation(conversation).and_then(|one| one.batch.clone()) else {
                return;
            };
            let Some(batch) = state.batch_mut(&batch) else { return };
            if let Some(recipient) = batch.recipient_mut(&recipient)
                && recipient.status != "cancelled"
            {
                recipient.status = status;
                recipient.updated = now;
            }
            batch.settle(now);
        });
    }
}

fn missing() -> ElevenlabsError {
    ElevenlabsError::not_found("batch_call", "Batch call not found")
}
