//! Mail that comes for a domain of ours, posted taken apart or as it was transmitted.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Sendgrid;
use crate::{
    Refused,
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Webhook},
};

/// What divides the fields of the form.
const BOUNDARY: &str = "xYzZY";

/// A mail that somebody writes to us.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Who writes, `Ana <ana@example.com>`.
    pub from: String,
    /// To whom it is delivered: the first one's domain says where it is posted to.
    pub to: Vec<String>,
    /// To whom it claims to be, where that is somebody else.
    pub header_to: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Its id without angle brackets; one is made where it is absent.
    pub message_id: Option<String>,
    /// What it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The conversation so far, without angle brackets.
    pub references: Vec<String>,
    /// The files.
    pub files: Vec<File>,
    /// Whether the text is posted in Latin-1, as old programs write it.
    pub latin1: bool,
    /// Headers beside.
    pub headers: Vec<(String, String)>,
    /// The whole message as base64, in the place of all this but `from`, `to` and `subject`: it is posted as it was transmitted, whatever
    /// the setting says.
    pub raw: Option<String>,
}

/// A file of a [`Mail`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes in base64.
    pub content: String,
    /// The id that the HTML shows it by.
    pub content_id: Option<String>,
}

impl Mail {
    /// Bytes as they are, whatever they hold.
    #[must_use]
    pub fn raw(from: &str, to: &str, bytes: &[u8]) -> Self {
        let (from, to) = (from.to_owned(), vec![to.to_owned()]);
        Self { from, to, raw: Some(STANDARD.encode(bytes)), ..Self::default() }
    }
}

impl Sendgrid {
    /// Posts a mail as SendGrid does; returns its id without angle brackets.
    ///
    /// # Errors
    /// [`Refused::Invalid`] without a recipient, or with a file that is no base64; [`Refused::NoCallback`] where the mail of the
    /// recipient's domain goes nowhere.
    pub fn receive(&self, mail: &Mail) -> Result<String, Refused> {
        let first = mail.to.first().ok_or_else(|| Refused::Invalid("a mail needs a recipient".to_owned()))?;
        let domain = first.rsplit('@').next().unwrap_or_default().trim_end_matches('>');
        let settings = self.settings();
        let hook = settings.sendgrid.parse.iter().find(|hook| hook.hostname.eq_ignore_ascii_case(domain));
        let hook = hook.ok_or(Refused::NoCallback)?;
        let id = mail.message_id.clone().unwrap_or_else(|| format!("{}@mail.example.com", self.fresh_id()));
        let body = if hook.send_raw || mail.raw.is_some() { raw_form(mail, &id)? } else { form(mail, &id)? };
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let delivery = Delivery {
            webhook: Webhook { url: hook.url.clone(), payload: Payload::Raw { content_type, bytes: body } },
            signer: self.signer(),
            subjects: vec![Subject { kind: "mail".to_owned(), id: id.clone(), status: None }],
        };
        let sendgrid = self.clone();
        self.spawn(async move { sendgrid.deliver(&delivery).await });
        Ok(id)
    }
}

/// The form as it grows.
struct Form(Vec<u8>);

impl Form {
    fn field(&mut self, name: &str, value: &[u8]) {
        self.part(&format!("name=\"{name}\""), None, value);
    }

    fn part(&mut self, disposition: &str, content_type: Option<&str>, value: &[u8]) {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n").as_bytes());
        if let Some(content_type) = content_type {
            self.0.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
        }
        self.0.extend_from_slice(b"\r\n");
        self.0.extend_from_slice(value);
        self.0.extend_from_slice(b"\r\n");
    }

    fn finish(mut self) -> Bytes {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0.into()
    }
}

/// What both ways have in common.
fn common(mail: &Mail) -> Form {
    let mut form = Form(Vec::new());
    form.field("dkim", b"{@example.com : pass}");
    form.field("to", mail.shown_to().as_bytes());
    form.field("from", mail.from.as_bytes());
    form.field("sender_ip", b"192.0.2.9");
    form.field("envelope", json!({"to": mail.to, "from": bare(&mail.from)}).to_string().as_bytes());
    form.field("subject", mail.subject.as_bytes());
    form.field("SPF", b"pass");
    form
}

/// Taken apart: each field in a charset of its own.
fn form(mail: &Mail, id: &str) -> Result<Bytes, Refused> {
    let mut form = common(mail);
    let mut charsets = json!({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8", "html": "UTF-8", "text": "UTF-8"});
    form.field("headers", format!("{}Content-Type: multipart/mixed; boundary=x\n", mail.head(id, "\n")).as_bytes());
    if mail.latin1 {
        charsets["text"] = json!("iso-8859-1");
        let latin1: Vec<u8> = mail.text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
        form.field("text", &latin1);
    } else {
        form.field("text", mail.text.as_bytes());
    }
    if let Some(html) = &mail.html {
        form.field("html", html.as_bytes());
    }
    form.field("attachments", mail.files.len().to_string().as_bytes());
    let (mut infos, mut ids) = (Map::new(), Map::new());
    for (at, file) in mail.files.iter().enumerate() {
        let name = format!("attachment{}", at + 1);
        let mut info = json!({"filename": file.name, "name": file.name, "type": file.content_type});
        if let Some(id) = &file.content_id {
            info["content-id"] = json!(id);
            ids.insert(id.clone(), json!(name));
        }
        infos.insert(name, info);
    }
    if !mail.files.is_empty() {
        form.field("attachment-info", Value::Object(infos).to_string().as_bytes());
        form.field("content-ids", Value::Object(ids).to_string().as_bytes());
    }
    form.field("charsets", charsets.to_string().as_bytes());
    for (at, file) in mail.files.iter().enumerate() {
        let quoted = file.name.replace('\\', "\\\\").replace('"', "\\\"");
        let disposition = format!("name=\"attachment{}\"; filename=\"{quoted}\"", at + 1);
        form.part(&disposition, Some(&file.content_type), &file.bytes()?);
    }
    Ok(form.finish())
}

/// As it was transmitted.
fn raw_form(mail: &Mail, id: &str) -> Result<Bytes, Refused> {
    let mut form = common(mail);
    form.field("email", &mail.transmitted(id)?);
    form.field("charsets", json!({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8"}).to_string().as_bytes());
    Ok(form.finish())
}

impl Mail {
    fn shown_to(&self) -> String {
        self.header_to.clone().unwrap_or_else(|| self.to.join(", "))
    }

    fn head(&self, id: &str, end: &str) -> String {
        let mut lines = vec![
            format!("From: {}", encoded(&self.from)),
            format!("To: {}", encoded(&self.shown_to())),
            format!("Subject: {}", encoded(&self.subject)),
            format!("Message-ID: <{id}>"),
            "Date: Tue, 03 Nov 2026 10:00:00 -0300".to_owned(),
            "MIME-Version: 1.0".to_owned(),
        ];
        if let Some(answered) = &self.in_reply_to {
            lines.push(format!("In-Reply-To: <{answered}>"));
        }
        if !self.references.is_empty() {
            let all: Vec<String> = self.references.iter().map(|id| format!("<{id}>")).collect();
            lines.push(format!("References: {}", all.join(" ")));
        }
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.iter().map(|line| format!("{line}{end}")).collect()
    }

    fn transmitted(&self, id: &str) -> Result<Vec<u8>, Refused> {
        if let Some(raw) = &self.raw {
            return STANDARD.decode(raw).map_err(|error| Refused::Invalid(format!("raw is not base64: {error}")));
        }
        let mut mail = self.head(id, "\r\n");
        mail.push_str("Content-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n");
        let mut part = |kind: &str, headers: &str, bytes: &[u8]| {
            let encoded = STANDARD.encode(bytes);
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            mail.push_str(&format!(
                "--mixed\r\nContent-Type: {kind}\r\n{headers}Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                lines.join("\r\n")
            ));
        };
        part("text/plain; charset=utf-8", "", self.text.as_bytes());
        if let Some(html) = &self.html {
            part("text/html; charset=utf-8", "", html.as_bytes());
        }
        for file in &self.files {
            let mut headers = format!("Content-Disposition: attachment; filename=\"{}\"\r\n", encoded(&file.name));
            if let Some(id) = &file.content_id {
                headers = format!(
                    "Content-Disposition: inline; filename=\"{}\"\r\nContent-ID: <{id}>\r\n",
                    encoded(&file.name)
                );
            }
            part(&file.content_type, &headers, &file.bytes()?);
        }
        mail.push_str("--mixed--\r\n");
        Ok(mail.into_bytes())
    }
}

impl File {
    fn bytes(&self) -> Result<Vec<u8>, Refused> {
        STANDARD.decode(&self.content).map_err(|_| Refused::Invalid(format!("the file {:?} is no base64", self.name)))
    }
}

/// A header's text: an encoded word for its name where it needs one.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let word = |text: &str| format!("=?utf-8?B?{}?=", STANDARD.encode(text));
    match text.split_once('<') {
        Some((name, address)) => format!("{} <{address}", word(name.trim())),
        None => word(text),
    }
}

/// The address alone.
fn bare(person: &str) -> &str {
    person.split_once('<').map_or(person, |(_, rest)| rest.trim_end_matches('>')).trim()
}
