//! Files that arrive: never longer than wanted, and never a page in their place.

use std::fmt;

use futures_util::StreamExt;
use http::header;

use crate::{ByteStream, Error, ErrorKind, Outcome, Response, Result};

/// What may be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadLimits {
    /// The most bytes. A download that turns out longer ends with an error.
    pub longest: u64,
    /// The media types that are wanted, each whole (`application/pdf`) or by family (`image/*`); empty = all.
    pub types: Vec<String>,
}

impl Default for DownloadLimits {
    /// All types, at most [`LONGEST`](Self::LONGEST).
    fn default() -> Self {
        Self { longest: Self::LONGEST, types: Vec::new() }
    }
}

impl DownloadLimits {
    /// 100 MiB: no provider takes in a longer file, and a recording of that length lasts about seven hours.
    ///
    /// *See [WhatsApp docs/Media sizes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)
    /// and [Twilio docs/Accepted content types](https://www.twilio.com/docs/messaging/guides/accepted-mime-types)*
    pub const LONGEST: u64 = 100 * 1024 * 1024;

    /// All types, at most this many bytes.
    #[must_use]
    pub fn longest(longest: u64) -> Self {
        Self { longest, ..Self::default() }
    }

    /// Only this type (`application/pdf`) or family (`image/*`), beside those added before.
    #[must_use]
    pub fn only(mut self, kind: impl Into<String>) -> Self {
        self.types.push(kind.into());
        self
    }

    /// Whether a file of this type and length may be downloaded. A length that is not known yet may; a type that is not known is
    /// `application/octet-stream`.
    ///
    /// # Errors
    /// `InvalidRequest` with the provider's name of the field that is beyond the limits.
    pub fn check(&self, names: &DownloadNames, content_type: Option<&str>, length: Option<u64>) -> Result<()> {
        names.check_length(length, self.longest)?;
        let essence = essence(content_type.unwrap_or("application/octet-stream"));
        let wanted = |kind: &String| match kind.strip_suffix("/*") {
            Some(family) => essence.split('/').next() == Some(family),
            None => essence == *kind,
        };
        if self.types.is_empty() || self.types.iter().any(wanted) {
            return Ok(());
        }
        Err(Error::invalid(format!("{} of type {essence} is not wanted", names.file)).field(names.content_type))
    }
}

/// How errors name a download: in the words of its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadNames {
    /// What it is, for instance `recording`.
    pub file: &'static str,
    /// The field that tells its type.
    pub content_type: &'static str,
    /// The field that tells its length.
    pub length: &'static str,
}

impl DownloadNames {
    fn check_length(&self, length: Option<u64>, longest: u64) -> Result<()> {
        if length.is_none_or(|length| length <= longest) {
            return Ok(());
        }
        Err(Error::invalid(format!("the {} is longer than {longest} bytes", self.file)).field(self.length))
    }
}

/// A file as it arrives.
pub struct Download {
    /// The media type, for instance `audio/ogg; codecs=opus`.
    pub content_type: Option<String>,
    /// The size in bytes, where it is known beforehand.
    pub length: Option<u64>,
    /// The bytes. They end with an error where they turn out more than the limit.
    pub body: ByteStream,
}

impl Download {
    /// The file that an answer carries, at most `longest` bytes of it, whatever length it names.
    ///
    /// # Errors
    /// `Decode` where the answer is a page; `InvalidRequest` where it says itself that it is too long.
    pub fn open(response: Response, names: DownloadNames, longest: u64) -> Result<Self> {
        let text = |name| response.headers.get(name)?.to_str().ok();
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        // An error page with status 200 would otherwise be stored as the file.
        if content_type.as_deref().map(essence).as_deref() == Some("text/html") {
            let message = format!("the provider answered a page instead of the {}", names.file);
            return Err(Error::new(ErrorKind::Decode, Outcome::Rejected, message));
        }
        names.check_length(length, longest)?;
        let mut arrived = 0_u64;
        let body = response.body.map(move |piece| {
            let piece = piece?;
            arrived = arrived.saturating_add(piece.len() as u64);
            names.check_length(Some(arrived), longest).map(|()| piece)
        });
        Ok(Self { content_type, length, body: Box::pin(body) })
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The media type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
