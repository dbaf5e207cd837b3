//! A message as Twilio knows it.

use comms_http::open_enum;
use serde::{Deserialize, Serialize};
use twilio_core::model::{Date, Numeric};

use super::Extra;
use crate::Address;

open_enum! {
    /// How far a message has come.
    ///
    /// A message from a number begins as `queued`, one by a Messaging Service as `accepted`, a scheduled one as `scheduled`. `read`
    /// comes on channels that have it, sometimes without a `delivered` before.
    ///
    /// *See [Twilio docs/Message status values](https://www.twilio.com/docs/messaging/api/message-resource#message-status-values)*
    pub enum MessageStatus {
        /// Twilio took it and looks for a sender.
        Accepted = "accepted",
        /// It waits for its time.
        Scheduled = "scheduled",
        /// It was withdrawn before its time.
        Canceled = "canceled",
        /// It waits for its turn.
        Queued = "queued",
        /// It is being passed on.
        Sending = "sending",
        /// An operator or channel took it.
        Sent = "sent",
        /// It reached the recipient's device.
        Delivered = "delivered",
        /// It did not reach the recipient.
        Undelivered = "undelivered",
        /// It was not sent.
        Failed = "failed",
        /// The recipient opened it.
        Read = "read",
        /// Some of its parts reached the recipient.
        PartiallyDelivered = "partially_delivered",
        /// It is arriving at Twilio.
        Receiving = "receiving",
        /// It arrived at Twilio.
        Received = "received",
    }
}

open_enum! {
    /// Which way a message goes, and what caused it.
    pub enum Direction {
        /// To us.
        Inbound = "inbound",
        /// From us, by this API.
        OutboundApi = "outbound-api",
        /// From us, during a call.
        OutboundCall = "outbound-call",
        /// From us, in answer to a message.
        OutboundReply = "outbound-reply",
    }
}

/// A message, in or out.
///
/// *See [Twilio docs/Messages resource](https://www.twilio.com/docs/messaging/api/message-resource#message-properties)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Message {
    /// Its id: `SM…`, or `MM…` with files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The Messaging Service that chose the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service_sid: Option<String>,
    /// The sender; absent with a Messaging Service until the message is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// The text; empty once it was redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How far it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Which way it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How many segments it takes; 0 until a sender was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_segments: Option<Numeric>,
    /// How many files it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_media: Option<Numeric>,
    /// What it cost: negative. Known some time after it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Numeric>,
    /// The currency of the price (ISO 4217).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_unit: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Numeric>,
    /// Why it failed, for a person to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// When Twilio took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// When it was sent, or came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_sent: Option<Date>,
    /// The version of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The paths of what belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource_uris: Option<Extra>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What the recipient of a message did.
    pub enum FeedbackOutcome {
        /// What the message was for: a code was typed, a link was followed.
        Confirmed = "confirmed",
        /// Not that, or not yet.
        Unconfirmed = "unconfirmed",
    }
}

/// What Twilio was told of a message's effect.
///
/// *See [Twilio docs/Message Feedback](https://www.twilio.com/docs/messaging/api/message-feedback-resource)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Feedback {
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_sid: Option<String>,
    /// What the recipient did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<FeedbackOutcome>,
    /// When Twilio was told first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When Twilio was told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
