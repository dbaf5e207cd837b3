//! Messaging Services and their senders.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twilio_core::model::Date;

use super::Extra;
use crate::Address;

/// A Messaging Service: a pool of senders with common settings.
///
/// *See [Twilio docs/Services resource](https://www.twilio.com/docs/messaging/api/service-resource)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Service {
    /// Its id, `MG…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// What people call the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// Where inbound messages are reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound_request_url: Option<String>,
    /// `POST` or `GET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound_method: Option<String>,
    /// Where they are reported when that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_url: Option<String>,
    /// `POST` or `GET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_method: Option<String>,
    /// Where statuses are reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_callback: Option<String>,
    /// Whether a recipient keeps the sender that wrote to them first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky_sender: Option<bool>,
    /// Whether files go out as links where MMS does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mms_converter: Option<bool>,
    /// Whether characters that cost room are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smart_encoding: Option<bool>,
    /// Whether a long number stands in for a short code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_to_long_code: Option<bool>,
    /// Whether a sender of the recipient's area is preferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code_geomatch: Option<bool>,
    /// How many seconds a message may wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_period: Option<u32>,
    /// `inherit`, `enable`, `disable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_message_content: Option<String>,
    /// Reserved by Twilio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronous_validation: Option<bool>,
    /// What it is for, for instance `marketing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usecase: Option<String>,
    /// Whether it is registered for A2P in the United States.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub us_app_to_person_registered: Option<bool>,
    /// Whether each number reports inbound messages at its own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_inbound_webhook_on_number: Option<bool>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The addresses of what belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Extra>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A phone number of a Messaging Service.
///
/// *See [Twilio docs/PhoneNumber resource](https://www.twilio.com/docs/messaging/api/phonenumber-resource)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServiceNumber {
    /// Its id, `PN…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_sid: Option<String>,
    /// The number that sends for the service, in E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Address>,
    /// Its country's two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// What it can do: `SMS`, `MMS`, `Voice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Value>,
    /// When it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A sender of a Messaging Service on a channel such as WhatsApp or RCS.
///
/// *See [Twilio docs/ChannelSender resource](https://www.twilio.com/docs/messaging/api/channelsender-resource)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChannelSender {
    /// Its id, `XE…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service_sid: Option<String>,
    /// The sender, for instance `whatsapp:+15005550006`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Address>,
    /// `WhatsApp`, `RCS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_type: Option<String>,
    /// Its country's two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// When it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
