//! From a message in the model's terms to one in SendGrid's.

use comms_core::{Content, Correspondent, Email, Media, MediaRef, Outbound, Template, TemplateParameter};
use comms_http::{ByteStream, Error, Outcome, Result};
use comms_mime::{
    html::{Show, sanitize, to_text},
    safe_file_name,
};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::{OUR_ACCOUNT, OUR_ID, OUR_RECIPIENT, SendgridChannel, accounts};
use crate::{
    limits,
    model::{
        mail::{Attachment, Mail},
        person::Person,
    },
};

/// How many ids of a long conversation are named: its first one and the latest.
const REFERENCES: usize = 20;
/// What the model calls a file without a type.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A mail as the API takes it.
pub(super) struct Written {
    pub(super) mail: Mail,
    /// Its `Message-ID`, without angle brackets.
    pub(super) message_id: String,
}

pub(super) async fn written(channel: &SendgridChannel, message: &Outbound) -> Result<Written> {
    let recipient = Person::new(message.to.value());
    let mail = match &message.content {
        Content::Email(email) => of_email(channel, &recipient, email).await?,
        Content::Template(template) => {
            Mail::new(channel.sender.clone()).to(recipient).template(template.name.as_str(), values(template)?)
        }
        Content::Native { body } => of_native(channel, recipient, body)?,
        other => return Err(Error::unsupported(format!("SendGrid does not send {}", other.kind())).field("content")),
    };
    Ok(ours(channel, message, mail))
}

/// With what is known again: our id as the mail's own, and our arguments.
fn ours(channel: &SendgridChannel, message: &Outbound, mut mail: Mail) -> Written {
    let message_id = Email::id_of(message.id, accounts::domain(&mail.from.email));
    mail.headers.retain(|name, _| !name.eq_ignore_ascii_case("message-id"));
    mail.headers.insert("Message-ID".to_owned(), format!("<{message_id}>"));
    let Some(first) = mail.personalizations.first_mut() else { return Written { mail, message_id } };
    let several = first.to.len() + first.cc.len() + first.bcc.len() > 1;
    first.custom_args.insert(OUR_ID.to_owned(), message.id.to_string());
    first.custom_args.insert(OUR_ACCOUNT.to_owned(), channel.account.to_string());
    if several {
        // What becomes of a copy is not what became of the mail.
        first.custom_args.insert(OUR_RECIPIENT.to_owned(), accounts::fingerprint(message.to.value()));
    }
    Written { mail, message_id }
}

async fn of_email(channel: &SendgridChannel, recipient: &Person, email: &Email) -> Result<Mail> {
    let mut mail = addressed(channel, recipient, email).subject(email.subject.as_str());
    let html =
        email.html.as_deref().filter(|html| !html.trim().is_empty()).map(|html| safe(html, email)).transpose()?;
    let text = email.text.clone().filter(|text| !text.trim().is_empty()).or_else(|| html.as_deref().map(to_text));
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        mail = mail.text(text);
    }
    if let Some(html) = html.filter(|html| !html.is_empty()) {
        mail = mail.html(html);
    }
    if mail.content.is_empty() {
        // A mail of files alone: SendGrid takes none without a text.
        mail = mail.text(" ");
    }
    if let Some(answered) = &email.in_reply_to {
        mail = mail.header("In-Reply-To", format!("<{answered}>")).header("References", references(email, answered));
    }
    for file in files(channel, email).await? {
        mail = mail.attach(file);
    }
    Ok(mail)
}

fn addressed(channel: &SendgridChannel, recipient: &Person, email: &Email) -> Mail {
    let from = match &email.from {
        // Another name of the same sender, or another sender of an authenticated domain.
        Some(from) => Person { name: from.name.clone().or_else(|| channel.sender.name.clone()), ..person(from) },
        None => channel.sender.clone(),
    };
    let is_recipient = |one: &&Correspondent| one.address.eq_ignore_ascii_case(&recipient.email);
    // The recipient may stand among the copies, as the one of several whose message this is.
    let copied = email.cc.iter().chain(&email.bcc).any(|one| is_recipient(&one));
    let named = email.to.iter().find(is_recipient).map(person);
    let first = named.or_else(|| (!copied).then(|| recipient.clone()));
    let others = email.to.iter().filter(|one| !is_recipient(one)).map(person);
    let mut mail = first.into_iter().chain(others).fold(Mail::new(from), Mail::to);
    mail = email.cc.iter().map(person).fold(mail, Mail::cc);
    mail = email.bcc.iter().map(person).fold(mail, Mail::bcc);
    email.reply_to.iter().map(person).fold(mail, Mail::reply_to)
}

fn person(one: &Correspondent) -> Person {
    Person { email: one.address.trim().to_owned(), name: one.name.clone().filter(|name| !name.is_empty()) }
}

/// The conversation so far, and what is answered as the last of it.
fn references(email: &Email, answered: &str) -> String {
    let mut all: Vec<&str> = email.references.iter().map(String::as_str).filter(|id| *id != answered).collect();
    all.push(answered);
    if all.len() > REFERENCES {
        all.drain(1..=all.len() - REFERENCES);
    }
    all.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>().join(" ")
}

/// What our users paste comes from anywhere. Images of the network stay: the message is theirs.
fn safe(html: &str, email: &Email) -> Result<String> {
    let own = email.inline.iter().map(|one| (one.content_id.clone(), format!("cid:{}", one.content_id)));
    let safe = sanitize(html, &Show { remote_images: true, inline_images: own.collect() });
    if safe.reduced {
        return Err(Error::invalid("the HTML is too long, or nested too deep").field("html"));
    }
    Ok(safe.html)
}

async fn files(channel: &SendgridChannel, email: &Email) -> Result<Vec<Attachment>> {
    // In base64 three bytes are four.
    let mut left = limits::MESSAGE / 4 * 3;
    let mut files = Vec::with_capacity(email.files.len());
    for (at, media) in email.files.iter().enumerate() {
        let MediaRef::Blob(key) = &media.source else {
            return Err(Error::unsupported("a file of an e-mail is not fetched from elsewhere").field("files"));
        };
        let opened = channel.files.open(key).await.map_err(before_sending)?;
        let bytes = whole(opened.body, left).await.map_err(before_sending)?;
        left -= bytes.len();
        let file = Attachment::new(name(media), media_type(media, &bytes), bytes);
        let inline = email.inline.iter().find(|one| one.file == at);
        files.push(match inline {
            Some(one) => file.inline(one.content_id.as_str()),
            None => file,
        });
    }
    Ok(files)
}

/// An error of what came before the request that sends: whatever became of it, nothing was sent.
fn before_sending(error: Error) -> Error {
    match error.outcome() {
        Outcome::Unknown => error.with_outcome(Outcome::NotSent),
        _ => error,
    }
}

async fn whole(mut body: ByteStream, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() > most {
            let why = format!("an e-mail may have {} bytes with its files in base64", limits::MESSAGE);
            return Err(Error::invalid(why).field("files"));
        }
    }
    Ok(bytes)
}

/// SendGrid garbles letters beyond ASCII: accents are left out, what else there is becomes a line.
fn name(media: &Media) -> String {
    let name = media.filename.as_deref().map_or_else(|| "archivo".to_owned(), safe_file_name);
    let plain = |c: char| match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' => 'A',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'Í' => 'I',
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' => 'O',
        'Ú' | 'Ü' => 'U',
        'ñ' => 'n',
        'Ñ' => 'N',
        'ç' => 'c',
        'Ç' => 'C',
        c if c.is_ascii() => c,
        _ => '_',
    };
    name.chars().map(plain).collect()
}

/// The type without its parameters. A text beyond ASCII is said to be none: SendGrid would name a wrong charset for it.
fn media_type(media: &Media, bytes: &[u8]) -> String {
    let essence = media.mime_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'+' | b'_');
    let whole = essence.split('/').filter(|part| !part.is_empty()).count() == 2 && essence.matches('/').count() == 1;
    let garbled = essence.starts_with("text/") && !bytes.is_ascii();
    if whole && essence.bytes().all(good) && !garbled { essence } else { UNKNOWN_TYPE.to_owned() }
}

/// The values of a dynamic template: those without a name under their number.
fn values(template: &Template) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for (at, value) in template.header.iter().chain(&template.parameters).enumerate() {
        let (name, value) = match value {
            TemplateParameter::Text(text) => ((at + 1).to_string(), text),
            TemplateParameter::Named { name, value } => (name.clone(), value),
            _ => return Err(Error::unsupported("a template of SendGrid takes texts only").field("parameters")),
        };
        values.insert(name, Value::String(value.clone()));
    }
    match &template.components {
        None => Ok(values),
        // The whole of its data, for what texts cannot say: lists, objects.
        Some(Value::Object(data)) => {
            values.extend(data.clone());
            Ok(values)
        }
        Some(_) => Err(Error::invalid("must be an object of values").field("components")),
    }
}

/// A mail in SendGrid's names. Sender and recipients are the channel's.
fn of_native(channel: &SendgridChannel, recipient: Person, body: &Value) -> Result<Mail> {
    let mut mail: Mail = serde_json::from_value(body.clone())
        .map_err(|error| Error::invalid("not a mail in SendGrid's names").field("body").source(error))?;
    mail.from = channel.sender.clone();
    mail.personalizations.truncate(1);
    let Some(first) = mail.personalizations.first_mut() else { return Ok(mail.to(recipient)) };
    first.from = None;
    first.to = vec![recipient];
    Ok(mail)
}
