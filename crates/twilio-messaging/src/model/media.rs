//! A file of a message.

use serde::{Deserialize, Serialize};
use twilio_core::model::Date;

use super::Extra;

/// What Twilio knows of a file.
///
/// *See [Twilio docs/Media resource](https://www.twilio.com/docs/messaging/api/media-resource)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MediaInfo {
    /// Its id, `ME…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The message that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_sid: Option<String>,
    /// The media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Its path; without `.json` that of the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
