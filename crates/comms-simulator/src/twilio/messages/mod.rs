//! Messages: sending, looking up, cancelling, redacting, deleting.

mod checks;
mod create;
mod lifecycle;
mod segments;
mod template;

use serde_json::{Value, json};
use time::OffsetDateTime;

pub(crate) use create::{Outgoing, create};
pub(crate) use segments::segments;

use crate::double::Answer;

use super::{
    Answered, Request, Twilio,
    dates::{self, When},
    error::{self, TwilioError},
    media, paging,
};

/// The parameters of a send.
pub(crate) const PARAMETERS: &str = "To StatusCallback ApplicationSid MaxPrice ProvideFeedback Attempt ValidityPeriod \
    ForceDelivery ContentRetention AddressRetention SmartEncoded PersistentAction TrafficType ShortenUrls ScheduleType \
    SendAt SendAsMms ContentVariables RiskCheck From FallbackFrom MessagingServiceSid Body MediaUrl ContentSid";

/// A message in either direction.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub sid: String,
    pub account_sid: String,
    pub service_sid: Option<String>,
    pub body: String,
    /// Unknown until a messaging service has chosen a sender.
    pub from: Option<String>,
    pub to: String,
    pub direction: &'static str,
    pub status: String,
    pub error_code: Option<i64>,
    pub files: usize,
    pub segments: usize,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
    pub status_callback: Option<String>,
    /// What WhatsApp decided about the template; nothing for a free-form message.
    pub approval: Option<String>,
    /// The error that the message will end with, where it was found before the send.
    pub doom: Option<i64>,
}

impl Message {
    pub(crate) fn is_whatsapp(&self) -> bool {
        self.to.starts_with("whatsapp:")
    }

    fn uri(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages/{}", self.account_sid, self.sid)
    }

    pub(crate) fn view(&self) -> Value {
        let uri = self.uri();
        let is_priced = self.sent_at.is_some();
        let cents = self.segments.max(1) * 75;
        json!({
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": dates::rfc2822(self.created_at),
            "date_sent": self.sent_at.map(dates::rfc2822),
            "date_updated": dates::rfc2822(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": self.error_code.map(error::words),
            "from": self.from,
            "messaging_service_sid": self.service_sid,
            "num_media": self.files.to_string(),
            "num_segments": self.segments.to_string(),
            "price": is_priced.then(|| format!("-{}.{:04}0", cents / 10_000, cents % 10_000)),
            "price_unit": is_priced.then_some("USD"),
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": format!("{uri}/Media.json"), "feedback": format!("{uri}/Feedback.json")},
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }
}

impl Twilio {
    /// The status of a message, and its error; nothing where it is unknown.
    #[must_use]
    pub fn message_status(&self, sid: &str) -> Option<(String, Option<i64>)> {
        self.state(|state| state.messages.get(sid).map(|message| (message.status.clone(), message.error_code)))
    }

    /// What the person with this address got, oldest first: the bodies of messages to it.
    #[must_use]
    pub fn received_by(&self, address: &str) -> Vec<String> {
        self.state(|state| {
            let mut bodies: Vec<String> = state
                .messages
                .newest_first()
                .filter(|message| message.to == address && message.direction != "inbound")
                .map(|message| message.body.clone())
                .collect();
            bodies.reverse();
            bodies
        })
    }

    fn message(&self, request: &Request<'_>) -> Result<Message, TwilioError> {
        let found = self.state(|state| state.messages.get(request.id(0)).cloned());
        found.filter(|message| message.account_sid == request.account.sid).ok_or_else(|| request.not_found())
    }
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &twilio.message(request)?.view()))
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let params = &request.params;
    let on = |name: &str| params.get(name).and_then(When::parse);
    let (day, until, since) = (on("DateSent"), on("DateSent<"), on("DateSent>"));
    let (to, from) = (params.get("To"), params.get("From"));
    let fits = |message: &&Message| {
        let sent = message.sent_at.unwrap_or(message.created_at);
        message.account_sid == request.account.sid
            && to.is_none_or(|to| to == message.to)
            && from.is_none_or(|from| Some(from) == message.from.as_deref())
            && day.is_none_or(|day| day.is(sent))
            && until.is_none_or(|until| until.is_or_before(sent))
            && since.is_none_or(|since| since.is_or_after(sent))
    };
    let rows = twilio.state(|state| state.messages.newest_first().filter(fits).map(Message::view).collect());
    paging::page(request, "messages", rows)
}

/// Cancels a message that is not sent yet, or takes its words out.
pub(crate) fn update(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let message = twilio.message(request)?;
    if let Some(status) = request.params.get("Status") {
        if status != "canceled" {
            return Err(TwilioError::new(20001).message("Status can only be changed to canceled"));
        }
        if !matches!(message.status.as_str(), "scheduled" | "accepted" | "queued") {
            return Err(TwilioError::new(30409).message("The message cannot be canceled in its state"));
        }
        twilio.change_message(&message.sid, |message| message.status = "canceled".to_owned());
    }
    if let Some(body) = request.params.raw("Body") {
        if !body.is_empty() {
            return Err(TwilioError::new(20001).message("Body can only be changed to an empty one"));
        }
        if matches!(message.status.as_str(), "scheduled" | "accepted" | "queued" | "sending") {
            return Err(TwilioError::new(20009).message("Cannot redact a message before it is complete"));
        }
        twilio.change_message(&message.sid, |message| message.body.clear());
    }
    fetch(twilio, request)
}

pub(crate) fn delete(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let message = twilio.message(request)?;
    if matches!(message.status.as_str(), "scheduled" | "accepted" | "queued" | "sending") {
        return Err(TwilioError::new(20009));
    }
    twilio.state(|state| state.messages.remove(&message.sid));
    Ok(media::no_content())
}

pub(crate) fn feedback(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let message = twilio.message(request)?;
    let outcome = request.params.get("Outcome").unwrap_or("confirmed");
    if !matches!(outcome, "confirmed" | "unconfirmed") {
        return Err(TwilioError::new(20001).message("Outcome must be confirmed or unconfirmed"));
    }
    let now = dates::rfc2822(request.call.now);
    Ok(Answer::json(
        201,
        &json!({
            "account_sid": message.account_sid,
            "date_created": now,
            "date_updated": now,
            "message_sid": message.sid,
            "outcome": outcome,
            "uri": format!("{}/Feedback.json", message.uri()),
        }),
    ))
}
