//! Calls through Twilio.

use comms_http::{Error, ErrorKind, Operation, Outcome, Result};
use http::Method;

use crate::{
    PROVIDER,
    model::call::{OutboundCall, PlacedCall, RegisterCall},
};

comms_http::resource! {
    /// Calls through Twilio: [`Client::twilio`](crate::Client::twilio).
    TwilioCalls of crate::Client
}

const CALL: Operation = Operation::once("twilio.outbound-call");
const REGISTER: Operation = Operation::once("twilio.register-call");

impl TwilioCalls<'_> {
    /// Has an agent call somebody.
    ///
    /// # Errors
    /// `InvalidRequest` for what would be refused, before any request; `Provider` and `Rejected` where ElevenLabs answers that it placed no
    /// call; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Twilio outbound call](https://elevenlabs.io/docs/api-reference/twilio/outbound-call)*
    pub async fn call(&self, call: &OutboundCall) -> Result<PlacedCall> {
        call.check().map_err(|error| error.operation(CALL.name))?;
        let request = self.client.request(Method::POST, &["convai", "twilio", "outbound-call"])?;
        let placed: PlacedCall = self.client.json(CALL, request.json(call)?).await?;
        if placed.success {
            return Ok(placed);
        }
        let why = placed.message.unwrap_or_else(|| "no call was placed".to_owned());
        Err(Error::new(ErrorKind::Provider, Outcome::Rejected, why).provider(PROVIDER).operation(CALL.name))
    }

    /// Hands a call on a Twilio number of one's own to an agent: the answer is TwiML, for Twilio. Such a call cannot be transferred.
    ///
    /// # Errors
    /// `Decode` where the answer is no text; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Register Twilio call](https://elevenlabs.io/docs/api-reference/twilio/register-call)*
    pub async fn register(&self, call: &RegisterCall) -> Result<String> {
        let request = self.client.request(Method::POST, &["convai", "twilio", "register-call"])?;
        let bytes = self.client.bytes(REGISTER, request.json(call)?).await?;
        // The text comes as it is, or as JSON.
        if let Ok(text) = serde_json::from_slice(&bytes) {
            return Ok(text);
        }
        String::from_utf8(bytes.into()).map_err(|error| {
            let error = Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer is no text").source(error);
            error.provider(PROVIDER).operation(REGISTER.name)
        })
    }
}
