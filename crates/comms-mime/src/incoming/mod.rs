//! Messages in, by mail-parser: what it gets wrong is put right where that can be done, and named where not.
//!
//! * Nested messages are taken out one after the other before anything is dropped: the parser drops them within one another, and
//!   a bomb of them would end the process.
//! * Of two `From` headers the parser gives the last one. Here the first counts, a misspelt one (`Fr om`) not at all, and the
//!   message is marked.
//! * Base64 without its padding, or with foreign bytes in it, is decoded here.
//! * A byte order mark before the first header, and a lone CR within the headers, are taken out before.
//! * `--boundary` in the middle of a line cuts the part there (mail-parser 0.11): not put right. Nor are addresses whose comment
//!   stands before the `@`.

use std::mem;

use bytes::Bytes;
use comms_http::{Error, Result};
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, PartType};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub(crate) mod headers;
mod parts;

use crate::{
    Mailbox,
    html::{Safe, Show, sanitize},
    split_html, split_text,
};

/// What is read of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message, in bytes.
    pub bytes: usize,
    /// Parts, all levels of one message together; those beyond are left out.
    pub parts: usize,
    /// How many messages may be forwarded within one another, judged before parsing. What is deeper is refused.
    pub nested: usize,
    /// The longest text, in bytes; what is beyond is cut off.
    pub text: usize,
}

impl Default for Limits {
    /// 40 MiB, 500 parts, 100 messages within one another, 2 MiB of text.
    fn default() -> Self {
        Self { bytes: 40 * 1024 * 1024, parts: 500, nested: 100, text: 2 * 1024 * 1024 }
    }
}

/// A message that came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Incoming {
    /// Its `Message-ID`, with angle brackets. Written by its sender: two messages may have the same, and one none.
    pub message_id: Option<String>,
    /// What it answers.
    pub in_reply_to: Vec<String>,
    /// The conversation so far, the oldest first.
    pub references: Vec<String>,
    /// Its subject, without line breaks.
    pub subject: String,
    /// When its sender claims to have written it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub date: Option<OffsetDateTime>,
    /// Who claims to have written it. Nothing proves it.
    pub from: Option<Mailbox>,
    /// Where answers are to go.
    pub reply_to: Vec<Mailbox>,
    /// To whom.
    pub to: Vec<Mailbox>,
    /// With copies to whom.
    pub cc: Vec<Mailbox>,
    /// With hidden copies to whom: in messages of our own alone.
    pub bcc: Vec<Mailbox>,
    /// The text; where it has HTML alone, what that says.
    pub text: String,
    /// The HTML **as it came**: make it safe before it is shown ([`sanitize`](crate::html::sanitize)).
    pub html: Option<String>,
    /// The files, forwarded messages among them.
    pub files: Vec<File>,
    /// Whether a machine wrote it: never answer it by one.
    pub automatic: bool,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
}

/// A file of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// Its number among the parts of the message, which does not change.
    pub part: usize,
    /// Its name, safe to be shown and stored under.
    pub name: String,
    /// Its media type, as its sender claims; `application/octet-stream` where they do not.
    pub content_type: String,
    /// The id that the HTML shows it by.
    pub content_id: Option<String>,
    /// Whether it is part of what is shown rather than beside it.
    pub inline: bool,
    /// Its bytes.
    #[serde(skip)]
    pub bytes: Bytes,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Defect {
    /// More than one `From`: programs disagree about who wrote it.
    SeveralFrom,
    /// A header whose name is written so that programs disagree about it.
    MisspeltHeader,
    /// A part that could not be decoded whole.
    Encoding,
    /// Parts beyond the limit, left out.
    TooManyParts,
    /// A text beyond the limit, cut off.
    TextCut,
    /// Control characters among the headers.
    ControlCharacters,
}

impl Incoming {
    /// Reads a message as it was transmitted.
    ///
    /// ```
    /// use comms_mime::{Incoming, Limits};
    ///
    /// let raw = b"From: Ana <ana@example.org>\r\nSubject: =?utf-8?q?Se=C3=B1al?=\r\nMessage-ID: <1@example.org>\r\n\r\nhola\r\n";
    /// let message = Incoming::parse(raw, &Limits::default())?;
    /// assert_eq!(message.subject, "Señal");
    /// assert_eq!(message.from.unwrap().address(), "ana@example.org");
    /// assert_eq!(message.text, "hola");
    /// # Ok::<(), comms_mime::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidRequest` for what is beyond the limits, or no message at all.
    pub fn parse(raw: &[u8], limits: &Limits) -> Result<Self> {
        if raw.len() > limits.bytes {
            return Err(Error::invalid(format!("the message is longer than {} bytes", limits.bytes)).field("raw"));
        }
        if nested(raw) > limits.nested {
            let message = format!("more than {} messages within one another", limits.nested);
            return Err(Error::invalid(message).field("raw"));
        }
        let (raw, mut defects) = headers::mended(raw);
        let parsed = MessageParser::default().parse(&*raw);
        let mut parsed = parsed.ok_or_else(|| Error::invalid("not an e-mail message").field("raw"))?;
        let nested = flatten(&mut parsed);
        let content = parts::read(&mut parsed, &raw, limits, &nested, &mut defects);
        let mut message = Self::of(&parsed, content, &raw, &mut defects);
        defects.sort_unstable_by_key(|defect| *defect as u8);
        defects.dedup();
        message.defects = defects;
        Ok(message)
    }

    /// What was written, its signature with it, and what it quotes.
    ///
    /// ```
    /// use comms_mime::{Incoming, Limits};
    ///
    /// let message = Incoming::parse(b"From: a@example.org\r\n\r\nMa\xc3\xb1ana.\r\n\r\n> \xc2\xbfHoy?\r\n", &Limits::default())?;
    /// assert_eq!(message.written(), (Some("Mañana.".to_owned()), Some("> ¿Hoy?".to_owned())));
    /// # Ok::<(), comms_mime::Error>(())
    /// ```
    #[must_use]
    pub fn written(&self) -> (Option<String>, Option<String>) {
        let reply = split_text(&self.text);
        let written = match reply.signature {
            Some(signature) => format!("{}\n\n-- \n{signature}", reply.text),
            None => reply.text,
        };
        (Some(written).filter(|text| !text.is_empty()), reply.quoted)
    }

    /// Its HTML without what it quotes, safe to be shown. Images of its own keep their `cid:`, which says which file they are; those of the
    /// network are left out.
    #[must_use]
    pub fn shown(&self) -> Option<Safe> {
        let (written, _) = split_html(self.html.as_deref()?);
        let own = self.files.iter().filter_map(|file| file.content_id.clone());
        let inline_images = own.map(|id| (id.clone(), format!("cid:{id}"))).collect();
        Some(sanitize(&written, &Show { remote_images: false, inline_images }))
    }

    fn of(parsed: &Message<'_>, content: parts::Content, raw: &[u8], defects: &mut Vec<Defect>) -> Self {
        let root = parsed.parts.first();
        let from = headers::real(root, raw, &HeaderName::From, b"from", defects);
        if from.len() > 1 {
            defects.push(Defect::SeveralFrom);
        }
        let ids = |name: HeaderName<'static>| headers::ids(parsed.header(name));
        let people = |name: HeaderName<'static>| headers::mailboxes(parsed.header(name));
        Self {
            message_id: headers::ids(parsed.header(HeaderName::MessageId)).into_iter().next(),
            in_reply_to: ids(HeaderName::InReplyTo),
            references: ids(HeaderName::References),
            subject: parsed.subject().map(crate::names::shown).unwrap_or_default(),
            date: parsed.date().and_then(|date| OffsetDateTime::from_unix_timestamp(date.to_timestamp()).ok()),
            from: from.first().and_then(|value| headers::mailboxes(Some(value)).into_iter().next()),
            reply_to: people(HeaderName::ReplyTo),
            to: people(HeaderName::To),
            cc: people(HeaderName::Cc),
            bcc: people(HeaderName::Bcc),
            automatic: headers::is_automatic(parsed),
            text: content.text,
            html: content.html,
            files: content.files,
            defects: Vec::new(),
        }
    }
}

/// How many messages stand within one another at most: as often as one is announced.
fn nested(raw: &[u8]) -> usize {
    const KINDS: [&[u8]; 2] = [b"message/rfc822", b"message/global"];
    raw.windows(KINDS[0].len()).filter(|window| KINDS.iter().any(|kind| window.eq_ignore_ascii_case(kind))).count()
}

/// Takes the nested messages out and takes each of them apart, in a loop: dropped within one another they would need a stack as deep
/// as they are. Gives the numbers of the parts that were one.
fn flatten(message: &mut Message<'_>) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut waiting = Vec::new();
    take_nested(message, |number, nested| {
        numbers.push(number);
        waiting.push(nested);
    });
    while let Some(mut message) = waiting.pop() {
        take_nested(&mut message, |_, nested| waiting.push(nested));
    }
    numbers
}

fn take_nested<'x>(message: &mut Message<'x>, mut taken: impl FnMut(usize, Message<'x>)) {
    for (number, part) in message.parts.iter_mut().enumerate() {
        if matches!(part.body, PartType::Message(_))
            && let PartType::Message(nested) = mem::take(&mut part.body)
        {
            taken(number, nested);
        }
    }
}

/// A text of a header, whichever way it was parsed.
fn text_of(value: &HeaderValue<'_>) -> Option<String> {
    match value {
        HeaderValue::Text(text) => Some(text.to_string()),
        HeaderValue::TextList(texts) => Some(texts.join(" ")),
        _ => None,
    }
}
