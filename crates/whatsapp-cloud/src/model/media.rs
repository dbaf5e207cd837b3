//! Media: the object in a message, and what the media endpoints answer.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::{
    Extra, open_enum,
    scalar::Scalar,
    validate::{at_most, refuse, required},
};
use crate::limits;

/// Media in a message: an uploaded file by its id, or a public address that Meta fetches.
///
/// Meta keeps what it fetched from an address for 10 minutes; a changing query in the address makes it fetch again.
///
/// ```
/// use whatsapp_cloud::model::media::Media;
///
/// let invoice = Media::link("https://example.com/invoice.pdf").filename("invoice.pdf").caption("Your invoice");
/// assert_eq!(invoice.filename.as_deref(), Some("invoice.pdf"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Media {
    /// The id of an uploaded file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The text below (image, video, document).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The name (document): its ending chooses the icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Whether sound is shown as a voice note; needs Ogg with Opus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Media {
    /// An uploaded file.
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// A public address that Meta fetches.
    pub fn link(link: impl Into<String>) -> Self {
        Self { link: Some(link.into()), ..Self::default() }
    }

    /// The text below.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// The name of a document.
    #[must_use]
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    pub(crate) fn validate(&self, field: &str) -> Result<()> {
        match (&self.id, &self.link) {
            (Some(id), None) => required(&format!("{field}.id"), id, usize::MAX)?,
            (None, Some(link)) if link.starts_with("https://") || link.starts_with("http://") => {}
            (None, Some(_)) => {
                return Err(refuse(&format!("{field}.link"), "the link is not an http(s) address"));
            }
            _ => {
                return Err(refuse(field, "media needs an id or a link, and only one of them"));
            }
        }
        match &self.caption {
            Some(caption) => at_most(&format!("{field}.caption"), caption, limits::CAPTION),
            None => Ok(()),
        }
    }
}

open_enum! {
    /// What kind of file, for its limits.
    pub enum MediaType {
        /// JPEG or PNG.
        Image = "image",
        /// AAC, AMR, MP3, MP4 sound, Ogg with Opus.
        Audio = "audio",
        /// MP4 or 3GPP.
        Video = "video",
        /// Plain text, PDF, Office.
        Document = "document",
        /// WebP.
        Sticker = "sticker",
    }
}

impl MediaType {
    /// The kind that Meta treats a media type as; everything that is not image, sound or film is a document.
    #[must_use]
    pub fn of(mime_type: &str) -> Self {
        let essence = mime_type.split(';').next().unwrap_or_default().trim();
        match essence.split_once('/') {
            Some(("image", "webp")) => Self::Sticker,
            Some(("image", _)) => Self::Image,
            Some(("audio", _)) => Self::Audio,
            Some(("video", _)) => Self::Video,
            _ => Self::Document,
        }
    }

    /// The most bytes that may be uploaded.
    #[must_use]
    pub fn longest(&self) -> u64 {
        match self {
            Self::Image => limits::IMAGE_BYTES,
            Self::Audio => limits::AUDIO_BYTES,
            Self::Video => limits::VIDEO_BYTES,
            Self::Sticker => limits::STICKER_BYTES,
            Self::Document | Self::Other(_) => limits::DOCUMENT_BYTES,
        }
    }
}

/// What a look-up of media answers. The address works for five minutes and needs the token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaInfo {
    /// Meta's id of the file, for 30 days.
    pub id: String,
    /// Where the bytes are.
    pub url: String,
    /// The media type, for instance `audio/ogg; codecs=opus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The SHA-256 of the bytes, as Meta gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_size: Option<Scalar>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The id of a new object: an upload, a number, a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Created {
    /// Meta's id of it.
    pub id: String,
}
