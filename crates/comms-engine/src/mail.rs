//! E-mails: what their writer need not say, and what must not leave.

use comms_core::{
    AccountId, Address, Channel, ChannelKind, Content, Direction, Email, Files, Media, MessageId, Outbound,
    history::{MessageDetail, Scope},
};
use comms_mime::{
    html::{self, Show},
    reply_subject,
};

use crate::{Engine, EngineError, files::OwnFile};

/// The most ids of earlier messages that are named: the first, by which a thread is known, and the latest. A header has its bounds.
const LONGEST_CHAIN: usize = 30;

impl Engine {
    /// Makes an e-mail of the message, where the channel is one of e-mail: with an id of ours, the thread of what it answers, HTML
    /// that is safe and a text beside it. On other channels it is left as it is.
    pub(crate) fn complete(
        channel: &dyn Channel,
        message: &mut Outbound,
        answered: Option<MessageDetail>,
        files: Vec<OwnFile>,
    ) -> Result<(), EngineError> {
        if channel.kind() != ChannelKind::Email {
            if !files.is_empty() {
                return Err(refuse("files of our own store go with e-mails alone", "files"));
            }
            message.reply_to = answered.map(quoted).transpose()?;
            return Ok(());
        }
        let mut mail = match std::mem::replace(&mut message.content, Content::text("")) {
            Content::Email(mail) => mail,
            other => match mail_of(other)? {
                Ok(mail) => Box::new(mail),
                Err(content) => {
                    // What no e-mail can be made of is refused by what the channel can do.
                    message.content = content;
                    return Ok(());
                }
            },
        };
        mail.files.extend(files.into_iter().map(OwnFile::into_media));
        if let Some(answered) = answered {
            message.reply_to = answered.entry.provider_id.clone().filter(|_| channel.capabilities().replies);
            follow(&mut mail, &answered, channel.account());
        }
        make_safe(&mut mail);
        sign(&mut mail, message.id, channel.account());
        message.content = Content::Email(mail);
        Ok(())
    }

    /// To whom an answer to this message goes: where its writer asked for it, else to whom it came from.
    pub(crate) async fn answered_at(
        &self,
        scope: &Scope,
        message: Option<MessageId>,
        address: Address,
    ) -> Result<Address, EngineError> {
        let Some(message) = message else { return Ok(address) };
        // Whoever may answer in the conversation need not see every message of it.
        let whole = Scope { organization: scope.organization.clone(), seller: None };
        let detail = self.repository().message(&whole, message).await?;
        let (Some(Content::Email(mail)), Direction::Inbound) = (detail.entry.content, detail.entry.direction) else {
            return Ok(address);
        };
        let wanted = mail.reply_to.iter().find_map(|one| Address::email(&one.address).ok());
        Ok(wanted.unwrap_or(address))
    }
}

/// The id of a retry is its own: by it its answers are known, and it is told from the attempt before.
pub(crate) fn sign_again(message: &mut Outbound, account: &AccountId) {
    if let Content::Email(mail) = &mut message.content {
        sign(mail, message.id, account);
    }
}

/// The provider's id of the message that is answered. One that has none cannot be quoted.
fn quoted(answered: MessageDetail) -> Result<String, EngineError> {
    let unknown = || refuse("the provider does not know the message that is answered", "reply_to");
    answered.entry.provider_id.ok_or_else(unknown)
}

fn refuse(why: &str, field: &str) -> EngineError {
    EngineError::Refused(comms_core::Error::invalid(why).field(field))
}

/// The e-mail that says the same; the content itself where none does.
fn mail_of(content: Content) -> Result<Result<Email, Content>, EngineError> {
    let plain = |text: Option<String>, files: Vec<Media>| Email { text, files, ..Email::default() };
    Ok(match content {
        Content::Text { body, .. } if body.trim().is_empty() => return Err(EngineError::EmptyText),
        Content::Text { body, .. } => Ok(plain(Some(body), Vec::new())),
        Content::Files(Files { body, files }) => Ok(plain(body, files)),
        Content::Media(mut media) => Ok(plain(media.caption.take(), vec![media])),
        other => Err(other),
    })
}

/// Takes what makes an answer out of the message that it answers: subject, ids, thread.
fn follow(mail: &mut Email, answered: &MessageDetail, account: &AccountId) {
    let Some(Content::Email(before)) = &answered.entry.content else {
        return;
    };
    if mail.subject.trim().is_empty() {
        mail.subject = reply_subject(&before.subject);
    }
    mail.in_reply_to.clone_from(&before.message_id);
    let mut chain = before.references.clone();
    if chain.is_empty() {
        chain.extend(before.in_reply_to.clone());
    }
    chain.extend(before.message_id.clone());
    chain.dedup();
    if chain.len() > LONGEST_CHAIN {
        chain.drain(1..=chain.len() - LONGEST_CHAIN);
    }
    mail.references = chain;
    // Another mailbox calls the thread otherwise.
    mail.thread = before.thread.clone().filter(|_| answered.entry.account.as_ref() == Some(account));
}

/// Nothing leaves that would run where it is read; images of the network stay, since their address was written by us.
fn make_safe(mail: &mut Email) {
    let Some(html) = &mail.html else { return };
    let inline = mail.inline.iter().map(|file| (file.content_id.clone(), format!("cid:{}", file.content_id)));
    let safe = html::sanitize(html, &Show { remote_images: true, inline_images: inline.collect() });
    if mail.text.as_deref().is_none_or(|text| text.trim().is_empty()) {
        mail.text = Some(html::to_text(&safe.html)).filter(|text| !text.trim().is_empty());
    }
    mail.html = Some(safe.html);
}

/// Gives the e-mail an id that holds ours, whatever its writer gave it: so an echo, or an answer, finds the message.
fn sign(mail: &mut Email, id: MessageId, account: &AccountId) {
    let of = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let from = mail.from.as_ref().and_then(|from| of(&from.address));
    let own = || of(account.external_id()).unwrap_or_else(|| account.external_id().to_owned());
    mail.message_id = Some(Email::id_of(id, &from.unwrap_or_else(own)));
}
