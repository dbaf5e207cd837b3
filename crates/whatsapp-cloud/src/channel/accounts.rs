//! What changed in an account, and what is not understood.

use comms_core::{Change, Event, EventKey, EventKind};
use serde_json::{Map, Value};

use super::events::{About, json};
use crate::model::webhook::Timestamp;

/// The fields of an account that are known to this version: what they say is a change, anything else is unknown.
const FIELDS: [&str; 32] = [
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "business_username_updates",
    "calls",
    "errors",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "groups",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "state_sync",
    "template_category_update",
    "template_correct_category_detection",
    "user_preferences",
];

impl About {
    /// Something without a type of its own: a change of a field that is known, or unknown.
    pub(super) fn other(&self, name: String, value: Value) -> Event {
        if !FIELDS.contains(&name.as_str()) {
            return self.unknown(name, value);
        }
        let (subject, key, time, value) = self.identify(&name, value);
        // A list says less than its field: `groups` stands in four of them.
        let field = if name != "errors" && FIELDS.contains(&self.field.as_str()) { self.field.clone() } else { name };
        self.make(subject, key, time, EventKind::Changed(Change { field, value }))
    }

    pub(super) fn unknown(&self, name: String, raw: Value) -> Event {
        let (subject, key, time, raw) = self.identify(&name, raw);
        self.make(subject, key, time, EventKind::Unknown { name, raw })
    }

    /// Subject, key and time of an element that has no id which tells it from all others.
    ///
    /// Where it carries no time of its own, that of its entry belongs to the key: a number may be flagged twice in a year.
    fn identify(&self, name: &str, value: Value) -> (String, EventKey, Option<Timestamp>, Value) {
        let own = value.get("timestamp").and_then(Timestamp::of);
        let subject = ["id", "wacid", "group_id", "message_template_id", "display_phone_number", "phone_number"]
            .iter()
            .find_map(|name| match value.get(name) {
                Some(Value::String(id)) => Some(id.clone()),
                Some(Value::Number(id)) => Some(id.to_string()),
                _ => None,
            })
            .unwrap_or_else(|| self.account.external_id().to_owned());
        let mut whole = Map::new();
        whole.insert("name".to_owned(), name.into());
        whole.insert("field".to_owned(), self.field.as_str().into());
        if own.is_none() {
            whole.insert("time".to_owned(), json(&self.time));
        }
        whole.insert("value".to_owned(), value);
        let whole = Value::Object(whole);
        let key = EventKey::of_value(&whole);
        let value = match whole {
            Value::Object(mut whole) => whole.remove("value").unwrap_or_default(),
            _ => Value::Null,
        };
        (subject, key, own.or(self.time), value)
    }
}
