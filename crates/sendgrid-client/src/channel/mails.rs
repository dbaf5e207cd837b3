//! Mail that came.

use bytes::Bytes;
use comms_core::{
    AccountId, Batch, Correspondent, Email, Event, EventKey, EventKind, IN_WEBHOOK, InboundMessage, InlineFile, Media,
    MediaKind, MediaRef, Party, SentMail, Status, StatusUpdate,
};
use comms_mime::{Defect, File, Incoming, Limits};
use serde_json::{Map, Value, json};

use super::{accounts, accounts::Accounts};
use crate::{limits, webhook::InboundMail};

/// The places of texts of which only the beginning is shown.
const WHOLE_TEXT: &str = "text";
const WHOLE_HTML: &str = "html";

/// One event for each account of ours that the mail was delivered to.
pub(super) fn batch(mail: &InboundMail, ours: &Accounts) -> Batch {
    let key = EventKey::new(mail.content_key());
    let event = |account: AccountId, kind: EventKind| Event {
        account,
        subject: key.to_string(),
        key: key.clone(),
        occurred_at: None,
        kind,
    };
    let accounts = receivers(mail, ours);
    let message = match mail.message(&bounds()) {
        Ok(message) => message,
        Err(error) => {
            let raw =
                json!({"envelope": {"to": mail.envelope.to, "from": mail.envelope.from}, "subject": mail.subject});
            let unknown = |account| event(account, EventKind::Unknown { name: "mail".to_owned(), raw: raw.clone() });
            let problem = Some(format!("the mail cannot be read: {}", error.message()));
            return Batch { events: accounts.into_iter().map(unknown).collect(), problem, ..Batch::default() };
        }
    };
    let reported = reported(&message);
    if !reported.is_empty() {
        let events =
            accounts.iter().flat_map(|account| reported.iter().enumerate().map(|told| report(account, &key, told)));
        return Batch { events: events.collect(), problem: mail.problem.clone(), ..Batch::default() };
    }
    let kind = || echo(&message, ours).unwrap_or_else(|| EventKind::Message(Box::new(read(mail, &message))));
    let events = accounts.into_iter().map(|account| event(account, kind())).collect();
    Batch { events, problem: mail.problem.clone(), ..Batch::default() }
}

/// The bytes of the files, by what [`read`] calls them.
pub(super) fn contents(mail: &InboundMail) -> Vec<(String, Bytes)> {
    let mut everything = bounds();
    everything.text = usize::MAX;
    let Ok(message) = mail.message(&everything) else {
        return Vec::new();
    };
    let files = message.files.into_iter().enumerate().map(|(at, file)| (format!("{IN_WEBHOOK}{at}"), file.bytes));
    let texts = [(WHOLE_TEXT, Some(message.text)), (WHOLE_HTML, message.html)];
    let texts = texts.into_iter().filter_map(|(place, text)| Some((format!("{IN_WEBHOOK}{place}"), text?.into())));
    files.chain(texts).collect()
}

/// What is read of a mail.
fn bounds() -> Limits {
    let mut bounds = Limits::default();
    bounds.text = limits::INBOUND_TEXT;
    bounds
}

/// Whom it was delivered to: what its headers say may be anything.
fn receivers(mail: &InboundMail, ours: &Accounts) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = mail.envelope.to.iter().map(|to| ours.of(to)).collect();
    accounts.sort();
    accounts.dedup();
    if accounts.is_empty() { vec![ours.first()] } else { accounts }
}

/// A mail of our own that came back, as a copy: what it says is known, and that it was sent is told.
fn echo(message: &Incoming, ours: &Accounts) -> Option<EventKind> {
    let from = message.from.as_ref()?.address();
    let id = message.message_id.as_deref()?;
    let own = Email::our_id(id, accounts::domain(from)).filter(|_| ours.is_ours(from));
    // Other programs make ids of UUIDs, too.
    let own = own.filter(|own| Email::named_by_us(id) == Some(*own))?;
    let sent = SentMail { message_id: Some(Email::bare_id(id).to_owned()), thread: None };
    Some(EventKind::Status(Box::new(StatusUpdate {
        correlation: Some(own.to_string()),
        extra: sent.told(),
        ..StatusUpdate::new(Some(Status::Sent), "copy")
    })))
}

/// What a mail server reports of a mail of ours.
fn reported(message: &Incoming) -> Vec<StatusUpdate> {
    let report = message.delivery_report();
    let ours = report.and_then(|report| Some((report.ours()?, report)));
    ours.map(|(ours, report)| report.updates(ours)).unwrap_or_default()
}

fn report(account: &AccountId, key: &EventKey, (number, update): (usize, &StatusUpdate)) -> Event {
    Event {
        account: account.clone(),
        // By our id alone: SendGrid's of the mail is not in the report.
        subject: String::new(),
        key: EventKey::new(format!("{key}:report:{number}")),
        occurred_at: None,
        kind: EventKind::Status(Box::new(update.clone())),
    }
}

fn read(mail: &InboundMail, message: &Incoming) -> InboundMessage {
    let (email, notes) = message.to_model();
    let mut extra = found_out(mail);
    extra.extend(notes);
    let (mut files, inline) = files(&message.files);
    files.extend(wholes(message));
    let from = email.from.clone();
    let email = Email { files, inline, ..email };
    InboundMessage { extra: Value::Object(extra), ..InboundMessage::new(writer(mail, from), email.into()) }
}

/// Who claims to have written it; where nobody does, where it would go back to.
fn writer(mail: &InboundMail, from: Option<Correspondent>) -> Party {
    let sender = Some(mail.envelope.from.as_str()).filter(|from| !from.is_empty()).map(Correspondent::new);
    match from.filter(|from| !from.address.is_empty()).or(sender) {
        Some(from) => Party { name: from.name.clone(), ..Party::of(from.known_as()) },
        None => Party::default(),
    }
}

/// The files by their place: their bytes stay in the webhook until they are taken out of it.
fn files(files: &[File]) -> (Vec<Media>, Vec<InlineFile>) {
    let mut inline = Vec::new();
    let media = files.iter().enumerate().map(|(at, file)| {
        if let Some(content_id) = file.content_id.clone().filter(|id| !id.is_empty()) {
            inline.push(InlineFile { content_id, file: at });
        }
        Media {
            kind: MediaKind::of(&file.content_type),
            source: MediaRef::Id(format!("{IN_WEBHOOK}{at}")),
            caption: None,
            filename: Some(file.name.clone()),
            mime_type: Some(file.content_type.clone()),
            sha256: None,
        }
    });
    (media.collect(), inline)
}

/// Texts that were cut are files as well, whole: nobody else keeps the mail.
fn wholes(message: &Incoming) -> impl Iterator<Item = Media> {
    // At most three bytes are lost to a character.
    let is_cut = |text: &str| message.defects.contains(&Defect::TextCut) && text.len() + 3 >= limits::INBOUND_TEXT;
    let text = is_cut(&message.text).then_some((WHOLE_TEXT, "mensaje.txt", "text/plain; charset=utf-8"));
    let html = message.html.as_deref().is_some_and(is_cut);
    let html = html.then_some((WHOLE_HTML, "mensaje.html", "text/html; charset=utf-8"));
    text.into_iter().chain(html).map(|(place, name, kind)| Media {
        kind: MediaKind::Document,
        source: MediaRef::Id(format!("{IN_WEBHOOK}{place}")),
        caption: None,
        filename: Some(name.to_owned()),
        mime_type: Some(kind.to_owned()),
        sha256: None,
    })
}

/// What SendGrid has found out of it, under its own names.
fn found_out(mail: &InboundMail) -> Map<String, Value> {
    let mut found: Map<String, Value> = mail.other.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    found.insert("envelope".to_owned(), json!({"to": mail.envelope.to, "from": mail.envelope.from}));
    found
}
