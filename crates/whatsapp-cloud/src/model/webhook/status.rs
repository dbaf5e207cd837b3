//! What became of a message of ours.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::error_object::ErrorObject;

use super::member::{Member, Timestamp, take, wire};

/// A report on a message of ours, as an element of `statuses`.
///
/// *See [WhatsApp docs/Status messages webhook](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status)*
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The id of the message (`wamid.…`).
    pub id: String,
    /// `sent`, `delivered`, `read`, `played`, `failed`, or a word that this version does not know.
    pub status: String,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The recipient's phone number, or the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<String>,
    /// The recipient's user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_user_id: Option<String>,
    /// `individual` or `group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<String>,
    /// The phone number of the member of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_participant_id: Option<String>,
    /// The user id of the member of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_participant_user_id: Option<String>,
    /// What was sent along with the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_opaque_callback_data: Option<String>,
    /// The conversation; only inside a free-entry-point window since v24.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<ErrorObject>>,
    /// The members that this version does not know or could not read, as they came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Member for Status {
    /// A status is an object with the id of a message and a word; everything else may be absent.
    fn fits(value: &Value) -> bool {
        ["id", "status"].iter().all(|name| value.get(name).is_some_and(String::fits))
    }

    fn read(value: Value) -> Option<Self> {
        let Value::Object(mut map) = value else {
            return None;
        };
        Some(Self {
            id: take(&mut map, "id")?,
            status: take(&mut map, "status")?,
            timestamp: take(&mut map, "timestamp"),
            recipient_id: take(&mut map, "recipient_id"),
            recipient_user_id: take(&mut map, "recipient_user_id"),
            recipient_type: take(&mut map, "recipient_type"),
            recipient_participant_id: take(&mut map, "recipient_participant_id"),
            recipient_participant_user_id: take(&mut map, "recipient_participant_user_id"),
            biz_opaque_callback_data: take(&mut map, "biz_opaque_callback_data"),
            conversation: take(&mut map, "conversation"),
            pricing: take(&mut map, "pricing"),
            errors: take(&mut map, "errors"),
            extra: map,
        })
    }
}

wire! {
    /// A conversation, the unit of prices until July 2025.
    Conversation {
        /// Meta's id of it.
        id: String,
        /// When it ends; only with `sent`.
        expiration_timestamp: Timestamp,
        /// What opened it.
        origin: Origin,
    }

    /// What opened a conversation.
    Origin {
        /// `marketing`, `utility`, `service`, `referral_conversion` …
        kind as "type": String,
    }

    /// What a message costs.
    Pricing {
        /// Whether it is charged for.
        billable: bool,
        /// `PMP` (each message) or `CBP` (each conversation).
        pricing_model: String,
        /// `regular`, `free_customer_service`, `free_entry_point`.
        kind as "type": String,
        /// `marketing`, `utility`, `authentication`, `service` …
        category: String,
    }
}
