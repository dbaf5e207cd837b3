//! An e-mail, in terms that every way of sending one shares.

use std::sync::Arc;

use comms_http::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, AddressKind, Capabilities, Media, MessageId};

/// An e-mail, in or out.
///
/// Ids of messages are those of RFC 5322, without their angle brackets.
///
/// ```
/// use comms_core::{Content, Correspondent, Email};
///
/// let mail = Email { subject: "Presupuesto".to_owned(), text: Some("Se lo adjunto.".to_owned()), ..Email::default() };
/// assert_eq!(Content::from(mail).summary(), "Se lo adjunto.");
/// assert_eq!(Correspondent::named("Ana", "ana@example.com").to_string(), "Ana <ana@example.com>");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    /// The subject; may be empty.
    pub subject: String,
    /// The text. Inbound: what the person wrote, without what they quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The same as HTML. Inbound: made safe already, nothing in it is fetched from elsewhere. Outbound: as given, and made safe before it
    /// is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Inbound: the quotation that was split off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    /// Who wrote it. Outbound: absent where the account's own address stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Correspondent>,
    /// To whom. Outbound: beside the recipient of the message, who need not be repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Correspondent>,
    /// To whom a copy went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Correspondent>,
    /// To whom a copy went that the others do not know of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Correspondent>,
    /// Where answers are to go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Correspondent>,
    /// The files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Media>,
    /// Which of the files are shown within the HTML.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inline: Vec<InlineFile>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The id of the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// The ids of the messages that led to it, the first of the thread first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The provider's id of the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// Somebody whom an e-mail names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Correspondent {
    /// The name beside the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// What a provider says of an e-mail that it sent for us, where it is known: [`Receipt::extra`](crate::Receipt::extra), or
/// [`StatusUpdate::extra`](crate::StatusUpdate::extra) of what is told of it later. By it an answer finds its conversation, even where the
/// provider gave the message another id than we did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentMail {
    /// The id under which it went out, without angle brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The provider's id of the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

impl SentMail {
    /// As it stands in an answer of a provider; nothing where there is nothing of it.
    #[must_use]
    pub fn read(extra: &Value) -> Self {
        let text = |name: &str| extra[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Self { message_id: text("message_id").map(|id| Email::bare_id(&id).to_owned()), thread: text("thread") }
    }

    /// As it is told.
    #[must_use]
    pub fn told(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A file that is shown within the HTML, at each `cid:` of its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlineFile {
    /// Its id in the HTML, without angle brackets.
    pub content_id: String,
    /// Which of [`Email::files`] it is.
    pub file: usize,
}

/// The longest id of a message that is taken: a header line has 998 bytes.
const LONGEST_ID: usize = 900;

impl Email {
    /// The subject without what answers and copies put before it.
    ///
    /// ```
    /// # use comms_core::Email;
    /// let mail = |subject: &str| Email { subject: subject.to_owned(), ..Email::default() };
    /// assert_eq!(mail("RE: Fwd:  Presupuesto 2026").topic(), "Presupuesto 2026");
    /// assert_eq!(mail("Reunión: mañana").topic(), "Reunión: mañana");
    /// ```
    #[must_use]
    pub fn topic(&self) -> &str {
        let mut rest = self.subject.trim();
        while let Some(after) = without_prefix(rest) {
            rest = after.trim_start();
        }
        rest
    }

    /// The [`topic`](Self::topic) as it is compared: two messages of one thread share it.
    #[must_use]
    pub fn base_subject(&self) -> String {
        self.topic().split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// Everybody to whom it goes beside the recipient of the message: `to`, `cc` and `bcc`, in this order.
    pub fn others(&self) -> impl Iterator<Item = &Correspondent> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// The id that a message of ours has among e-mails: it holds our own, so that an echo or an answer is known by it.
    ///
    /// ```
    /// # use comms_core::{Email, MessageId};
    /// let ours = MessageId::new();
    /// let id = Email::id_of(ours, "example.com");
    /// assert_eq!(Email::our_id(&id, "example.com"), Some(ours));
    /// assert_eq!(Email::our_id("CAF=x@mail.example.org", "example.com"), None);
    /// ```
    #[must_use]
    pub fn id_of(message: MessageId, domain: &str) -> String {
        format!("{message}@{domain}")
    }

    /// An id of an e-mail without its angle brackets.
    ///
    /// ```
    /// # use comms_core::Email;
    /// assert_eq!(Email::bare_id(" <1@example.com> "), "1@example.com");
    /// ```
    #[must_use]
    pub fn bare_id(id: &str) -> &str {
        let id = id.trim();
        id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id).trim()
    }

    /// Our own id of the message with this id of an e-mail; `None` for one that we did not write from this domain.
    #[must_use]
    pub fn our_id(message_id: &str, domain: &str) -> Option<MessageId> {
        let (ours, of) = Self::bare_id(message_id).split_once('@')?;
        let id = ours.parse().ok()?;
        of.eq_ignore_ascii_case(domain).then_some(id)
    }

    /// Our own id in an id of an e-mail, whichever its domain. Other programs make ids of UUIDs too, Apple's for one: ours are of
    /// version 7 and in small letters.
    ///
    /// ```
    /// # use comms_core::{Email, MessageId};
    /// let ours = MessageId::new();
    /// assert_eq!(Email::named_by_us(&format!("<{ours}@example.com>")), Some(ours));
    /// assert_eq!(Email::named_by_us("<4C2A1B0E-1234-4B56-9ABC-DEF012345678@example.com>"), None);
    /// ```
    #[must_use]
    pub fn named_by_us(message_id: &str) -> Option<MessageId> {
        let (local, _) = Self::bare_id(message_id).rsplit_once('@')?;
        let ours: MessageId = local.parse().ok()?;
        (ours.0.get_version_num() == 7 && ours.to_string() == local).then_some(ours)
    }

    pub(crate) fn check(&self, to: &Address, can: &Capabilities) -> Result<()> {
        use crate::capabilities::{at_most, count};
        one_line("subject", &self.subject)?;
        at_most("subject", &self.subject, can.max_subject)?;
        if self.is_blank() {
            return Err(Error::invalid("an e-mail needs a text, HTML or a file").field("text"));
        }
        let written: usize = [&self.text, &self.html].into_iter().flatten().map(String::len).sum();
        if can.max_bytes > 0 && written as u64 > can.max_bytes {
            return Err(Error::invalid(format!("longer than {} bytes", can.max_bytes)).field("text"));
        }
        for text in [&self.text, &self.html].into_iter().flatten() {
            at_most("text", text, can.max_text)?;
        }
        if !self.files.is_empty() {
            count("files", self.files.len(), can.max_files)?;
        }
        if let Some(lost) = self.inline.iter().find(|inline| inline.file >= self.files.len()) {
            return Err(Error::invalid(format!("there is no file {}", lost.file)).field("inline"));
        }
        self.check_recipients(to, can)?;
        self.check_ids()
    }

    fn is_blank(&self) -> bool {
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        blank(&self.text) && blank(&self.html) && self.files.is_empty()
    }

    fn check_recipients(&self, to: &Address, can: &Capabilities) -> Result<()> {
        let lists = [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc), ("reply_to", &self.reply_to)];
        for (field, list) in lists {
            for one in list {
                Address::email(&one.address).map_err(|error| error.field(field))?;
                one_line(field, one.name.as_deref().unwrap_or_default())?;
            }
        }
        if let Some(from) = &self.from {
            Address::email(&from.address).map_err(|error| error.field("from"))?;
            one_line("from", from.name.as_deref().unwrap_or_default())?;
        }
        let others = self.others().filter(|one| !one.address.eq_ignore_ascii_case(to.value())).count();
        if can.max_recipients > 0 && others + 1 > can.max_recipients {
            return Err(Error::invalid(format!("more than {} recipients", can.max_recipients)).field("to"));
        }
        Ok(())
    }

    /// An id that breaks the line would write a header of its own.
    fn check_ids(&self) -> Result<()> {
        let named = [("message_id", self.message_id.as_ref()), ("in_reply_to", self.in_reply_to.as_ref())];
        let ids = named.into_iter().filter_map(|(field, id)| Some((field, id?)));
        for (field, id) in ids.chain(self.references.iter().map(|id| ("references", id))) {
            let whole = !id.is_empty() && id.len() <= LONGEST_ID;
            if !whole || id.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>')) {
                return Err(Error::invalid("not the id of a message").field(field));
            }
        }
        Ok(())
    }
}

/// What stands before the subject of an answer or a forwarded copy, in the languages of those who write to us.
const PREFIXES: [&str; 14] = ["re", "rv", "fw", "fwd", "aw", "wg", "tr", "enc", "res", "r", "i", "rif", "antw", "resp"];

/// The rest after one such prefix: `Re:`, `RE[2]:`, `Fwd :` …
fn without_prefix(subject: &str) -> Option<&str> {
    let (before, after) = subject.split_once(':')?;
    let word = before.trim_end();
    let word = word.split_once('[').filter(|(_, count)| count.ends_with(']')).map_or(word, |(word, _)| word);
    PREFIXES.iter().any(|prefix| word.eq_ignore_ascii_case(prefix)).then_some(after)
}

fn one_line(field: &str, text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::invalid("a line break or another control character").field(field));
    }
    Ok(())
}

impl Correspondent {
    /// An address without a name.
    pub fn new(address: impl Into<String>) -> Self {
        Self { name: None, address: address.into() }
    }

    /// An address with a name beside it.
    pub fn named(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { name: Some(name.into()), address: address.into() }
    }

    /// By what they are known: the address where it is one, else as it stands, so that nobody's mail is lost.
    #[must_use]
    pub fn known_as(&self) -> Address {
        Address::email(&self.address).unwrap_or_else(|_| Address::verbatim(AddressKind::Email, self.address.trim()))
    }
}

impl std::fmt::Display for Correspondent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

impl From<Email> for crate::Content {
    fn from(email: Email) -> Self {
        Self::Email(Box::new(email))
    }
}

/// Opens files of our own store, for channels that send their bytes.
#[async_trait::async_trait]
pub trait FileReader: std::fmt::Debug + Send + Sync + 'static {
    /// Opens the file under this key, that of a [`MediaRef::Blob`](crate::MediaRef::Blob). Whose file it may be has been decided before.
    ///
    /// # Errors
    /// `InvalidRequest` where there is none; `Transport`, with outcome `NotSent`, where the store does not answer.
    async fn open(&self, key: &str) -> Result<crate::MediaStream>;
}

/// For channels without a store of files: there is none of any key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

#[async_trait::async_trait]
impl FileReader for NoFiles {
    async fn open(&self, _: &str) -> Result<crate::MediaStream> {
        Err(Error::invalid("there is no store of files").field("files"))
    }
}

impl NoFiles {
    /// As it is handed to a channel.
    #[must_use]
    pub fn reader() -> Arc<dyn FileReader> {
        Arc::new(Self)
    }
}
