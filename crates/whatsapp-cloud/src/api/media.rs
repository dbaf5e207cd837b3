//! Media: upload, look-up, download, deletion.

use bytes::Bytes;
pub use comms_http::{Download, DownloadLimits};
use comms_http::{DownloadNames, Error, Multipart, Operation, Request, Result};
use http::Method;
use url::Url;

use super::succeeded;
use crate::{
    limits,
    model::media::{Created, MediaInfo, MediaType},
};

comms_http::resource! {
    /// Uploading, looking up, downloading and deleting media: [`Client::media`](crate::Client::media).
    Media of crate::Client
}

const UPLOAD: Operation = Operation::once("media.upload");
const INFO: Operation = Operation::repeatable("media.info");
const DOWNLOAD: Operation = Operation::repeatable("media.download");
const DELETE: Operation = Operation::repeatable("media.delete");

/// In the words of a look-up.
const NAMES: DownloadNames = DownloadNames { file: "media", content_type: "mime_type", length: "file_size" };

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
        Download::open(self.client.download(DOWNLOAD, request).await?, NAMES, limits.longest)
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
        limits.check(&NAMES, info.mime_type.as_deref(), length)?;
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
