//! From what a message says on the wire to what it says in the model.

use comms_core::{Content, Files, Location, Media, MediaKind, MediaRef};
use serde_json::{Map, Value};

use super::media;
use crate::webhook::{InboundMessage, MessageType};

/// The content in the model's terms, and the parameters that the model has no place for.
pub(super) struct Mapped {
    pub(super) content: Content,
    pub(super) rest: Map<String, Value>,
}

/// What stands elsewhere in the event: its ids, its writer, what it answers.
const ELSEWHERE: [&str; 11] = [
    "MessageSid",
    "SmsSid",
    "SmsMessageSid",
    "SmsStatus",
    "ApiVersion",
    "From",
    "ProfileName",
    "Username",
    "WaId",
    "ExternalUserId",
    "OriginalRepliedMessageSid",
];

/// Takes a message apart. A type without a counterpart in the model, and without words, is kept whole.
pub(super) fn of_message(message: &InboundMessage) -> Mapped {
    let mut rest = fields(message);
    ELSEWHERE.iter().for_each(|name| drop(rest.remove(*name)));
    let content = if let Some(choice) = choice(message, &mut rest) {
        choice
    } else if let Some(place) = place(message, &mut rest) {
        place
    } else if let Some(files) = files(message, &mut rest) {
        files
    } else {
        words(message, &mut rest)
    };
    if let Some(Value::String(count)) = rest.get("NumMedia")
        && *count == message.media().len().to_string()
    {
        rest.remove("NumMedia");
    }
    Mapped { content, rest }
}

/// All parameters in Twilio's names.
pub(super) fn fields(message: &InboundMessage) -> Map<String, Value> {
    match serde_json::to_value(message) {
        Ok(Value::Object(fields)) => fields,
        // Its keys are texts, so that it can be written.
        _ => Map::new(),
    }
}

/// A pressed button or a chosen row.
fn choice(message: &InboundMessage, rest: &mut Map<String, Value>) -> Option<Content> {
    let said = &message.whatsapp;
    let pairs = [
        (&said.button_payload, &said.button_text, ["ButtonPayload", "ButtonText"]),
        (&said.list_id, &said.list_title, ["ListId", "ListTitle"]),
    ];
    let (id, title, names) = pairs.into_iter().find(|(id, title, _)| id.is_some() || title.is_some())?;
    let title = title.clone().or_else(|| message.body.clone()).unwrap_or_default();
    names.iter().for_each(|name| drop(rest.remove(*name)));
    if message.body.as_ref() == Some(&title) {
        rest.remove("Body");
    }
    Some(Content::Choice { id: id.clone().unwrap_or_else(|| title.clone()), title, description: None })
}

fn place(message: &InboundMessage, rest: &mut Map<String, Value>) -> Option<Content> {
    let (latitude, longitude) = message.coordinates()?;
    ["Latitude", "Longitude", "Label", "Address"].iter().for_each(|name| drop(rest.remove(*name)));
    Some(Content::Location(Location {
        latitude,
        longitude,
        name: message.whatsapp.label.clone(),
        address: message.whatsapp.address.clone(),
    }))
}

/// One file is media with a caption, several are files with a text.
fn files(message: &InboundMessage, rest: &mut Map<String, Value>) -> Option<Content> {
    let mut files: Vec<Media> = message
        .media()
        .into_iter()
        .map(|file| Media {
            kind: kind(message.whatsapp.message_type.as_ref(), file.content_type),
            source: media::reference(file.url).unwrap_or_else(|| MediaRef::Url(file.url.to_owned())),
            caption: None,
            filename: None,
            mime_type: file.content_type.map(str::to_owned),
            sha256: None,
        })
        .collect();
    let body = message.body.clone();
    let content = match files.len() {
        0 => return None,
        1 => Content::Media(Media { caption: body, ..files.remove(0) }),
        _ => Content::Files(Files { body, files }),
    };
    // What came twice, with two values, is in no file.
    let is_one = |name: &str| message.extra.get(name).is_some_and(Value::is_string);
    rest.retain(|name, _| {
        let of_file = |number: &str| number.parse::<u32>().is_ok() && is_one(&format!("MediaUrl{number}"));
        let mut numbers = ["MediaUrl", "MediaContentType"].into_iter().filter_map(|prefix| name.strip_prefix(prefix));
        name != "Body" && !(is_one(name) && numbers.any(of_file))
    });
    Some(content)
}

fn kind(said: Option<&MessageType>, content_type: Option<&str>) -> MediaKind {
    match said {
        Some(MessageType::Sticker) => return MediaKind::Sticker,
        Some(MessageType::Document | MessageType::Contacts) => return MediaKind::Document,
        _ => {}
    }
    MediaKind::of(content_type.unwrap_or_default())
}

fn words(message: &InboundMessage, rest: &mut Map<String, Value>) -> Content {
    match (&message.body, &message.whatsapp.message_type) {
        (None, Some(kind)) if *kind != MessageType::Text => {
            Content::Other { kind: kind.as_str().to_owned(), raw: Value::Object(std::mem::take(rest)) }
        }
        (body, _) => {
            rest.remove("Body");
            Content::text(body.clone().unwrap_or_default())
        }
    }
}
