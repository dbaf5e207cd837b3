//! What a message says.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use crate::{
    limits,
    model::{
        Extra,
        contact::Contact,
        interactive::Interactive,
        location::Location,
        media::Media,
        scalar::Scalar,
        template_message::TemplateMessage,
        typed,
        validate::{count, refuse, required},
    },
};

typed! {
    /// What a message says.
    pub enum Content {
        /// A text.
        Text(Text) = "text",
        /// An image.
        Image(Media) = "image",
        /// A sound or voice note.
        Audio(Media) = "audio",
        /// A film.
        Video(Media) = "video",
        /// A document.
        Document(Media) = "document",
        /// A sticker.
        Sticker(Media) = "sticker",
        /// A place.
        Location(Location) = "location",
        /// Contact cards.
        Contacts(Vec<Contact>) = "contacts",
        /// A reaction.
        Reaction(Reaction) = "reaction",
        /// A pin in a group.
        Pin(Pin) = "pin",
        /// Buttons, a list, a link …
        Interactive(Box<Interactive>) = "interactive",
        /// A template.
        Template(TemplateMessage) = "template",
    }
}

impl Content {
    pub(super) fn validate(&self) -> Result<()> {
        match self {
            Self::Text(text) => required("text.body", &text.body, limits::TEXT),
            Self::Image(media)
            | Self::Audio(media)
            | Self::Video(media)
            | Self::Document(media)
            | Self::Sticker(media) => media.validate(self.kind()),
            Self::Location(location) => check_location(location),
            Self::Contacts(contacts) => {
                count("contacts", contacts.len(), 1, limits::CONTACTS)?;
                contacts.iter().try_for_each(|contact| {
                    required("contacts.name.formatted_name", &contact.name.formatted_name, usize::MAX)
                })
            }
            Self::Reaction(reaction) => required("reaction.message_id", &reaction.message_id, usize::MAX),
            Self::Pin(pin) => required("pin.message_id", &pin.message_id, usize::MAX),
            Self::Interactive(interactive) => interactive.validate(),
            Self::Template(template) => template.validate(),
            // What is not known cannot be judged.
            Self::Other => Ok(()),
        }
    }
}

fn check_location(location: &Location) -> Result<()> {
    for (field, value, most) in
        [("location.latitude", &location.latitude, 90.0), ("location.longitude", &location.longitude, 180.0)]
    {
        if !value.as_f64().is_some_and(|degrees| degrees.abs() <= most) {
            return Err(refuse(field, format!("{field} is not between -{most} and {most}")));
        }
    }
    Ok(())
}

/// Words, with a preview of the first address in them where that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Text {
    /// The text: at most 4,096 characters.
    pub body: String,
    /// Whether the first link is shown with a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<bool>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Text {
    /// A text without preview.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), preview_url: None, extra: Extra::new() }
    }

    /// Whether the first link is shown with a preview.
    #[must_use]
    pub fn preview(mut self, preview: bool) -> Self {
        self.preview_url = Some(preview);
        self
    }
}

impl From<&str> for Text {
    fn from(body: &str) -> Self {
        Self::new(body)
    }
}

impl From<String> for Text {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

/// An emoji at a message that was sent before; without one it is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reaction {
    /// The message reacted to.
    pub message_id: String,
    /// The emoji; empty takes the reaction back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A pin in a group.
///
/// *See [WhatsApp docs/Groups messaging](https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/groups-messaging)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pin {
    /// `pin` or `unpin`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The message.
    pub message_id: String,
    /// For how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_days: Option<Scalar>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}
