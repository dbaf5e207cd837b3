//! What becomes of a message: the statuses and their callbacks.

use time::macros::format_description;

use crate::ledger::Subject;

use super::{
    super::{
        Twilio,
        hooks::{Ask, Callbacks, pair},
        people::Delivery,
    },
    Message, segments,
};

/// One status to come: when, in milliseconds after the send.
struct Step {
    status: &'static str,
    at_ms: u64,
    error_code: Option<i64>,
}

impl Twilio {
    /// Lets the statuses of a message follow.
    pub(crate) fn set_out(&self, message: &Message, from: &str) {
        let (twilio, message, from) = (self.clone(), message.clone(), from.to_owned());
        self.spawn(async move { twilio.live(message, from).await });
    }

    /// A status of any message, told to this address: for repetitions and for messages that are not of this double.
    pub fn emit_message_status(&self, url: &str, sid: &str, status: &str, error_code: Option<i64>) {
        let known = self.state(|state| state.messages.get(sid).cloned());
        let fields = match &known {
            Some(message) => self.status_fields(message, status, error_code),
            None => vec![
                pair("MessageSid", sid),
                pair("SmsSid", sid),
                pair("MessageStatus", status),
                pair("SmsStatus", status),
                pair("AccountSid", super::super::ACCOUNT_SID),
                pair("ApiVersion", "2010-04-01"),
            ],
        };
        let ask = Ask {
            account_sid: known.map_or_else(|| super::super::ACCOUNT_SID.to_owned(), |message| message.account_sid),
            url: url.to_owned(),
            method: None,
            params: fields,
            subject: subject(sid, status),
        };
        let twilio = self.clone();
        self.spawn(async move {
            twilio.tell(&ask).await;
        });
    }

    async fn live(&self, message: Message, from: String) {
        let settings = self.settings();
        let delays = &settings.twilio.messages;
        let mut callbacks = Callbacks::new(self, delays.shuffle, delays.copies);
        let mut passed = 0;
        for step in self.steps(&message) {
            if !self.pause(step.at_ms.saturating_sub(passed)).await {
                return;
            }
            passed = step.at_ms.max(passed);
            let Some(changed) = self.advance(&message.sid, &from, &step) else {
                break;
            };
            if let Some(url) = &changed.status_callback {
                let params = self.status_fields(&changed, step.status, step.error_code);
                let ask = Ask {
                    account_sid: changed.account_sid.clone(),
                    url: url.clone(),
                    method: None,
                    params,
                    subject: subject(&changed.sid, step.status),
                };
                callbacks.push(ask).await;
            }
        }
        callbacks.finish().await;
    }

    fn steps(&self, message: &Message) -> Vec<Step> {
        let settings = self.settings();
        let delays = &settings.twilio.messages;
        let step = |status, at_ms| Step { status, at_ms, error_code: None };
        let mut steps = Vec::new();
        if message.service_sid.is_some() {
            steps.push(step("queued", 0));
        }
        let outcome = settings.twilio.contact(&message.to).reach.outcome;
        if let Some(code) = message.doom {
            let undelivered = outcome == Delivery::Undelivered && code < 60_000;
            if undelivered {
                steps.push(step("sent", delays.sent_ms.min(delays.failed_ms)));
            }
            let status = if undelivered || code == 63_016 { "undelivered" } else { "failed" };
            steps.push(Step { status, at_ms: delays.failed_ms, error_code: Some(code) });
            return steps;
        }
        steps.push(step("sent", delays.sent_ms));
        if outcome != Delivery::Sent {
            steps.push(step("delivered", delays.delivered_ms));
        }
        if let (Delivery::Read, true, Some(at_ms)) = (outcome, message.is_whatsapp(), delays.read_ms) {
            steps.push(step("read", at_ms));
        }
        steps
    }

    /// The message in its next status; nothing where it was cancelled or deleted meanwhile.
    fn advance(&self, sid: &str, from: &str, step: &Step) -> Option<Message> {
        let now = self.core().now();
        let changed = self.state(|state| {
            let message = state.messages.get_mut(sid).filter(|message| message.status != "canceled")?;
            message.status = step.status.to_owned();
            message.error_code = step.error_code;
            message.updated_at = now;
            message.from.get_or_insert_with(|| from.to_owned());
            if step.status == "sent" {
                message.sent_at = Some(now);
                message.segments = segments(&message.body);
            }
            Some(message.clone())
        });
        self.touch();
        changed
    }

    fn status_fields(&self, message: &Message, status: &str, error_code: Option<i64>) -> Vec<(String, String)> {
        let mut fields = vec![
            pair("SmsSid", &message.sid),
            pair("SmsStatus", status),
            pair("MessageStatus", status),
            pair("To", &message.to),
            pair("MessageSid", &message.sid),
            pair("AccountSid", &message.account_sid),
            pair("ApiVersion", "2010-04-01"),
        ];
        if let Some(from) = &message.from {
            fields.push(pair("From", from));
        }
        if let Some(service) = &message.service_sid {
            fields.push(pair("MessagingServiceSid", service));
        }
        if let Some(code) = error_code {
            fields.push(pair("ErrorCode", code.to_string()));
        }
        let is_final = matches!(status, "delivered" | "undelivered");
        if message.is_whatsapp() {
            fields.extend(self.channel_fields(message, status));
        } else if is_final {
            let format = format_description!("[year repr:last_two][month][day][hour][minute]");
            let done = self.core().now().format(format).unwrap_or_default();
            fields.push(pair("RawDlrDoneDate", done));
        }
        fields
    }

    /// What statuses on WhatsApp have beside.
    fn channel_fields(&self, message: &Message, status: &str) -> Vec<(String, String)> {
        let settings = self.settings();
        let number = message.from.as_deref().and_then(|from| from.strip_prefix("whatsapp:")).unwrap_or_default();
        let sender = settings.twilio.account(&message.account_sid).and_then(|account| account.whatsapp_sender(number));
        let mut fields = vec![pair("ChannelPrefix", "whatsapp"), pair("ChannelToAddress", masked(&message.to))];
        if let Some(sender) = sender {
            fields.push(pair("ChannelInstallSid", &sender.sid));
        }
        if matches!(status, "delivered" | "read" | "undelivered") {
            fields.push(pair("EventType", status.to_uppercase()));
        }
        if message.approval.is_some() {
            fields.push(pair("StructuredMessage", "true"));
        }
        fields
    }
}

fn subject(sid: &str, status: &str) -> Subject {
    Subject { kind: "message_status".to_owned(), id: sid.to_owned(), status: Some(status.to_owned()) }
}

/// A number without its last four digits.
fn masked(address: &str) -> String {
    let number = address.strip_prefix("whatsapp:").unwrap_or(address);
    let kept = number.len().saturating_sub(4);
    format!("{}XXXX", number.get(..kept).unwrap_or_default())
}
