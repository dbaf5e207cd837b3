//! What a message says, in terms that several channels share.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, Email};

/// The content of a message, inbound or outbound.
///
/// What only one provider knows is [`Native`](Self::Native) on the way out and [`Other`](Self::Other) on the way in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Plain text.
    Text {
        /// The text; its limit is the channel's.
        body: String,
        /// Whether the first link is shown with a preview, where the channel can.
        #[serde(default, skip_serializing_if = "is_false")]
        preview_url: bool,
    },
    /// An image, a recording, a document …
    Media(Media),
    /// Text with any number of files: MMS.
    Files(Files),
    /// An e-mail. Boxed: it is far larger than the rest.
    Email(Box<Email>),
    /// A pre-approved template with its values.
    Template(Template),
    /// Buttons, a list, a link …
    Interactive(Interactive),
    /// What the other party chose of buttons or a list.
    Choice {
        /// The id of the chosen button or row.
        id: String,
        /// Its title.
        title: String,
        /// Its description, for a list row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// A reaction to another message.
    Reaction(Reaction),
    /// A place.
    Location(Location),
    /// Contact cards.
    Contacts {
        /// The cards.
        contacts: Vec<ContactCard>,
    },
    /// A phone call.
    Call(Call),
    /// A change of an earlier message: edited or withdrawn.
    Revision {
        /// The provider's id of the earlier message.
        target: String,
        /// The new content; `None` where it was withdrawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Box<Content>>,
    },
    /// The provider's own body, for what only it knows. Checked by the provider's crate.
    Native {
        /// The provider's body.
        body: Value,
    },
    /// A type that is not (yet) understood, kept as it came.
    Other {
        /// The provider's name of the type.
        kind: String,
        /// The element as it came.
        raw: Value,
    },
}

impl Content {
    /// What a search looks through: [`summary`](Self::summary), and of an e-mail the subject too.
    #[must_use]
    pub fn searched(&self) -> String {
        match self {
            Self::Email(mail) if mail.text.is_some() => format!("{}\n{}", mail.subject, self.summary()),
            _ => self.summary(),
        }
    }

    /// Plain text without preview.
    pub fn text(body: impl Into<String>) -> Self {
        Self::Text { body: body.into(), preview_url: false }
    }

    /// What a person reads of it in a list: the text, the caption, the title … Empty where there is nothing to read.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Text { body, .. } => body.clone(),
            Self::Media(media) => media.caption.clone().or_else(|| media.filename.clone()).unwrap_or_default(),
            Self::Files(files) => files.body.clone().filter(|body| !body.is_empty()).unwrap_or_else(|| {
                let names: Vec<&str> = files.files.iter().filter_map(|file| file.filename.as_deref()).collect();
                names.join(", ")
            }),
            Self::Email(mail) => {
                let written = mail.text.clone().filter(|text| !text.trim().is_empty());
                written.unwrap_or_else(|| mail.subject.clone())
            }
            Self::Template(template) => template.rendered.clone().unwrap_or_else(|| {
                let values: Vec<&str> = template.parameters.iter().filter_map(TemplateParameter::text).collect();
                format!("[{}] {}", template.name, values.join(" · ")).trim_end().to_owned()
            }),
            Self::Interactive(interactive) => interactive.body.clone(),
            Self::Choice { title, .. } => title.clone(),
            Self::Reaction(reaction) => reaction.emoji.clone().unwrap_or_default(),
            Self::Location(location) => location
                .name
                .clone()
                .or_else(|| location.address.clone())
                .unwrap_or_else(|| format!("{},{}", location.latitude, location.longitude)),
            Self::Contacts { contacts } => {
                let names: Vec<&str> = contacts.iter().map(|c| c.name.as_str()).collect();
                names.join(", ")
            }
            Self::Call(_) => String::new(),
            Self::Revision { content, .. } => content.as_ref().map(|c| c.summary()).unwrap_or_default(),
            Self::Native { body } => {
                body.pointer("/interactive/body/text").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            Self::Other { kind, .. } => format!("[{kind}]"),
        }
    }

    /// The name of the type, as in its JSON `type`; for media the kind of media.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Text { .. } => "text",
            Self::Media(media) => media.kind.as_str(),
            Self::Files(_) => "files",
            Self::Email(_) => "email",
            Self::Template(_) => "template",
            Self::Interactive(_) => "interactive",
            Self::Choice { .. } => "choice",
            Self::Reaction(_) => "reaction",
            Self::Location(_) => "location",
            Self::Contacts { .. } => "contacts",
            Self::Call(_) => "call",
            Self::Revision { .. } => "revision",
            Self::Native { .. } => "native",
            Self::Other { .. } => "other",
        }
    }

    /// The files that belong to it, in their order.
    #[must_use]
    pub fn files(&self) -> &[Media] {
        match self {
            Self::Media(media) => std::slice::from_ref(media),
            Self::Files(files) => &files.files,
            Self::Email(mail) => &mail.files,
            _ => &[],
        }
    }
}

/// What kind of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A still image.
    Image,
    /// Sound.
    Audio,
    /// A voice note.
    Voice,
    /// Film.
    Video,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// The kind of a file of this media type; what is neither image, sound nor film is a document.
    ///
    /// ```
    /// # use comms_core::MediaKind;
    /// assert_eq!(MediaKind::of("Audio/ogg; codecs=opus"), MediaKind::Audio);
    /// assert_eq!(MediaKind::of("application/pdf"), MediaKind::Document);
    /// ```
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        let family = media_type.split('/').next().unwrap_or_default().trim();
        let families = [("image", Self::Image), ("audio", Self::Audio), ("video", Self::Video)];
        let known = families.into_iter().find(|(name, _)| family.eq_ignore_ascii_case(name));
        known.map_or(Self::Document, |(_, kind)| kind)
    }

    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// An image, a recording, a document …
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// What kind.
    pub kind: MediaKind,
    /// Where the bytes are.
    pub source: MediaRef,
    /// The text with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The media type, for instance `audio/ogg; codecs=opus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The provider's hash of the bytes, as it gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Text with any number of files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Files {
    /// The text with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The files.
    pub files: Vec<Media>,
}

/// Where media is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaRef {
    /// The provider's id: look it up, then fetch it with our credential.
    Id(String),
    /// A public address that the provider is to fetch (outbound).
    Url(String),
    /// A key in our own store.
    Blob(String),
}

/// A template that the provider approved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// The name under which the provider approved it; Twilio's is the content's id, `HX…`.
    pub name: String,
    /// Its language, for instance `es` or `es_MX`.
    pub language: String,
    /// The values of the body in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<TemplateParameter>,
    /// The values of the header, where it takes some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<TemplateParameter>,
    /// The provider's components, verbatim, for what the fields above cannot say; they replace them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Value>,
    /// The text as the recipient reads it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
}

/// One value of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateParameter {
    /// Text by position.
    Text(String),
    /// Text by name.
    Named {
        /// The parameter's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// An image, video or document (header).
    Media(Media),
    /// A place (header).
    Location(Location),
}

impl TemplateParameter {
    /// The text of it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Named { value: text, .. } => Some(text),
            Self::Media(_) | Self::Location(_) => None,
        }
    }
}

/// A message that asks for a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interactive {
    /// The line above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What is asked, above the choices. How long it may be says the channel's capabilities.
    pub body: String,
    /// The line below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// What is to be chosen.
    pub action: InteractiveAction,
}

/// What an [`Interactive`] message offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum InteractiveAction {
    /// Reply buttons.
    Buttons {
        /// The buttons.
        buttons: Vec<Button>,
    },
    /// A list that opens.
    List {
        /// The text on the button that opens it.
        button: String,
        /// The sections.
        sections: Vec<ListSection>,
    },
    /// A link.
    Url {
        /// The text on the button.
        text: String,
        /// The address.
        url: String,
    },
    /// Asks for the recipient's place.
    LocationRequest,
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back when it is pressed.
    pub id: String,
    /// What it says.
    pub title: String,
}

/// A section of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSection {
    /// Its title; may be left out where there is one section only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its rows.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// What comes back when it is chosen.
    pub id: String,
    /// What it says.
    pub title: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A reaction to another message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The provider's id of the message reacted to.
    pub target: String,
    /// The emoji; `None` takes the reaction back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What the place is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A contact card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactCard {
    /// The full name.
    pub name: String,
    /// Phone numbers as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// E-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// The provider's card, verbatim; on the way out it replaces the fields above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Value>,
}

/// A phone call to be placed, or one that took place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The number or client that calls; the account's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// Where the provider asks what to do with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_url: Option<String>,
    /// What to do with the call, in the provider's language (TwiML).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// How long it rings, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_seconds: Option<u32>,
    /// Whether to find out if a machine answers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub detect_machine: bool,
    /// Whether to record it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub record: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}
