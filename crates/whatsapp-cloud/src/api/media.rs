//! Media: upload, look-up, download, deletion.

use bytes::Bytes;
use comms_http::{ByteStream, Error, ErrorKind, Multipart, Operation, Request, Response, Result};
use futures_util::StreamExt;
use http::{Method, header};
use url::Url;

use super::{resource, succeeded};
use crate::{
    limits,
    model::media::{Created, MediaInfo, MediaType},
};

resource! {
    /// Uploading, looking up, downloading and deleting media: [`Client::media`](crate::Client::media).
    Media
}

const UPLOAD: Operation = Operation::once("media.upload");
const INFO: Operation = Operation::repeatable("media.info");
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
    /// All types, at most 100 MiB: as much as Meta lets through.
    fn default() -> Self {
        Self { longest: limits::DOCUMENT_BYTES, types: Vec::new() }
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

    fn check(&self, mime_type: Option<&str>, length: Option<u64>) -> Result<()> {
        if length.is_some_and(|length| length > self.longest) {
            return Err(self.too_long());
        }
        let essence = essence(mime_type.unwrap_or("application/octet-stream"));
        let wanted = |kind: &String| match kind.strip_suffix("/*") {
            Some(family) => essence.split('/').next() == Some(family),
            None => essence == *kind,
        };
        if self.types.is_empty() || self.types.iter().any(wanted) {
            return Ok(());
        }
        Err(Error::invalid(format!("media of type {essence} is not wanted")).field("mime_type"))
    }

    fn too_long(&self) -> Error {
        let message = format!("the media is longer than {} bytes", self.longest);
        Error::invalid(message).field("file_size")
    }
}

/// Media as it arrives.
pub struct Download {
    /// The media type, for instance `audio/ogg; codecs=opus`.
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
    /// Uploads a file; its id can be used in messages for 30 days.
    ///
    /// `mime_type` must be the real one: Meta refuses `application/octet-stream`. `audio/opus`, as some recorders write it, goes
    /// out as `audio/ogg; codecs=opus`.
    ///
    /// # Errors
    /// `InvalidRequest` for a type that cannot be one, or a file beyond the limit of its type.
    ///
    /// *See [WhatsApp docs/Upload media](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)*
    pub async fn upload(&self, filename: &str, mime_type: &str, bytes: impl Into<Bytes>) -> Result<Created> {
        let bytes = bytes.into();
        let mime_type = upload_type(mime_type)?;
        let longest = MediaType::of(&mime_type).longest();
        if bytes.is_empty() || bytes.len() as u64 > longest {
            let message = format!("a file of this type must have 1 to {longest} bytes");
            return Err(Error::invalid(message).field("file"));
        }
        let form = Multipart::new().text("messaging_product", "whatsapp").text("type", mime_type.as_str()).file(
            "file",
            filename,
            mime_type.as_str(),
            bytes,
        );
        let mut request = self.client.number(Method::POST, &["media"])?.multipart(form);
        request.timeout = Some(limits::TRANSFER_TIMEOUT);
        self.client.json(UPLOAD, request).await
    }

    /// Looks media up: type, size, and an address that works for five minutes.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that has ended or belongs to another number.
    ///
    /// *See [WhatsApp docs/Retrieve media URL](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)*
    pub async fn info(&self, media_id: &str) -> Result<MediaInfo> {
        let request =
            self.client.object(Method::GET, media_id)?.query("phone_number_id", self.client.phone_number_id());
        self.client.json(INFO, request).await
    }

    /// Looks media up and opens it. Where its address has just ended, it is looked up once more.
    ///
    /// # Errors
    /// `InvalidRequest` for what the limits exclude, or an address outside of Meta's hosts.
    ///
    /// *See [WhatsApp docs/Download media](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)*
    pub async fn download(&self, media_id: &str, limits: &DownloadLimits) -> Result<Download> {
        match self.look_up_and_open(media_id, limits).await {
            Err(error) if error.status() == Some(404) && error.operation_name() == Some(DOWNLOAD.name) => {
                self.look_up_and_open(media_id, limits).await
            }
            result => result,
        }
    }

    /// Opens media at an address that a webhook carried. The token goes to Meta's media hosts and the API's own only.
    ///
    /// # Errors
    /// `InvalidRequest` for what the limits exclude, or an address outside of Meta's hosts; HTTP status 404 where it has ended.
    ///
    /// *See [WhatsApp docs/Download media](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)*
    pub async fn download_url(&self, url: &str, limits: &DownloadLimits) -> Result<Download> {
        let url = Url::parse(url).map_err(|_| Error::invalid("not an address").field("url"))?;
        if !may_have_token(&url, self.client.base()) {
            let host = url.host_str().unwrap_or_default();
            let message = format!("the token is not sent to {host:?}: it is not a media host of the provider");
            return Err(Error::invalid(message).field("url"));
        }
        let mut request = Request::new(Method::GET, url);
        request.timeout = Some(limits::TRANSFER_TIMEOUT);
        open(self.client.download(DOWNLOAD, request).await?, limits)
    }

    /// Deletes an uploaded file.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that has ended or belongs to another number.
    ///
    /// *See [WhatsApp docs/Delete media](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)*
    pub async fn delete(&self, media_id: &str) -> Result<()> {
        let request =
            self.client.object(Method::DELETE, media_id)?.query("phone_number_id", self.client.phone_number_id());
        succeeded(&self.client.json(DELETE, request).await?)
    }

    async fn look_up_and_open(&self, media_id: &str, limits: &DownloadLimits) -> Result<Download> {
        let info = self.info(media_id).await?;
        let length = info.file_size.as_ref().and_then(|size| u64::try_from(size.as_i64()?).ok());
        limits.check(info.mime_type.as_deref(), length)?;
        let download = self.download_url(&info.url, limits).await?;
        Ok(Download {
            // The look-up knows the codec, the media host often not.
            content_type: info.mime_type.or(download.content_type),
            ..download
        })
    }
}

/// The media type as Meta takes it.
fn upload_type(mime_type: &str) -> Result<String> {
    let parsed: mime::Mime =
        mime_type.parse().map_err(|_| Error::invalid(format!("{mime_type:?} is not a media type")).field("type"))?;
    match parsed.essence_str() {
        "application/octet-stream" => {
            let message = "the provider refuses application/octet-stream: give the real media type";
            Err(Error::invalid(message).field("type"))
        }
        "audio/opus" => Ok("audio/ogg; codecs=opus".to_owned()),
        _ => Ok(parsed.to_string()),
    }
}

/// The media type without its parameters, in lower case.
fn essence(mime_type: &str) -> String {
    let essence = mime_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether an address may be sent the token: that of the API itself, or over TLS one of Meta's media hosts.
fn may_have_token(url: &Url, base: &Url) -> bool {
    if url.origin() == base.origin() {
        return true;
    }
    let Some(host) = url.host_str() else {
        return false;
    };
    let listed = limits::MEDIA_HOSTS
        .iter()
        .any(|listed| host.strip_suffix(listed).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    listed && url.scheme() == "https" && url.port().is_none() && url.username().is_empty()
}

fn open(response: Response, limits: &DownloadLimits) -> Result<Download> {
    let text = |name| response.headers.get(name)?.to_str().ok();
    let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: u64| length > limits.longest) {
        return Err(limits.too_long());
    }
    // An error page with status 200 would otherwise be stored as the media.
    if content_type.as_deref().map(essence).as_deref() == Some("text/html") {
        return Err(Error::new(
            ErrorKind::Decode,
            comms_http::Outcome::Rejected,
            "the provider answered a page instead of the media",
        ));
    }
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
