//! A customer writes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{Refused, ledger::Subject};

use super::{
    Meta,
    config::Customer,
    ids::{self, Author},
    media::Stored,
    outbox::Update,
};

/// A message from a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbound {
    /// The number written to; the first default one where JSON leaves it out.
    #[serde(default = "first_number")]
    pub phone_number_id: String,
    /// Who writes.
    pub from: Customer,
    /// What.
    pub content: Content,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The message id; made up where absent. The same id twice is what a repetition looks like.
    #[serde(default)]
    pub id: Option<String>,
    /// Further fields of the message element (`referral`, `group_id` …).
    #[serde(default)]
    pub extra: Map<String, Value>,
}

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

/// The kinds of media.
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

impl Inbound {
    /// A message without further detail.
    #[must_use]
    pub fn new(phone_number_id: impl Into<String>, from: Customer, content: Content) -> Self {
        Self {
            phone_number_id: phone_number_id.into(),
            from,
            content,
            reply_to: None,
            id: None,
            extra: Map::new(),
        }
    }

    /// As an answer to a message.
    #[must_use]
    pub fn reply_to(mut self, message_id: impl Into<String>) -> Self {
        self.reply_to = Some(message_id.into());
        self
    }

    /// With this id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl Meta {
    /// A customer writes words; returns the id of the message. Its webhook goes out in the background.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`].
    pub fn inbound_text(
        &self,
        phone_number_id: &str,
        from: &Customer,
        body: impl Into<String>,
    ) -> Result<String, Refused> {
        let content = Content::Text { body: body.into() };
        self.inbound(Inbound::new(phone_number_id, from.clone(), content))
    }

    /// A customer writes; returns the id of the message. Its webhook goes out in the background.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`].
    pub fn inbound(&self, inbound: Inbound) -> Result<String, Refused> {
        let now = self.core().now();
        let phone_id = inbound.phone_number_id.clone();
        let update = self.message_update(inbound, now)?;
        let id = update.subject.id.clone();
        self.publish(Some(&phone_id), update);
        Ok(id)
    }

    /// Lets a customer's last message be now: free-form messages to them are delivered for 24 hours.
    pub fn open_window(&self, phone_number_id: &str, from: &Customer) {
        let now = self.core().now();
        self.state(|state| state.open_window(phone_number_id, &from.key(), now));
    }

    /// Tells the app about any other field (`message_template_status_update`, `account_update` …).
    ///
    /// # Errors
    /// [`Refused::Invalid`] where no such account is configured.
    pub fn emit(&self, waba_id: &str, field: &str, value: Value) -> Result<(), Refused> {
        if self.settings().meta.waba(waba_id).is_none() {
            return Err(Refused::Invalid(format!(
                "no account has the id {waba_id:?}"
            )));
        }
        let subject = Subject {
            kind: field.to_owned(),
            id: waba_id.to_owned(),
            status: None,
        };
        self.publish(
            None,
            Update {
                waba_id: waba_id.to_owned(),
                field: field.to_owned(),
                value,
                subject,
            },
        );
        Ok(())
    }

    pub(crate) fn message_update(
        &self,
        inbound: Inbound,
        at: OffsetDateTime,
    ) -> Result<Update, Refused> {
        let (waba_id, mut value) = self.messages_value(&inbound.phone_number_id)?;
        let customer = &inbound.from;
        let fresh = || ids::message(self.core(), Author::Customer, &customer.key());
        let id = inbound.id.clone().unwrap_or_else(fresh);
        self.open_window(&inbound.phone_number_id, customer);
        let with_user_id = self.settings().meta.user_ids || customer.wa_id.is_none();
        let mut message = Map::new();
        if let Some(reply_to) = &inbound.reply_to {
            let business = value.pointer("/metadata/display_phone_number").cloned();
            message.insert(
                "context".to_owned(),
                json!({"from": business, "id": reply_to}),
            );
        }
        if let Some(wa_id) = &customer.wa_id {
            message.insert("from".to_owned(), json!(wa_id));
        }
        if with_user_id {
            message.insert("from_user_id".to_owned(), json!(customer.user_id()));
        }
        message.insert("id".to_owned(), json!(id));
        message.insert(
            "timestamp".to_owned(),
            json!(at.unix_timestamp().to_string()),
        );
        self.write_content(&mut message, inbound.content);
        message.extend(inbound.extra);
        value["contacts"] = json!([customer.contact(with_user_id)]);
        value["messages"] = json!([message]);
        Ok(Update {
            waba_id,
            field: "messages".to_owned(),
            value,
            subject: Subject {
                kind: "message".to_owned(),
                id,
                status: None,
            },
        })
    }

    /// Puts the type and its object into a message.
    fn write_content(&self, message: &mut Map<String, Value>, content: Content) {
        let (kind, value) = match content {
            Content::Text { body } => ("text".to_owned(), json!({"body": body})),
            Content::Media {
                kind,
                data,
                mime_type,
                caption,
                filename,
            } => {
                let stored = self.store_inbound(data, &mime_type);
                (
                    kind.message_type().to_owned(),
                    media_object(kind, &stored, caption, filename),
                )
            }
            Content::Location {
                latitude,
                longitude,
                name,
                address,
            } => (
                "location".to_owned(),
                without_nulls(
                    json!({"latitude": latitude, "longitude": longitude, "name": name, "address": address}),
                ),
            ),
            Content::Reaction { message_id, emoji } => (
                "reaction".to_owned(),
                without_nulls(json!({"message_id": message_id, "emoji": emoji})),
            ),
            Content::Button { payload, text } => (
                "button".to_owned(),
                json!({"payload": payload, "text": text}),
            ),
            Content::ButtonReply { id, title } => (
                "interactive".to_owned(),
                json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}),
            ),
            Content::ListReply {
                id,
                title,
                description,
            } => (
                "interactive".to_owned(),
                json!({"type": "list_reply",
                    "list_reply": without_nulls(json!({"id": id, "title": title, "description": description}))}),
            ),
            Content::Contacts { contacts } => ("contacts".to_owned(), Value::Array(contacts)),
            Content::Unsupported { kind } => {
                message.insert(
                    "errors".to_owned(),
                    json!([{
                        "code": 131_051,
                        "title": "Message type unknown",
                        "message": "Message type unknown",
                        "error_data": {"details": "Message type is currently not supported."},
                    }]),
                );
                ("unsupported".to_owned(), json!({"type": kind}))
            }
            Content::Other { kind, value } => (kind, value),
        };
        message.insert("type".to_owned(), json!(kind));
        message.insert(kind, value);
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

fn media_object(
    kind: MediaKind,
    stored: &Stored,
    caption: Option<String>,
    filename: Option<String>,
) -> Value {
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

fn first_number() -> String {
    super::PHONE_ID.to_owned()
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
        STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(Error::custom)
    }
}
