//! A message to be sent.

use comms_http::{Error, ErrorKind, Outcome, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Extra,
    contact::Contact,
    interactive::Interactive,
    location::Location,
    media::Media,
    open_enum,
    template_message::TemplateMessage,
    validate::{at_most, refuse, required},
};
use crate::limits;

mod content;

pub use content::{Content, Pin, Reaction, Text};

/// A message to be sent: a content, a recipient and, where it answers another message, its context.
///
/// ```
/// use whatsapp_cloud::{Message, model::{interactive::Interactive, media::Media, template_message::TemplateMessage}};
///
/// let answer = Message::text("Hola, ¿en qué podemos ayudarle?").to("+34600000000").reply_to("wamid.HBgL");
/// let photo = Message::image(Media::id("1037543291543636").caption("Fachada")).to_user("ES.13491208655302741918");
/// let choice = Message::interactive(Interactive::buttons("¿Le va bien mañana?").button("yes", "Sí").button("no", "No"))
///     .to("+34600000000");
/// let reminder = Message::template(TemplateMessage::new("cita", "es").text("Ana").text("10:30"))
///     .to("+34600000000")
///     .callback_data("appointment-7");
/// # for message in [answer, photo, choice, reminder] { message.validate()?; }
/// # Ok::<(), whatsapp_cloud::Error>(())
/// ```
///
/// It is also the wire format: it reads and writes the body of the endpoint, with fields that it does not know kept in `extra`.
///
/// *See [WhatsApp docs/Send messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    messaging_product: Product,
    /// A person or a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<RecipientType>,
    /// The phone number or group. Where both this and `recipient` are given, Meta takes this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The business-scoped user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// A value of yours that comes back in the status webhooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biz_opaque_callback_data: Option<String>,
    /// Send only while the recipient's identity key has this hash (137000 otherwise).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_identity_key_hash: Option<String>,
    /// Absent only in bodies that were read without it: Meta then guesses.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(flatten)]
    content: Content,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// A text. Links get a preview with [`Text::preview`].
    pub fn text(text: impl Into<Text>) -> Self {
        Self::new(Content::Text(text.into()))
    }

    /// An image: JPEG or PNG.
    #[must_use]
    pub fn image(media: Media) -> Self {
        Self::new(Content::Image(media))
    }

    /// A sound.
    #[must_use]
    pub fn audio(media: Media) -> Self {
        Self::new(Content::Audio(media))
    }

    /// A voice note: Ogg with Opus, one channel.
    #[must_use]
    pub fn voice(mut media: Media) -> Self {
        media.voice = Some(true);
        Self::audio(media)
    }

    /// A film: MP4 or 3GPP.
    #[must_use]
    pub fn video(media: Media) -> Self {
        Self::new(Content::Video(media))
    }

    /// A file of any other type, shown with its name: 100 MB at most.
    #[must_use]
    pub fn document(media: Media) -> Self {
        Self::new(Content::Document(media))
    }

    /// A sticker: WebP.
    #[must_use]
    pub fn sticker(media: Media) -> Self {
        Self::new(Content::Sticker(media))
    }

    /// A place.
    #[must_use]
    pub fn location(location: Location) -> Self {
        Self::new(Content::Location(location))
    }

    /// Contact cards.
    #[must_use]
    pub fn contacts(contacts: Vec<Contact>) -> Self {
        Self::new(Content::Contacts(contacts))
    }

    /// A reaction to a message of at most 30 days ago that is not a reaction itself.
    pub fn reaction(message_id: impl Into<String>, emoji: impl Into<String>) -> Self {
        Self::new(Content::Reaction(Reaction { message_id: message_id.into(), emoji: Some(emoji.into()) }))
    }

    /// Takes a reaction back.
    pub fn remove_reaction(message_id: impl Into<String>) -> Self {
        Self::reaction(message_id, "")
    }

    /// Buttons, a list, a link, a flow, products …
    pub fn interactive(interactive: impl Into<Interactive>) -> Self {
        Self::new(Content::Interactive(Box::new(interactive.into())))
    }

    /// A pre-approved template: the only content outside of the 24-hour window.
    #[must_use]
    pub fn template(template: TemplateMessage) -> Self {
        Self::new(Content::Template(template))
    }

    /// Pins a message of a group for 1 to 30 days.
    pub fn pin(message_id: impl Into<String>, days: u8) -> Self {
        Self::new(Content::Pin(Pin {
            kind: "pin".to_owned(),
            message_id: message_id.into(),
            expiration_days: Some(days.into()),
            extra: Extra::new(),
        }))
    }

    /// Takes a pin back.
    pub fn unpin(message_id: impl Into<String>) -> Self {
        Self::new(Content::Pin(Pin {
            kind: "unpin".to_owned(),
            message_id: message_id.into(),
            expiration_days: None,
            extra: Extra::new(),
        }))
    }

    /// The endpoint's own body, for what this version does not build.
    ///
    /// # Errors
    /// `InvalidRequest` where a part that this version does know cannot be read.
    pub fn native(body: Value) -> Result<Self> {
        serde_json::from_value(body).map_err(|error| Error::invalid("the body is not a WhatsApp message").source(error))
    }

    fn new(content: Content) -> Self {
        Self {
            messaging_product: Product::WhatsApp,
            recipient_type: Some(RecipientType::Individual),
            to: None,
            recipient: None,
            context: None,
            biz_opaque_callback_data: None,
            recipient_identity_key_hash: None,
            kind: Some(content.kind().to_owned()),
            content,
            extra: Extra::new(),
        }
    }

    /// To a phone number. Write it with plus sign and country code: without the sign Meta puts the country code of your own
    /// number in front.
    #[must_use]
    pub fn to(mut self, phone: impl Into<String>) -> Self {
        self.to = Some(phone.into());
        self
    }

    /// To a person by their business-scoped user id (`CC.…`), which is opaque: send it back as it came.
    #[must_use]
    pub fn to_user(mut self, user_id: impl Into<String>) -> Self {
        self.recipient = Some(user_id.into());
        self
    }

    /// To all members of a group, by the id that Meta gave it.
    #[must_use]
    pub fn to_group(mut self, group_id: impl Into<String>) -> Self {
        self.recipient_type = Some(RecipientType::Group);
        self.to = Some(group_id.into());
        self
    }

    /// Quotes the message that it answers. The quote is not shown for reactions and for messages older than 30 days.
    #[must_use]
    pub fn reply_to(mut self, message_id: impl Into<String>) -> Self {
        self.context = Some(Context { message_id: message_id.into(), extra: Extra::new() });
        self
    }

    /// A value of yours, of at most 512 characters, that comes back in the status webhooks.
    #[must_use]
    pub fn callback_data(mut self, data: impl Into<String>) -> Self {
        self.biz_opaque_callback_data = Some(data.into());
        self
    }

    /// Sends only while the recipient's identity key has this hash.
    #[must_use]
    pub fn identity_key_hash(mut self, hash: impl Into<String>) -> Self {
        self.recipient_identity_key_hash = Some(hash.into());
        self
    }

    /// What is sent, without whom it goes to.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Checks everything that can be known before a request. [`send`](crate::api::Messages::send) does it first.
    ///
    /// # Errors
    /// `InvalidRequest`, or `InvalidRecipient` for the recipient, with the field.
    pub fn validate(&self) -> Result<()> {
        self.validate_recipient()?;
        if let Some(data) = &self.biz_opaque_callback_data {
            at_most("biz_opaque_callback_data", data, limits::CALLBACK_DATA)?;
        }
        if let Some(context) = &self.context {
            required("context.message_id", &context.message_id, usize::MAX)?;
        }
        match &self.kind {
            Some(kind) if self.content != Content::Other && kind != self.content.kind() => {
                return Err(refuse("type", format!("type is {kind}, but the content is not")));
            }
            Some(_) => {}
            None => return Err(refuse("type", "a message needs a type")),
        }
        self.content.validate()
    }

    fn validate_recipient(&self) -> Result<()> {
        let group = self.recipient_type == Some(RecipientType::Group);
        match (&self.to, &self.recipient) {
            (None, None) => Err(not_a_recipient("to", "the message has no recipient")),
            (Some(group_id), _) if group => match group_id.trim() {
                "" => Err(not_a_recipient("to", "the group has no id")),
                _ => Ok(()),
            },
            (Some(to), user) => {
                check_phone(to)?;
                user.as_deref().map_or(Ok(()), check_user)
            }
            (None, Some(user)) => check_user(user),
        }
    }
}

fn check_phone(to: &str) -> Result<()> {
    let digits = to.chars().filter(char::is_ascii_digit).count();
    let written = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ');
    let (least, most) = limits::PHONE_DIGITS;
    if to.chars().all(written) && (least..=most).contains(&digits) {
        return Ok(());
    }
    Err(not_a_recipient("to", "`to` is not a phone number; a user id goes into `recipient`"))
}

/// `CC.` and letters and digits, or `CC.ENT.` for the id of a parent account.
fn check_user(user: &str) -> Result<()> {
    let readable = user.split_once('.').is_some_and(|(country, id)| {
        let id = id.strip_prefix("ENT.").unwrap_or(id);
        country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=limits::USER_ID).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if readable {
        return Ok(());
    }
    Err(not_a_recipient("recipient", "`recipient` is not a user id of the form CC.xxxx"))
}

fn not_a_recipient(field: &str, message: &str) -> Error {
    Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, message).field(field)
}

/// The only product behind this endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Product {
    #[serde(rename = "whatsapp")]
    WhatsApp,
}

open_enum! {
    /// A person or a group.
    pub enum RecipientType {
        /// One person.
        Individual = "individual",
        /// A group.
        Group = "group",
    }
}

/// The message that is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Context {
    /// The answered message's `wamid.…`.
    pub message_id: String,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}
