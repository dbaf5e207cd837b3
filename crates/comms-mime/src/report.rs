//! Reports on what became of a mail (RFC 3464): what mail servers write when they cannot deliver one.

use std::borrow::Cow;

use mail_parser::{HeaderName, MessageParser};
use serde::{Deserialize, Serialize};

use crate::{Incoming, Mailbox, incoming::headers};

/// How many recipients of one report are read.
const MOST_RECIPIENTS: usize = 100;
/// How many fields of a report, or headers of the mail that it is about, are read.
const MOST_FIELDS: usize = 1_000;
/// The longest text of a field, in characters.
const LONGEST_FIELD: usize = 1_000;
/// The longest part that is read, in bytes.
const LONGEST_PART: usize = 256 * 1024;

/// What became of a mail, as a mail server reports it. Anybody can write one: it is believed only of a mail that it names by an id which
/// nobody but its recipients knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeliveryReport {
    /// Which server reports.
    pub reporter: Option<String>,
    /// The ids that the mail may have, without angle brackets, the surest first: its own `Message-ID`, the id of its envelope, what the
    /// report answers.
    pub ids: Vec<String>,
    /// The headers of the mail, as far as they came back.
    pub headers: Vec<(String, String)>,
    /// To whom the mail was addressed.
    pub to: Vec<Mailbox>,
    /// Who was to have a copy.
    pub cc: Vec<Mailbox>,
    /// What became of it, for each of those who are reported on.
    pub recipients: Vec<RecipientReport>,
}

/// What became of a mail for one of its recipients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecipientReport {
    /// Whom it was to reach in the end.
    pub recipient: String,
    /// To whom it was addressed, where that is another address and the server knows it.
    pub original: Option<String>,
    /// What was done.
    pub action: Action,
    /// The state in three numbers, for instance `5.1.1`.
    pub status: Option<String>,
    /// What the server said that would not take it.
    pub diagnostic: Option<String>,
}

/// What a mail server did with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// It gave up.
    Failed,
    /// It goes on trying.
    Delayed,
    /// It delivered it.
    Delivered,
    /// It handed it on to one that reports nothing, or to many.
    Relayed,
    /// What is not known.
    Other,
}

impl Action {
    /// The word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Other => "other",
        }
    }

    /// By its word; a server that leaves it out has given up where its state begins with a 5.
    fn read(word: Option<&str>, status: Option<&str>) -> Self {
        match word.map(str::to_ascii_lowercase).as_deref() {
            Some("failed") => Self::Failed,
            Some("delayed") => Self::Delayed,
            Some("delivered") => Self::Delivered,
            Some("relayed" | "expanded") => Self::Relayed,
            Some(_) => Self::Other,
            None => match status.and_then(|status| status.chars().next()) {
                Some('5') => Self::Failed,
                Some('4') => Self::Delayed,
                Some('2') => Self::Delivered,
                _ => Self::Other,
            },
        }
    }
}

impl DeliveryReport {
    /// A header of the mail, as far as it came back.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// Whether this is somebody beside whom the mail was for: one of several who are named, and not the first.
    #[must_use]
    pub fn is_copy(&self, report: &RecipientReport) -> bool {
        let is = |mailbox: &Mailbox| {
            let named = [Some(&report.recipient), report.original.as_ref()];
            named.into_iter().flatten().any(|address| mailbox.address().eq_ignore_ascii_case(address))
        };
        match self.to.split_first() {
            Some((first, others)) => !is(first) && others.iter().chain(&self.cc).any(is),
            None => false,
        }
    }
}

impl Incoming {
    /// What it reports of another mail; `None` where it is no report.
    ///
    /// ```
    /// use comms_mime::{Action, Incoming, Limits};
    ///
    /// let raw = "Content-Type: multipart/report; boundary=B\r\nReferences: <1@example.com>\r\n\r\n--B\r\n\r\nsorry\r\n\
    ///            --B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
    ///            Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--B--\r\n";
    /// let report = Incoming::parse(raw.as_bytes(), &Limits::default())?.delivery_report().unwrap();
    /// assert_eq!((report.ids[0].as_str(), report.recipients[0].action), ("1@example.com", Action::Failed));
    /// # Ok::<(), comms_mime::Error>(())
    /// ```
    #[must_use]
    pub fn delivery_report(&self) -> Option<DeliveryReport> {
        let part = |kinds: &[&str]| self.files.iter().find(|file| kinds.contains(&file.content_type.as_str()));
        let status = part(&["message/delivery-status", "message/global-delivery-status"])?;
        let groups = groups(&text(&status.bytes));
        let mut report = DeliveryReport { recipients: recipients(&groups), ..DeliveryReport::default() };
        if report.recipients.is_empty() {
            return None;
        }
        let common = groups.first().map(Vec::as_slice).unwrap_or_default();
        report.reporter = value(common, "Reporting-MTA").map(|name| typed(name).to_owned());
        let kinds = ["text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers"];
        if let Some(returned) = part(&kinds) {
            report.take_headers(&returned.bytes[..returned.bytes.len().min(LONGEST_PART)]);
        }
        report.ids.extend(value(common, "Original-Envelope-Id").map(bare));
        report.ids.extend(self.in_reply_to.iter().chain(self.references.iter().rev()).map(|id| bare(id)));
        Some(report)
    }
}

impl DeliveryReport {
    fn take_headers(&mut self, raw: &[u8]) {
        let text = text(raw);
        self.headers = groups(&text).into_iter().next().unwrap_or_default();
        let Some(parsed) = MessageParser::default().parse_headers(raw) else { return };
        self.to = headers::mailboxes(parsed.header(HeaderName::To));
        self.cc = headers::mailboxes(parsed.header(HeaderName::Cc));
        // Google keeps the id that it has replaced.
        let names = ["X-Google-Original-Message-ID", "Message-ID"];
        self.ids = names.into_iter().filter_map(|name| value(&self.headers, name)).map(bare).collect();
    }
}

fn recipients(groups: &[Vec<(String, String)>]) -> Vec<RecipientReport> {
    let of_group = |group: &Vec<(String, String)>| {
        let (last, original) = (value(group, "Final-Recipient"), value(group, "Original-Recipient"));
        let recipient = address(last.or(original)?);
        let status = value(group, "Status").and_then(|status| status.split_whitespace().next()).map(str::to_owned);
        Some(RecipientReport {
            original: original.map(address).filter(|original| *original != recipient),
            action: Action::read(value(group, "Action"), status.as_deref()),
            recipient,
            status,
            diagnostic: value(group, "Diagnostic-Code").map(|code| typed(code).to_owned()),
        })
    };
    groups.iter().filter_map(of_group).take(MOST_RECIPIENTS).collect()
}

/// Groups of fields, apart by empty lines; where a server leaves that out, each recipient begins one.
fn groups(text: &str) -> Vec<Vec<(String, String)>> {
    let mut groups: Vec<Vec<(String, String)>> = vec![Vec::new()];
    let mut left = MOST_FIELDS;
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.is_empty() {
                groups.push(Vec::new());
            }
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut().filter(|(_, value)| value.chars().count() < LONGEST_FIELD) {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if left == 0 {
            break;
        }
        left -= 1;
        let field = (name.trim().to_owned(), value.trim().chars().take(LONGEST_FIELD).collect());
        let begins = name.trim().eq_ignore_ascii_case("Final-Recipient") && has(group, "Final-Recipient");
        if begins { groups.push(vec![field]) } else { group.push(field) }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn has(group: &[(String, String)], name: &str) -> bool {
    value(group, name).is_some()
}

fn value<'a>(group: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = group.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// `smtp; 550 no such user`, `dns; mx.example.org`: without the name of its kind.
fn typed(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, value)| value).trim()
}

fn address(value: &str) -> String {
    typed(value).trim_matches(['<', '>']).to_owned()
}

fn bare(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_PART)])
}
