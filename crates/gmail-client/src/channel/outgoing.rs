//! From a message in the model's terms to one as it is transmitted.

use std::borrow::Cow;

use comms_core::{Content, Correspondent, Email, Media, MediaRef, Outbound};
use comms_http::{ByteStream, Error, Result};
use comms_mime::{InReplyTo, Mailbox, Outgoing, before_sending, outgoing_files, outgoing_html};

use super::{GmailChannel, aliases, ours};
use crate::{api::Read, limits, model::message::NewMessage};

/// A message as it is transmitted.
pub(super) struct Written {
    pub(super) mail: NewMessage,
    /// Its `Message-ID`, without angle brackets.
    pub(super) message_id: String,
}

/// What it answers.
struct Answered {
    headers: InReplyTo,
    thread: Option<String>,
}

pub(super) async fn written(channel: &GmailChannel, message: &Outbound) -> Result<Written> {
    let email = of_content(&message.content)?;
    let answered = answered(channel, message, &email).await?;
    let mut mail =
        addressed(channel, message, &email).await?.id(message.id.0).header(ours::HEADER, message.id.to_string());
    if !email.subject.is_empty() {
        mail = mail.subject(email.subject.as_str());
    }
    if let Some(text) = &email.text {
        mail = mail.text(text.as_str());
    }
    if let Some(html) = &email.html {
        mail = mail.html(outgoing_html(html, &email)?);
    }
    if let Some(answered) = &answered {
        mail = mail.reply_to_message(&answered.headers);
    }
    for file in outgoing_files(&email, limits::SEND_BYTES, |media| open(channel, media)).await? {
        mail = mail.file(file.into());
    }
    let built = mail.build(channel.client.clock().now())?;
    let mut mail = NewMessage::new(built.bytes);
    mail.thread_id = email.thread.clone().or_else(|| answered.and_then(|answered| answered.thread));
    let message_id = built.message_id.trim_matches(['<', '>']).to_owned();
    Ok(Written { mail, message_id })
}

fn of_content(content: &Content) -> Result<Cow<'_, Email>> {
    match content {
        Content::Email(email) => Ok(Cow::Borrowed(email)),
        Content::Text { body, .. } => Ok(Cow::Owned(Email { text: Some(body.clone()), ..Email::default() })),
        other => Err(Error::unsupported(format!("Gmail does not send {}", other.kind())).field("content")),
    }
}

/// The message with all of its addresses.
async fn addressed(channel: &GmailChannel, message: &Outbound, email: &Email) -> Result<Outgoing> {
    let from = email.from.clone().unwrap_or_else(|| Correspondent::new(channel.mailbox.as_str()));
    let name = aliases::check(channel, &from.address).await?;
    let from = Correspondent { name: from.name.or(name), ..from };
    let domain = from.address.rsplit_once('@').map_or(channel.domain(), |(_, domain)| domain).to_owned();
    let mut mail = Outgoing::new(mailbox(&from, "from")?, domain);

    let recipient = message.to.value();
    let is_recipient = |one: &&Correspondent| one.address.eq_ignore_ascii_case(recipient);
    // The recipient may stand among the copies, as the one of several whose message this is.
    let copied = email.cc.iter().chain(&email.bcc).any(|one| is_recipient(&one));
    let named = email.to.iter().find(is_recipient).cloned();
    let first = named.or_else(|| (!copied).then(|| Correspondent::new(recipient)));
    let others = email.to.iter().filter(|one| !is_recipient(one));
    for one in first.iter().chain(others) {
        mail = mail.to(mailbox(one, "to")?);
    }
    for one in &email.cc {
        mail = mail.cc(mailbox(one, "cc")?);
    }
    for one in &email.bcc {
        mail = mail.bcc(mailbox(one, "bcc")?);
    }
    if let Some(one) = email.reply_to.first() {
        mail = mail.reply_to(mailbox(one, "reply_to")?);
    }
    Ok(mail)
}

fn mailbox(one: &Correspondent, field: &str) -> Result<Mailbox> {
    let named = Mailbox::new(&one.address).and_then(|mailbox| match &one.name {
        Some(name) => mailbox.named(name),
        None => Ok(mailbox),
    });
    named.map_err(|error| error.field(field))
}

/// The message that it answers: as the content says, else as the mailbox has it.
async fn answered(channel: &GmailChannel, message: &Outbound, email: &Email) -> Result<Option<Answered>> {
    if let Some(id) = &email.in_reply_to {
        let headers =
            InReplyTo { message_id: id.clone(), references: email.references.clone(), subject: String::new() };
        return Ok(Some(Answered { headers, thread: None }));
    }
    let Some(id) = &message.reply_to else { return Ok(None) };
    let read = Read::headers(&["Message-ID", "References", "Subject"]);
    let original = match channel.client.messages().get(id, &read).await {
        Ok(original) => original,
        // Deleted meanwhile: what is said to them is no less worth saying.
        Err(error) if error.status() == Some(404) => return Ok(None),
        Err(error) => return Err(before_sending(error)),
    };
    let Some(message_id) = original.header("Message-ID") else { return Ok(None) };
    let references = original.header("References").unwrap_or_default();
    Ok(Some(Answered {
        headers: InReplyTo {
            message_id: message_id.to_owned(),
            references: references.split_whitespace().map(str::to_owned).collect(),
            subject: original.header("Subject").unwrap_or_default().to_owned(),
        },
        thread: Some(original.thread_id.clone()).filter(|thread| !thread.is_empty()),
    }))
}

async fn open(channel: &GmailChannel, media: &Media) -> Result<ByteStream> {
    match &media.source {
        MediaRef::Blob(key) => Ok(channel.files.open(key).await?.body),
        MediaRef::Id(id) => {
            let (message, part) =
                id.split_once('/').ok_or_else(|| Error::invalid("the file's id is not message/part").field("files"))?;
            Ok(channel.client.attachments().open(message, part).await?.body)
        }
        MediaRef::Url(_) => {
            Err(Error::unsupported("a file of an e-mail is not fetched from an address").field("files"))
        }
    }
}
