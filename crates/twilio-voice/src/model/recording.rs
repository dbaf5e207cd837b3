//! A recording as the REST API tells of it.
//!
//! *See [Twilio docs/Recordings resource](https://www.twilio.com/docs/voice/api/recording)*

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twilio_core::model::{Date, Numeric};

use super::{Extra, open_enum};
pub use crate::twiml::{Channels as RecordingChannels, RecordingEvent, RecordingTrack, Trim};

open_enum! {
    /// How far a recording has come.
    pub enum RecordingStatus {
        /// It records.
        InProgress = "in-progress",
        /// It pauses.
        Paused = "paused",
        /// It was stopped.
        Stopped = "stopped",
        /// It is being written.
        Processing = "processing",
        /// It can be fetched.
        Completed = "completed",
        /// Nothing was recorded: too short, or silent.
        Absent = "absent",
        /// It failed; in webhooks only.
        Failed = "failed",
        /// Deleted; what is known of it is kept for 40 days.
        Deleted = "deleted",
    }
}

open_enum! {
    /// What made a recording.
    pub enum RecordingSource {
        /// `<Dial record=…>`.
        DialVerb = "DialVerb",
        /// `<Conference record=…>`.
        Conference = "Conference",
        /// `Record` of a call that was placed over the REST API.
        OutboundApi = "OutboundAPI",
        /// A SIP trunk.
        Trunking = "Trunking",
        /// `<Record>`.
        RecordVerb = "RecordVerb",
        /// The REST API, during a call.
        StartCallRecordingApi = "StartCallRecordingAPI",
        /// The REST API, during a conference.
        StartConferenceRecordingApi = "StartConferenceRecordingAPI",
    }
}

open_enum! {
    /// What stands for a pause.
    pub enum PauseBehavior {
        /// Nothing: the recording is shorter.
        Skip = "skip",
        /// Silence as long as the pause.
        Silence = "silence",
    }
}

open_enum! {
    /// How the sound is written.
    pub enum Format {
        /// Small: MP3.
        Mp3 = "mp3",
        /// Whole: WAV, 128 kbit/s a channel.
        Wav = "wav",
    }
}

/// A recording, and what is known of it.
///
/// *See [Twilio docs/Recording properties](https://www.twilio.com/docs/voice/api/recording#recording-properties)*
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recording {
    /// Its id (`RE…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The call, its parent leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_sid: Option<String>,
    /// The conference, where one was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_sid: Option<String>,
    /// How far it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordingStatus>,
    /// What made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RecordingSource>,
    /// 1, or 2 where each party has a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Numeric>,
    /// Whose sound it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<RecordingTrack>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Date>,
    /// How long it is, in seconds; known at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Numeric>,
    /// What it cost, below zero; a number in one resource, a text in the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Numeric>,
    /// The currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_unit: Option<String>,
    /// Why there is none, where it is `absent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Numeric>,
    /// How it is encrypted, where the account does that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_details: Option<Value>,
    /// Where the sound is. Fetch it by its id instead: the address may say http.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// The version of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address below the API's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What belongs to it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource_uris: Option<Extra>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for Recording {
    /// Ids and states; no number of anybody's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("sid", &self.sid)
            .field("call_sid", &self.call_sid)
            .field("status", &self.status)
            .field("source", &self.source)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

impl Recording {
    /// How long it is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        self.duration.as_ref()?.number()
    }
}
