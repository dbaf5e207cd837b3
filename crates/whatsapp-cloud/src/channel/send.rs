//! From a message in the model's terms to one in Meta's.

use comms_core::{
    AddressKind, ContactCard, Content, Interactive, InteractiveAction, ListSection, Location, Media, MediaKind,
    MediaRef, Outbound, Template, TemplateParameter,
};
use comms_http::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::{
    contact, interactive, location, media,
    message::{Message, Text},
    template_message::{Component, Parameter, TemplateMessage},
};

/// The message as the endpoint takes it. Our id travels along and comes back in each status.
pub(super) fn message(outbound: &Outbound) -> Result<Message> {
    let message = of_content(&outbound.content)?.callback_data(outbound.id.to_string());
    let message = match &outbound.reply_to {
        Some(id) => message.reply_to(id.as_str()),
        None => message,
    };
    let to = outbound.to.value();
    match outbound.to.kind() {
        AddressKind::Phone => Ok(message.to(to)),
        AddressKind::WhatsAppUser => Ok(message.to_user(to)),
        AddressKind::Group => Ok(message.to_group(to)),
        _ => Err(Error::unsupported("WhatsApp does not reach this kind of address").field("to")),
    }
}

fn of_content(content: &Content) -> Result<Message> {
    match content {
        Content::Text { body, preview_url } => {
            let text = Text::new(body.as_str());
            // Without a preview is how Meta shows a text that does not say.
            Ok(Message::text(if *preview_url { text.preview(true) } else { text }))
        }
        Content::Media(media) => of_media(media),
        Content::Template(template) => of_template(template).map(Message::template),
        Content::Interactive(interactive) => of_interactive(interactive).map(Message::interactive),
        Content::Reaction(reaction) => Ok(match &reaction.emoji {
            Some(emoji) => Message::reaction(reaction.target.as_str(), emoji.as_str()),
            None => Message::remove_reaction(reaction.target.as_str()),
        }),
        Content::Location(place) => Ok(Message::location(of_location(place))),
        Content::Contacts { contacts } => contacts.iter().map(of_card).collect::<Result<_>>().map(Message::contacts),
        Content::Native { body } => of_native(body),
        other => Err(Error::unsupported(format!("WhatsApp does not send {}", other.kind())).field("content")),
    }
}

/// The body of the endpoint without its recipient, which is the message's.
fn of_native(body: &Value) -> Result<Message> {
    let mut body = body.clone();
    if let Value::Object(members) = &mut body {
        members.remove("to");
        members.remove("recipient");
        members.entry("messaging_product").or_insert_with(|| "whatsapp".into());
    }
    Message::native(body)
}

fn of_media(media: &Media) -> Result<Message> {
    let captioned = matches!(media.kind, MediaKind::Image | MediaKind::Video | MediaKind::Document);
    if media.caption.is_some() && !captioned {
        let kind = media.kind.as_str();
        return Err(Error::unsupported(format!("WhatsApp shows no caption with {kind}")).field("caption"));
    }
    let file = of_file(media)?;
    Ok(match media.kind {
        MediaKind::Image => Message::image(file),
        MediaKind::Audio => Message::audio(file),
        MediaKind::Voice => Message::voice(file),
        MediaKind::Video => Message::video(file),
        MediaKind::Document => Message::document(file),
        MediaKind::Sticker => Message::sticker(file),
        _ => {
            return Err(Error::unsupported("WhatsApp does not send this kind of media"));
        }
    })
}

fn of_file(media: &Media) -> Result<media::Media> {
    let mut file = match &media.source {
        MediaRef::Id(id) => media::Media::id(id.as_str()),
        MediaRef::Url(url) => media::Media::link(url.as_str()),
        MediaRef::Blob(_) => {
            return Err(
                Error::unsupported("stored media must be uploaded, or given by its public address").field("source")
            );
        }
    };
    if let Some(caption) = &media.caption {
        file = file.caption(caption.as_str());
    }
    // The endpoint takes a name with documents only.
    match &media.filename {
        Some(name) if media.kind == MediaKind::Document => Ok(file.filename(name.as_str())),
        _ => Ok(file),
    }
}

fn of_template(template: &Template) -> Result<TemplateMessage> {
    let message = TemplateMessage::new(template.name.as_str(), template.language.as_str());
    if let Some(components) = &template.components {
        let components: Vec<Component> = read("components", components)?;
        return Ok(components.into_iter().fold(message, TemplateMessage::component));
    }
    let message = template
        .header
        .iter()
        .map(of_parameter)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .fold(message, TemplateMessage::header);
    Ok(template
        .parameters
        .iter()
        .map(of_parameter)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .fold(message, TemplateMessage::body))
}

fn of_parameter(parameter: &TemplateParameter) -> Result<Parameter> {
    match parameter {
        TemplateParameter::Text(text) => Ok(Parameter::text(text.as_str())),
        TemplateParameter::Named { name, value } => Ok(Parameter::text(value.as_str()).named(name.as_str())),
        TemplateParameter::Location(place) => Ok(Parameter::location(of_location(place))),
        TemplateParameter::Media(media) => {
            let file = of_file(media)?;
            match media.kind {
                MediaKind::Image => Ok(Parameter::image(file)),
                MediaKind::Video => Ok(Parameter::video(file)),
                MediaKind::Document => Ok(Parameter::document(file)),
                other => Err(Error::unsupported(format!("a template takes no {}", other.as_str())).field("header")),
            }
        }
        _ => Err(Error::unsupported("a template takes no such value").field("parameters")),
    }
}

fn of_interactive(content: &Interactive) -> Result<interactive::Interactive> {
    use interactive::Interactive as Message;
    let body = content.body.as_str();
    let mut message = match &content.action {
        InteractiveAction::Buttons { buttons } => buttons
            .iter()
            .fold(Message::buttons(body), |message, button| message.button(button.id.as_str(), button.title.as_str())),
        InteractiveAction::List { button, sections } => {
            sections.iter().map(of_section).fold(Message::list(body, button.as_str()), Message::section)
        }
        InteractiveAction::Url { text, url } => Message::url(body, text.as_str(), url.as_str()),
        InteractiveAction::LocationRequest => Message::location_request(body),
        _ => return Err(Error::unsupported("WhatsApp does not offer this").field("action")),
    };
    if let Some(header) = &content.header {
        message = message.header(header.as_str());
    }
    Ok(match &content.footer {
        Some(footer) => message.footer(footer.as_str()),
        None => message,
    })
}

fn of_section(section: &ListSection) -> interactive::Section {
    let rows = section.rows.iter().map(|row| {
        let made = interactive::Row::new(row.id.as_str(), row.title.as_str());
        match &row.description {
            Some(description) => made.description(description.as_str()),
            None => made,
        }
    });
    interactive::Section { title: section.title.clone(), ..interactive::Section::rows("", rows.collect()) }
}

fn of_location(place: &Location) -> location::Location {
    let mut location = location::Location::new(place.latitude, place.longitude);
    if let Some(name) = &place.name {
        location = location.name(name.as_str());
    }
    match &place.address {
        Some(address) => location.address(address.as_str()),
        None => location,
    }
}

fn of_card(card: &ContactCard) -> Result<contact::Contact> {
    if let Some(native) = &card.native {
        return read("contacts", native);
    }
    // Meta wants one part of the name beside the whole.
    let first = card.name.split_whitespace().next().unwrap_or(&card.name);
    let named = contact::Contact::new(card.name.as_str(), first);
    let reachable = card.phones.iter().fold(named, |contact, phone| contact.phone(contact::Phone::new(phone.as_str())));
    Ok(contact::Contact { emails: card.emails.iter().map(|email| of_email(email)).collect(), ..reachable })
}

fn of_email(email: &str) -> contact::Email {
    contact::Email { email: Some(email.to_owned()), ..contact::Email::default() }
}

/// A part that the caller wrote in Meta's own terms.
fn read<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T> {
    T::deserialize(value)
        .map_err(|error| Error::invalid(format!("{field} is not what WhatsApp takes")).field(field).source(error))
}
