//! From a message in the model's terms to one in SendGrid's.

use comms_core::{Content, Correspondent, Email, Media, MediaRef, Outbound, Template, TemplateParameter};
use comms_http::{ByteStream, Error, Result};
use comms_mime::{OutgoingFile, html::to_text, outgoing_files, outgoing_html};
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
/// The most bytes of files: in base64 three of them are four.
const FILES: usize = limits::MESSAGE / 4 * 3;

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
    let html = email.html.as_deref().filter(|html| !html.trim().is_empty());
    let html = html.map(|html| outgoing_html(html, email)).transpose()?;
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
    for file in outgoing_files(email, FILES, |media| open(channel, media)).await? {
        mail = mail.attach(attachment(&file));
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

async fn open(channel: &SendgridChannel, media: &Media) -> Result<ByteStream> {
    let MediaRef::Blob(key) = &media.source else {
        return Err(Error::unsupported("a file of an e-mail is not fetched from elsewhere").field("files"));
    };
    Ok(channel.files.open(key).await?.body)
}

fn attachment(file: &OutgoingFile) -> Attachment {
    // SendGrid would name a wrong charset for a text beyond ASCII: it is said to be none.
    let garbled = file.content_type.starts_with("text/") && !file.bytes.is_ascii();
    let content_type = if garbled { "application/octet-stream" } else { &file.content_type };
    let attachment = Attachment::new(ascii(&file.name), content_type, &file.bytes);
    match &file.content_id {
        Some(id) => attachment.inline(id.as_str()),
        None => attachment,
    }
}

/// SendGrid garbles letters beyond ASCII: accents are left out, what else there is becomes a line.
fn ascii(name: &str) -> String {
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
