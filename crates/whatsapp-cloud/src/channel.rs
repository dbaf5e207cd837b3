//! The toolkit's `Channel` and `Inbound` over this client: the one part of the crate that knows the toolkit's model.

mod accounts;
mod contents;
mod events;
mod inbound;
mod people;
mod send;
mod statuses;
mod templates;

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, AddressKind, Capabilities, Channel, ChannelKind, ContentKind, MediaRef, MediaStream, Outbound,
    Pace, Rate, Receipt, Status, TemplateSummary,
};
use comms_http::{Error, Result};

use crate::{Client, api::media::DownloadLimits, client::PROVIDER, limits, model::sent::Sent};

pub use inbound::WhatsAppInbound;

/// One WhatsApp number as a channel.
///
/// It cannot find a message of unknown outcome: the platform has no look-up. The id of each message travels along and comes back
/// in its statuses, which tell as soon as one arrives.
#[derive(Clone, Debug)]
pub struct WhatsAppChannel {
    client: Client,
    account: AccountId,
}

impl WhatsAppChannel {
    /// The number that `client` sends from.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let account = AccountId::of(PROVIDER, client.phone_number_id());
        Self { client, account }
    }

    /// The client, for what is not common to all channels.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

#[async_trait]
impl Channel for WhatsAppChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::WhatsApp
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::new(
            &[
                ContentKind::Text,
                ContentKind::Media,
                ContentKind::Template,
                ContentKind::Interactive,
                ContentKind::Reaction,
                ContentKind::Location,
                ContentKind::Contacts,
                ContentKind::Native,
            ],
            &[AddressKind::Phone, AddressKind::WhatsAppUser, AddressKind::Group],
        );
        all.max_text = limits::TEXT;
        all.max_caption = limits::CAPTION;
        all.max_buttons = limits::BUTTONS;
        all.max_rows = limits::ROWS;
        all.replies = true;
        all.receipts = true;
        all.window = Some(limits::WINDOW);
        all.pace = Pace::new(
            Some(Rate::per_second(limits::MESSAGES_PER_SECOND)),
            Some(Rate::one_in(limits::PAIR_INTERVAL).with_burst(limits::PAIR_BURST)),
        );
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let sent = self.client.messages().send(&send::message(message)?).await?;
        Ok(receipt(message, &sent))
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        let MediaRef::Id(id) = media else {
            return Err(Error::invalid("only media with an id can be fetched from WhatsApp").field("media"));
        };
        let download = self.client.media().download(id, &DownloadLimits::default()).await?;
        Ok(MediaStream { content_type: download.content_type, length: download.length, body: download.body })
    }

    async fn mark_read(&self, provider_id: &str) -> Result<()> {
        self.client.messages().mark_read(provider_id).await
    }

    async fn templates(&self) -> Result<Vec<TemplateSummary>> {
        templates::usable(&self.client).await
    }
}

/// A 200 means accepted, not delivered: the rest comes by webhook.
fn receipt(message: &Outbound, sent: &Sent) -> Receipt {
    let user = |id: &String| Address::verbatim(AddressKind::WhatsAppUser, id.as_str());
    let mut recipient: Vec<Address> = sent
        .contacts
        .iter()
        .flat_map(|contact| {
            let phone = contact.wa_id.as_deref().map(Address::from_wa_id);
            contact.user_id.as_ref().map(user).into_iter().chain(phone)
        })
        .collect();
    if recipient.is_empty() {
        recipient.push(message.to.clone());
    }
    Receipt { provider_id: sent.id().to_owned(), status: Status::Accepted, recipient, extra: events::json(sent) }
}
