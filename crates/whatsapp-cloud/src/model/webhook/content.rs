//! What a message says, by its type.

use serde::Serialize;
use serde_json::{Map, Value};

use super::member::{Member, take, wire};

/// The content of a [`Message`](super::Message), in the member that its type names.
///
/// A type that is not listed here (`unsupported`, `request_welcome`, `media_placeholder`, whatever comes next) leaves the
/// message's [`content`](super::Message::content) empty; its members are in [`extra`](super::Message::extra).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MessageContent {
    /// Text.
    Text(Text),
    /// An image.
    Image(Media),
    /// A recording; a voice note where [`Media::voice`] says so.
    Audio(Media),
    /// A voice note, as older versions call it.
    Voice(Media),
    /// A film.
    Video(Media),
    /// A file.
    Document(Media),
    /// A sticker.
    Sticker(Media),
    /// A place.
    Location(Location),
    /// Contact cards.
    Contacts(Vec<ContactCard>),
    /// A reaction, or the end of one.
    Reaction(Reaction),
    /// A quick-reply button of a template was pressed.
    Button(ButtonReply),
    /// A choice, a filled-in flow, an answer to a request.
    Interactive(InteractiveReply),
    /// A cart.
    Order(Order),
    /// News of the user's number or id.
    System(System),
    /// An earlier message was edited.
    Edit(Edit),
    /// An earlier message was withdrawn.
    Revoke(Revoke),
}

impl MessageContent {
    /// Moves the member that `kind` names out of `map`.
    pub(super) fn take(kind: &str, map: &mut Map<String, Value>) -> Option<Self> {
        Some(match kind {
            "text" => Self::Text(take(map, kind)?),
            "image" => Self::Image(take(map, kind)?),
            "audio" => Self::Audio(take(map, kind)?),
            "voice" => Self::Voice(take(map, kind)?),
            "video" => Self::Video(take(map, kind)?),
            "document" => Self::Document(take(map, kind)?),
            "sticker" => Self::Sticker(take(map, kind)?),
            "location" => Self::Location(take(map, kind)?),
            "contacts" => Self::Contacts(take(map, kind)?),
            "reaction" => Self::Reaction(take(map, kind)?),
            "button" => Self::Button(take(map, kind)?),
            "interactive" => Self::Interactive(take(map, kind)?),
            "order" => Self::Order(take(map, kind)?),
            "system" => Self::System(take(map, kind)?),
            "edit" => Self::Edit(take(map, kind)?),
            "revoke" => Self::Revoke(take(map, kind)?),
            _ => return None,
        })
    }
}

wire! {
    /// Text.
    Text {
        /// What the user wrote, at most 4,096 characters.
        body: String,
    }

    /// Media. Its bytes are fetched by id, within seven days.
    Media {
        /// The media id.
        id: String,
        /// The media type, for instance `audio/ogg; codecs=opus`.
        mime_type: String,
        /// The SHA-256 of the bytes in base64.
        sha256: String,
        /// The text with it.
        caption: String,
        /// The file's name.
        filename: String,
        /// Where it can be fetched for a few minutes, with the access token.
        url: String,
        /// Whether a recording is a voice note.
        voice: bool,
        /// Whether a sticker moves.
        animated: bool,
    }

    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// What the place is called; only of places that were chosen from a list.
        name: String,
        /// Its address.
        address: String,
        /// A page about it.
        url: String,
    }

    /// A contact card.
    ContactCard {
        /// Whose card it is.
        name: CardName,
        /// Phone numbers.
        phones: Vec<CardPhone>,
        /// E-mail addresses.
        emails: Vec<CardEmail>,
    }

    /// The name on a card.
    CardName {
        /// The whole name.
        formatted_name: String,
        /// The given name.
        first_name: String,
        /// The family name.
        last_name: String,
    }

    /// A number on a card.
    CardPhone {
        /// The number as written.
        phone: String,
        /// The number as WhatsApp knows it.
        wa_id: String,
        /// `MOBILE`, `WORK` …
        kind as "type": String,
    }

    /// An e-mail address on a card.
    CardEmail {
        /// The address.
        email: String,
        /// `WORK`, `HOME` …
        kind as "type": String,
    }

    /// A reaction.
    Reaction {
        /// The id of the message reacted to.
        message_id: String,
        /// The emoji; absent or empty where the reaction was taken back.
        emoji: String,
    }

    /// A pressed quick-reply button of a template.
    ButtonReply {
        /// What was set when the template was sent.
        payload: String,
        /// What the button says.
        text: String,
    }

    /// An answer to an interactive message; one of the replies, as the type says.
    InteractiveReply {
        /// `button_reply`, `list_reply`, `nfm_reply`, `call_permission_reply` …
        kind as "type": String,
        /// The pressed button.
        button_reply: Choice,
        /// The chosen row.
        list_reply: Choice,
        /// A filled-in flow or address.
        nfm_reply: NfmReply,
        /// Whether the business may call.
        call_permission_reply: Value,
    }

    /// A pressed button or chosen row.
    Choice {
        /// The id that the button or row was sent with.
        id: String,
        /// Its title.
        title: String,
        /// Its description, for a row.
        description: String,
    }

    /// A filled-in flow or address.
    NfmReply {
        /// `flow`, `address_message` or the flow's name.
        name: String,
        /// What the user sees.
        body: String,
        /// The answers: JSON in text.
        response_json: String,
    }

    /// A cart.
    Order {
        /// The catalogue.
        catalog_id: String,
        /// What the user wrote with it.
        text: String,
        /// What is in it.
        product_items: Vec<OrderItem>,
    }

    /// A line of a cart.
    OrderItem {
        /// The product.
        product_retailer_id: String,
        /// How many.
        quantity: String,
        /// What one costs.
        item_price: String,
        /// In which currency.
        currency: String,
    }

    /// News of the user's number or id.
    System {
        /// `user_changed_number`, `user_changed_user_id` …
        kind as "type": String,
        /// What WhatsApp says about it.
        body: String,
        /// The number now.
        wa_id: String,
        /// The number now, as older versions call it.
        new_wa_id: String,
        /// The user id now.
        user_id: String,
        /// The parent account's user id now.
        parent_user_id: String,
        /// The user id before.
        previous_user_id: String,
        /// The parent account's user id before.
        previous_parent_user_id: String,
    }

    /// An edit.
    Edit {
        /// The id of the message that was edited.
        original_message_id: String,
        /// What it says now.
        message: EditedMessage,
    }

    /// A withdrawal.
    Revoke {
        /// The id of the message that was withdrawn.
        original_message_id: String,
    }
}

/// What an edited message says now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EditedMessage {
    /// Which type the message has now, as in `text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its content; `None` for a type that this version does not know.
    #[serde(flatten)]
    pub content: Option<Box<MessageContent>>,
    /// The members that this version does not know or could not read, as they came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Member for EditedMessage {
    fn fits(value: &Value) -> bool {
        value.is_object()
    }

    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Object(mut map) => {
                let kind: String = take(&mut map, "type").unwrap_or_default();
                Some(Self { content: MessageContent::take(&kind, &mut map).map(Box::new), kind, extra: map })
            }
            _ => None,
        }
    }
}
