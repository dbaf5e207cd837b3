//! A sender as a channel of the toolkit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use comms_core::{
    AccountId, AddressKind, Capabilities, Channel, ChannelKind, Clock, Content, ContentKind, Correspondent, Email,
    Error, FileReader, Media, MediaRef, Outbound, Receipt, Result, SentMail, Status, SystemClock,
};
use comms_http::setting;
use comms_mime::{Attachment, InReplyTo, Mailbox, Outgoing, html, safe_file_name};
use futures_util::StreamExt;

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
            outgoing = outgoing.html(safe(html, mail)?);
        }
        // What is answered says its engine; a caller without one may quote by the id alone.
        if let Some(id) = mail.in_reply_to.as_ref().or(message.reply_to.as_ref()) {
            let message_id = format!("<{id}>");
            let references = mail.references.iter().map(|id| format!("<{id}>")).collect();
            outgoing = outgoing.reply_to_message(&InReplyTo { message_id, references, subject: mail.subject.clone() });
        }
        for file in self.attachments(mail).await? {
            outgoing = outgoing.file(file);
        }
        let built = outgoing.build(self.clock.now())?;
        if built.bytes.len() as u64 > limits::MESSAGE_BYTES {
            return Err(too_large());
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

    async fn attachments(&self, mail: &Email) -> Result<Vec<Attachment>> {
        let (mut attachments, mut left) = (Vec::new(), limits::MESSAGE_BYTES);
        for (at, media) in mail.files.iter().enumerate() {
            let bytes = self.bytes(media, left).await?;
            left = left.saturating_sub(bytes.len() as u64);
            let name = safe_file_name(media.filename.as_deref().unwrap_or("archivo"));
            let kind = media.mime_type.as_deref().unwrap_or("application/octet-stream");
            let attachment = Attachment::new(name, kind, bytes);
            let shown = mail.inline.iter().find(|inline| inline.file == at);
            attachments.push(match shown {
                Some(inline) => attachment.inline(&inline.content_id),
                None => attachment,
            });
        }
        Ok(attachments)
    }

    async fn bytes(&self, media: &Media, most: u64) -> Result<Bytes> {
        let MediaRef::Blob(key) = &media.source else {
            let own = "a file of an e-mail comes from our own store: give its key";
            return Err(Error::unsupported(own).field("files"));
        };
        let mut stream = self.files.open(key).await?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = stream.body.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() as u64 > most {
                return Err(too_large());
            }
        }
        Ok(bytes.freeze())
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

/// What our users paste comes from anywhere. Images of the network stay: the message is theirs.
fn safe(html: &str, mail: &Email) -> Result<String> {
    let own = mail.inline.iter().map(|inline| (inline.content_id.clone(), format!("cid:{}", inline.content_id)));
    let safe = html::sanitize(html, &html::Show { remote_images: true, inline_images: own.collect() });
    if safe.reduced {
        return Err(Error::invalid("the HTML is too long, or nested too deep").field("html"));
    }
    Ok(safe.html)
}

fn mailbox(one: &Correspondent) -> Result<Mailbox> {
    let mailbox = Mailbox::new(&one.address)?;
    match &one.name {
        Some(name) => mailbox.named(name),
        None => Ok(mailbox),
    }
}

fn too_large() -> Error {
    Error::invalid(format!("an e-mail may have {} bytes with its files", limits::MESSAGE_BYTES)).field("files")
}
