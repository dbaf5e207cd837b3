//! Attachments, by the one name of them that lasts: the place of their part.

use std::fmt;

use bytes::Bytes;
use comms_http::{ByteStream, Error, Operation, Request, Result};
use http::Method;

use super::{Read, content};
use crate::{
    limits,
    model::message::{Format, Part, PartBody},
};

comms_http::resource! {
    /// Attachments of messages: [`Client::attachments`](crate::Client::attachments).
    Attachments of crate::Client
}

const GET: Operation = Operation::repeatable("attachments.get");

/// A file of a message, with its bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attachment {
    /// Its part: name, type, headers.
    pub part: Part,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An attachment whose bytes are on their way.
pub struct OpenAttachment {
    /// Its part: name, type, headers.
    pub part: Part,
    /// Its bytes.
    pub body: ByteStream,
}

impl fmt::Debug for OpenAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAttachment").field("part", &self.part.part_id).finish_non_exhaustive()
    }
}

impl Attachments<'_> {
    /// Fetches the content of a part. The id of an attachment ends and changes with each reading, so that the message is read again
    /// for a fresh one.
    ///
    /// An answer is read whole, at most 8 MiB of it: an attachment beyond 6 MiB is read with [`open`](Self::open).
    ///
    /// # Errors
    /// `InvalidRequest` where the message has no such part, HTTP status 404 where the message is gone.
    ///
    /// *See [Gmail docs/attachments.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get)*
    pub async fn get(&self, message_id: &str, part_id: &str) -> Result<Attachment> {
        let message = self.client.messages().get(message_id, &Read::format(Format::Full)).await?;
        let part = message.parts().find(|part| part.part_id == part_id).cloned();
        let part = part.ok_or_else(|| Error::invalid("the message has no such part").field("partId"))?;
        let bytes = match &part.body.attachment_id {
            Some(id) => self.by_id(message_id, id).await?.bytes()?,
            None => part.body.bytes()?,
        };
        Ok(Attachment { part, bytes })
    }

    /// Opens the content of a part, of whatever length: its bytes as they arrive. As [`get`](Self::get) it reads the message again
    /// first.
    ///
    /// # Errors
    /// As [`get`](Self::get); the bytes end with `Decode` where the answer breaks off or is no base64.
    ///
    /// *See [Gmail docs/attachments.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get)*
    pub async fn open(&self, message_id: &str, part_id: &str) -> Result<OpenAttachment> {
        let message = self.client.messages().get(message_id, &Read::format(Format::Full)).await?;
        let part = message.parts().find(|part| part.part_id == part_id).cloned();
        let part = part.ok_or_else(|| Error::invalid("the message has no such part").field("partId"))?;
        let body: ByteStream = match &part.body.attachment_id {
            Some(id) => {
                let response = self.client.stream(GET, self.request(message_id, id)?).await?;
                Box::pin(content::decoded(response.body))
            }
            None => {
                let bytes = part.body.bytes()?;
                Box::pin(futures_util::stream::once(async move { Ok(bytes) }))
            }
        };
        Ok(OpenAttachment { part, body })
    }

    /// Fetches by an id that was read a moment ago.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that has ended.
    ///
    /// *See [Gmail docs/attachments.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get)*
    pub async fn by_id(&self, message_id: &str, attachment_id: &str) -> Result<PartBody> {
        self.client.json(GET, self.request(message_id, attachment_id)?).await
    }

    fn request(&self, message_id: &str, attachment_id: &str) -> Result<Request> {
        let mut request = self.client.request(Method::GET, &["messages", message_id, "attachments", attachment_id])?;
        request.timeout = Some(limits::TRANSFER_TIMEOUT);
        Ok(request)
    }
}
