//! A message is sent.

use bytes::Bytes;
use time::OffsetDateTime;

use crate::double::Answer;

use super::{
    super::{
        Answered, Request, Twilio,
        config::Account,
        error::TwilioError,
        ids,
        people::{Contact, Delivery},
    },
    Message, checks, segments,
};

/// A message on its way in, everything decided but its fate.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub account: Account,
    pub to: String,
    pub from: String,
    /// Whether the caller named the sender; a messaging service tells it later.
    pub is_from_known: bool,
    pub service_sid: Option<String>,
    pub body: String,
    pub files: Vec<String>,
    pub approval: Option<String>,
    pub direction: &'static str,
    pub status_callback: Option<String>,
    pub scheduled_for: Option<OffsetDateTime>,
}

pub(crate) fn create(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let outgoing = checks::outgoing(twilio, request)?;
    let message = twilio.submit(outgoing)?;
    Ok(Answer::json(201, &message.view()))
}

impl Twilio {
    /// Takes a message and lets its statuses follow.
    pub(crate) fn submit(&self, outgoing: Outgoing) -> Result<Message, TwilioError> {
        let settings = self.settings();
        let pair = (outgoing.from.clone(), outgoing.to.clone());
        if self.state(|state| state.opt_outs.contains(&pair)) {
            return Err(TwilioError::new(21610));
        }
        let contact = settings.twilio.contact(&outgoing.to);
        let doom = self.doom(&outgoing, &contact);
        if let Some(code) = doom.filter(|_| contact.reach.at_once) {
            return Err(TwilioError::new(code));
        }
        let message = self.register(&outgoing, doom);
        if outgoing.account.test {
            return Ok(message);
        }
        match outgoing.scheduled_for {
            None => self.set_out(&message, &outgoing.from),
            Some(at) => {
                let wait = (at - self.core().now()).whole_milliseconds();
                let (twilio, sid) = (self.clone(), message.sid.clone());
                self.core().courier.after(u64::try_from(wait).unwrap_or_default(), move || {
                    twilio.release(&sid);
                });
            }
        }
        Ok(message)
    }

    /// Sends a scheduled message now; whether there was one.
    pub fn release(&self, sid: &str) -> bool {
        let scheduled = self.state(|state| {
            let message = state.messages.get_mut(sid).filter(|message| message.status == "scheduled")?;
            message.status = "accepted".to_owned();
            Some(message.clone())
        });
        let Some(message) = scheduled else {
            return false;
        };
        let settings = self.settings();
        let account = settings.twilio.account(&message.account_sid);
        let service = account.zip(message.service_sid.as_deref()).and_then(|(account, sid)| account.service(sid));
        let senders = service.map(|service| service.senders.clone()).unwrap_or_default();
        let of_channel = |sender: &&String| sender.starts_with("whatsapp:") == message.is_whatsapp();
        let chosen = message.from.clone().or_else(|| senders.iter().find(of_channel).cloned());
        self.set_out(&message, &chosen.unwrap_or_default());
        true
    }

    fn register(&self, outgoing: &Outgoing, doom: Option<i64>) -> Message {
        let now = self.core().now();
        let sid = ids::sid(self.core(), if outgoing.files.is_empty() { "SM" } else { "MM" });
        for file in &outgoing.files {
            self.store_media(&outgoing.account.sid, &sid, type_of(file), Bytes::from(file.clone()));
        }
        let status = match (&outgoing.scheduled_for, &outgoing.service_sid) {
            (Some(_), _) => "scheduled",
            (None, Some(_)) => "accepted",
            (None, None) => "queued",
        };
        let message = Message {
            sid: sid.clone(),
            account_sid: outgoing.account.sid.clone(),
            service_sid: outgoing.service_sid.clone(),
            body: outgoing.body.clone(),
            from: outgoing.is_from_known.then(|| outgoing.from.clone()),
            to: outgoing.to.clone(),
            direction: outgoing.direction,
            status: status.to_owned(),
            error_code: None,
            files: outgoing.files.len(),
            segments: if outgoing.service_sid.is_some() { 0 } else { segments(&outgoing.body) },
            created_at: now,
            updated_at: now,
            sent_at: None,
            status_callback: outgoing.status_callback.clone().or_else(|| of_sender(outgoing)),
            approval: outgoing.approval.clone(),
            doom,
        };
        self.state(|state| state.messages.insert(&sid, message.clone()));
        message
    }

    /// The error that a message will end with.
    fn doom(&self, outgoing: &Outgoing, contact: &Contact) -> Option<i64> {
        if outgoing.to.starts_with("whatsapp:") {
            let now = self.core().now();
            let open = self.state(|state| state.window_is_open(&outgoing.from, &outgoing.to, now));
            match outgoing.approval.as_deref() {
                Some("approved") => {}
                Some("paused") => return Some(63041),
                Some("disabled") => return Some(63042),
                Some("rejected") => return Some(63040),
                _ if open => {}
                _ => return Some(63016),
            }
        }
        match contact.reach.outcome {
            Delivery::Undelivered => Some(contact.reach.error_code.unwrap_or(30003)),
            Delivery::Failed => Some(contact.reach.error_code.unwrap_or(30008)),
            _ => None,
        }
    }

    pub(crate) fn change_message(&self, sid: &str, change: impl FnOnce(&mut Message)) {
        let now = self.core().now();
        self.state(|state| {
            if let Some(message) = state.messages.get_mut(sid) {
                message.updated_at = now;
                change(message);
            }
        });
        self.touch();
    }
}

fn of_sender(outgoing: &Outgoing) -> Option<String> {
    let number = outgoing.from.strip_prefix("whatsapp:")?;
    outgoing.account.whatsapp_sender(number)?.status_callback.clone()
}

/// The media type by the ending of an address: what the address serves is not fetched.
fn type_of(address: &str) -> &'static str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "pdf" => "application/pdf",
        "vcf" => "text/vcard",
        _ => "image/jpeg",
    }
}
