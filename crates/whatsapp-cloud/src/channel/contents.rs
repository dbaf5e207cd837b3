//! From what a message says on the wire to what it says in the model.

use comms_core::{ContactCard, Content, Location, Media, MediaKind, MediaRef, Reaction};
use serde_json::Value;

use super::events::json;
use crate::model::webhook::{self as wire, EditedMessage, InteractiveReply, Message, MessageContent};

/// The content in the model's terms, and the members of it that the model has no place for.
pub(super) struct Mapped {
    pub(super) content: Content,
    pub(super) rest: Value,
}

/// Takes the content out of `message`. A type without a counterpart in the model is kept whole.
pub(super) fn of_message(message: &mut Message) -> Mapped {
    match message.content.take().map(|content| map(*content)) {
        Some(Ok(mapped)) => mapped,
        Some(Err(content)) => {
            let kind = other_kind(&content).unwrap_or(&message.kind).to_owned();
            message.content = Some(content);
            whole(kind, json(message))
        }
        None => {
            let raw = json(message);
            // It stands in `raw` already.
            message.extra.remove(&message.kind);
            let kind = if message.kind.is_empty() { "unknown" } else { &message.kind };
            whole(kind.to_owned(), raw)
        }
    }
}

fn whole(kind: String, raw: Value) -> Mapped {
    Mapped { content: Content::Other { kind, raw }, rest: Value::Null }
}

/// What an answer to an interactive message is an answer to.
fn other_kind(content: &MessageContent) -> Option<&str> {
    match content {
        MessageContent::Interactive(reply) => reply.kind.as_deref(),
        _ => None,
    }
}

/// Maps what has a counterpart and everything that the counterpart needs; gives back the rest.
fn map(content: MessageContent) -> Result<Mapped, Box<MessageContent>> {
    use MessageContent as C;
    match content {
        C::Text(text) if text.body.is_some() => {
            Ok(Mapped { content: Content::text(text.body.unwrap_or_default()), rest: Value::Object(text.extra) })
        }
        C::Image(media) if media.id.is_some() => Ok(of_media(MediaKind::Image, media)),
        C::Audio(media) if media.id.is_some() => {
            let kind = match media.voice {
                Some(true) => MediaKind::Voice,
                _ => MediaKind::Audio,
            };
            Ok(of_media(kind, media))
        }
        C::Voice(media) if media.id.is_some() => Ok(of_media(MediaKind::Voice, media)),
        C::Video(media) if media.id.is_some() => Ok(of_media(MediaKind::Video, media)),
        C::Document(media) if media.id.is_some() => Ok(of_media(MediaKind::Document, media)),
        C::Sticker(media) if media.id.is_some() => Ok(of_media(MediaKind::Sticker, media)),
        C::Location(place) if place.latitude.is_some() && place.longitude.is_some() => Ok(of_location(place)),
        C::Contacts(cards) => Ok(Mapped {
            content: Content::Contacts { contacts: cards.into_iter().map(of_card).collect() },
            rest: Value::Null,
        }),
        C::Reaction(reaction) if reaction.message_id.is_some() => Ok(Mapped {
            content: Content::Reaction(Reaction {
                target: reaction.message_id.unwrap_or_default(),
                emoji: reaction.emoji.filter(|emoji| !emoji.is_empty()),
            }),
            rest: Value::Object(reaction.extra),
        }),
        C::Button(button) if button.payload.is_some() || button.text.is_some() => Ok(Mapped {
            content: Content::Choice {
                id: button.payload.unwrap_or_default(),
                title: button.text.unwrap_or_default(),
                description: None,
            },
            rest: Value::Object(button.extra),
        }),
        C::Interactive(mut reply) => match chosen(&mut reply) {
            Some(choice) => Ok(of_choice(choice, reply)),
            None => Err(Box::new(C::Interactive(reply))),
        },
        C::Edit(edit) if edit.original_message_id.is_some() && edit.message.is_some() => Ok(of_edit(edit)),
        C::Revoke(revoke) if revoke.original_message_id.is_some() => Ok(Mapped {
            content: Content::Revision { target: revoke.original_message_id.unwrap_or_default(), content: None },
            rest: Value::Object(revoke.extra),
        }),
        other => Err(Box::new(other)),
    }
}

fn of_media(kind: MediaKind, media: wire::Media) -> Mapped {
    let mut rest = media.extra;
    if let Some(url) = media.url {
        rest.insert("url".to_owned(), Value::String(url));
    }
    if let Some(animated) = media.animated {
        rest.insert("animated".to_owned(), Value::Bool(animated));
    }
    Mapped {
        content: Content::Media(Media {
            kind,
            source: MediaRef::Id(media.id.unwrap_or_default()),
            caption: media.caption,
            filename: media.filename,
            mime_type: media.mime_type,
            sha256: media.sha256,
        }),
        rest: Value::Object(rest),
    }
}

fn of_location(place: wire::Location) -> Mapped {
    let mut rest = place.extra;
    if let Some(url) = place.url {
        rest.insert("url".to_owned(), Value::String(url));
    }
    Mapped {
        content: Content::Location(Location {
            latitude: place.latitude.unwrap_or_default(),
            longitude: place.longitude.unwrap_or_default(),
            name: place.name,
            address: place.address,
        }),
        rest: Value::Object(rest),
    }
}

fn of_card(card: wire::ContactCard) -> ContactCard {
    let native = json(&card);
    let name = card.name.unwrap_or_default();
    let spelled = || {
        let parts = [name.first_name, name.last_name];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    ContactCard {
        name: name.formatted_name.unwrap_or_else(spelled),
        phones: card.phones.unwrap_or_default().into_iter().filter_map(|phone| phone.phone.or(phone.wa_id)).collect(),
        emails: card.emails.unwrap_or_default().into_iter().filter_map(|email| email.email).collect(),
        native: Some(native),
    }
}

/// The pressed button or chosen row, taken out of its reply.
fn chosen(reply: &mut InteractiveReply) -> Option<wire::Choice> {
    let choice = match reply.kind.as_deref() {
        Some("button_reply") => &mut reply.button_reply,
        Some("list_reply") => &mut reply.list_reply,
        _ => return None,
    };
    choice.take_if(|choice| choice.id.is_some())
}

fn of_choice(choice: wire::Choice, reply: InteractiveReply) -> Mapped {
    let mut rest = reply.extra;
    rest.extend(choice.extra);
    Mapped {
        content: Content::Choice {
            id: choice.id.unwrap_or_default(),
            title: choice.title.unwrap_or_default(),
            description: choice.description,
        },
        rest: Value::Object(rest),
    }
}

fn of_edit(edit: wire::Edit) -> Mapped {
    let mut rest = edit.extra;
    let edited = edit.message.unwrap_or_default();
    let raw = json(&edited);
    let EditedMessage { kind, content, extra } = edited;
    let content = match content.map(|content| map(*content)) {
        Some(Ok(mapped)) => {
            let mut unmapped = extra;
            if let Value::Object(members) = mapped.rest
                && !members.is_empty()
            {
                unmapped.insert(kind, Value::Object(members));
            }
            if !unmapped.is_empty() {
                rest.insert("message".to_owned(), Value::Object(unmapped));
            }
            mapped.content
        }
        Some(Err(_)) | None => Content::Other { kind, raw },
    };
    Mapped {
        content: Content::Revision {
            target: edit.original_message_id.unwrap_or_default(),
            content: Some(Box::new(content)),
        },
        rest: Value::Object(rest),
    }
}
