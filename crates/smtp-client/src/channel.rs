//! A sender as a channel of the toolkit.

use std::sync::Arc;

use async_trait::async_trait;
use comms_core::{
    AccountId, AddressKind, Capabilities, Channel, ChannelKind, Clock, Content, ContentKind, Correspondent, Email,
    Error, FileReader, Media, MediaRef, Outbound, Receipt, Result, SentMail, Status, SystemClock,
};
use comms_http::{ByteStream, setting};
use comms_mime::{InReplyTo, Mailbox, Outgoing, outgoing_files, outgoing_html};

use crate::{Client, Mail, config::FROM, limits};

/// What ids of senders begin with.
const PROVIDER: &str = "smtp";

/// One sender at one mail server.
#[derive(Clone, Debug)]
pub struct SmtpChannel {
    account: AccountId,
    client: Client,
    sender: Mailbox,
    domain: String,
    files: Arc<dyn FileReader>,
    clock: Arc<dyn Clock>,
}

impl SmtpChannel {
    /// The channel of the client's sender. `files` are those that messages name by the key of our own store.
    ///
    /// # Errors
    /// `Config` where the client has no sender, or one that is no address.
    pub fn new(client: Client, files: Arc<dyn FileReader>) -> Result<Self> {
        let from = client.from().ok_or_else(|| setting::missing(FROM))?;
        let wrong = |error: Error| setting::wrong(FROM, "is not an e-mail address").source(error);
        let mut sender = Mailbox::new(from).map_err(wrong)?;
        if let Some(name) = client.from_name() {
            sender = sender.named(name)?;
        }
        let domain = sender.address().rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_owned());
        let account = AccountId::of(PROVIDER, sender.address());
        Ok(Self { account, client, sender, domain, files, clock: Arc::new(SystemClock) })
    }

    /// Takes the time from here.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The client below.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The message as it is handed over, and its id.
    async fn write(&self, message: &Outbound, mail: &Email) -> Result<(Mail, String)> {
        let hidden = mail.bcc.iter().map(|one| one.address.clone());
        let mut outgoing = Outgoing::new(self.sender.clone(), &self.domain)
            .id(message.id.0)
            .to(self.recipient(message, mail)?)
            .subject(&mail.subject);
        let others = |list: &[Correspondent]| -> Result<Vec<Mailbox>> {
            let others = list.iter().filter(|one| !one.address.eq_ignore_ascii_case(message.to.value()));
            others.map(mailbox).collect()
        };
        for to in others(&mail.to)? {
            outgoing = outgoing.to(to);
        }
        for cc in others(&mail.cc)? {
            outgoing = outgoing.cc(cc);
        }
        if let Some(answers_to) = mail.reply_to.first() {
            outgoing = outgoing.reply_to(mailbox(answers_to)?);
        }
        if let Some(text) = &mail.text {
            outgoing = outgoing.text(text);
        }
        if let Some(html) = &mail.html {
            outgoing = outgoing.html(outgoing_html(html, mail)?);
        }
        // What is answered says its engine; a caller without one may quote by the id alone.
        if let Some(id) = mail.in_reply_to.as_ref().or(message.reply_to.as_ref()) {
            let message_id = format!("<{id}>");
            let references = mail.references.iter().map(|id| format!("<{id}>")).collect();
            outgoing = outgoing.reply_to_message(&InReplyTo { message_id, references, subject: mail.subject.clone() });
        }
        let most = usize::try_from(limits::MESSAGE_BYTES).unwrap_or(usize::MAX);
        for file in outgoing_files(mail, most, |media| self.open(media)).await? {
            outgoing = outgoing.file(file.into());
        }
        let built = outgoing.build(self.clock.now())?;
        if built.bytes.len() as u64 > limits::MESSAGE_BYTES {
            let why = format!("an e-mail may have {} bytes with its files", limits::MESSAGE_BYTES);
            return Err(Error::invalid(why).field("files"));
        }
        let mut to = built.recipients;
        to.extend(hidden);
        to.sort_unstable();
        to.dedup();
        let id = built.message_id.trim_matches(['<', '>']).to_owned();
        Ok((Mail::new(self.sender.address(), to, built.bytes), id))
    }

    /// Whom the message is for, under the name that the mail has for them.
    fn recipient(&self, message: &Outbound, mail: &Email) -> Result<Mailbox> {
        let address = message.to.value();
        let named = mail.to.iter().find(|one| one.address.eq_ignore_ascii_case(address));
        match named {
            Some(one) => mailbox(one),
            None => Mailbox::new(address),
        }
    }

    async fn open(&self, media: &Media) -> Result<ByteStream> {
        let MediaRef::Blob(key) = &media.source else {
            let own = "a file of an e-mail comes from our own store: give its key";
            return Err(Error::unsupported(own).field("files"));
        };
        Ok(self.files.open(key).await?.body)
    }
}

#[async_trait]
impl Channel for SmtpChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new(&[ContentKind::Email], &[AddressKind::Email]);
        capabilities.max_subject = limits::SUBJECT;
        capabilities.max_recipients = limits::RECIPIENTS;
        capabilities.max_bytes = limits::MESSAGE_BYTES;
        capabilities.replies = true;
        capabilities
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let Content::Email(mail) = &message.content else {
            return Err(Error::unsupported("only e-mails go over SMTP").field("content"));
        };
        let (written, id) = self.write(message, mail).await?;
        self.client.send(&written).await?;
        Ok(Receipt {
            provider_id: id.clone(),
            status: Status::Accepted,
            recipient: Vec::new(),
            extra: SentMail { message_id: Some(id), thread: None }.told(),
        })
    }
}

fn mailbox(one: &Correspondent) -> Result<Mailbox> {
    let mailbox = Mailbox::new(&one.address)?;
    match &one.name {
        Some(name) => mailbox.named(name),
        None => Ok(mailbox),
    }
}
