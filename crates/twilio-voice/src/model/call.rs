//! A call as the REST API tells of it.
//!
//! *See [Twilio docs/Calls resource](https://www.twilio.com/docs/voice/api/call-resource)*

use std::fmt;

use serde::{Deserialize, Serialize};
use twilio_core::model::{Date, Numeric};

use super::{Extra, open_enum};
pub use crate::twiml::{CallEvent, Method};

open_enum! {
    /// How far a call has come.
    pub enum CallStatus {
        /// Waits for its turn.
        Queued = "queued",
        /// Placed; in webhooks only.
        Initiated = "initiated",
        /// It rings.
        Ringing = "ringing",
        /// The parties talk. Webhooks call the event `answered`.
        InProgress = "in-progress",
        /// A conference that was dialled is over; in the action of a `<Dial>` only.
        Answered = "answered",
        /// Answered, and hung up.
        Completed = "completed",
        /// Engaged.
        Busy = "busy",
        /// Could not be put through.
        Failed = "failed",
        /// Nobody answered.
        NoAnswer = "no-answer",
        /// Hung up by the caller before an answer.
        Canceled = "canceled",
    }
}

impl CallStatus {
    /// Whether the leg is over.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled)
    }
}

open_enum! {
    /// Which way a leg goes.
    pub enum Direction {
        /// To Twilio: a phone calls our number, or a browser places a call.
        Inbound = "inbound",
        /// Placed over the REST API.
        OutboundApi = "outbound-api",
        /// Placed by a `<Dial>`.
        OutboundDial = "outbound-dial",
        /// To a SIP trunk.
        TrunkingTerminating = "trunking-terminating",
        /// From a SIP trunk.
        TrunkingOriginating = "trunking-originating",
    }
}

open_enum! {
    /// Who or what answered, where it was listened for.
    pub enum AnsweredBy {
        /// A person.
        Human = "human",
        /// A machine that still speaks.
        MachineStart = "machine_start",
        /// A machine, at its beep.
        MachineEndBeep = "machine_end_beep",
        /// A machine, in the silence after it spoke.
        MachineEndSilence = "machine_end_silence",
        /// A machine that ended in another way.
        MachineEndOther = "machine_end_other",
        /// A fax.
        Fax = "fax",
        /// Not found out.
        Unknown = "unknown",
    }
}

open_enum! {
    /// How a machine is listened for.
    pub enum MachineDetection {
        /// Until it is known who answered.
        Enable = "Enable",
        /// Until the machine has spoken, to leave a message.
        DetectMessageEnd = "DetectMessageEnd",
    }
}

/// A call, or one leg of it. Right after it was placed most of it is not known yet.
///
/// *See [Twilio docs/Call properties](https://www.twilio.com/docs/voice/api/call-resource#call-properties)*
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Call {
    /// Its id (`CA…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The leg that called this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_call_sid: Option<String>,
    /// The account that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// Whom: a number, `client:<identity>` or a SIP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The same as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_formatted: Option<String>,
    /// Who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The same as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_formatted: Option<String>,
    /// Our number (`PN…`), or the verified one that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_sid: Option<String>,
    /// How far it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
    /// When it was answered, or placed where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Date>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Date>,
    /// How long it lasted, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Numeric>,
    /// What it cost, below zero; known a while after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Numeric>,
    /// The currency, for instance `USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_unit: Option<String>,
    /// Which way it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Who or what answered, where it was listened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// The version of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The number that forwarded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// The group of calls that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_sid: Option<String>,
    /// The caller's name, where it was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// How long it waited for its turn, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_time: Option<Numeric>,
    /// The SIP trunk that it went over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk_sid: Option<String>,
    /// When Twilio took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address below the API's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What belongs to it: recordings, events …, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource_uris: Option<Extra>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for Call {
    /// Ids and states; no number of anybody's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("sid", &self.sid)
            .field("parent_call_sid", &self.parent_call_sid)
            .field("status", &self.status)
            .field("direction", &self.direction)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// How long it lasted, in seconds.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        self.duration.as_ref()?.number()
    }
}
