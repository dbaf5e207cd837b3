//! A message on its way out: checked, stored as sent, delivered to who has a mailbox here, and to the people outside.

use bytes::Bytes;
use time::OffsetDateTime;

use super::{
    Google,
    config::{Correspondent, Mailbox},
    error::GoogleError,
    letter::Letter,
    mailbox::{Mail, base_subject, references},
    mime::{self, Entity},
    quota,
    state::Accepted,
};

/// Takes a message for sending and returns the sender's copy.
pub(crate) fn accept(google: &Google, account: &str, raw: Bytes, thread: Option<&str>) -> Result<Mail, GoogleError> {
    let (settings, now) = (google.settings(), google.core().now());
    let owner = settings.google.mailbox(account).ok_or_else(|| GoogleError::new("failedPrecondition"))?;
    let given = Entity::parse(&raw);
    let recipients = recipients(&given)?;
    if recipients.len() > settings.google.mail.recipients {
        return Err(GoogleError::invalid("Too many recipients"));
    }
    quota::send(google, account)?;
    let raw = completed(google, owner, raw, &given, now);
    let id = google.fresh_id();
    let mut mail = Mail::new(&id, &id, raw, &["SENT"], now);
    if recipients.iter().any(|to| to.eq_ignore_ascii_case(account)) {
        mail.labels.extend(["INBOX", "UNREAD"].map(str::to_owned));
    }
    let accepted = Accepted {
        account: account.to_owned(),
        id: id.clone(),
        thread_id: String::new(),
        given_message_id: given.header("Message-ID").map(|id| id.trim_matches(['<', '>', ' ']).to_owned()),
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        recipients: recipients.clone(),
        subject: given.header("Subject").unwrap_or_default().to_owned(),
        references: references(&given),
        raw: mail.raw.clone(),
    };
    let mail = google.state(|state| {
        let mailbox = state.mailbox(&settings.google, account).ok_or_else(|| GoogleError::new("failedPrecondition"))?;
        mail.thread_id = thread_for(mailbox, &mail, thread)?;
        mailbox.add(mail.clone(), now);
        state.accept(Accepted { thread_id: mail.thread_id.clone(), ..accepted });
        Ok::<_, GoogleError>(mail)
    })?;
    deliver(google, owner, &mail, &recipients);
    Ok(mail)
}

/// The thread of a sent message: the named one where headers and subject agree with it, as Gmail demands; else by what it answers.
fn thread_for(mailbox: &super::mailbox::MailBox, mail: &Mail, named: Option<&str>) -> Result<String, GoogleError> {
    if let Some(named) = named {
        let thread = mailbox.thread(named);
        let last = thread.last().ok_or_else(GoogleError::not_found)?;
        let subject = |entity: &Entity| base_subject(entity.header("Subject").unwrap_or_default());
        let answers = references(&mail.entity);
        let known = |id: &String| thread.iter().any(|one| one.message_id() == Some(id.as_str()));
        if subject(&last.entity) == subject(&mail.entity) && answers.iter().any(known) {
            return Ok(named.to_owned());
        }
    }
    Ok(mailbox.thread_of(&mail.entity).unwrap_or_else(|| mail.id.clone()))
}

fn recipients(entity: &Entity) -> Result<Vec<String>, GoogleError> {
    let mut all = Vec::new();
    for name in ["To", "Cc", "Bcc"] {
        let Some(value) = entity.header(name).filter(|value| !value.trim().is_empty()) else { continue };
        let found = mime::addresses(value);
        if found.is_empty() && !value.trim_end().ends_with(":;") {
            return Err(GoogleError::invalid(format!("Invalid {name} header")));
        }
        all.extend(found);
    }
    all.dedup();
    if all.is_empty() { Err(GoogleError::invalid("Recipient address required")) } else { Ok(all) }
}

/// With what Gmail adds and changes: sender, date, id.
fn completed(google: &Google, owner: &Mailbox, raw: Bytes, given: &Entity, now: OffsetDateTime) -> Bytes {
    let mut raw = raw.to_vec();
    let from = given.header("From").map(mime::addresses).unwrap_or_default();
    let may = |address: &String| {
        address.eq_ignore_ascii_case(&owner.address)
            || owner.aliases.iter().any(|alias| alias.accepted && alias.address.eq_ignore_ascii_case(address))
    };
    if from.len() != 1 || !from.iter().all(may) {
        raw = with_header(&raw, "From", &format!("{} <{}>", owner.name, owner.address));
    }
    if given.header("Date").is_none() {
        raw = with_header(&raw, "Date", &super::letter::date(now));
    }
    if given.header("Message-ID").is_none() || google.settings().google.mail.replace_message_id {
        raw = with_header(&raw, "Message-ID", &format!("<CA+{}@mail.gmail.com>", google.core().fresh().simple()));
    }
    raw.into()
}

/// A message with a header in the place of all of that name.
fn with_header(raw: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut changed = if value.is_empty() { Vec::new() } else { format!("{name}: {value}\r\n").into_bytes() };
    let (head, _) = mime::split(raw);
    let mut dropping = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let given = line.split(|byte| *byte == b':').next().unwrap_or_default();
            dropping = given.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        }
        if !dropping {
            changed.extend_from_slice(line);
        }
    }
    changed.extend_from_slice(&raw[head.len()..]);
    changed
}

/// Hands a copy to each mailbox among the recipients, and lets the people outside act.
fn deliver(google: &Google, sender: &Mailbox, mail: &Mail, recipients: &[String]) {
    let settings = google.settings();
    let copy = with_header(&mail.raw, "Bcc", "");
    for to in recipients.iter().filter(|to| !to.eq_ignore_ascii_case(&sender.address)) {
        if settings.google.mailbox(to).is_some() {
            google.receive(to, copy.clone().into(), &[]);
        } else if let Some(person) = settings.google.person(to) {
            act(google, sender, mail, person);
        }
    }
}

fn act(google: &Google, sender: &Mailbox, mail: &Mail, person: &Correspondent) {
    let letter = if person.bounces {
        Letter::bounce(&sender.address, &person.address, mail.message_id().unwrap_or_default())
    } else if let Some(text) = &person.answer {
        Letter::new(&person.address, &sender.address, "", text).named(&person.name).answering(&mail.id)
    } else {
        return;
    };
    let google_later = google.clone();
    google.core().courier.after(person.answer_ms, move || {
        if let Err(error) = google_later.write(letter) {
            tracing::warn!(%error, "a person could not answer");
        }
    });
}
