//! What became of a message of ours.

use comms_http::open_enum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Address, model::message::MessageStatus};

/// A report on a message of ours, in Twilio's own names. Reports come in any order, more than once, or not at all.
///
/// *See [Twilio docs/Track outbound message status](https://www.twilio.com/docs/messaging/guides/track-outbound-message-status)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct StatusCallback {
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_sid: Option<String>,
    /// The same under an older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_sid: Option<String>,
    /// How far it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_status: Option<MessageStatus>,
    /// The same under an older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_status: Option<MessageStatus>,
    /// The account that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The Messaging Service that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service_sid: Option<String>,
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// Why it failed: digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Why it failed, for a person to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// When the operator says that it was done: `YYMMDDhhmm`, in a time zone that it does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_dlr_done_date: Option<String>,
    /// `2010-04-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// What the channel reports, on channels such as WhatsApp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<ChannelEvent>,
    /// The installation of the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_install_sid: Option<String>,
    /// What the channel says of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_status_message: Option<String>,
    /// Which channel, for instance `whatsapp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_prefix: Option<String>,
    /// The recipient, partly hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_to_address: Option<String>,
    /// Whether it was a template or interactive message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured_message: Option<String>,
    /// Parameters that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

open_enum! {
    /// What a channel such as WhatsApp reports.
    pub enum ChannelEvent {
        /// Passed on.
        Sent = "SENT",
        /// On the device.
        Delivered = "DELIVERED",
        /// Opened.
        Read = "READ",
        /// It did not arrive.
        Undelivered = "UNDELIVERED",
        /// It was not sent.
        Failed = "FAILED",
    }
}

impl StatusCallback {
    /// The message's id; empty where it came without.
    #[must_use]
    pub fn sid(&self) -> &str {
        self.message_sid.as_deref().or(self.sms_sid.as_deref()).unwrap_or_default()
    }

    /// How far the message has come.
    #[must_use]
    pub fn status(&self) -> Option<&MessageStatus> {
        self.message_status.as_ref().or(self.sms_status.as_ref())
    }

    /// The error code as a number.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.error_code.as_deref()?.trim().parse().ok()
    }
}
