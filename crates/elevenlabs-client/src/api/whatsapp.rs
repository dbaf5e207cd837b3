//! WhatsApp numbers that ElevenLabs itself serves. Who continues conversations over a channel of the toolkit needs none of this.

use comms_http::{Operation, Result};
use http::Method;
use serde::Deserialize;

use crate::model::{
    lenient,
    whatsapp::{WhatsAppAccount, WhatsAppMessage},
};

comms_http::resource! {
    /// WhatsApp at ElevenLabs: [`Client::whatsapp`](crate::Client::whatsapp).
    WhatsApp of crate::Client
}

const SEND: Operation = Operation::once("whatsapp.outbound-message");
const ACCOUNTS: Operation = Operation::repeatable("whatsapp-accounts.list");

#[derive(Deserialize)]
struct Begun {
    conversation_id: String,
}

#[derive(Deserialize)]
struct ListAnswer {
    #[serde(default, deserialize_with = "lenient::list")]
    items: Vec<WhatsAppAccount>,
}

impl WhatsApp<'_> {
    /// Writes to somebody by a template, and has an agent answer there. What is answered is the conversation's id.
    ///
    /// # Errors
    /// `InvalidRequest` for what would be refused, before any request; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/WhatsApp outbound message](https://elevenlabs.io/docs/api-reference/whats-app/outbound-message)*
    pub async fn send(&self, message: &WhatsAppMessage) -> Result<String> {
        message.check().map_err(|error| error.operation(SEND.name))?;
        let request = self.client.request(Method::POST, &["convai", "whatsapp", "outbound-message"])?;
        let begun: Begun = self.client.json(SEND, request.json(message)?).await?;
        Ok(begun.conversation_id)
    }

    /// The numbers that ElevenLabs serves.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [ElevenLabs docs/WhatsApp accounts](https://elevenlabs.io/docs/api-reference/whats-app-accounts/list)*
    pub async fn accounts(&self) -> Result<Vec<WhatsAppAccount>> {
        let request = self.client.request(Method::GET, &["convai", "whatsapp-accounts"])?;
        let answer: ListAnswer = self.client.json(ACCOUNTS, request).await?;
        Ok(answer.items)
    }
}
