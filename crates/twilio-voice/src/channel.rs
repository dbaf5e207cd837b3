//! The toolkit's `Channel` and `Inbound` over this client: the one part of the crate that knows the toolkit's model.

mod address;
mod events;
mod find;
mod inbound;
mod marks;
mod others;
mod recordings;
mod respond;
mod send;
mod statuses;

use async_trait::async_trait;
use comms_core::{
    AccountId, AddressKind, CallControl, Capabilities, Channel, ChannelKind, ContentKind, Found, MediaRef, MediaStream,
    Outbound, Probe, Rate, Receipt, Status,
};
use comms_http::{Error, Result};

use crate::{Client, api::recordings::DownloadOptions, config, limits, model::call::Call};

pub use inbound::TwilioVoiceInbound;

/// The provider's name in account ids.
const PROVIDER: &str = "twilio-voice";

/// One number as a channel that places calls.
///
/// A call of unknown outcome is found by what Twilio called back for it, where Twilio tells of that: from 15 minutes after its end.
/// Until then its callbacks settle it, which carry the id of its message.
#[derive(Clone, Debug)]
pub struct TwilioVoiceChannel {
    client: Client,
    account: AccountId,
}

impl TwilioVoiceChannel {
    /// The number that `client` is configured for.
    ///
    /// # Errors
    /// `Config` where it is configured for none.
    pub fn new(client: Client) -> Result<Self> {
        let number = client.config().phone_number.as_deref().ok_or_else(config::missing_number)?;
        let account = AccountId::of(PROVIDER, number);
        Ok(Self { client, account })
    }

    /// The client, for what is not common to all channels.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

#[async_trait]
impl Channel for TwilioVoiceChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Voice
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::new(&[ContentKind::Call], &[AddressKind::Phone, AddressKind::VoiceClient]);
        all.receipts = true;
        all.pace.account = Some(Rate::per_second(limits::CALLS_PER_SECOND).with_burst(limits::CALLS_BURST));
        if limits::CALLS_OF_ACCOUNT {
            all.pace_shared = Some(AccountId::of(events::ABOVE, &self.client.config().twilio.account_sid));
        }
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let call = send::call(message, &self.account, self.client.config())?;
        let placed = self.client.calls().create(&call).await?;
        Ok(receipt(message, &placed))
    }

    async fn find(&self, probe: &Probe) -> Result<Found> {
        find::call(&self.client, probe).await
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        let MediaRef::Id(id) = media else {
            return Err(Error::invalid("only a recording with an id can be fetched from Twilio").field("media"));
        };
        let download = self.client.recordings().download(id, &DownloadOptions::default()).await?;
        Ok(MediaStream { content_type: download.content_type, length: download.length, body: download.body })
    }

    fn calls(&self) -> Option<&dyn CallControl> {
        Some(self)
    }
}

#[async_trait]
impl CallControl for TwilioVoiceChannel {
    async fn hang_up(&self, provider_id: &str) -> Result<()> {
        self.client.calls().hang_up(provider_id).await.map(|_| ())
    }
}

/// Queued is not ringing yet: the rest comes by callback.
fn receipt(message: &Outbound, placed: &Call) -> Receipt {
    Receipt {
        provider_id: placed.sid.clone().unwrap_or_default(),
        status: Status::CallInitiated,
        recipient: vec![message.to.clone()],
        extra: serde_json::to_value(placed).unwrap_or_default(),
    }
}
