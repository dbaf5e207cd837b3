//! What a customer can send.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Meta, media::Stored};

/// The content of a message from a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text {
        /// The words.
        body: String,
    },
    /// A file, which can be downloaded from the simulator for seven days.
    Media {
        /// Which kind of message carries it.
        kind: MediaKind,
        /// Its bytes, base64 in JSON.
        #[serde(with = "base64_bytes")]
        data: Bytes,
        /// Its media type, for instance `audio/ogg; codecs=opus`.
        mime_type: String,
        /// The text under it.
        #[serde(default)]
        caption: Option<String>,
        /// The name of a document.
        #[serde(default)]
        filename: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The name of the place.
        #[serde(default)]
        name: Option<String>,
        /// The address.
        #[serde(default)]
        address: Option<String>,
    },
    /// A reaction to a message.
    Reaction {
        /// The message.
        message_id: String,
        /// The emoji; absent where the reaction is taken back.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// A tap on a quick-reply button of a template.
    Button {
        /// What the button carries.
        payload: String,
        /// What it says.
        text: String,
    },
    /// A tap on a button of an interactive message.
    ButtonReply {
        /// The id of the button.
        id: String,
        /// What it says.
        title: String,
    },
    /// A choice from a list.
    ListReply {
        /// The id of the row.
        id: String,
        /// Its title.
        title: String,
        /// Its description.
        #[serde(default)]
        description: Option<String>,
    },
    /// Contact cards in Meta's own form.
    Contacts {
        /// The cards.
        contacts: Vec<Value>,
    },
    /// A kind that the API cannot show: `unsupported` with error 131051.
    Unsupported {
        /// What it was on the phone, for instance `poll_creation`.
        kind: String,
    },
    /// Any other kind, the fields of its object as they are.
    Other {
        /// The value of `type`.
        kind: String,
        /// The object under the name of the type.
        value: Value,
    },
}

/// As what WhatsApp shows a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A sound file.
    Audio,
    /// A voice message.
    Voice,
    /// A film.
    Video,
    /// A document.
    Document,
    /// A sticker.
    Sticker,
}

impl Content {
    /// Puts the type and its object into the element of a webhook.
    pub(crate) fn write(self, meta: &Meta, message: &mut Map<String, Value>) {
        if let Self::Unsupported { .. } = self {
            let error = json!({
                "code": 131_051,
                "title": "Message type unknown",
                "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            });
            message.insert("errors".to_owned(), json!([error]));
        }
        let (kind, value) = self.into_object(meta);
        message.insert("type".to_owned(), json!(kind));
        message.insert(kind, value);
    }

    /// The type and the object under its name.
    fn into_object(self, meta: &Meta) -> (String, Value) {
        let (kind, value) = match self {
            Self::Text { body } => ("text", json!({"body": body})),
            Self::Media { kind, data, mime_type, caption, filename } => {
                let stored = meta.store_inbound(data, &mime_type);
                (kind.message_type(), media_object(kind, &stored, caption, filename))
            }
            Self::Location { latitude, longitude, name, address } => {
                ("location", json!({"latitude": latitude, "longitude": longitude, "name": name, "address": address}))
            }
            Self::Reaction { message_id, emoji } => ("reaction", json!({"message_id": message_id, "emoji": emoji})),
            Self::Button { payload, text } => ("button", json!({"payload": payload, "text": text})),
            Self::ButtonReply { id, title } => {
                ("interactive", json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}))
            }
            Self::ListReply { id, title, description } => {
                let row = json!({"id": id, "title": title, "description": description});
                ("interactive", json!({"type": "list_reply", "list_reply": without_nulls(row)}))
            }
            Self::Contacts { contacts } => ("contacts", Value::Array(contacts)),
            Self::Unsupported { kind } => ("unsupported", json!({"type": kind})),
            Self::Other { kind, value } => return (kind, value),
        };
        (kind.to_owned(), without_nulls(value))
    }
}

impl MediaKind {
    fn message_type(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio | Self::Voice => "audio",
            Self::Video => "video",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

fn media_object(kind: MediaKind, stored: &Stored, caption: Option<String>, filename: Option<String>) -> Value {
    let mut object = without_nulls(json!({
        "caption": caption,
        "filename": filename,
        "mime_type": stored.mime_type,
        "sha256": STANDARD.encode(stored.sha256),
        "id": stored.id,
        "url": stored.url,
    }));
    match kind {
        MediaKind::Audio => object["voice"] = json!(false),
        MediaKind::Voice => object["voice"] = json!(true),
        MediaKind::Sticker => object["animated"] = json!(false),
        MediaKind::Image | MediaKind::Video | MediaKind::Document => {}
    }
    object
}

/// Meta leaves a field out where it has nothing to say.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map(Bytes::from).map_err(Error::custom)
    }
}
