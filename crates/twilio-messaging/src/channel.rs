//! The toolkit's `Channel` and `Inbound` over this client: the one part of the crate that knows the toolkit's model.

mod accounts;
mod contents;
mod events;
mod inbound;
mod media;
mod send;
mod statuses;
mod templates;

use async_trait::async_trait;
use comms_core::{
    AccountId, AddressKind, Capabilities, Channel, ChannelKind, ContentKind, Found, MediaRef, MediaStream, Outbound,
    Probe, Rate, Receipt, Status, TemplateSummary,
};
use comms_http::{Error, Outcome, Result};
use twilio_core::{PROVIDER, callback, error::classify_code};

pub use self::inbound::TwilioMessagingInbound;
use crate::{Client, Sender, limits, model::message::Message};

/// One sender as a channel: SMS and MMS of a number or Messaging Service, or WhatsApp of a number.
///
/// Twilio keeps nothing of ours with a message, so that one of unknown outcome cannot be told from another to the same person: it
/// is not looked for. But its reports carry our id in their address, where [`callback`](Self::callback) is set, and tell as soon as
/// one arrives.
#[derive(Clone, Debug)]
pub struct TwilioMessagingChannel {
    client: Client,
    sender: Sender,
    account: AccountId,
    callback: Option<String>,
}

impl TwilioMessagingChannel {
    /// A channel of this sender, reports where the client has them.
    #[must_use]
    pub fn new(client: Client, sender: Sender) -> Self {
        let account = accounts::of_sender(&sender);
        let callback = client.status_callback().map(str::to_owned);
        Self { client, sender, account, callback }
    }

    /// SMS and MMS of the configured number or Messaging Service.
    ///
    /// # Errors
    /// `Config` where there is none.
    pub fn sms(client: Client) -> Result<Self> {
        let sender = client.sender(None).cloned();
        let missing =
            || Error::config("TWILIO_PHONE_NUMBER is not set").field("TWILIO_PHONE_NUMBER").provider(PROVIDER);
        Ok(Self::new(client, sender.ok_or_else(missing)?))
    }

    /// WhatsApp of the configured number.
    ///
    /// # Errors
    /// `Config` where there is none.
    pub fn whatsapp(client: Client) -> Result<Self> {
        let to = crate::Address::WhatsApp(String::new());
        let sender = client.sender(Some(&to)).filter(|sender| sender.is_whatsapp()).cloned();
        let missing =
            || Error::config("TWILIO_WHATSAPP_NUMBER is not set").field("TWILIO_WHATSAPP_NUMBER").provider(PROVIDER);
        Ok(Self::new(client, sender.ok_or_else(missing)?))
    }

    /// Has what becomes of messages reported at this address of ours, with `account` and `message` added to its query: the signature
    /// covers them. Its host must not hold an underscore.
    #[must_use]
    pub fn callback(mut self, url: impl Into<String>) -> Self {
        self.callback = Some(url.into());
        self
    }

    /// The client, for what is not common to all channels.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it sends from.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }
}

#[async_trait]
impl Channel for TwilioMessagingChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        if self.sender.is_whatsapp() { ChannelKind::WhatsApp } else { ChannelKind::Sms }
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = if self.sender.is_whatsapp() {
            let mut all = Capabilities::new(
                &[
                    ContentKind::Text,
                    ContentKind::Media,
                    ContentKind::Template,
                    ContentKind::Location,
                    ContentKind::Native,
                ],
                &[AddressKind::Phone, AddressKind::WhatsAppUser],
            );
            all.max_files = limits::WHATSAPP_MEDIA;
            all.window = Some(limits::WHATSAPP_WINDOW);
            all.pace.account = Some(Rate::per_second(limits::WHATSAPP_PER_SECOND));
            all
        } else {
            let mut all = Capabilities::new(
                &[
                    ContentKind::Text,
                    ContentKind::Media,
                    ContentKind::Files,
                    ContentKind::Template,
                    ContentKind::Native,
                ],
                &[AddressKind::Phone],
            );
            all.max_files = limits::MEDIA;
            all.pace.account = Some(Rate::per_second(limits::SMS_PER_SECOND).with_burst(limits::SMS_BURST));
            all
        };
        all.max_text = limits::BODY;
        all.max_caption = limits::BODY;
        all.receipts = true;
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let mut new = send::message(message, &self.sender)?;
        new.status_callback = self.callback.as_deref().map(|url| {
            callback::with(url, &[("account", self.account.as_str()), ("message", &message.id.to_string())])
        });
        receipt(message, self.client.messages().create(&new).await?)
    }

    /// By Twilio's id alone, where it is known: to the same person at the same time may be another message.
    async fn find(&self, probe: &Probe) -> Result<Found> {
        let Some(sid) = &probe.provider_id else {
            return Ok(Found::CannotTell);
        };
        match self.client.messages().fetch(sid).await {
            Ok(message) => Ok(Found::Found(Receipt {
                provider_id: sid.clone(),
                status: status(&message),
                recipient: vec![probe.to.clone()],
                extra: json(&message),
            })),
            // It had this id, so that it was there once: deleted, perhaps.
            Err(error) if error.status() == Some(404) => Ok(Found::CannotTell),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        media::open(&self.client, media).await
    }

    async fn templates(&self) -> Result<Vec<TemplateSummary>> {
        templates::usable(&self.client, self.sender.is_whatsapp()).await
    }
}

/// An answer means accepted, not delivered: the rest comes by webhook. One that says it failed already is an error with its reason.
fn receipt(outbound: &Outbound, message: Message) -> Result<Receipt> {
    let status = status(&message);
    if matches!(status, Status::Failed | Status::Canceled) {
        let code = message.error_code.as_ref();
        let (kind, _) = classify_code(code.and_then(|code| code.number()).unwrap_or_default());
        let reason = message.error_message.unwrap_or_else(|| "Twilio took the message and did not send it".to_owned());
        let error = Error::new(kind, Outcome::Rejected, reason).provider(PROVIDER).operation("messages.create");
        return Err(match code {
            Some(code) => error.code(code.to_string()),
            None => error,
        });
    }
    Ok(Receipt {
        provider_id: message.sid.clone().unwrap_or_default(),
        status,
        recipient: vec![outbound.to.clone()],
        extra: json(&message),
    })
}

/// What Twilio's word means; one that is not known is at least an answer.
fn status(message: &Message) -> Status {
    message.status.as_ref().and_then(statuses::meaning).unwrap_or(Status::Accepted)
}

/// As JSON. The wire types have text for keys, so that writing them cannot fail.
fn json(message: &Message) -> serde_json::Value {
    serde_json::to_value(message).unwrap_or_default()
}
