//! Messages out, by lettre: it folds and encodes. What it hides or stumbles over is refused before.

use bytes::Bytes;
use comms_http::{Error, Result};
use lettre::message::{
    Attachment as LettreAttachment, Body, Message, MessageBuilder, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Mailbox,
    names::{check_line, reference, references, reply_subject, safe_file_name},
};

/// The longest subject, in characters.
const SUBJECT: usize = 500;

/// A message to be written.
///
/// ```
/// use comms_mime::{InReplyTo, Mailbox, Outgoing};
/// use time::macros::datetime;
///
/// let message = Outgoing::new(Mailbox::new("ventas@example.org")?.named("Ventas")?, "example.org")
///     .to(Mailbox::new("ana@example.com")?)
///     .text("Hola, le envío el presupuesto.")
///     .html("<p>Hola, le envío el <b>presupuesto</b>.</p>")
///     .reply_to_message(&InReplyTo {
///         message_id: "<1@example.com>".into(),
///         references: vec!["<0@example.com>".into()],
///         subject: "Presupuesto".into(),
///     });
/// let built = message.build(datetime!(2026-11-22 18:00 UTC))?;
/// let written = String::from_utf8(built.bytes.to_vec()).unwrap();
/// assert!(written.contains("Subject: Re: Presupuesto\r\n"));
/// assert!(written.contains("References: <0@example.com> <1@example.com>\r\n"));
/// assert!(built.message_id.ends_with("@example.org>"));
/// # Ok::<(), comms_mime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Outgoing {
    from: Mailbox,
    domain: String,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    reply_to: Option<Mailbox>,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    files: Vec<Attachment>,
    message_id: Option<String>,
    answers: Option<InReplyTo>,
    headers: Vec<(String, String)>,
}

/// The message that is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InReplyTo {
    /// Its `Message-ID`, with its angle brackets.
    pub message_id: String,
    /// Its `References`, the oldest first.
    pub references: Vec<String>,
    /// Its subject. A mailbox keeps a conversation together by ids **and** subject.
    pub subject: String,
}

/// A file to be sent along.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// What the recipient saves it as. Any characters: they are encoded as the header needs them.
    pub name: String,
    /// Its media type, for instance `application/pdf`.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// For an image that the HTML shows as `cid:…`: that id.
    pub content_id: Option<String>,
}

impl Attachment {
    /// A file.
    pub fn new(name: impl Into<String>, content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { name: name.into(), content_type: content_type.into(), bytes: bytes.into(), content_id: None }
    }

    /// Shown in the HTML as `<img src="cid:…">`.
    #[must_use]
    pub fn inline(mut self, content_id: impl Into<String>) -> Self {
        self.content_id = Some(content_id.into());
        self
    }
}

/// A message as it is transmitted.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its bytes, with the line `Bcc`: whoever transmits it takes that out (Gmail does; an SMTP client must).
    pub bytes: Bytes,
    /// Its `Message-ID`, with angle brackets.
    pub message_id: String,
    /// To whom it goes, hidden ones too.
    pub recipients: Vec<String>,
}

impl Outgoing {
    /// A message from this mailbox. `domain` is ours: it makes our `Message-ID`s unlike those of all others.
    #[must_use]
    pub fn new(from: Mailbox, domain: impl Into<String>) -> Self {
        Self {
            from,
            domain: domain.into(),
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: String::new(),
            text: None,
            html: None,
            files: Vec::new(),
            message_id: None,
            answers: None,
            headers: Vec::new(),
        }
    }

    /// To this mailbox, beside those before.
    #[must_use]
    pub fn to(mut self, to: Mailbox) -> Self {
        self.to.push(to);
        self
    }

    /// With a copy to this mailbox.
    #[must_use]
    pub fn cc(mut self, cc: Mailbox) -> Self {
        self.cc.push(cc);
        self
    }

    /// With a copy of which the others do not know.
    #[must_use]
    pub fn bcc(mut self, bcc: Mailbox) -> Self {
        self.bcc.push(bcc);
        self
    }

    /// Answers are to go to this mailbox.
    #[must_use]
    pub fn reply_to(mut self, reply_to: Mailbox) -> Self {
        self.reply_to = Some(reply_to);
        self
    }

    /// The subject. An answer needs none: it has that of the message that it answers.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// What is shown where no HTML is; made of the HTML where it is absent.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same as HTML. Without a [`text`](Self::text) one is made of it.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Carries a file, encoded in Base64 whatever its type.
    #[must_use]
    pub fn file(mut self, file: Attachment) -> Self {
        self.files.push(file);
        self
    }

    /// Answers this message: ids, references and subject.
    #[must_use]
    pub fn reply_to_message(mut self, answers: &InReplyTo) -> Self {
        self.answers = Some(answers.clone());
        self
    }

    /// This id makes the `Message-ID`, so that the message is found by it whatever became of the request that carried it.
    #[must_use]
    pub fn id(mut self, id: Uuid) -> Self {
        self.message_id = Some(id.to_string());
        self
    }

    /// A further header, for instance `List-Unsubscribe`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Writes the message, dated `now`.
    ///
    /// # Errors
    /// `InvalidRequest` with the field for what would write headers of its own, for a message to nobody or without content, a media
    /// type or id that is none; `InvalidRecipient` for an address that is none.
    pub fn build(&self, now: OffsetDateTime) -> Result<Built> {
        let recipients: Vec<String> =
            [&self.to, &self.cc, &self.bcc].into_iter().flatten().map(|to| to.address().to_owned()).collect();
        if recipients.is_empty() {
            return Err(Error::invalid("the message goes to nobody").field("to"));
        }
        let message_id = self.own_id()?;
        let builder = self.headed(&message_id, now)?;
        let message = self.filled(builder)?;
        Ok(Built { bytes: message.formatted().into(), message_id, recipients })
    }

    fn own_id(&self) -> Result<String> {
        let domain = idna::domain_to_ascii(&self.domain).unwrap_or_default();
        if domain.is_empty() || !domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) {
            return Err(Error::invalid("the domain of the message id is none").field("domain"));
        }
        let id = self.message_id.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
        Ok(format!("<{id}@{domain}>"))
    }

    fn headed(&self, message_id: &str, now: OffsetDateTime) -> Result<MessageBuilder> {
        let mut builder = Message::builder()
            .keep_bcc()
            .message_id(Some(message_id.to_owned()))
            .date(now.into())
            .from(self.from.to_lettre()?)
            .subject(self.full_subject()?);
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.to_lettre()?);
        }
        for to in &self.to {
            builder = builder.to(to.to_lettre()?);
        }
        for cc in &self.cc {
            builder = builder.cc(cc.to_lettre()?);
        }
        for bcc in &self.bcc {
            builder = builder.bcc(bcc.to_lettre()?);
        }
        if let Some(answers) = &self.answers {
            let id = reference(&answers.message_id)?;
            builder = builder.in_reply_to(id.clone()).references(references(&answers.references, id));
        }
        for (name, value) in &self.headers {
            builder = builder.raw_header(own_header(name, value)?);
        }
        Ok(builder)
    }

    fn full_subject(&self) -> Result<String> {
        check_line(&self.subject, "subject")?;
        let subject = match &self.answers {
            Some(answers) if self.subject.is_empty() => reply_subject(&answers.subject),
            _ => self.subject.clone(),
        };
        if subject.chars().count() > SUBJECT {
            return Err(Error::invalid(format!("a subject may have {SUBJECT} characters")).field("subject"));
        }
        Ok(subject.replace("=?", "= ?"))
    }

    fn filled(&self, builder: MessageBuilder) -> Result<Message> {
        let failed = |error: lettre::error::Error| Error::invalid("the message cannot be written").source(error);
        let (inline, attached): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| file.content_id.is_some());
        let body = self.body(&inline)?;
        if attached.is_empty() {
            return match body {
                Content::Single(part) => builder.singlepart(part),
                Content::Multi(parts) => builder.multipart(parts),
            }
            .map_err(failed);
        }
        let mut mixed = match body {
            Content::Single(part) => MultiPart::mixed().singlepart(part),
            Content::Multi(parts) => MultiPart::mixed().multipart(parts),
        };
        for file in attached {
            mixed = mixed.singlepart(file.part()?);
        }
        builder.multipart(mixed).map_err(failed)
    }

    fn body(&self, inline: &[&Attachment]) -> Result<Content> {
        let Some(html) = &self.html else {
            let text = self.text.clone().unwrap_or_default();
            if text.is_empty() && self.files.is_empty() {
                return Err(Error::invalid("the message is empty").field("text"));
            }
            let text = SinglePart::plain(text);
            // Without HTML there is nothing that shows them: they go as files.
            return inline.iter().try_fold(Content::Single(text), |content, file| {
                let mixed = match content {
                    Content::Single(part) => MultiPart::mixed().singlepart(part),
                    Content::Multi(parts) => parts,
                };
                Ok(Content::Multi(mixed.singlepart(file.part()?)))
            });
        };
        let text = self.text.clone().unwrap_or_else(|| crate::html::to_text(html));
        let alternative = MultiPart::alternative().singlepart(SinglePart::plain(text));
        let html = SinglePart::html(html.clone());
        if inline.is_empty() {
            return Ok(Content::Multi(alternative.singlepart(html)));
        }
        let mut related = MultiPart::related().singlepart(html);
        for file in inline {
            related = related.singlepart(file.part()?);
        }
        Ok(Content::Multi(alternative.multipart(related)))
    }
}

enum Content {
    Single(SinglePart),
    Multi(MultiPart),
}

impl Attachment {
    fn part(&self) -> Result<SinglePart> {
        let refuse = |why: &str, field: &str| Error::invalid(why).field(field);
        let kind = ContentType::parse(&self.content_type).map_err(|_| refuse("not a media type", "content_type"))?;
        check_line(&self.content_type, "content_type")?;
        check_line(&self.name, "filename")?;
        // Base64 always: other encodings may change a file's line ends on the way.
        let body = Body::new_with_encoding(self.bytes.to_vec(), ContentTransferEncoding::Base64)
            .map_err(|_| refuse("the file cannot be encoded", "file"))?;
        let name = safe_file_name(&self.name);
        Ok(match &self.content_id {
            Some(id) => {
                let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@');
                if id.is_empty() || !id.bytes().all(good) {
                    return Err(refuse("a content id has letters, digits and . - _ @ alone", "content_id"));
                }
                LettreAttachment::new_inline_with_name(id.clone(), name).body(body, kind)
            }
            None => LettreAttachment::new(name).body(body, kind),
        })
    }
}

/// Headers that are made here of other values.
const OURS: [&str; 14] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

fn own_header(name: &str, value: &str) -> Result<HeaderValue> {
    let refuse = |why: &str| Error::invalid(why).field("headers");
    check_line(value, "headers")?;
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(refuse("this header is made of the message's own fields"));
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| refuse("not a name of a header"))?;
    Ok(HeaderValue::new(name, value.to_owned()))
}
