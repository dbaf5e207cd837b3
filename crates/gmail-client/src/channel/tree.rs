//! A message as Google takes it apart, put together again for the parser of messages.
//!
//! Read so, a message has no more than its texts: raw, each of its files would be transmitted with it, 25 MB of them for three lines.
//! And its files keep the places that they are fetched by. Everything else (who wrote it, which text is shown, which part is a file) is
//! found by the one parser that all messages are read by.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::model::message::Part;

/// Levels of parts within one another; what is deeper is taken for a file.
const DEEPEST: usize = 30;
/// The longest headers that are read, in bytes, all together.
const LONGEST_HEADERS: usize = 256 * 1024;
/// Bytes in one line of base64, before they are encoded.
const LINE: usize = 57;

/// A message put together.
pub(super) struct Written<'a> {
    /// Its bytes.
    pub(super) raw: Vec<u8>,
    /// Its parts by the numbers that the parser gives them: each before its own.
    pub(super) parts: Vec<&'a Part>,
}

pub(super) fn written(payload: &Part) -> Written<'_> {
    let mut written = Written { raw: Vec::new(), parts: Vec::new() };
    for header in &payload.headers {
        if written.raw.len() > LONGEST_HEADERS {
            break;
        }
        written.header(&header.name, &header.value);
    }
    written.line("MIME-Version: 1.0");
    written.part(payload, 0);
    written
}

impl<'a> Written<'a> {
    fn header(&mut self, name: &str, value: &str) {
        let lower = name.to_ascii_lowercase();
        let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if token && !lower.starts_with("content-") && lower != "mime-version" {
            self.line(&format!("{name}: {}", on_one_line(value)));
        }
    }

    fn part(&mut self, part: &'a Part, depth: usize) {
        let number = self.parts.len();
        self.parts.push(part);
        let kind = part.mime_type.to_ascii_lowercase();
        if kind.starts_with("multipart/") && !part.parts.is_empty() && depth < DEEPEST {
            // Every body is base64, in which no such line can stand.
            let boundary = format!("=_part_{number}");
            self.line(&format!("Content-Type: {}; boundary=\"{boundary}\"", media_type(&kind)));
            self.line("");
            for inner in &part.parts {
                self.line(&format!("--{boundary}"));
                self.part(inner, depth + 1);
            }
            self.line(&format!("--{boundary}--"));
        } else {
            self.leaf(part, &kind);
        }
    }

    fn leaf(&mut self, part: &Part, kind: &str) {
        let is_file = is_file(part);
        match kind.strip_prefix("text/") {
            // Google has made it UTF-8, whatever its header still says.
            Some(_) => self.line(&format!("Content-Type: {}; charset=utf-8", media_type(kind))),
            // Of a message whose headers alone were read.
            None if is_empty(part) => self.line("Content-Type: text/plain"),
            // A message within the message is a file: it is not gone into.
            None if kind.starts_with("message/") || kind.starts_with("multipart/") => {
                self.line("Content-Type: application/octet-stream");
            }
            None => self.line(&format!("Content-Type: {}", media_type(kind))),
        }
        if is_file {
            let name: String = part.filename.bytes().map(|b| format!("%{b:02X}")).collect();
            let parameter = if name.is_empty() { name } else { format!("; filename*=utf-8''{name}") };
            self.line(&format!("Content-Disposition: attachment{parameter}"));
        }
        if let Some(id) = part.header("Content-ID") {
            self.line(&format!("Content-ID: {}", on_one_line(id)));
        }
        self.line("Content-Transfer-Encoding: base64");
        self.line("");
        // The bytes of a file are fetched when somebody wants them.
        if kind.starts_with("text/") && !is_file {
            let text = part.body.bytes().unwrap_or_default();
            for line in text.chunks(LINE) {
                self.line(&BASE64_STANDARD.encode(line));
            }
        }
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.raw.extend_from_slice(line.as_bytes());
        self.raw.extend_from_slice(b"\r\n");
    }
}

/// Whether a part is something to be fetched rather than read. A long text has a body to be fetched too, and no name.
pub(super) fn is_file(part: &Part) -> bool {
    let disposition = part.header("Content-Disposition").unwrap_or_default().trim_start().to_ascii_lowercase();
    !part.filename.is_empty()
        || disposition.starts_with("attachment")
        || part.body.attachment_id.is_some() && !is_text(part)
}

/// Whether a part says that it has parts, and has none.
fn is_empty(part: &Part) -> bool {
    part.mime_type.to_ascii_lowercase().starts_with("multipart/") && part.parts.is_empty() && part.filename.is_empty()
}

/// Whether a part is a text that a person reads.
pub(super) fn is_text(part: &Part) -> bool {
    ["text/plain", "text/html"].iter().any(|kind| part.mime_type.eq_ignore_ascii_case(kind))
}

/// Nothing of a part may write a line of its own.
fn on_one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn media_type(kind: &str) -> &str {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'+' | b'_');
    let whole = kind.matches('/').count() == 1 && !kind.starts_with('/') && !kind.ends_with('/');
    if whole && kind.bytes().all(good) { kind } else { "application/octet-stream" }
}
