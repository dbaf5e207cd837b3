//! A message that came, in the terms of the toolkit's model.

use comms_core::{Correspondent, Email, ErrorKind, MessageId, Party, Problem, Status, StatusUpdate};
use serde_json::{Map, Value, json};

use crate::{Action, DeliveryReport, Incoming, Mailbox, RecipientReport};

impl From<&Mailbox> for Correspondent {
    fn from(mailbox: &Mailbox) -> Self {
        Self { name: mailbox.name().map(str::to_owned), address: mailbox.address().to_owned() }
    }
}

impl Incoming {
    /// What it says, and what else is to be known of it, under names of ours: whether a machine wrote it, what is wrong with it, what its HTML
    /// lost. Without its files: whoever read it knows where their bytes are.
    ///
    /// ```
    /// use comms_mime::{Incoming, Limits};
    ///
    /// let raw = b"From: Ana <ana@example.org>\r\nSubject: Piso\r\nAuto-Submitted: auto-replied\r\n\r\nVuelvo el lunes.";
    /// let (email, notes) = Incoming::parse(raw, &Limits::default())?.to_model();
    /// assert_eq!((email.subject.as_str(), email.text.as_deref()), ("Piso", Some("Vuelvo el lunes.")));
    /// assert_eq!(notes["automatic"], true);
    /// # Ok::<(), comms_mime::Error>(())
    /// ```
    #[must_use]
    pub fn to_model(&self) -> (Email, Map<String, Value>) {
        let bare = |id: &String| Email::bare_id(id).to_owned();
        let people = |mailboxes: &[Mailbox]| mailboxes.iter().map(Correspondent::from).collect();
        let (text, quoted) = self.written();
        let shown = self.shown();
        let notes = self.notes(shown.as_ref());
        let email = Email {
            subject: self.subject.clone(),
            text,
            html: shown.map(|safe| safe.html),
            quoted,
            from: self.from.as_ref().map(Correspondent::from),
            to: people(&self.to),
            cc: people(&self.cc),
            bcc: people(&self.bcc),
            reply_to: people(&self.reply_to),
            message_id: self.message_id.as_ref().map(bare),
            in_reply_to: self.in_reply_to.first().map(bare),
            references: self.references.iter().map(bare).collect(),
            ..Email::default()
        };
        (email, notes)
    }

    fn notes(&self, shown: Option<&crate::html::Safe>) -> Map<String, Value> {
        let mut notes = Map::new();
        if self.automatic {
            notes.insert("automatic".to_owned(), true.into());
        }
        if !self.defects.is_empty() {
            notes.insert("defects".to_owned(), json!(self.defects));
        }
        if let Some(blocked) = shown.map(|safe| safe.blocked_images).filter(|blocked| *blocked > 0) {
            notes.insert("blocked_images".to_owned(), blocked.into());
        }
        if shown.is_some_and(|safe| safe.reduced) {
            notes.insert("html_reduced".to_owned(), true.into());
        }
        notes
    }
}

impl DeliveryReport {
    /// Our own id of the mail that it is about.
    #[must_use]
    pub fn ours(&self) -> Option<MessageId> {
        self.ids.iter().find_map(|id| Email::named_by_us(id))
    }

    /// What it tells of this message of ours, for each recipient. What became of a copy is kept, and means nothing for the message; nor
    /// does it that a server goes on trying.
    #[must_use]
    pub fn updates(&self, ours: MessageId) -> Vec<StatusUpdate> {
        self.recipients.iter().map(|report| self.update(report, ours)).collect()
    }

    fn update(&self, report: &RecipientReport, ours: MessageId) -> StatusUpdate {
        let meaning = match report.action {
            _ if self.is_copy(report) => None,
            Action::Failed => Some(Status::Failed),
            Action::Delivered => Some(Status::Delivered),
            Action::Delayed | Action::Relayed | Action::Other => None,
        };
        let named = report.original.as_ref().unwrap_or(&report.recipient);
        StatusUpdate {
            recipient: Party::of(Correspondent::new(named).known_as()),
            problem: report.problem(),
            correlation: Some(ours.to_string()),
            extra: json!({ "report": { "recipient": report.recipient, "status": report.status, "reporter": self.reporter } }),
            ..StatusUpdate::new(meaning, report.action.as_str())
        }
    }
}

impl RecipientReport {
    /// Why it did not arrive (yet).
    fn problem(&self) -> Option<Problem> {
        if !matches!(self.action, Action::Failed | Action::Delayed) {
            return None;
        }
        let status = self.status.as_deref().unwrap_or_default();
        let said = self.diagnostic.clone().filter(|said| !said.is_empty());
        Some(Problem {
            code: if status.is_empty() { self.action.as_str().to_owned() } else { status.to_owned() },
            message: said
                .unwrap_or_else(|| format!("the mail server of {} says {}", self.recipient, self.action.as_str())),
            kind: kind(status),
        })
    }
}

/// By the numbers of RFC 3463: what is wrong with the address, with the mail, or with the way.
fn kind(status: &str) -> ErrorKind {
    let mut numbers = status.split('.').skip(1);
    match (numbers.next(), numbers.next()) {
        (Some("1"), _) | (Some("2"), Some("0" | "1")) => ErrorKind::InvalidRecipient,
        (Some("2"), Some("3")) | (Some("3"), Some("4")) | (Some("6" | "7"), _) => ErrorKind::InvalidRequest,
        _ => ErrorKind::Provider,
    }
}
