//! A media stream as the REST API tells of it.
//!
//! *See [Twilio docs/Streams resource](https://www.twilio.com/docs/voice/api/stream-resource)*

use std::fmt;

use serde::{Deserialize, Serialize};
use twilio_core::model::Date;

use super::{Extra, open_enum};

open_enum! {
    /// Whether a stream runs.
    pub enum StreamStatus {
        /// It runs.
        InProgress = "in-progress",
        /// It was stopped.
        Stopped = "stopped",
    }
}

open_enum! {
    /// Whose sound a stream carries.
    pub enum StreamTrack {
        /// What Twilio receives.
        Inbound = "inbound_track",
        /// What Twilio makes.
        Outbound = "outbound_track",
        /// Both.
        Both = "both_tracks",
    }
}

/// A media stream.
///
/// *See [Twilio docs/Stream properties](https://www.twilio.com/docs/voice/api/stream-resource)*
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaStream {
    /// Its id (`MZ…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_sid: Option<String>,
    /// The name that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StreamStatus>,
    /// When it changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its address below the API's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for MediaStream {
    /// Ids and states; no number of anybody's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStream")
            .field("sid", &self.sid)
            .field("call_sid", &self.call_sid)
            .field("name", &self.name)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
