//! Messages.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use comms_http::{Error, ErrorKind, Outcome, Result};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Extra, HistoryId, number::millis, open_enum};

/// Google pads its base64 and takes it without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

open_enum! {
    /// How much of a message is read.
    pub enum Format {
        /// Ids, labels, snippet, size.
        Minimal = "minimal",
        /// The same and headers.
        Metadata = "metadata",
        /// The same and the bodies, taken apart. Texts are in UTF-8, whatever their `Content-Type` still says.
        Full = "full",
        /// The message as it was transmitted. What a MIME parser is to read.
        Raw = "raw",
    }
}

/// A message, as much of it as was asked for.
///
/// *See [Gmail docs/Message](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Message {
    /// Its id in this mailbox. It has nothing to do with the `Message-ID` header.
    pub id: String,
    /// The conversation that it belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thread_id: String,
    /// Its labels; none for an archived message without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_ids: Vec<String>,
    /// Its beginning, **escaped as HTML**: see [`snippet_text`](Self::snippet_text).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub snippet: String,
    /// The last change of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_id: Option<HistoryId>,
    /// When Google took it, in milliseconds since 1970. The `Date` header is what the sender claims.
    #[serde(with = "millis", skip_serializing_if = "Option::is_none")]
    pub internal_date: Option<i64>,
    /// Its size in bytes, about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_estimate: Option<u64>,
    /// The message taken apart (`full`, `metadata`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Part>,
    /// The message as base64 (`raw`): see [`raw_bytes`](Self::raw_bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// Whether it has this label.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.label_ids.iter().any(|id| id == label)
    }

    /// When Google took it.
    #[must_use]
    pub fn received_at(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.internal_date?) * 1_000_000).ok()
    }

    /// The first header of this name, in whichever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.payload.as_ref()?.header(name)
    }

    /// The message as it was transmitted, where it was read with [`Format::Raw`].
    ///
    /// # Errors
    /// `Decode` where it was not, or is no base64.
    pub fn raw_bytes(&self) -> Result<Bytes> {
        let raw = self.raw.as_deref().ok_or_else(|| undecodable("the message was not read as raw"))?;
        decode(raw)
    }

    /// The snippet as text. Google escapes it, and cuts it where it likes.
    #[must_use]
    pub fn snippet_text(&self) -> String {
        unescape(&self.snippet)
    }

    /// All parts, the whole first, each before its own.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let mut waiting: Vec<&Part> = self.payload.iter().collect();
        std::iter::from_fn(move || {
            let part = waiting.pop()?;
            waiting.extend(part.parts.iter().rev());
            Some(part)
        })
    }

    /// The parts with a file name or a body of their own to be fetched.
    pub fn attachments(&self) -> impl Iterator<Item = &Part> {
        self.parts().filter(|part| !part.filename.is_empty() || part.body.attachment_id.is_some())
    }
}

/// A part of a message: a text, a file, or a list of parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Part {
    /// Its place: empty for the whole, then `0`, `1`, `1.0` … **The only name of an attachment that lasts.**
    pub part_id: String,
    /// The media type.
    pub mime_type: String,
    /// The file name, empty where it has none. Written by the sender: it may name a path.
    pub filename: String,
    /// The headers in their order, repeated ones too.
    pub headers: Vec<Header>,
    /// The content.
    pub body: PartBody,
    /// The parts of a `multipart/*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Part {
    /// The first header of this name, in whichever case: Google writes `Message-Id` and `Message-ID`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(&header.value)
    }
}

/// A header of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// Its name, in the case in which it was written.
    pub name: String,
    /// Its value, decoded.
    pub value: String,
}

/// The content of a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PartBody {
    /// The id to fetch it by, where it is not here. It changes with each reading of the message and ends: never keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<String>,
    /// The bytes as base64: see [`bytes`](Self::bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The size in bytes; of a text, before Google made it UTF-8.
    pub size: u64,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl PartBody {
    /// The bytes. A text is in UTF-8 here, whatever charset its part names.
    ///
    /// # Errors
    /// `Decode` where they are not here, or are no base64.
    pub fn bytes(&self) -> Result<Bytes> {
        let data = self.data.as_deref().ok_or_else(|| undecodable("the content is not part of the answer"))?;
        decode(data)
    }
}

/// A message to be sent, drafted, imported or inserted: RFC 822 bytes, with a line `Bcc` for hidden recipients, which Google takes
/// out again.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The bytes.
    pub raw: Bytes,
    /// The conversation that it continues. Google wants `In-Reply-To`, `References` and the same subject beside it, or it begins a
    /// new one.
    pub thread_id: Option<String>,
    /// Labels, where it is imported or inserted.
    pub label_ids: Vec<String>,
}

impl NewMessage {
    /// These bytes, beginning a conversation.
    pub fn new(raw: impl Into<Bytes>) -> Self {
        Self { raw: raw.into(), thread_id: None, label_ids: Vec::new() }
    }

    /// Continues this conversation.
    #[must_use]
    pub fn in_thread(mut self, thread_id: impl Into<String>) -> Self {
        self.thread_id = Some(thread_id.into());
        self
    }

    /// With this label, where it is imported or inserted.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label_ids.push(label.into());
        self
    }

    /// As JSON, with the bytes or without.
    pub(crate) fn to_wire(&self, with_raw: bool) -> Outgoing<'_> {
        Outgoing {
            raw: with_raw.then(|| BASE64.encode(&self.raw)),
            thread_id: self.thread_id.as_deref(),
            label_ids: &self.label_ids,
        }
    }
}

/// A [`NewMessage`] on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    label_ids: &'a [String],
}

pub(crate) fn decode(base64: &str) -> Result<Bytes> {
    let decoded = BASE64.decode(base64).or_else(|_| lenient(base64));
    decoded.map(Bytes::from).map_err(|error| undecodable("the content is not base64").source(error))
}

/// The ordinary alphabet, which some proxies rewrite to, and line breaks.
fn lenient(base64: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let text: String = base64
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    BASE64.decode(text)
}

fn undecodable(why: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Rejected, why).provider(crate::client::PROVIDER)
}

/// The few entities that Google writes into snippets.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        out.push_str(before);
        let entity = from.split_once(';').filter(|(name, _)| name.len() <= 8);
        match entity.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = from;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        "ordm" => Some('º'),
        "ordf" => Some('ª'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
