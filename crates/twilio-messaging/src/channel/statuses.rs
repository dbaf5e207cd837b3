//! What became of our messages.

use comms_core::{Event, EventKey, EventKind, Party, Problem, Status, StatusUpdate};
use serde_json::{Map, Value};
use twilio_core::error::classify_code;

use super::{accounts, events::About};
use crate::{
    model::message::MessageStatus,
    webhook::{ChannelEvent, StatusCallback},
};

/// What stands elsewhere in the event.
const ELSEWHERE: [&str; 7] = ["MessageSid", "SmsSid", "MessageStatus", "SmsStatus", "ApiVersion", "To", "ErrorCode"];

impl About<'_> {
    pub(super) fn status(&self, report: &StatusCallback) -> Event {
        let word = report.status().map(MessageStatus::as_str);
        let channel = report.event_type.as_ref();
        let said = word.or(channel.map(ChannelEvent::as_str)).unwrap_or_default().to_owned();
        let by_word = report.status().and_then(meaning);
        let status = match (by_word, channel.and_then(channel_meaning)) {
            (Some(one), Some(other)) => Some(one.merge(other)),
            (one, other) => one.or(other),
        };
        let mut key = format!("{}:{said}", report.sid());
        // The channel's word may come beside one that has come already.
        if let Some(channel) = channel.filter(|channel| !channel.as_str().eq_ignore_ascii_case(&said)) {
            key.push_str(&format!(":{channel}"));
        }
        if let Some(code) = &report.error_code {
            key.push_str(&format!(":{code}"));
        }
        let update = StatusUpdate {
            recipient: report.to.as_ref().map(|to| Party::of(accounts::party_address(to))).unwrap_or_default(),
            problem: problem(report),
            correlation: self.message.clone(),
            extra: rest(report),
            ..StatusUpdate::new(status, said)
        };
        let account = self.account(report.from.as_ref(), report.messaging_service_sid.as_deref(), &report.account_sid);
        self.make(account, report.sid(), EventKey::new(key), None, EventKind::Status(Box::new(update)))
    }
}

/// What a word means; words for which the model has no state are kept and change nothing.
pub(super) fn meaning(word: &MessageStatus) -> Option<Status> {
    Some(match word {
        MessageStatus::Accepted | MessageStatus::Scheduled | MessageStatus::Queued => Status::Accepted,
        MessageStatus::Sending | MessageStatus::Sent => Status::Sent,
        MessageStatus::Delivered | MessageStatus::PartiallyDelivered => Status::Delivered,
        MessageStatus::Read => Status::Read,
        MessageStatus::Undelivered | MessageStatus::Failed => Status::Failed,
        MessageStatus::Canceled => Status::Canceled,
        _ => return None,
    })
}

fn channel_meaning(event: &ChannelEvent) -> Option<Status> {
    Some(match event {
        ChannelEvent::Sent => Status::Sent,
        ChannelEvent::Delivered => Status::Delivered,
        ChannelEvent::Read => Status::Read,
        ChannelEvent::Undelivered | ChannelEvent::Failed => Status::Failed,
        _ => return None,
    })
}

fn problem(report: &StatusCallback) -> Option<Problem> {
    let code = report.error_code.clone()?;
    let message = report.error_message.clone().or_else(|| report.channel_status_message.clone());
    Some(Problem {
        message: message.unwrap_or_else(|| format!("Twilio error {code}")),
        kind: classify_code(report.code().unwrap_or_default()).0,
        code,
    })
}

fn rest(report: &StatusCallback) -> Value {
    let mut rest = match serde_json::to_value(report) {
        Ok(Value::Object(fields)) => fields,
        // Its keys are texts, so that it can be written.
        _ => Map::new(),
    };
    ELSEWHERE.iter().for_each(|name| drop(rest.remove(*name)));
    // Words without a code make no problem, and would be lost with it.
    if report.error_code.is_some() {
        rest.remove("ErrorMessage");
    }
    if rest.is_empty() { Value::Null } else { Value::Object(rest) }
}
