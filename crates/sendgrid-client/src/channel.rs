//! The toolkit's `Channel` and `Inbound` over this client: the one part of the crate that knows the toolkit's model.

mod accounts;
mod events;
mod inbound;
mod mails;
mod send;
mod templates;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use comms_core::{
    AccountId, AddressKind, Capabilities, Channel, ChannelKind, ContentKind, FileReader, Outbound, Receipt, SentMail,
    Status, TemplateSummary,
};
use comms_http::{Error, Result};

pub use self::inbound::SendgridInbound;
use crate::{Client, PROVIDER, limits, model::person::Person};

/// The argument that holds our id of a mail, and comes back with each of its events.
const OUR_ID: &str = "comms_message_id";
/// The argument that holds our account.
const OUR_ACCOUNT: &str = "comms_account";
/// The argument that holds a hash of the recipient whose mail it is, where copies go to others.
const OUR_RECIPIENT: &str = "comms_recipient";

/// One sender as a channel: `sendgrid:<its address>`.
///
/// SendGrid keeps nothing by which a mail of unknown outcome could be looked for; but its events carry our id, and tell as soon as one
/// arrives.
#[derive(Clone)]
pub struct SendgridChannel {
    client: Client,
    sender: Person,
    account: AccountId,
    files: Arc<dyn FileReader>,
}

impl SendgridChannel {
    /// A channel of the sender that the client's settings name; files of our own store are read there.
    ///
    /// # Errors
    /// `Config` where they name none.
    pub fn new(client: Client, files: Arc<dyn FileReader>) -> Result<Self> {
        let missing =
            || Error::config("SENDGRID_FROM_EMAIL is not set").field("SENDGRID_FROM_EMAIL").provider(PROVIDER);
        let sender = client.sender().cloned().ok_or_else(missing)?;
        Self::of(client, sender, files)
    }

    /// A channel of this sender.
    ///
    /// # Errors
    /// `Config` where it is no address.
    pub fn of(client: Client, sender: Person, files: Arc<dyn FileReader>) -> Result<Self> {
        sender.check("from").map_err(|error| Error::config(error.message()).field("from").provider(PROVIDER))?;
        let account = accounts::of_address(&sender.email);
        Ok(Self { client, sender, account, files })
    }

    /// The client, for what is not common to all channels.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it sends from.
    #[must_use]
    pub fn sender(&self) -> &Person {
        &self.sender
    }
}

#[async_trait]
impl Channel for SendgridChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }

    fn capabilities(&self) -> Capabilities {
        let mut all =
            Capabilities::new(&[ContentKind::Email, ContentKind::Template, ContentKind::Native], &[AddressKind::Email]);
        all.max_subject = limits::SUBJECT;
        all.max_recipients = limits::RECIPIENTS;
        all.max_bytes = limits::MESSAGE as u64;
        all.replies = true;
        all.receipts = true;
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let written = send::written(self, message).await?;
        let sent = self.client.mail().send(&written.mail).await?;
        let told = SentMail { message_id: Some(written.message_id), thread: None };
        Ok(Receipt {
            provider_id: sent.message_id,
            status: Status::Accepted,
            recipient: vec![message.to.clone()],
            extra: told.told(),
        })
    }

    async fn templates(&self) -> Result<Vec<TemplateSummary>> {
        templates::usable(&self.client).await
    }
}

impl fmt::Debug for SendgridChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendgridChannel").field("account", &self.account).finish_non_exhaustive()
    }
}
