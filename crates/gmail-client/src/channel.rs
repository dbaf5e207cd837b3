//! The toolkit's `Channel` and `Source` over this client: the one part of the crate that knows the toolkit's model.

mod aliases;
mod changes;
mod finding;
#[cfg(feature = "jwt")]
mod inbound;
mod incoming;
mod live;
mod ours;
mod outgoing;
mod place;
mod reports;
mod source;
mod tree;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, AddressKind, Capabilities, Channel, ChannelKind, ContentKind, FileReader, Found, MediaRef,
    MediaStream, Outbound, Pace, Probe, Rate, Receipt, Status,
};
use comms_http::{Error, ErrorKind, Result};
use serde_json::json;

#[cfg(feature = "jwt")]
pub use self::inbound::GmailInbound;
pub use self::live::{Mail, MailFile, MailQuery};
use crate::{
    Client,
    client::PROVIDER,
    limits::{self, QuotaPlan},
    model::{
        label::LabelChange,
        message::{Message, Part},
    },
};

/// How long nothing is sent after Google has said that the mailbox has sent enough, and not until when: its limit is one of 24 hours,
/// and each attempt in between moves its end.
const SENT_ENOUGH: Duration = Duration::from_secs(3_600);
/// Of the units of a minute this part is for sending; the rest is for reading.
const SENDING_SHARE: u32 = 2;
/// How many messages go at once after a pause.
const SENDING_BURST: u32 = 10;

/// One mailbox as a channel, and as a source of what happens in it.
///
/// A message carries our id in its `Message-ID` and in a header of its own, since Google replaces some. So it is found again whatever
/// became of the request that carried it, and is told as sent, not as a message of somebody else's, when the mailbox is read.
///
/// As a [`Source`](comms_core::Source) it begins with the messages of the last [days](Self::first_days), and goes on with the history. Where
/// Google has forgotten that, it lists what lies between. Spam, trash, drafts and chats are passed over. A message that cannot be read
/// is an event of its own, and its neighbours are read all the same.
#[derive(Clone)]
pub struct GmailChannel {
    client: Client,
    mailbox: String,
    account: AccountId,
    files: Arc<dyn FileReader>,
    plan: QuotaPlan,
    first_days: u32,
    aliases: Arc<aliases::Aliases>,
    trouble: Arc<source::Trouble>,
}

impl GmailChannel {
    /// What the ids of accounts begin with.
    pub const ACCOUNT: &str = PROVIDER;

    /// The channel of the mailbox with this address. `client` is the mailbox's own; `files` opens what is sent along.
    ///
    /// # Errors
    /// `Config` where the address is none.
    pub fn new(client: Client, mailbox: &str, files: Arc<dyn FileReader>) -> Result<Self> {
        let wrong = |_| Error::config(format!("{mailbox} is not the address of a mailbox")).provider(PROVIDER);
        let mailbox = Address::email(mailbox).map_err(wrong)?.value().to_lowercase();
        Ok(Self {
            account: Self::account_of(&mailbox),
            client,
            mailbox,
            files,
            plan: QuotaPlan::Since2026May,
            first_days: limits::FIRST_DAYS,
            aliases: Arc::default(),
            trouble: Arc::default(),
        })
    }

    /// The account of a mailbox.
    #[must_use]
    pub fn account_of(mailbox: &str) -> AccountId {
        AccountId::of(Self::ACCOUNT, &mailbox.trim().to_lowercase())
    }

    /// With the quota of this plan; that of new projects unless set.
    #[must_use]
    pub fn plan(mut self, plan: QuotaPlan) -> Self {
        self.plan = plan;
        self
    }

    /// Begins with the messages of so many days; with what comes from now on where 0.
    #[must_use]
    pub fn first_days(mut self, days: u32) -> Self {
        self.first_days = days;
        self
    }

    /// The client, for what is not common to all channels.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The address of the mailbox, in lower case.
    #[must_use]
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }

    fn domain(&self) -> &str {
        self.mailbox.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Debug for GmailChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GmailChannel").field("account", &self.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Channel for GmailChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::new(&[ContentKind::Text, ContentKind::Email], &[AddressKind::Email]);
        all.max_text = limits::TEXT;
        all.max_subject = limits::SUBJECT;
        all.max_recipients = limits::RECIPIENTS;
        all.max_bytes = limits::SEND_BYTES as u64;
        all.replies = true;
        all.find = true;
        all.personal = true;
        all.pace = Pace::new(Some(sending_rate(self.plan)), None);
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let written = outgoing::written(self, message).await?;
        let mut mail = written.mail;
        let sent = match self.client.messages().send(&mail).await {
            // The thread is not in this mailbox (any more). Nothing was sent, and recipients go by the headers anyway.
            Err(error) if error.status() == Some(404) && mail.thread_id.is_some() => {
                mail.thread_id = None;
                self.client.messages().send(&mail).await
            }
            sent => sent,
        };
        let sent = sent.map_err(sent_enough)?;
        Ok(receipt(&message.to, &sent, Some(&written.message_id)))
    }

    async fn find(&self, probe: &Probe) -> Result<Found> {
        finding::find(self, probe).await
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        let refused = |why: &str| Error::invalid(why).field("media").provider(PROVIDER);
        let MediaRef::Id(id) = media else {
            return Err(refused("only files of the mailbox can be fetched from it"));
        };
        let (message, part) = id.split_once('/').ok_or_else(|| refused("the file's id is not message/part"))?;
        let file = self.client.attachments().open(message, part).await?;
        // The type is what its sender claims; the size that Google names is not always the file's.
        Ok(MediaStream { content_type: content_type(&file.part), length: None, body: file.body })
    }

    /// Nobody is told: in the mailbox it is read from now on.
    async fn mark_read(&self, provider_id: &str) -> Result<()> {
        self.client.messages().modify(provider_id, &LabelChange::remove("UNREAD")).await.map(drop)
    }
}

/// A part of the minute's units, and no more at once than leaves some for reading.
fn sending_rate(plan: QuotaPlan) -> Rate {
    let units = plan.units("messages.send").max(1);
    let in_a_minute = (plan.per_user_minute() / units / SENDING_SHARE).max(1);
    Rate::one_in(Duration::from_secs(60) / in_a_minute).with_burst(SENDING_BURST)
}

/// The limit of what a mailbox sends in a day comes without a time.
fn sent_enough(error: Error) -> Error {
    let of_the_day = error.kind() == ErrorKind::RateLimited && error.message().contains("Mail sending");
    if of_the_day && error.wait().is_none() { error.retry_after(SENT_ENOUGH) } else { error }
}

/// Google took it. Where it has the label already, it has been handed on.
fn receipt(to: &Address, sent: &Message, message_id: Option<&str>) -> Receipt {
    Receipt {
        provider_id: sent.id.clone(),
        status: if sent.has_label(SENT) { Status::Sent } else { Status::Accepted },
        recipient: vec![to.clone()],
        extra: json!({ "thread": sent.thread_id, "message_id": message_id }),
    }
}

/// The label of what the owner of the mailbox has sent. Nobody else can give it.
const SENT: &str = "SENT";

fn content_type(part: &Part) -> Option<String> {
    (!part.mime_type.is_empty()).then(|| part.mime_type.to_ascii_lowercase())
}
