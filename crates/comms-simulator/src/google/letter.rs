//! What people outside write.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::mailbox::{Mail, references};
use crate::Refused;

/// A mail that somebody outside writes to a mailbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Letter {
    /// Who writes.
    pub from: String,
    /// The name of who writes.
    pub name: String,
    /// The mailbox.
    pub to: String,
    /// Who else gets it.
    pub cc: Vec<String>,
    /// The subject; of an answer the answered one where empty.
    pub subject: String,
    /// The words.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// The files.
    pub files: Vec<File>,
    /// What it answers: Gmail's id of a message in the mailbox.
    pub answers: Option<String>,
    /// Whether the answered mail is quoted below, as mail programs do.
    pub quotes: bool,
    /// The `Message-ID`, without brackets; a fresh one where absent.
    pub message_id: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The whole message as base64, in the place of all this but `to`.
    pub raw: Option<String>,
    /// Labels beside `INBOX` and `UNREAD`.
    pub labels: Vec<String>,
}

/// A file that hangs on a mail.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes as base64.
    pub data: String,
    /// For a picture within the HTML: what `cid:` names.
    pub content_id: Option<String>,
}

impl Letter {
    /// A mail of plain words.
    #[must_use]
    pub fn new(from: &str, to: &str, subject: &str, text: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Bytes as they are, whatever they hold.
    #[must_use]
    pub fn raw(to: &str, bytes: &[u8]) -> Self {
        Self { to: to.to_owned(), raw: Some(STANDARD.encode(bytes)), ..Self::default() }
    }

    /// With the name of who writes.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Has an HTML part beside the text.
    #[must_use]
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// Carries a file, which Gmail shows as an attachment.
    #[must_use]
    pub fn file(mut self, name: &str, content_type: &str, bytes: &[u8]) -> Self {
        let (name, content_type) = (name.to_owned(), content_type.to_owned());
        self.files.push(File { name, content_type, data: STANDARD.encode(bytes), content_id: None });
        self
    }

    /// As an answer to this message of the mailbox, which it quotes.
    #[must_use]
    pub fn answering(mut self, id: &str) -> Self {
        self.answers = Some(id.to_owned());
        self.quotes = true;
        self
    }

    /// What the postmaster writes where a mailbox does not exist.
    pub(crate) fn bounce(to: &str, lost: &str, message_id: &str) -> Self {
        let text = format!(
            "Address not found\n\nYour message wasn't delivered to {lost} because the address couldn't be found.\n"
        );
        let raw = format!(
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\nTo: {to}\r\nAuto-Submitted: auto-replied\r\n\
             Subject: Delivery Status Notification (Failure)\r\nReferences: <{message_id}>\r\nIn-Reply-To: <{message_id}>\r\n\
             Message-ID: <bounce-{message_id}>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; boundary=\"simulated-report\"; report-type=delivery-status\r\n\r\n\
             --simulated-report\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n\
             --simulated-report\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; googlemail.com\r\n\r\n\
             Final-Recipient: rfc822; {lost}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\r\n\
             --simulated-report--\r\n"
        );
        Self::raw(to, raw.as_bytes())
    }

    /// The message as it arrives. `fresh` makes boundary and id; `answered` is what it answers.
    pub(crate) fn bytes(&self, fresh: &str, answered: Option<&Mail>, now: OffsetDateTime) -> Result<Vec<u8>, Refused> {
        if let Some(raw) = &self.raw {
            return STANDARD.decode(raw).map_err(|error| Refused::Invalid(format!("raw is not base64: {error}")));
        }
        let mut head = self.head(fresh, answered, now);
        let quoted = answered.filter(|_| self.quotes).map(|mail| quotation(mail, now));
        let text = format!("{}{}", self.text, quoted.as_deref().unwrap_or_default());
        let mut body = leaf("text/plain; charset=UTF-8", "", text.as_bytes());
        if let Some(html) = &self.html {
            let html = leaf("text/html; charset=UTF-8", "", html.as_bytes());
            body = multipart("alternative", &format!("alt-{fresh}"), &[body, html]);
        }
        if !self.files.is_empty() {
            let mut parts = vec![body];
            for file in &self.files {
                let data = STANDARD.decode(&file.data);
                let data = data.map_err(|error| Refused::Invalid(format!("{} is not base64: {error}", file.name)))?;
                parts.push(leaf(&file.content_type, &disposition(file), &data));
            }
            body = multipart("mixed", &format!("mix-{fresh}"), &parts);
        }
        head.extend_from_slice(b"MIME-Version: 1.0\r\n");
        head.extend_from_slice(&body);
        Ok(head)
    }

    fn head(&self, fresh: &str, answered: Option<&Mail>, now: OffsetDateTime) -> Vec<u8> {
        let message_id = self.message_id.clone().unwrap_or_else(|| format!("{fresh}@outside.example"));
        let mut subject = self.subject.clone();
        if let (true, Some(mail)) = (subject.is_empty(), answered) {
            let answered = mail.entity.header("Subject").unwrap_or_default();
            subject = if answered.to_lowercase().starts_with("re:") {
                answered.to_owned()
            } else {
                format!("Re: {answered}")
            };
        }
        let from =
            if self.name.is_empty() { self.from.clone() } else { format!("{} <{}>", word(&self.name), self.from) };
        let mut headers = vec![
            ("Date".to_owned(), date(now)),
            ("From".to_owned(), from),
            ("To".to_owned(), self.to.clone()),
            ("Subject".to_owned(), word(&subject)),
            ("Message-ID".to_owned(), format!("<{message_id}>")),
        ];
        if !self.cc.is_empty() {
            headers.push(("Cc".to_owned(), self.cc.join(", ")));
        }
        if let Some(mail) = answered {
            let last = mail.message_id().unwrap_or_default().to_owned();
            let mut chain = references(&mail.entity);
            chain.dedup();
            chain.push(last.clone());
            let chain: Vec<String> = chain.iter().map(|id| format!("<{id}>")).collect();
            headers.push(("In-Reply-To".to_owned(), format!("<{last}>")));
            headers.push(("References".to_owned(), chain.join("\r\n ")));
        }
        headers.extend(self.headers.iter().cloned());
        headers.iter().flat_map(|(name, value)| format!("{name}: {value}\r\n").into_bytes()).collect()
    }
}

/// A text for a header: as an encoded word where it is not plain.
fn word(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || " .,!?:;'()-_/#".contains(c)) && text.len() < 70;
    if plain {
        return text.to_owned();
    }
    // A word has at most 75 characters, and none is cut within a character.
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        if words.last().is_some_and(|last| last.len() + c.len_utf8() > 42) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.push(c);
        }
    }
    let words: Vec<String> = words.iter().map(|text| format!("=?UTF-8?B?{}?=", STANDARD.encode(text))).collect();
    words.join("\r\n ")
}

fn disposition(file: &File) -> String {
    let name: String = url::form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
    let name = name.replace('+', "%20");
    match &file.content_id {
        Some(id) => format!("Content-ID: <{id}>\r\nContent-Disposition: inline; filename*=utf-8''{name}\r\n"),
        None => format!("Content-Disposition: attachment; filename*=utf-8''{name}\r\n"),
    }
}

fn leaf(content_type: &str, more: &str, bytes: &[u8]) -> Vec<u8> {
    let base64 = STANDARD.encode(bytes);
    let mut part =
        format!("Content-Type: {content_type}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n").into_bytes();
    for line in base64.as_bytes().chunks(76) {
        part.extend_from_slice(line);
        part.extend_from_slice(b"\r\n");
    }
    part
}

fn multipart(kind: &str, boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut whole = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    for part in parts {
        whole.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        whole.extend_from_slice(part);
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    whole
}

fn quotation(mail: &Mail, now: OffsetDateTime) -> String {
    let from = mail.entity.header("From").unwrap_or_default();
    let text = mail.entity.text();
    let lines: Vec<String> = text.trim_end().lines().map(|line| format!("> {line}")).collect();
    format!("\n\nOn {}, {from} wrote:\n\n{}\n", date(now), lines.join("\n"))
}

/// A date as headers have it.
pub(crate) fn date(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc2822).unwrap_or_default()
}
