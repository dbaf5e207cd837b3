//! A way to reach people.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use comms_http::{ByteStream, Error, Result};
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Address, Capabilities, Content, Found, MediaRef, Outbound, Probe, Receipt, Source, TemplateSummary,
};

/// What kind of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// Phone calls.
    Voice,
    /// SMS and MMS.
    Sms,
    /// WhatsApp, over whichever provider.
    WhatsApp,
    /// E-mail.
    Email,
    /// Messenger.
    Messenger,
    /// A chat on a web page.
    WebChat,
}

impl ChannelKind {
    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Sms => "sms",
            Self::WhatsApp => "whatsapp",
            Self::Email => "email",
            Self::Messenger => "messenger",
            Self::WebChat => "webchat",
        }
    }
}

/// One account of one provider through which people are reached.
///
/// `send` makes one attempt and says by [`Outcome`](comms_http::Outcome) what became of it; it never repeats a request
/// that the provider may have acted on.
#[async_trait]
pub trait Channel: fmt::Debug + Send + Sync + 'static {
    /// Which number, page or mailbox this is.
    fn account(&self) -> &AccountId;

    /// What kind of channel it is.
    fn kind(&self) -> ChannelKind;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Sends one message.
    ///
    /// # Errors
    /// What the capabilities exclude is refused with zero requests; the rest is the provider's.
    async fn send(&self, message: &Outbound) -> Result<Receipt>;

    /// Looks for a message whose outcome is not known. Only a proved [`Found::NotFound`] permits a repeat.
    ///
    /// # Errors
    /// As the provider's calls.
    async fn find(&self, probe: &Probe) -> Result<Found> {
        let _ = probe;
        Ok(Found::CannotTell)
    }

    /// Opens media of an inbound message: its bytes as they arrive.
    ///
    /// # Errors
    /// `Unsupported` where the channel has no media; `InvalidRequest` where the media is gone or too large.
    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        let _ = media;
        Err(Error::unsupported("this channel has no media"))
    }

    /// Tells the other party that a message was read.
    ///
    /// # Errors
    /// `Unsupported` where the channel cannot.
    async fn mark_read(&self, provider_id: &str) -> Result<()> {
        let _ = provider_id;
        Err(Error::unsupported("this channel has no read receipts"))
    }

    /// The templates that can be used now.
    ///
    /// # Errors
    /// `Unsupported` where the channel has none.
    async fn templates(&self) -> Result<Vec<TemplateSummary>> {
        Err(Error::unsupported("this channel has no templates"))
    }

    /// Control of calls that take place; `None` where the channel has no calls.
    fn calls(&self) -> Option<&dyn CallControl> {
        None
    }
}

/// Control of calls while they take place.
#[async_trait]
pub trait CallControl: fmt::Debug + Send + Sync {
    /// Ends a call, or withdraws it while it rings. One that has ended already is no error.
    ///
    /// # Errors
    /// The provider's.
    async fn hang_up(&self, provider_id: &str) -> Result<()>;
}

/// Media as it arrives.
pub struct MediaStream {
    /// The media type that the provider names.
    pub content_type: Option<String>,
    /// The size in bytes, where the provider says it beforehand.
    pub length: Option<u64>,
    /// The bytes.
    pub body: ByteStream,
}

impl fmt::Debug for MediaStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStream")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Shorthands over every [`Channel`].
#[async_trait]
pub trait ChannelExt: Channel {
    /// Sends plain text.
    ///
    /// # Errors
    /// As [`Channel::send`].
    async fn send_text(&self, to: &Address, body: &str) -> Result<Receipt> {
        self.send(&Outbound::new(to.clone(), Content::text(body))).await
    }

    /// Answers a message with plain text, quoting it.
    ///
    /// # Errors
    /// As [`Channel::send`].
    async fn reply_text(&self, to: &Address, provider_id: &str, body: &str) -> Result<Receipt> {
        let mut message = Outbound::new(to.clone(), Content::text(body));
        message.reply_to = Some(provider_id.to_owned());
        self.send(&message).await
    }
}

impl<C: Channel + ?Sized> ChannelExt for C {}

/// Finds the channel of an account: configured ones, and ones built from stored credentials.
#[async_trait]
pub trait ChannelDirectory: fmt::Debug + Send + Sync + 'static {
    /// The channel of `account`.
    ///
    /// # Errors
    /// `Config` where there is none, with what to set.
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>>;

    /// The source of `account`; `None` where it tells by itself, or is none of those that are read.
    ///
    /// # Errors
    /// `Config` or `Unauthenticated` where somebody has to mend it first.
    async fn source(&self, account: &AccountId) -> Result<Option<Arc<dyn Source>>> {
        let _ = account;
        Ok(None)
    }

    /// The accounts of this kind that can send now, the preferred first.
    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId>;
}
