//! Resumable uploads: examples of templates, profile pictures.

use bytes::Bytes;
use comms_http::{Error, Operation, Outcome, Request, Result};
use http::{HeaderName, Method};
use serde::Deserialize;

use crate::{
    auth::Scheme,
    limits,
    model::{media::Created, scalar::Scalar},
};

comms_http::resource! {
    /// Resumable uploads: [`Client::uploads`](crate::Client::uploads).
    Uploads of crate::Client
}

const START: Operation = Operation::repeatable("uploads.start");
const SEND: Operation = Operation::once("uploads.send");
const OFFSET: Operation = Operation::repeatable("uploads.offset");

/// How often an upload that broke off is taken up again.
const RESUMPTIONS: usize = 3;

#[derive(Deserialize)]
struct Handle {
    h: String,
}

#[derive(Deserialize)]
struct Offset {
    file_offset: Scalar,
}

impl Uploads<'_> {
    /// Uploads a file to the app and gives its handle, for examples of templates and for profile pictures. Where the connection
    /// breaks, it goes on from what has arrived.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_APP_ID`; `InvalidRequest` for an empty file or a type that Meta does not take.
    ///
    /// *See [Graph API docs/Resumable Upload API](https://developers.facebook.com/docs/graph-api/guides/upload)*
    pub async fn upload(&self, filename: &str, mime_type: &str, bytes: impl Into<Bytes>) -> Result<String> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(Error::invalid("the file is empty").field("file"));
        }
        let session = self.start(filename, mime_type, bytes.len()).await?;
        let mut offset = 0;
        for _ in 0..RESUMPTIONS {
            match self.send(&session, bytes.slice(offset..), offset).await {
                Err(error) if error.outcome() == Outcome::Unknown => {
                    offset = self.offset(&session).await?.min(bytes.len());
                }
                result => return result,
            }
        }
        self.send(&session, bytes.slice(offset..), offset).await
    }

    async fn start(&self, filename: &str, mime_type: &str, length: usize) -> Result<String> {
        let request = self
            .client
            .below(Method::POST, self.client.app_id()?, &["uploads"])?
            .query("file_name", filename)
            .query("file_length", &length.to_string())
            .query("file_type", mime_type);
        let created: Created = self.client.json(START, request).await?;
        Ok(created.id)
    }

    async fn send(&self, session: &str, bytes: Bytes, offset: usize) -> Result<String> {
        let mut request = self
            .session(Method::POST, session)?
            .header(HeaderName::from_static("file_offset"), &offset.to_string())?
            .bytes("application/octet-stream", bytes)?;
        request.timeout = Some(limits::TRANSFER_TIMEOUT);
        let handle: Handle = self.client.json_as(Scheme::OAuth, SEND, request).await?;
        Ok(handle.h)
    }

    async fn offset(&self, session: &str) -> Result<usize> {
        let request = self.session(Method::GET, session)?;
        let at: Offset = self.client.json_as(Scheme::OAuth, OFFSET, request).await?;
        let offset = at.file_offset.as_i64().and_then(|offset| usize::try_from(offset).ok());
        Ok(offset.unwrap_or_default())
    }

    /// The id of a session carries a query of its own: `upload:…?sig=…`.
    fn session(&self, method: Method, session: &str) -> Result<Request> {
        let (id, query) = session.split_once('?').unwrap_or((session, ""));
        let mut request = self.client.object(method, id)?;
        request.url.set_query(Some(query).filter(|query| !query.is_empty()));
        Ok(request)
    }
}
