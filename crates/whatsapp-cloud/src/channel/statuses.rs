//! What became of our messages.

use comms_core::{Address, AddressKind, Event, EventKey, EventKind, Party, Problem, Status, StatusUpdate};

use super::events::{About, json, keep, object_or_null};
use crate::{
    error::classify_code,
    model::{error_object::ErrorObject, webhook},
};

impl About {
    pub(super) fn status(&self, status: webhook::Status) -> Event {
        let in_group = status.recipient_type.as_deref() == Some("group")
            || status.recipient_participant_id.is_some()
            || status.recipient_participant_user_id.is_some();
        let (user, phone) = if in_group {
            (&status.recipient_participant_user_id, &status.recipient_participant_id)
        } else {
            (&status.recipient_user_id, &status.recipient_id)
        };
        let mut recipient = self.party(user.as_deref(), phone.as_deref());
        let mut extra = status.extra;
        if let (true, Some(group)) = (in_group, &status.recipient_id) {
            if recipient.addresses.is_empty() {
                recipient = Party::of(Address::verbatim(AddressKind::Group, group.as_str()));
            }
            keep(&mut extra, "group_id", json(group));
        }
        let first = status.errors.as_ref().and_then(|errors| errors.first());
        // A word may be reported once for each recipient, and for each reason.
        let whom = user.as_ref().or(phone.as_ref()).or(status.recipient_id.as_ref());
        let mut key = format!("{}:{}:{}", status.id, status.status, whom.map_or("", String::as_str));
        if let Some(code) = first.and_then(|error| error.code) {
            key.push_str(&format!(":{code}"));
        }
        let problem = first.map(problem);
        keep(&mut extra, "conversation", json(&status.conversation));
        keep(&mut extra, "pricing", json(&status.pricing));
        keep(&mut extra, "errors", json(&status.errors));
        keep(&mut extra, "recipient_type", json(&status.recipient_type));
        let kind = EventKind::Status(Box::new(StatusUpdate {
            recipient,
            problem,
            correlation: status.biz_opaque_callback_data,
            extra: object_or_null(extra),
            ..StatusUpdate::new(meaning(&status.status), status.status)
        }));
        self.make(status.id, EventKey::new(key), status.timestamp, kind)
    }
}

/// What a word means; words for which the model has no state are kept and change nothing.
fn meaning(word: &str) -> Option<Status> {
    Some(match word {
        "accepted" => Status::Accepted,
        "sent" => Status::Sent,
        "delivered" => Status::Delivered,
        "read" | "played" => Status::Read,
        "failed" => Status::Failed,
        _ => return None,
    })
}

fn problem(error: &ErrorObject) -> Problem {
    Problem {
        code: error.code.map(|code| code.to_string()).unwrap_or_default(),
        message: error.reason(),
        kind: classify_code(error.code.unwrap_or_default()).0,
    }
}
