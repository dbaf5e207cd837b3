//! Sending, marking as read, typing.

use comms_http::{Error, ErrorKind, Operation, Outcome, Result};
use http::Method;
use serde_json::{Value, json};

use super::succeeded;
use crate::{
    client::PROVIDER,
    model::{message::Message, sent::Sent},
};

comms_http::resource! {
    /// Sending, marking as read, typing: [`Client::messages`](crate::Client::messages).
    Messages of crate::Client
}

const SEND: Operation = Operation::once("messages.send");
const READ: Operation = Operation::repeatable("messages.mark_read");
const TYPING: Operation = Operation::repeatable("messages.typing");

impl Messages<'_> {
    /// Sends a message. An answer means that Meta took it; whether it arrives is told later, by status webhooks.
    ///
    /// It is checked first, and repeated within the call only where Meta certainly did not act (a throttle, no connection).
    ///
    /// ```no_run
    /// # use whatsapp_cloud::{Client, Message};
    /// # async fn run(client: Client) -> whatsapp_cloud::Result<()> {
    /// let sent = client.messages().send(&Message::text("hola").to("+34600000000")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `InvalidRequest` and `InvalidRecipient` with the field and without a request, where a limit is passed. From Meta: see
    /// [`error::classify`](crate::error::classify). With outcome `Unknown` the message may have been sent: do not send it again.
    ///
    /// *See [WhatsApp docs/Send messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages)*
    pub async fn send(&self, message: &Message) -> Result<Sent> {
        message.validate().map_err(|error| error.provider(PROVIDER).operation(SEND.name))?;
        let request = self.client.number(Method::POST, &["messages"])?.json(message)?;
        let sent: Sent = self.client.json(SEND, request).await?;
        if sent.id().is_empty() {
            let message = "the answer names no message";
            return Err(Error::new(ErrorKind::Decode, Outcome::Unknown, message)
                .provider(PROVIDER)
                .operation(SEND.name));
        }
        Ok(sent)
    }

    /// Marks a message that arrived, and those before it, as read.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that Meta does not know.
    ///
    /// *See [WhatsApp docs/Mark messages as read](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read)*
    pub async fn mark_read(&self, message_id: &str) -> Result<()> {
        self.read(READ, &read_receipt(message_id)).await
    }

    /// Marks a message as read and shows that an answer is being written, for 25 seconds or until it is sent.
    ///
    /// # Errors
    /// As [`mark_read`](Self::mark_read).
    ///
    /// *See [WhatsApp docs/Typing indicators](https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators)*
    pub async fn typing(&self, message_id: &str) -> Result<()> {
        let mut body = read_receipt(message_id);
        body["typing_indicator"] = json!({ "type": "text" });
        self.read(TYPING, &body).await
    }

    async fn read(&self, operation: Operation, body: &Value) -> Result<()> {
        let request = self.client.number(Method::POST, &["messages"])?.json(body)?;
        succeeded(&self.client.json(operation, request).await?)
    }
}

fn read_receipt(message_id: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message_id })
}
