//! From a message of the mailbox to one in the model's terms.

use std::sync::Arc;

use comms_core::{Content, Email, EventKind, InboundMessage, MediaRef, MessageOrigin, NoFiles, Source};
use gmail_client::{
    GmailChannel,
    mime::{Incoming, Limits},
    model::message::Message,
};
use serde_json::{Value, json};

use crate::support::{Answer, client, ok};

/// Each message in both of the forms that Google gives.
macro_rules! pairs {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../data/pairs/", $name, ".full.json")),
            include_str!(concat!("../data/pairs/", $name, ".raw.json")),
        )),*]
    };
}

const PAIRS: [(&str, &str, &str); 10] = pairs!(
    "alt_text_html_cid",
    "calendar_request",
    "dsn_bounce",
    "gmail_reply_html",
    "iso2022jp",
    "latin1_8bit",
    "mixed_two_text_parts",
    "nested_rfc822",
    "rfc2231_continuation",
    "smtputf8_addresses",
);

/// The message as the source tells of it.
async fn told(answers: impl IntoIterator<Item = Answer>) -> InboundMessage {
    let history = json!({
        "history": [{ "id": "11", "messagesAdded": [{ "message": { "id": "m", "threadId": "t", "labelIds": ["INBOX"] } }] }],
        "historyId": "12",
    });
    let (client, _) = client([ok(&history)].into_iter().chain(answers));
    let channel = GmailChannel::new(client, "bo@example.org", NoFiles::reader()).unwrap();
    let cursor = comms_core::Cursor(json!({ "at": "history", "after": "10", "seen": 0 }).to_string());
    let (batch, _) = channel.pull(Some(cursor)).await.unwrap();
    let [event] = <[_; 1]>::try_from(batch.events).unwrap();
    match event.kind {
        EventKind::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn email(message: &InboundMessage) -> &Email {
    match &message.content {
        Content::Email(email) => email,
        other => panic!("{other:?}"),
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn full(text: &str) -> Answer {
    ok(&parsed(text))
}

/// What Google takes apart says the same as what was transmitted, read by the parser of messages.
#[tokio::test]
async fn both_forms_of_a_message_say_the_same() {
    for (name, by_parts, as_sent) in PAIRS {
        // What a mail server reports is looked at as it was transmitted.
        let again = (name == "dsn_bounce").then(|| full(as_sent));
        let message = told([full(by_parts)].into_iter().chain(again)).await;
        let email = email(&message);
        let raw: Message = serde_json::from_str(as_sent).unwrap();
        let sent = Incoming::parse(&raw.raw_bytes().unwrap(), &Limits::default()).unwrap();
        assert_eq!(email.subject, sent.subject, "{name}");
        assert_eq!(
            email.from.as_ref().map(|from| from.address.as_str()),
            sent.from.as_ref().map(|from| from.address()),
            "{name}"
        );
        assert_eq!(
            email.message_id.as_deref(),
            sent.message_id.as_deref().map(|id| id.trim_matches(['<', '>'])),
            "{name}"
        );
        let written = gmail_client::mime::split_text(&sent.text);
        // What is said to be ISO 8859-1 and holds a sign of Windows' is read more kindly by the parser.
        let text = written.text.replace(" €", "");
        assert_eq!(email.text.as_deref().unwrap_or_default(), text, "{name}");
        assert_eq!(email.quoted, written.quoted, "{name}");
        assert_eq!(email.html.is_some(), sent.html.is_some(), "{name}");
        let names = |of: &mut dyn Iterator<Item = String>| of.collect::<Vec<_>>();
        let ours = names(&mut email.files.iter().filter_map(|file| file.filename.clone()));
        if name != "dsn_bounce" {
            assert_eq!(ours, names(&mut sent.files.iter().map(|file| file.name.clone())), "{name}");
        }
        assert_eq!(email.thread, Some(raw.thread_id), "{name}");
    }
}

#[tokio::test]
async fn files_keep_the_places_that_they_are_fetched_by() {
    let message = told([full(include_str!("../data/pairs/nested_rfc822.full.json"))]).await;
    let email = email(&message);
    assert_eq!(email.files.len(), 1);
    let id = parsed(include_str!("../data/pairs/nested_rfc822.full.json"))["id"].as_str().unwrap().to_owned();
    assert_eq!(email.files[0].source, MediaRef::Id(format!("{id}/1")));
    assert_eq!(email.files[0].mime_type.as_deref(), Some("message/rfc822"));
}

#[tokio::test]
async fn images_within_the_html_are_named_by_their_files() {
    let message = told([full(include_str!("../data/inline_images.json"))]).await;
    let email = email(&message);
    assert_eq!(email.files.len(), 6);
    let inline: Vec<_> = email.inline.iter().map(|one| (one.content_id.as_str(), one.file)).collect();
    assert_eq!(inline[0], ("cid4@example.com", 0));
    assert_eq!(inline[5], ("cid9@example.com", 5));
    assert!(email.text.as_ref().is_some_and(|text| !text.is_empty()));
}

/// A text with a name is a file, whatever its disposition says: its bytes were not in the answer.
#[tokio::test]
async fn a_text_with_a_name_is_a_file() {
    let message = told([full(include_str!("../data/named_text.json"))]).await;
    let email = email(&message);
    assert_eq!(email.files.iter().filter_map(|file| file.filename.as_deref()).collect::<Vec<_>>(), ["arquivo-3.txt"]);
    assert_eq!(email.cc[0].address, "x@example.com");
}

#[tokio::test]
async fn html_is_safe_and_fetches_nothing() {
    let html = "<p onclick=\"x()\">Hola</p><script>x()</script><img src=\"https://track.example/1.gif\"><img src=\"cid:logo@x\">";
    let answer = json!({
        "id": "m", "threadId": "t", "labelIds": ["INBOX"], "internalDate": "1793710800000",
        "payload": { "partId": "", "mimeType": "multipart/related", "headers": [
            { "name": "From", "value": "\"Pérez, Ana\" <ana@example.com>" },
            { "name": "Subject", "value": "Hola\r\nBcc: all@example.org" },
        ], "parts": [
            { "partId": "0", "mimeType": "text/html", "body": { "data": base64(html) } },
            { "partId": "1", "mimeType": "image/png", "filename": "../../logo.png",
              "headers": [{ "name": "Content-ID", "value": "<logo@x>" }], "body": { "attachmentId": "A", "size": 9 } },
        ] },
    });
    let message = told([ok(&answer)]).await;
    let email = email(&message);
    let shown = email.html.clone().unwrap();
    assert!(!shown.contains("script") && !shown.contains("onclick") && !shown.contains("track.example"), "{shown}");
    assert!(shown.contains("cid:logo@x"), "{shown}");
    assert_eq!(message.extra["blocked_images"], 1);
    assert_eq!(email.from.as_ref().unwrap().name.as_deref(), Some("Pérez, Ana"));
    assert!(email.bcc.is_empty());
    assert_eq!(email.files[0].filename.as_deref(), Some("logo.png"));
    assert_eq!(message.party.primary().unwrap().value(), "ana@example.com");
    assert_eq!(message.origin, MessageOrigin::Counterpart);
}

#[tokio::test]
async fn a_long_text_is_fetched_and_one_that_is_too_long_is_named() {
    let part = |size: u64| {
        json!({
            "id": "m", "threadId": "t", "labelIds": ["INBOX"], "snippet": "El &#39;principio&#39;",
            "payload": { "partId": "", "mimeType": "text/plain", "headers": [{ "name": "From", "value": "ana@example.com" }],
                         "body": { "attachmentId": "A", "size": size } },
        })
    };
    let message = told([ok(&part(70_000)), ok(&json!({ "size": 4, "data": base64("Todo") }))]).await;
    assert_eq!(email(&message).text.as_deref(), Some("Todo"));
    let message = told([ok(&part(7_000_000))]).await;
    assert_eq!(email(&message).text.as_deref(), Some("El 'principio'"));
    assert!(message.extra["notice"].is_string());
}

#[tokio::test]
async fn the_texts_of_a_message_are_fetched_as_far_as_all_of_them_may_be_long() {
    let text =
        |id: &str| json!({ "partId": id, "mimeType": "text/plain", "body": { "attachmentId": id, "size": 900_000 } });
    let parts: Vec<Value> = ["0", "1", "2", "3"].map(text).into();
    let message = json!({
        "id": "m", "threadId": "t", "labelIds": ["INBOX"], "snippet": "uno",
        "payload": { "partId": "", "mimeType": "multipart/mixed", "headers": [{ "name": "From", "value": "ana@example.com" }], "parts": parts },
    });
    let fetched = |text: &str| ok(&json!({ "size": 900_000, "data": base64(text) }));
    let message = told([ok(&message), fetched("uno"), fetched("dos")]).await;
    assert_eq!(email(&message).text.as_deref(), Some("uno\ndos"));
    assert!(message.extra["notice"].is_string());
}

/// An answer longer than is read, or of parts nested too deep, leaves the headers and the snippet.
#[tokio::test]
async fn a_message_that_cannot_be_read_whole_is_told_all_the_same() {
    let headers = json!({
        "id": "m", "threadId": "t", "labelIds": ["INBOX"], "snippet": "Hola",
        "payload": { "mimeType": "multipart/mixed", "headers": [
            { "name": "From", "value": "Ana <ana@example.com>" }, { "name": "Subject", "value": "Planos" }] },
    });
    let deep = format!("{{\"payload\":{}1{}}}", "{\"parts\":[".repeat(200), "]}".repeat(200));
    let message = told([crate::support::answer(200, deep), ok(&headers)]).await;
    let email = email(&message);
    assert_eq!((email.subject.as_str(), email.text.as_deref()), ("Planos", Some("Hola")));
    assert!(email.files.is_empty());
    assert!(message.extra["notice"].is_string());
}

pub fn base64(text: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE};
    BASE64_URL_SAFE.encode(text)
}

#[test]
fn what_a_channel_is_of() {
    let (client, _) = client([]);
    let channel = GmailChannel::new(client.clone(), " Ana.Perez@Example.ORG ", NoFiles::reader()).unwrap();
    assert_eq!(comms_core::Channel::account(&channel).as_str(), "gmail:ana.perez@example.org");
    assert!(GmailChannel::new(client, "ana", Arc::new(NoFiles)).is_err());
}
