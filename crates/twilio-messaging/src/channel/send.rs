//! From a message in the model's terms to one in Twilio's.

use comms_core::{
    Address as Known, AddressKind, Content, Files, Location, Media, MediaRef, Outbound, Template, TemplateParameter,
};
use comms_http::{Error, Result};
use serde_json::{Map, Value};

use crate::{Address, NewMessage, Sender, limits};

/// The message as the API takes it, from `sender`.
pub(super) fn message(outbound: &Outbound, sender: &Sender) -> Result<NewMessage> {
    let message = of_content(&outbound.content)?.to(recipient(&outbound.to, sender.is_whatsapp())?);
    Ok(match sender {
        Sender::Address(address) => message.from(address),
        Sender::Service(sid) => message.messaging_service_sid(sid.as_str()),
    })
}

fn recipient(to: &Known, whatsapp: bool) -> Result<Address> {
    match (to.kind(), whatsapp) {
        (AddressKind::Phone, false) => Ok(Address::from(to.value())),
        (AddressKind::Phone, true) => Ok(Address::WhatsApp(to.value().to_owned())),
        (AddressKind::WhatsAppUser, true) => Ok(Address::WhatsAppUser(to.value().to_owned())),
        _ => Err(Error::unsupported("this channel does not reach this kind of address").field("to")),
    }
}

fn of_content(content: &Content) -> Result<NewMessage> {
    match content {
        Content::Text { body, .. } => Ok(NewMessage::text(body.as_str())),
        Content::Media(media) => with_files(media.caption.as_deref(), std::slice::from_ref(media)),
        Content::Files(Files { body, files }) => with_files(body.as_deref(), files),
        Content::Template(template) => of_template(template),
        Content::Location(place) => Ok(of_location(place)),
        Content::Native { body } => of_native(body),
        other => Err(Error::unsupported(format!("Twilio does not send {}", other.kind())).field("content")),
    }
}

fn with_files(body: Option<&str>, files: &[Media]) -> Result<NewMessage> {
    let message = match body {
        Some(body) => NewMessage::text(body),
        None => NewMessage::default(),
    };
    files.iter().try_fold(message, |message, file| Ok(message.media(address_of(file)?)))
}

/// Twilio fetches files by itself, from a public address.
fn address_of(file: &Media) -> Result<&str> {
    match &file.source {
        MediaRef::Url(url) => Ok(url),
        MediaRef::Id(_) | MediaRef::Blob(_) => {
            Err(Error::unsupported("Twilio takes files by their public address only").field("source"))
        }
    }
}

fn of_template(template: &Template) -> Result<NewMessage> {
    if !template.name.starts_with("HX") {
        return Err(Error::invalid("a content template is named by its id, HX…").field("name"));
    }
    if !template.header.is_empty() {
        let why = "Twilio numbers the values of a template through: give those of the header among the others";
        return Err(Error::unsupported(why).field("header"));
    }
    let mut message = NewMessage::content(template.name.as_str());
    message.content_variables = match &template.components {
        Some(Value::Object(variables)) => variables.clone(),
        Some(_) => return Err(Error::invalid("ContentVariables must be an object").field("components")),
        None => variables(&template.parameters)?,
    };
    Ok(message)
}

/// The values by their names, those without one by their place.
fn variables(parameters: &[TemplateParameter]) -> Result<Map<String, Value>> {
    let mut variables = Map::new();
    for (at, parameter) in parameters.iter().enumerate() {
        let place = || (at + 1).to_string();
        let (name, value) = match parameter {
            TemplateParameter::Text(text) => (place(), text.as_str()),
            TemplateParameter::Named { name, value } => (name.clone(), value.as_str()),
            TemplateParameter::Media(file) => (place(), address_of(file)?),
            _ => return Err(Error::unsupported("a content template takes no such value").field("parameters")),
        };
        variables.insert(name, value.into());
    }
    Ok(variables)
}

/// A place is an action beside a text: its name is the text, its address the label.
///
/// *See [Twilio docs/WhatsApp location messages](https://www.twilio.com/docs/whatsapp/message-features#location-messages-with-whatsapp)*
fn of_location(place: &Location) -> NewMessage {
    let point = format!("{},{}", place.latitude, place.longitude);
    let label = place.address.as_ref().or(place.name.as_ref());
    let action = match label {
        Some(label) => format!("geo:{point}|{label}"),
        None => format!("geo:{point}"),
    };
    let body = place.name.as_ref().or(place.address.as_ref()).cloned().unwrap_or(point);
    let body: String = body.chars().take(limits::BODY).collect();
    NewMessage::text(body).action(action)
}

/// Parameters of the API in Twilio's names. Sender, recipient and status callback are the channel's.
fn of_native(body: &Value) -> Result<NewMessage> {
    const OURS: [&str; 4] = ["To", "From", "MessagingServiceSid", "StatusCallback"];
    let refused =
        |field: &str| Error::invalid("must be a text, a number, a truth value or a list of texts").field(field);
    let Value::Object(fields) = body else {
        return Err(Error::invalid("must be an object of parameters in Twilio's names").field("body"));
    };
    let mut message = NewMessage::default();
    for (name, value) in fields.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        if let ("ContentVariables", Value::Object(variables)) = (name.as_str(), value) {
            message.content_variables = variables.clone();
            continue;
        }
        let values = texts(value).ok_or_else(|| refused(name))?;
        for value in values {
            message = with_param(message, name, value)?;
        }
    }
    Ok(message)
}

fn with_param(message: NewMessage, name: &str, value: String) -> Result<NewMessage> {
    Ok(match name {
        "Body" => message.body(value),
        "MediaUrl" => message.media(value),
        "ContentSid" => message.content_sid(value),
        "PersistentAction" => message.action(value),
        "ContentVariables" => {
            let content_variables = serde_json::from_str(&value)
                .map_err(|error| Error::invalid("must be the text of a JSON object").field(name).source(error))?;
            NewMessage { content_variables, ..message }
        }
        _ => message.param(name, value),
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Object(_) => None,
    }
}
