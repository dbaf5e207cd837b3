//! Attachments, by the one name of them that lasts: the place of their part.

use bytes::Bytes;
use comms_http::{Error, Operation, Result};
use http::Method;

use super::Read;
use crate::{
    limits,
    model::message::{Format, Part, PartBody},
};

comms_http::resource! {
    /// Attachments of messages: [`Client::attachments`](crate::Client::attachments).
    Attachments of crate::Client
}

const GET: Operation = Operation::repeatable("attachments.get");

/// An attachment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attachment {
    /// Its part: name, type, headers.
    pub part: Part,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Attachments<'_> {
    /// Fetches the content of a part. The id of an attachment ends and changes with each reading, so that the message is read again
    /// for a fresh one.
    ///
    /// An answer is read whole, at most 8 MiB of it: an attachment beyond 6 MiB is read with the raw message instead.
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

    /// Fetches by an id that was read a moment ago.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that has ended.
    ///
    /// *See [Gmail docs/attachments.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get)*
    pub async fn by_id(&self, message_id: &str, attachment_id: &str) -> Result<PartBody> {
        let mut request = self.client.request(Method::GET, &["messages", message_id, "attachments", attachment_id])?;
        request.timeout = Some(limits::TRANSFER_TIMEOUT);
        self.client.json(GET, request).await
    }
}
