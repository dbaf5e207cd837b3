//! Sending.

use comms_http::{Error, ErrorKind, Operation, Outcome, Result};
use http::Method;

use crate::{PROVIDER, model::mail::Mail};

comms_http::resource! {
    /// Sending: [`Client::mail`](crate::Client::mail).
    MailSend of crate::Client
}

const SEND: Operation = Operation::once("mail.send");

/// The header by which SendGrid names what it took.
const MESSAGE_ID: &str = "x-message-id";

/// What SendGrid took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Its id: that of every event of these mails begins with it.
    pub message_id: String,
    /// Whether it was checked alone: the mail was for the sandbox.
    pub sandbox: bool,
}

impl MailSend<'_> {
    /// Sends a mail, after it was [checked](Mail::check) here. Taken is not delivered: an address that is none, or that is suppressed, is
    /// told by a `dropped` event later.
    ///
    /// # Errors
    /// `InvalidRequest` with the field for what SendGrid would refuse. `Decode` and `Unknown` where SendGrid took it and did not say under
    /// which id. The rest is the error table's.
    ///
    /// *See [SendGrid docs/Mail send](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)*
    pub async fn send(&self, mail: &Mail) -> Result<Sent> {
        let named = |error: Error| error.provider(PROVIDER).operation(SEND.name);
        mail.check().map_err(named)?;
        let request = self.client.request(Method::POST, &["mail", "send"])?.json(mail).map_err(named)?;
        let answer = self.client.head(SEND, request).await?;
        let sandbox = mail.is_for_sandbox();
        let id = answer.headers.get(MESSAGE_ID).and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
        match id {
            Some(id) => Ok(Sent { message_id: id.to_owned(), sandbox }),
            // Nothing was sent, and nothing will be told of it.
            None if sandbox => Ok(Sent { message_id: String::new(), sandbox }),
            None => Err(named(
                Error::new(ErrorKind::Decode, Outcome::Unknown, "SendGrid took the mail and gave it no id")
                    .http_status(answer.status.as_u16()),
            )),
        }
    }
}
