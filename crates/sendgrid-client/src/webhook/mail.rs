//! A mail that came, as SendGrid posts it: taken apart into fields, or as it was transmitted.

use std::collections::BTreeMap;

use bytes::Bytes;
use comms_mime::{Defect, File, Incoming, Limits, decode_text, safe_file_name};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::form::{self, Field};

/// A mail that came.
///
/// *See [SendGrid docs/Inbound parse](https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook)*
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InboundMail {
    /// To whom and from whom it was delivered: what its headers say may be something else.
    pub envelope: Envelope,
    /// The mail as it was transmitted, where the setting says so.
    pub raw: Option<Bytes>,
    /// Its headers, where it was taken apart.
    pub headers: Option<String>,
    /// Its subject, decoded.
    pub subject: Option<String>,
    /// Its text, decoded.
    pub text: Option<String>,
    /// Its HTML, decoded, **as it came**: make it safe before it is shown.
    pub html: Option<String>,
    /// Who claims to have written it.
    pub from: Option<String>,
    /// To whom it claims to be.
    pub to: Option<String>,
    /// To whom copies claim to be.
    pub cc: Option<String>,
    /// The files.
    pub files: Vec<InboundFile>,
    /// Every other field: `dkim`, `SPF`, `sender_ip`, `spam_score`, and what there will be.
    pub other: BTreeMap<String, String>,
    /// What could not be read.
    pub problem: Option<String>,
}

/// To whom and from whom a mail was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// The addresses of ours.
    pub to: Vec<String>,
    /// Where what cannot be delivered goes back to; empty for what must not be answered.
    pub from: String,
}

/// A file of a mail that was taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InboundFile {
    /// The field, `attachment1`: the files' order.
    pub field: String,
    /// Its name, safe to be shown and stored under.
    pub name: String,
    /// Its media type, as its sender claims.
    pub content_type: String,
    /// The id that the HTML shows it by.
    pub content_id: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What stands in `attachment-info`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    filename: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "content-id")]
    content_id: Option<String>,
}

impl InboundMail {
    /// Reads a form. `Err` says why it is none.
    pub(super) fn read(content_type: &str, body: &Bytes) -> Result<Self, String> {
        let (fields, problem) = form::fields(content_type, body)?;
        let json = |name: &str| fields.iter().find(|field| field.name == name).map(|field| &field.bytes);
        let charsets: BTreeMap<String, String> = read_json(json("charsets"));
        let infos: BTreeMap<String, Value> = read_json(json("attachment-info"));
        let mut mail = Self { envelope: read_json(json("envelope")), problem, ..Self::default() };
        for field in &fields {
            mail.take(field, &charsets, &infos);
        }
        // `attachment10` comes behind `attachment9`, in whatever order they were posted.
        mail.files.sort_by_key(|file| (file.field.len(), file.field.clone()));
        Ok(mail)
    }

    fn take(&mut self, field: &Field, charsets: &BTreeMap<String, String>, infos: &BTreeMap<String, Value>) {
        if let Some(filename) = &field.filename {
            let info = infos.get(&field.name).and_then(|info| Info::deserialize(info).ok()).unwrap_or_default();
            return self.files.push(file(field, filename, info));
        }
        let text = || decode_text(charsets.get(&field.name).map_or("utf-8", String::as_str), &field.bytes);
        match field.name.as_str() {
            // Its parts name their own charsets: bytes of it that are no UTF-8 are right as they are.
            "email" => self.raw = Some(field.bytes.clone()),
            "headers" => self.headers = Some(text()),
            "subject" => self.subject = Some(text()),
            "text" => self.text = Some(text()),
            "html" => self.html = Some(text()),
            "from" => self.from = Some(text()),
            "to" => self.to = Some(text()),
            "cc" => self.cc = Some(text()),
            "envelope" | "charsets" | "attachment-info" | "content-ids" | "attachments" => {}
            _ => drop(self.other.insert(field.name.clone(), text())),
        }
    }

    /// The mail, in the same shape whichever way it was posted.
    ///
    /// # Errors
    /// `InvalidRequest` for what is beyond the limits, or no mail at all.
    pub fn message(&self, limits: &Limits) -> comms_http::Result<Incoming> {
        if let Some(raw) = &self.raw {
            return Incoming::parse(raw, limits);
        }
        let mut message = Incoming::parse(self.head().as_bytes(), limits)?;
        if let Some(subject) = &self.subject {
            message.subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        message.html = self.html.clone().filter(|html| !html.trim().is_empty());
        message.text = match (&self.text, &message.html) {
            (Some(text), _) if !text.trim().is_empty() => text.replace("\r\n", "\n").trim_end().to_owned(),
            (_, Some(html)) => comms_mime::html::to_text(html),
            _ => String::new(),
        };
        let (text, html) =
            (cut(&mut message.text, limits), message.html.as_mut().is_some_and(|html| cut(html, limits)));
        if text || html {
            message.defects.push(Defect::TextCut);
        }
        message.files = self.files.iter().take(limits.parts).enumerate().map(|(at, file)| file.as_part(at)).collect();
        if self.files.len() > limits.parts {
            message.defects.push(Defect::TooManyParts);
        }
        Ok(message)
    }

    /// Its headers as they came, or as far as the other fields tell.
    fn head(&self) -> String {
        if let Some(headers) = self.headers.as_deref().filter(|headers| !headers.trim().is_empty()) {
            // A description of parts that are not here would lead astray.
            return format!("{}\r\n\r\n", without_content_type(headers.trim()));
        }
        let line = |name: &str, value: &Option<String>| {
            let value = value.as_deref().unwrap_or_default().replace(['\r', '\n'], " ");
            if value.trim().is_empty() { String::new() } else { format!("{name}: {}\r\n", value.trim()) }
        };
        let head = [line("From", &self.from), line("To", &self.to), line("Cc", &self.cc)].concat();
        // Not one header: the parser would take it for no mail.
        if head.is_empty() { "Subject: \r\n\r\n".to_owned() } else { format!("{head}\r\n") }
    }

    /// What tells this mail from every other, since SendGrid gives it no id: what it says, and to whom. Its `Message-ID` alone would
    /// not do: whoever knows one could take the place of another's mail.
    #[must_use]
    pub fn content_key(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        let mut to = self.envelope.to.clone();
        to.sort();
        to.iter().for_each(|to| add(to.to_lowercase().as_bytes()));
        add(self.envelope.from.as_bytes());
        add(self.raw.as_deref().unwrap_or_default());
        for text in [&self.headers, &self.subject, &self.text, &self.html, &self.from, &self.to, &self.cc] {
            add(text.as_deref().unwrap_or_default().as_bytes());
        }
        self.files.iter().for_each(|file| add(&file.bytes));
        hex::encode(hash.finalize())
    }
}

/// Cuts a text at the limit, and says whether it did.
fn cut(text: &mut String, limits: &Limits) -> bool {
    let is_long = text.len() > limits.text;
    if is_long {
        text.truncate(text.floor_char_boundary(limits.text));
    }
    is_long
}

impl InboundFile {
    fn as_part(&self, part: usize) -> File {
        let mut file = File::default();
        file.part = part;
        file.name.clone_from(&self.name);
        file.content_type.clone_from(&self.content_type);
        file.content_id.clone_from(&self.content_id);
        file.inline = self.content_id.is_some();
        file.bytes = self.bytes.clone();
        file
    }
}

fn file(field: &Field, filename: &str, info: Info) -> InboundFile {
    let name = info.filename.or(info.name).unwrap_or_else(|| filename.to_owned());
    let content_type = info.kind.or_else(|| field.content_type.clone());
    InboundFile {
        field: field.name.clone(),
        name: safe_file_name(&name),
        content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        content_id: info.content_id.map(|id| id.trim_matches(['<', '>']).to_owned()),
        bytes: field.bytes.clone(),
    }
}

fn read_json<T: Default + serde::de::DeserializeOwned>(bytes: Option<&Bytes>) -> T {
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// The headers without `Content-Type` and `Content-Transfer-Encoding`, their folded lines included.
fn without_content_type(headers: &str) -> String {
    let mut kept = String::with_capacity(headers.len());
    let mut leaving = false;
    for line in headers.lines().filter(|line| !line.is_empty()) {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
            leaving = matches!(name.as_str(), "content-type" | "content-transfer-encoding");
        }
        if !leaving {
            kept.push_str(line);
            kept.push_str("\r\n");
        }
    }
    kept
}
