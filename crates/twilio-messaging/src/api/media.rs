//! Files of messages: list, look-up, download, deletion.

use comms_http::{ByteStream, Error, ErrorKind, Operation, Outcome, Response, Result};
use futures_util::{Stream, StreamExt};
use http::{Method, header};

use super::{json, resource};
use crate::{limits, model::media::MediaInfo};

resource! {
    /// Files of messages: [`Client::media`](crate::Client::media).
    Media
}

const LIST: Operation = Operation::repeatable("media.list");
const FETCH: Operation = Operation::repeatable("media.fetch");
const DOWNLOAD: Operation = Operation::repeatable("media.download");
const DELETE: Operation = Operation::repeatable("media.delete");

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
    /// All types, at most 100 MiB: more than Twilio takes in.
    fn default() -> Self {
        Self { longest: limits::DOWNLOAD_BYTES, types: Vec::new() }
    }
}

impl DownloadLimits {
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

    fn check(&self, content_type: Option<&str>, length: Option<u64>) -> Result<()> {
        if length.is_some_and(|length| length > self.longest) {
            return Err(self.too_long());
        }
        let essence = essence(content_type.unwrap_or("application/octet-stream"));
        let wanted = |kind: &String| match kind.strip_suffix("/*") {
            Some(family) => essence.split('/').next() == Some(family),
            None => essence == *kind,
        };
        if self.types.is_empty() || self.types.iter().any(wanted) {
            return Ok(());
        }
        Err(Error::invalid(format!("media of type {essence} is not wanted")).field("content_type"))
    }

    fn too_long(&self) -> Error {
        Error::invalid(format!("the media is longer than {} bytes", self.longest)).field("content_length")
    }
}

/// A file as it arrives.
pub struct Download {
    /// The media type.
    pub content_type: Option<String>,
    /// The size in bytes, where it is known beforehand.
    pub length: Option<u64>,
    /// The bytes.
    pub body: ByteStream,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Media<'_> {
    /// The files of a message.
    ///
    /// # Errors
    /// The stream ends after its first error: HTTP status 404 for a message that the account does not have.
    ///
    /// *See [Twilio docs/Media resource](https://www.twilio.com/docs/messaging/api/media-resource)*
    pub fn list(&self, message_sid: &str) -> Result<impl Stream<Item = Result<MediaInfo>> + Send + use<>> {
        let core = self.client.core();
        let request = core.request(Method::GET, &["Messages", message_sid, "Media.json"])?;
        Ok(core.pages(LIST, request, "media_list"))
    }

    /// Looks a file up: its type and dates.
    ///
    /// # Errors
    /// HTTP status 404 for a file that the message does not have.
    ///
    /// *See [Twilio docs/Media resource](https://www.twilio.com/docs/messaging/api/media-resource)*
    pub async fn fetch(&self, message_sid: &str, media_sid: &str) -> Result<MediaInfo> {
        let core = self.client.core();
        let request = core.request(Method::GET, &["Messages", message_sid, "Media", &json(media_sid)])?;
        core.json(FETCH, request).await
    }

    /// Opens a file by its ids, at the API's own address: an address that a webhook carries is never opened.
    ///
    /// # Errors
    /// `InvalidRequest` for what the limits exclude; HTTP status 404 for a file that the message does not have.
    ///
    /// *See [Twilio docs/Media resource](https://www.twilio.com/docs/messaging/api/media-resource)*
    pub async fn download(&self, message_sid: &str, media_sid: &str, limits: &DownloadLimits) -> Result<Download> {
        let core = self.client.core();
        // Without `.json` the answer is the file itself.
        let request = core.request(Method::GET, &["Messages", message_sid, "Media", media_sid])?;
        open(core.download(DOWNLOAD, request).await?, limits).map_err(|error| error.provider(twilio_core::PROVIDER))
    }

    /// Deletes a file from Twilio's records.
    ///
    /// # Errors
    /// HTTP status 404 for a file that the message does not have.
    ///
    /// *See [Twilio docs/Media resource](https://www.twilio.com/docs/messaging/api/media-resource)*
    pub async fn delete(&self, message_sid: &str, media_sid: &str) -> Result<()> {
        let core = self.client.core();
        let request = core.request(Method::DELETE, &["Messages", message_sid, "Media", &json(media_sid)])?;
        core.empty(DELETE, request).await
    }
}

/// The media type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn open(response: Response, limits: &DownloadLimits) -> Result<Download> {
    let text = |name| response.headers.get(name)?.to_str().ok();
    let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    // An error page with status 200 would otherwise be stored as the media.
    if content_type.as_deref().map(essence).as_deref() == Some("text/html") {
        let message = "the provider answered a page instead of the media";
        return Err(Error::new(ErrorKind::Decode, Outcome::Rejected, message));
    }
    limits.check(content_type.as_deref(), length)?;
    let (mut arrived, bounds) = (0_u64, limits.clone());
    let body = response.body.map(move |piece| {
        let piece = piece?;
        arrived = arrived.saturating_add(piece.len() as u64);
        if arrived > bounds.longest {
            return Err(bounds.too_long());
        }
        Ok(piece)
    });
    Ok(Download { content_type, length, body: Box::pin(body) })
}
