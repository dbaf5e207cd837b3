//! Mail that came.

use std::collections::HashMap;

use bytes::Bytes;
use comms_core::{
    AccountId, Batch, Correspondent, Email, Event, EventKey, EventKind, IN_WEBHOOK, InboundMessage, InlineFile, Media,
    MediaKind, MediaRef, Party, SentMail, Status, StatusUpdate,
};
use comms_mime::{
    File, Incoming, Limits, Mailbox,
    html::{Show, sanitize},
    split_html, split_text,
};
use serde_json::{Map, Value, json};

use super::{accounts, accounts::Accounts};
use crate::{limits, webhook::InboundMail};

/// One event for each account of ours that the mail was delivered to.
pub(super) fn batch(mail: &InboundMail, ours: &Accounts) -> Batch {
    let key = EventKey::new(mail.content_key());
    let event = |account: AccountId, kind: EventKind| Event {
        account,
        subject: key.to_string(),
        key: key.clone(),
        occurred_at: None,
        kind,
    };
    let accounts = receivers(mail, ours);
    let message = match mail.message(&bounds()) {
        Ok(message) => message,
        Err(error) => {
            let raw =
                json!({"envelope": {"to": mail.envelope.to, "from": mail.envelope.from}, "subject": mail.subject});
            let unknown = |account| event(account, EventKind::Unknown { name: "mail".to_owned(), raw: raw.clone() });
            let problem = Some(format!("the mail cannot be read: {}", error.message()));
            return Batch { events: accounts.into_iter().map(unknown).collect(), problem, ..Batch::default() };
        }
    };
    let kind = || echo(&message, ours).unwrap_or_else(|| EventKind::Message(Box::new(read(mail, &message))));
    let events = accounts.into_iter().map(|account| event(account, kind())).collect();
    Batch { events, problem: mail.problem.clone(), ..Batch::default() }
}

/// The bytes of a file, by what [`read`] calls it.
pub(super) fn file(mail: &InboundMail, id: &str) -> Option<Bytes> {
    let number: usize = id.strip_prefix(IN_WEBHOOK)?.parse().ok()?;
    let message = mail.message(&bounds()).ok()?;
    message.files.into_iter().nth(number).map(|file| file.bytes)
}

/// What is read of a mail.
fn bounds() -> Limits {
    let mut bounds = Limits::default();
    bounds.text = limits::INBOUND_TEXT;
    bounds
}

/// Whom it was delivered to: what its headers say may be anything.
fn receivers(mail: &InboundMail, ours: &Accounts) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = mail.envelope.to.iter().map(|to| ours.of(to)).collect();
    accounts.sort();
    accounts.dedup();
    if accounts.is_empty() { vec![ours.first()] } else { accounts }
}

/// A mail of our own that came back, as a copy: what it says is known, and that it was sent is told.
fn echo(message: &Incoming, ours: &Accounts) -> Option<EventKind> {
    let from = message.from.as_ref()?.address();
    let id = message.message_id.as_deref()?;
    let own = Email::our_id(id, accounts::domain(from)).filter(|_| ours.is_ours(from))?;
    // Other programs make ids of UUIDs, too.
    if own.0.get_version_num() != 7 {
        return None;
    }
    let sent = SentMail { message_id: Some(bare(id)), thread: None };
    Some(EventKind::Status(Box::new(StatusUpdate {
        correlation: Some(own.to_string()),
        extra: sent.told(),
        ..StatusUpdate::new(Some(Status::Sent), "copy")
    })))
}

fn read(mail: &InboundMail, message: &Incoming) -> InboundMessage {
    let mut extra = extra(mail, message);
    let (text, quoted) = texts(&message.text);
    let html = message.html.as_deref().map(|html| shown(html, &message.files, &mut extra));
    let (files, inline) = files(&message.files);
    let from = message.from.as_ref().map(correspondent);
    let email = Email {
        subject: message.subject.clone(),
        text,
        html,
        quoted,
        from: from.clone(),
        to: correspondents(&message.to),
        cc: correspondents(&message.cc),
        bcc: correspondents(&message.bcc),
        reply_to: correspondents(&message.reply_to),
        files,
        inline,
        message_id: message.message_id.as_deref().map(bare),
        in_reply_to: message.in_reply_to.first().map(|id| bare(id)),
        references: message.references.iter().map(|id| bare(id)).collect(),
        thread: None,
    };
    let extra = if extra.is_empty() { Value::Null } else { Value::Object(extra) };
    InboundMessage { extra, ..InboundMessage::new(writer(mail, from), email.into()) }
}

/// Who claims to have written it; where nobody does, where it would go back to.
fn writer(mail: &InboundMail, from: Option<Correspondent>) -> Party {
    let sender = Some(mail.envelope.from.as_str()).filter(|from| !from.is_empty()).map(Correspondent::new);
    match from.filter(|from| !from.address.is_empty()).or(sender) {
        Some(from) => Party { name: from.name.clone(), ..Party::of(from.known_as()) },
        None => Party::default(),
    }
}

/// What was written, with its signature, and what it quotes.
fn texts(text: &str) -> (Option<String>, Option<String>) {
    let reply = split_text(text);
    let written = match reply.signature {
        Some(signature) => format!("{}\n\n-- \n{signature}", reply.text),
        None => reply.text,
    };
    (Some(written).filter(|text| !text.is_empty()), reply.quoted)
}

/// The HTML without what it quotes, safe to be shown. Its own images keep their `cid:`, which say which file they are.
fn shown(html: &str, files: &[File], extra: &mut Map<String, Value>) -> String {
    let (written, _) = split_html(html);
    let own = files.iter().filter_map(|file| file.content_id.clone());
    let inline_images: HashMap<String, String> = own.map(|id| (id.clone(), format!("cid:{id}"))).collect();
    let safe = sanitize(&written, &Show { remote_images: false, inline_images });
    if safe.blocked_images > 0 {
        extra.insert("blocked_images".to_owned(), safe.blocked_images.into());
    }
    if safe.reduced {
        extra.insert("html_reduced".to_owned(), true.into());
    }
    safe.html
}

/// The files by their place: their bytes stay in the webhook until they are taken out of it.
fn files(files: &[File]) -> (Vec<Media>, Vec<InlineFile>) {
    let mut inline = Vec::new();
    let media = files.iter().enumerate().map(|(at, file)| {
        if let Some(content_id) = file.content_id.clone().filter(|id| !id.is_empty()) {
            inline.push(InlineFile { content_id, file: at });
        }
        Media {
            kind: kind_of(&file.content_type),
            source: MediaRef::Id(format!("{IN_WEBHOOK}{at}")),
            caption: None,
            filename: Some(file.name.clone()),
            mime_type: Some(file.content_type.clone()),
            sha256: None,
        }
    });
    (media.collect(), inline)
}

fn kind_of(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

/// What SendGrid has found out of it, under its own names, and what is wrong with it.
fn extra(mail: &InboundMail, message: &Incoming) -> Map<String, Value> {
    let mut extra: Map<String, Value> = mail.other.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    extra.insert("envelope".to_owned(), json!({"to": mail.envelope.to, "from": mail.envelope.from}));
    if message.automatic {
        extra.insert("automatic".to_owned(), true.into());
    }
    if !message.defects.is_empty() {
        extra.insert("defects".to_owned(), json!(message.defects));
    }
    extra
}

fn correspondents(mailboxes: &[Mailbox]) -> Vec<Correspondent> {
    mailboxes.iter().map(correspondent).collect()
}

fn correspondent(mailbox: &Mailbox) -> Correspondent {
    Correspondent { name: mailbox.name().map(str::to_owned), address: mailbox.address().to_owned() }
}

fn bare(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}
