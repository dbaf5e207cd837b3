//! Files of messages: list, look-up, download, deletion.

pub use comms_http::{Download, DownloadLimits};
use comms_http::{DownloadNames, Operation, Response, Result};
use futures_util::Stream;
use http::Method;

use super::json;
use crate::model::media::MediaInfo;

comms_http::resource! {
    /// Files of messages: [`Client::media`](crate::Client::media).
    Media of crate::Client
}

const LIST: Operation = Operation::repeatable("media.list");
const FETCH: Operation = Operation::repeatable("media.fetch");
const DOWNLOAD: Operation = Operation::repeatable("media.download");
const DELETE: Operation = Operation::repeatable("media.delete");

/// In the words of the answer's head.
const NAMES: DownloadNames = DownloadNames { file: "media", content_type: "content_type", length: "content_length" };

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

fn open(response: Response, limits: &DownloadLimits) -> Result<Download> {
    let download = Download::open(response, NAMES, limits.longest)?;
    limits.check(&NAMES, download.content_type.as_deref(), download.length)?;
    Ok(download)
}
