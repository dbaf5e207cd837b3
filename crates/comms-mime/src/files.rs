//! What channels of e-mail do alike with a message that goes out: its files, and its HTML.

use bytes::{Bytes, BytesMut};
use comms_core::{Email, Media};
use comms_http::{ByteStream, Error, Outcome, Result};
use futures_util::TryStreamExt;

use crate::{
    Attachment,
    html::{Show, sanitize},
    safe_file_name,
};

/// What a file is whose type is not known.
const UNKNOWN_TYPE: &str = "application/octet-stream";
/// What a file is called that has no name.
const UNNAMED: &str = "archivo";

/// A file of an e-mail that goes out, read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutgoingFile {
    /// Its name, safe to be stored under.
    pub name: String,
    /// Its media type, without parameters.
    pub content_type: String,
    /// The id that the HTML shows it by.
    pub content_id: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Reads the files of an e-mail, each as `open` opens it, as long as all of them have at most so many bytes.
///
/// Nothing has been sent yet: an error of unknown outcome becomes one of [`Outcome::NotSent`].
///
/// # Errors
/// `InvalidRequest` where they are longer; those of `open`, and of what it opens.
pub async fn outgoing_files<'a, F>(
    email: &'a Email,
    most: usize,
    open: impl Fn(&'a Media) -> F,
) -> Result<Vec<OutgoingFile>>
where
    F: Future<Output = Result<ByteStream>>,
{
    let mut left = most;
    let mut files = Vec::with_capacity(email.files.len());
    for (at, media) in email.files.iter().enumerate() {
        let bytes = whole(open(media).await.map_err(before_sending)?, left).await.map_err(before_sending)?;
        let Some(bytes) = bytes else {
            return Err(Error::invalid(format!("the files of an e-mail may have {most} bytes")).field("files"));
        };
        left -= bytes.len();
        let inline = email.inline.iter().find(|one| one.file == at);
        files.push(OutgoingFile {
            name: safe_file_name(media.filename.as_deref().unwrap_or(UNNAMED)),
            content_type: media_type(media),
            content_id: inline.map(|one| one.content_id.clone()),
            bytes,
        });
    }
    Ok(files)
}

/// The HTML of an e-mail that goes out, made safe: what our users paste comes from anywhere. Images of the network stay, since the message is
/// theirs.
///
/// # Errors
/// `InvalidRequest` where it is too long, or nested too deep.
pub fn outgoing_html(html: &str, email: &Email) -> Result<String> {
    let own = email.inline.iter().map(|one| (one.content_id.clone(), format!("cid:{}", one.content_id)));
    let safe = sanitize(html, &Show { remote_images: true, inline_images: own.collect() });
    if safe.reduced {
        return Err(Error::invalid("the HTML is too long, or nested too deep").field("html"));
    }
    Ok(safe.html)
}

/// An error of what comes before a message is sent: whatever became of that, nothing was sent.
#[must_use]
pub fn before_sending(error: Error) -> Error {
    match error.outcome() {
        Outcome::Unknown => error.with_outcome(Outcome::NotSent),
        _ => error,
    }
}

impl From<OutgoingFile> for Attachment {
    fn from(file: OutgoingFile) -> Self {
        let attachment = Self::new(file.name, file.content_type, file.bytes);
        match file.content_id {
            Some(id) => attachment.inline(id),
            None => attachment,
        }
    }
}

/// `None` where there are more bytes than that.
async fn whole(mut body: ByteStream, most: usize) -> Result<Option<Bytes>> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.try_next().await? {
        if piece.len() > most - bytes.len() {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes.freeze()))
}

/// The type without its parameters, where it is one.
fn media_type(media: &Media) -> String {
    let essence = media.mime_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_');
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(good);
    match essence.split_once('/') {
        Some((kind, subtype)) if is_word(kind) && is_word(subtype) => essence.to_ascii_lowercase(),
        _ => UNKNOWN_TYPE.to_owned(),
    }
}
