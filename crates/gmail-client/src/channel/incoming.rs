//! From a message of the mailbox to one in the model's terms.

use comms_core::{Email, InlineFile, Media, MediaKind, MediaRef};
use comms_http::Result;
use comms_mime::{File, Incoming, Limits, safe_file_name};
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
    let (email, mut extra) = incoming.to_model();
    extra.insert("labels".to_owned(), json!(message.label_ids));
    let files = incoming.files.iter().filter_map(|file| Some((file, *written.parts.get(file.part)?)));
    let (files, inline) = files_of(message, files);
    let thread = Some(message.thread_id.clone()).filter(|thread| !thread.is_empty());
    Ok(Read { email: Email { files, inline, thread, ..email }, extra })
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
            kind: MediaKind::of(&kind),
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
