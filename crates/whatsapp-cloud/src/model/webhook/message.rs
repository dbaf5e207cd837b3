//! A message: from a user, from another app of ours, or from an import.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::error_object::ErrorObject;

use super::{
    content::MessageContent,
    member::{Member, Timestamp, take, wire},
};

/// A message, as an element of `messages`, `message_echoes` or a thread of `history`.
///
/// Phone number and user id are each optional: somebody with a username may show no number.
///
/// *See [WhatsApp docs/Messages webhook](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages)*
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The message id (`wamid.…`).
    pub id: String,
    /// The type as it was written; empty where there was none.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The sender's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The sender's user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_user_id: Option<String>,
    /// The recipient's phone number, for messages of the business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The recipient's user id, for messages of the business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_user_id: Option<String>,
    /// The group that it was written in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// What it says; `None` for a type that this version does not know.
    #[serde(flatten)]
    pub content: Option<Box<MessageContent>>,
    /// What it answers, or that it was forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The advertisement that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// Why its content is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<ErrorObject>>,
    /// The members that this version does not know or could not read, as they came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Member for Message {
    /// A message is an object with an id; everything else may be absent.
    fn fits(value: &Value) -> bool {
        value.get("id").is_some_and(String::fits)
    }

    fn read(value: Value) -> Option<Self> {
        let Value::Object(mut map) = value else {
            return None;
        };
        let id = take(&mut map, "id")?;
        let kind: String = take(&mut map, "type").unwrap_or_default();
        Some(Self {
            id,
            content: MessageContent::take(&kind, &mut map).map(Box::new),
            kind,
            timestamp: take(&mut map, "timestamp"),
            from: take(&mut map, "from"),
            from_user_id: take(&mut map, "from_user_id"),
            to: take(&mut map, "to"),
            to_user_id: take(&mut map, "to_user_id"),
            group_id: take(&mut map, "group_id"),
            context: take(&mut map, "context"),
            referral: take(&mut map, "referral"),
            errors: take(&mut map, "errors"),
            extra: map,
        })
    }
}

wire! {
    /// What a message answers, or that it was forwarded; the variants exclude each other.
    Context {
        /// The id of the message that it answers.
        id: String,
        /// Who wrote that message.
        from: String,
        /// Whether it was forwarded.
        forwarded: bool,
        /// Whether it was forwarded many times.
        frequently_forwarded: bool,
        /// The product that the user asks about.
        referred_product: ReferredProduct,
    }

    /// A product of a catalogue.
    ReferredProduct {
        /// The catalogue.
        catalog_id: String,
        /// The product.
        product_retailer_id: String,
    }

    /// The advertisement or post that a conversation began with.
    Referral {
        /// Its address.
        source_url: String,
        /// Meta's id of the advertisement or post.
        source_id: String,
        /// `ad` or `post`.
        source_type: String,
        /// Its headline.
        headline: String,
        /// The words of the advertisement or post.
        body: String,
        /// `image` or `video`.
        media_type: String,
        /// The picture.
        image_url: String,
        /// The film.
        video_url: String,
        /// The film's thumbnail.
        thumbnail_url: String,
        /// The id of the click.
        ctwa_clid: String,
        /// The greeting that was shown.
        welcome_message: Value,
    }
}

/// A message of an import, with the thread that it stands in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryMessage {
    /// The message.
    pub message: Message,
    /// The thread.
    pub thread: HistoryThread,
    /// Which part of the import this is (`phase`, `chunk_order`, `progress`), as it came.
    pub chunk: Value,
}

wire! {
    /// A thread of an import: what the business and one user wrote to each other.
    HistoryThread {
        /// The user's phone number or user id.
        id: String,
        /// How else the user is known.
        context: ThreadContext,
    }

    /// How the user of a thread is known.
    ThreadContext {
        /// The phone number.
        wa_id: String,
        /// The user id.
        user_id: String,
        /// The username.
        username: String,
    }
}
