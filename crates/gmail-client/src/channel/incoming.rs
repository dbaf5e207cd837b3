//! From a message of the mailbox to one in the model's terms.

use std::collections::HashMap;

use comms_core::{Correspondent, Email, InlineFile, Media, MediaKind, MediaRef};
use comms_http::Result;
use comms_mime::{
    File, Incoming, Limits, Mailbox,
    html::{Show, sanitize},
    safe_file_name, split_html, split_text,
};
use serde_json::{Map, Value, json};

use super::tree;
use crate::model::message::{Message, Part};

/// An e-mail and what else is known of it.
pub(super) struct Read {
    pub(super) email: Email,
    /// Labels, defects, notices: under names of ours.
    pub(super) extra: Map<String, Value>,
}

/// Reads a message that was taken apart by Google (`full`, or `metadata`: its headers alone).
///
/// # Errors
/// `InvalidRequest` where it is beyond what is read.
pub(super) fn read(message: &Message) -> Result<Read> {
    let nothing = Part::default();
    let written = tree::written(message.payload.as_ref().unwrap_or(&nothing));
    let incoming = Incoming::parse(&written.raw, &Limits::default())?;
    let mut extra = extra(message, &incoming);
    let (text, quoted) = texts(&incoming.text);
    let html = incoming.html.as_deref().map(|html| shown(html, &incoming.files, &mut extra));
    let files = incoming.files.iter().filter_map(|file| Some((file, *written.parts.get(file.part)?)));
    let (files, inline) = files_of(message, files);
    Ok(Read {
        email: Email {
            subject: incoming.subject,
            text,
            html,
            quoted,
            from: incoming.from.as_ref().map(correspondent),
            to: correspondents(&incoming.to),
            cc: correspondents(&incoming.cc),
            bcc: correspondents(&incoming.bcc),
            reply_to: correspondents(&incoming.reply_to),
            files,
            inline,
            message_id: incoming.message_id.as_deref().map(bare),
            in_reply_to: incoming.in_reply_to.first().map(|id| bare(id)),
            references: incoming.references.iter().map(|id| bare(id)).collect(),
            thread: Some(message.thread_id.clone()).filter(|thread| !thread.is_empty()),
        },
        extra,
    })
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

fn files_of<'a>(message: &Message, files: impl Iterator<Item = (&'a File, &'a Part)>) -> (Vec<Media>, Vec<InlineFile>) {
    let (mut media, mut inline) = (Vec::new(), Vec::new());
    // A text is none: mail programs show the second one below the first.
    // What has no content to be fetched is no file: a report of delivery is its parts.
    let here = |part: &Part| part.body.attachment_id.is_some() || part.body.data.is_some();
    let is_file = |part: &Part| here(part) && (tree::is_file(part) || !tree::is_text(part));
    for (file, part) in files.filter(|(_, part)| is_file(part)) {
        if let Some(content_id) = file.content_id.clone().filter(|id| !id.is_empty()) {
            inline.push(InlineFile { content_id, file: media.len() });
        }
        let kind = part.mime_type.to_ascii_lowercase();
        media.push(Media {
            kind: kind_of(&kind),
            source: MediaRef::Id(format!("{}/{}", message.id, part.part_id)),
            caption: None,
            filename: Some(name(file, part, &kind)),
            mime_type: Some(kind).filter(|kind| !kind.is_empty()),
            sha256: None,
        });
    }
    (media, inline)
}

fn name(file: &File, part: &Part, kind: &str) -> String {
    match kind {
        _ if !part.filename.is_empty() => safe_file_name(&part.filename),
        "message/rfc822" => "message.eml".to_owned(),
        "text/calendar" => "invite.ics".to_owned(),
        _ => file.name.clone(),
    }
}

fn kind_of(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

fn extra(message: &Message, incoming: &Incoming) -> Map<String, Value> {
    let mut extra = Map::new();
    extra.insert("labels".to_owned(), json!(message.label_ids));
    if incoming.automatic {
        extra.insert("automatic".to_owned(), true.into());
    }
    if !incoming.defects.is_empty() {
        extra.insert("defects".to_owned(), json!(incoming.defects));
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
