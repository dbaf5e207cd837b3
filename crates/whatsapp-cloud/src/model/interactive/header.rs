//! What stands above, and lines of text.

use serde::{Deserialize, Serialize};

use crate::model::{Extra, media::Media, typed};

/// A line of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Block {
    /// The words; of a header at most 60 characters, without formatting.
    pub text: String,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Block {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), extra: Extra::new() }
    }
}

/// What stands above.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Header {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    content: HeaderContent,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Header {
    /// A picture above the text: 5 MB at most.
    #[must_use]
    pub fn image(media: Media) -> Self {
        Self::new(HeaderContent::Image(media))
    }

    /// A film.
    #[must_use]
    pub fn video(media: Media) -> Self {
        Self::new(HeaderContent::Video(media))
    }

    /// A file above the text: 100 MB at most.
    #[must_use]
    pub fn document(media: Media) -> Self {
        Self::new(HeaderContent::Document(media))
    }

    /// What it is.
    #[must_use]
    pub fn content(&self) -> &HeaderContent {
        &self.content
    }

    fn new(content: HeaderContent) -> Self {
        Self { kind: content.kind().to_owned(), content, extra: Extra::new() }
    }
}

impl From<&str> for Header {
    fn from(text: &str) -> Self {
        Self::new(HeaderContent::Text(text.to_owned()))
    }
}

impl From<String> for Header {
    fn from(text: String) -> Self {
        Self::new(HeaderContent::Text(text))
    }
}

typed! {
    /// What stands above.
    pub enum HeaderContent {
        /// Text.
        Text(String) = "text",
        /// An image.
        Image(Media) = "image",
        /// A film.
        Video(Media) = "video",
        /// A document.
        Document(Media) = "document",
    }
}
