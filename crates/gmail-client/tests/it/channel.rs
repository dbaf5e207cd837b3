//! Sending, looking for what was sent, files, marking as read.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use comms_core::{
    Address, Channel, Content, Correspondent, Email, FileReader, Found, InlineFile, Media, MediaKind, MediaRef,
    MediaStream, MessageId, NoFiles, Outbound, Outcome, Probe, Status,
};
use comms_http::{Error, ErrorKind, RetryPolicy};
use futures_util::TryStreamExt;
use gmail_client::{
    GmailChannel,
    limits::QuotaPlan,
    mime::{Incoming, Limits},
    model::message::Message,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    mapping::base64,
    support::{Answer, NOW, Script, answer, builder, json_body, ok},
};

/// A store of files.
#[derive(Debug, Default)]
pub struct Files(pub BTreeMap<String, Bytes>);

impl Files {
    pub fn of(files: &[(&str, &[u8])]) -> Arc<dyn FileReader> {
        Arc::new(Self(files.iter().map(|(key, bytes)| ((*key).to_owned(), Bytes::copy_from_slice(bytes))).collect()))
    }
}

#[async_trait]
impl FileReader for Files {
    async fn open(&self, key: &str) -> Result<MediaStream, Error> {
        let bytes = self.0.get(key).cloned().ok_or_else(|| Error::invalid("there is no such file").field("files"))?;
        let body = Box::pin(futures_util::stream::once(async move { Ok(bytes) }));
        Ok(MediaStream { content_type: None, length: None, body })
    }
}

fn channel_with(answers: impl IntoIterator<Item = Answer>, files: Arc<dyn FileReader>) -> (GmailChannel, Arc<Script>) {
    let script = Script::new(answers);
    let client = builder(&script).retry(RetryPolicy::never()).build().unwrap();
    (GmailChannel::new(client, "ventas@example.org", files).unwrap(), script)
}

fn channel(answers: impl IntoIterator<Item = Answer>) -> (GmailChannel, Arc<Script>) {
    channel_with(answers, NoFiles::reader())
}

fn ana() -> Address {
    Address::email("ana@example.com").unwrap()
}

fn email() -> Email {
    Email { subject: "Presupuesto".to_owned(), text: Some("Hola, Ana".to_owned()), ..Email::default() }
}

fn media(source: MediaRef, name: &str, kind: &str) -> Media {
    Media {
        kind: MediaKind::Document,
        source,
        caption: None,
        filename: Some(name.to_owned()),
        mime_type: Some(kind.to_owned()),
        sha256: None,
    }
}

fn sent() -> Answer {
    ok(&json!({ "id": "g1", "threadId": "t1", "labelIds": ["SENT"] }))
}

/// The message that the last request carries.
fn carried(script: &Script) -> (Incoming, String, Value) {
    let body = json_body(script.requests().last().unwrap());
    let message: Message = serde_json::from_value(body.clone()).unwrap();
    let bytes = message.raw_bytes().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    (Incoming::parse(&bytes, &Limits::default()).unwrap(), text, body)
}

#[tokio::test]
async fn a_message_carries_our_id_and_everybody_it_goes_to() {
    let (channel, script) = channel_with([sent()], Files::of(&[("k1", b"%PDF-1.7"), ("k2", b"PNG")]));
    let mail = Email {
        html: Some("<p onclick=\"x()\">Hola</p><img src=\"cid:logo\"><script>x()</script>".to_owned()),
        to: vec![Correspondent::named("Ana Pérez", "ANA@example.com"), Correspondent::new("luis@example.com")],
        cc: vec![Correspondent::new("jefe@example.org")],
        bcc: vec![Correspondent::new("archivo@example.org")],
        files: vec![
            media(MediaRef::Blob("k1".to_owned()), "../plano nº1.pdf", "application/pdf; x=y"),
            media(MediaRef::Blob("k2".to_owned()), "logo.png", "image/png"),
        ],
        inline: vec![InlineFile { content_id: "logo".to_owned(), file: 1 }],
        ..email()
    };
    let message = Outbound::new(ana(), mail.into());
    let receipt = channel.send(&message).await.unwrap();
    assert_eq!((receipt.provider_id.as_str(), receipt.status), ("g1", Status::Sent));
    assert_eq!(receipt.extra, json!({ "thread": "t1", "message_id": format!("{}@example.org", message.id) }));
    let (incoming, text, body) = carried(&script);
    assert_eq!(incoming.message_id, Some(format!("<{}@example.org>", message.id)));
    assert!(text.contains(&format!("X-Comms-Message-Id: {}\r\n", message.id)));
    let addresses =
        |list: &[gmail_client::mime::Mailbox]| list.iter().map(|one| one.address().to_owned()).collect::<Vec<_>>();
    assert_eq!(addresses(&incoming.to), ["ANA@example.com", "luis@example.com"]);
    assert_eq!(incoming.to[0].name(), Some("Ana Pérez"));
    assert_eq!(
        (addresses(&incoming.cc), addresses(&incoming.bcc)),
        (vec!["jefe@example.org".to_owned()], vec!["archivo@example.org".to_owned()])
    );
    let html = incoming.html.unwrap();
    assert!(html.contains("cid:logo") && !html.contains("script") && !html.contains("onclick"), "{html}");
    let files: Vec<_> =
        incoming.files.iter().map(|file| (file.name.as_str(), file.content_type.as_str(), &file.bytes[..])).collect();
    assert!(files.contains(&("plano nº1.pdf", "application/pdf", b"%PDF-1.7")), "{files:?}");
    assert!(incoming.files.iter().any(|file| file.content_id.as_deref() == Some("logo")));
    assert!(body.get("threadId").is_none());
}

#[tokio::test]
async fn an_answer_names_its_thread_its_references_and_its_subject() {
    let (channel, script) = channel([sent()]);
    let mail = Email {
        subject: "Re: Presupuesto".to_owned(),
        in_reply_to: Some("2@example.com".to_owned()),
        references: vec!["1@example.com".to_owned()],
        thread: Some("t9".to_owned()),
        ..email()
    };
    channel.send(&Outbound::new(ana(), mail.into())).await.unwrap();
    let (_, text, body) = carried(&script);
    assert!(text.contains("In-Reply-To: <2@example.com>\r\n"), "{text}");
    assert!(text.contains("References: <1@example.com> <2@example.com>\r\n"), "{text}");
    assert_eq!(body["threadId"], "t9");
}

#[tokio::test]
async fn an_answer_to_a_message_of_the_mailbox_asks_it_for_the_rest() {
    let original = json!({ "id": "g0", "threadId": "t0", "payload": { "headers": [
        { "name": "Message-ID", "value": "<2@example.com>" }, { "name": "References", "value": "<0@example.com> <1@example.com>" },
        { "name": "Subject", "value": "Presupuesto" }] } });
    let (channel, script) = channel([ok(&original), sent()]);
    let mut message = Outbound::new(ana(), Content::text("De acuerdo"));
    message.reply_to = Some("g0".to_owned());
    channel.send(&message).await.unwrap();
    let (incoming, text, body) = carried(&script);
    assert_eq!(incoming.subject, "Re: Presupuesto");
    assert!(text.contains("References: <0@example.com> <1@example.com> <2@example.com>\r\n"), "{text}");
    assert_eq!(body["threadId"], "t0");
}

/// What fails before the message left has sent nothing, whatever it says.
#[tokio::test]
async fn a_failure_before_the_message_left_is_none_of_an_unknown_outcome() {
    let (channel, script) = channel([answer(500, "{}")]);
    let mut message = Outbound::new(ana(), Content::text("De acuerdo"));
    message.reply_to = Some("g0".to_owned());
    let error = channel.send(&message).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn a_thread_that_is_not_in_this_mailbox_is_left_out() {
    let gone = r#"{"error":{"code":404,"message":"Requested entity was not found.","errors":[{"reason":"notFound"}]}}"#;
    let (channel, script) = channel([answer(404, gone), sent()]);
    let mail = Email { thread: Some("elsewhere".to_owned()), ..email() };
    channel.send(&Outbound::new(ana(), mail.into())).await.unwrap();
    let bodies: Vec<Value> = script.requests().iter().map(json_body).collect();
    assert_eq!((bodies[0]["threadId"].as_str(), bodies[1].get("threadId")), (Some("elsewhere"), None));
    assert_eq!(bodies[0]["raw"], bodies[1]["raw"]);
}

#[tokio::test]
async fn the_mailbox_sends_as_itself_and_as_what_it_has_proved_alone() {
    let aliases = json!({ "sendAs": [
        { "sendAsEmail": "ventas@example.org", "isPrimary": true },
        { "sendAsEmail": "info@example.net", "displayName": "Información", "verificationStatus": "accepted" },
        { "sendAsEmail": "nuevo@example.net", "verificationStatus": "pending" }] });
    let (channel, script) = channel([ok(&aliases), sent(), sent()]);
    let from = |address: &str| {
        let mail = Email { from: Some(Correspondent::new(address)), ..email() };
        Outbound::new(ana(), mail.into())
    };
    channel.send(&from("Info@example.net")).await.unwrap();
    let (incoming, _, _) = carried(&script);
    let sender = incoming.from.unwrap();
    assert_eq!((sender.name(), sender.address()), (Some("Información"), "Info@example.net"));
    assert!(incoming.message_id.unwrap().ends_with("@example.net>"));
    for address in ["nuevo@example.net", "otro@example.com"] {
        let error = channel.send(&from(address)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.field_name()),
            (ErrorKind::InvalidRequest, Outcome::Rejected, Some("from"))
        );
    }
    channel.send(&from("VENTAS@example.org")).await.unwrap();
    // The list was read once.
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test]
async fn what_a_mailbox_may_not_send_makes_no_request() {
    let (channel, script) = channel([]);
    let many = (0..100).map(|n| Correspondent::new(format!("a{n}@example.com"))).collect();
    let refused = [
        Email { to: many, ..email() },
        Email { text: None, ..email() },
        Email { files: vec![media(MediaRef::Url("https://example.com/x".to_owned()), "x", "text/plain")], ..email() },
        Email { files: vec![media(MediaRef::Blob("gone".to_owned()), "x", "text/plain")], ..email() },
        Email { html: Some("<div>".repeat(10_000)), ..email() },
        Email { subject: "a\r\nBcc: all@example.com".to_owned(), ..email() },
    ];
    for mail in refused {
        let shown = format!("{mail:?}").chars().take(200).collect::<String>();
        let error = channel.send(&Outbound::new(ana(), mail.into())).await.expect_err(&shown);
        assert_eq!(error.outcome(), Outcome::Rejected, "{shown}");
        assert!(error.field_name().is_some(), "{shown}");
    }
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn the_limit_of_a_day_asks_for_an_hour_of_silence() {
    let limit = r#"{"error":{"code":429,"message":"User-rate limit exceeded.  (Mail sending)","errors":[{"reason":"rateLimitExceeded"}]}}"#;
    let (channel, _) = channel([answer(429, limit)]);
    let error = channel.send(&Outbound::new(ana(), email().into())).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
    assert_eq!(error.wait(), Some(Duration::from_secs(3_600)));
    assert!(error.is_about_account());
}

#[tokio::test]
async fn a_wait_within_the_text_is_kept() {
    let limit = r#"{"error":{"code":429,"message":"User-rate limit exceeded.  Retry after 2026-11-22T18:03:15.961Z (Mail sending)","errors":[{"reason":"rateLimitExceeded"}]}}"#;
    let (channel, _) = channel([answer(429, limit).header("date", "Sun, 22 Nov 2026 18:00:00 GMT")]);
    let error = channel.send(&Outbound::new(ana(), email().into())).await.unwrap_err();
    assert_eq!(error.wait(), Some(Duration::from_secs(196)));
}

fn probe(id: MessageId, seconds_ago: i64) -> Probe {
    let attempted_at = OffsetDateTime::from_unix_timestamp(NOW - seconds_ago).unwrap();
    Probe { id, provider_id: None, to: ana(), attempted_at }
}

fn listed(ids: &[&str], next: Option<&str>) -> Answer {
    let messages: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "threadId": "t" })).collect();
    ok(&json!({ "messages": messages, "nextPageToken": next }))
}

fn headed(id: &str, name: &str, value: &str, seconds_ago: i64) -> Answer {
    let at = (NOW - seconds_ago) * 1_000;
    ok(&json!({ "id": id, "threadId": "t", "labelIds": ["SENT"], "internalDate": at.to_string(),
                "payload": { "headers": [{ "name": name, "value": value }] } }))
}

#[tokio::test]
async fn a_message_is_found_by_its_message_id() {
    let (channel, script) = channel([listed(&["g7"], None)]);
    let id = MessageId::new();
    let Found::Found(receipt) = channel.find(&probe(id, 5)).await.unwrap() else { panic!() };
    assert_eq!(receipt.provider_id, "g7");
    assert!(script.urls()[0].contains(&format!("rfc822msgid%3A{id}%40example.org")), "{}", script.urls()[0]);
}

#[tokio::test]
async fn a_message_whose_id_was_replaced_is_found_among_the_last() {
    let id = MessageId::new();
    let (channel, _) = channel([
        listed(&[], None),
        listed(&["g8", "g7"], Some("more")),
        headed("g8", "Message-ID", "<x@mail.gmail.com>", 1),
        headed("g7", "X-Comms-Message-Id", &id.to_string(), 2),
    ]);
    let Found::Found(receipt) = channel.find(&probe(id, 5)).await.unwrap() else { panic!() };
    assert_eq!(receipt.provider_id, "g7");
}

/// Only a look that covers everything since the attempt, some time after it, proves that a message was not sent.
#[tokio::test]
async fn that_a_message_was_not_sent_takes_proof() {
    let look = |ages: &[i64], next: Option<&str>| {
        let names: Vec<String> = ages.iter().map(|age| format!("g{age}")).collect();
        let ids: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut answers = vec![listed(&[], None), listed(&ids, next)];
        answers.extend(ages.iter().map(|age| headed(&format!("g{age}"), "Message-ID", "<x@example.com>", *age)));
        answers
    };
    let found =
        async |answers: Vec<Answer>, ago: i64| channel(answers).0.find(&probe(MessageId::new(), ago)).await.unwrap();
    assert_eq!(found(look(&[10, 5_000], Some("more")), 3_600).await, Found::NotFound);
    assert_eq!(found(look(&[10, 20], None), 3_600).await, Found::NotFound);
    // Too early: the request may still be under way.
    assert_eq!(found(look(&[10, 5_000], Some("more")), 60).await, Found::CannotTell);
    // The page ends before the attempt is reached.
    assert_eq!(found(look(&[10, 20], Some("more")), 3_600).await, Found::CannotTell);
    // One of them was deleted while we looked.
    let gone = vec![listed(&[], None), listed(&["g"], None), answer(404, "{}")];
    assert_eq!(found(gone, 3_600).await, Found::CannotTell);
}

#[tokio::test]
async fn a_file_is_fetched_by_message_and_part_through_a_fresh_id() {
    let message = json!({ "id": "m", "payload": { "partId": "", "mimeType": "multipart/mixed", "parts": [
        { "partId": "0", "mimeType": "text/plain", "body": { "data": base64("x") } },
        { "partId": "1", "mimeType": "application/pdf", "filename": "a.pdf", "body": { "attachmentId": "FRESH", "size": 5 } }] } });
    let (channel, script) = channel([ok(&message), ok(&json!({ "size": 5, "data": base64("bytes") }))]);
    let file = channel.fetch(&MediaRef::Id("m/1".to_owned())).await.unwrap();
    assert_eq!(file.content_type.as_deref(), Some("application/pdf"));
    let bytes: Vec<Bytes> = file.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"bytes");
    assert!(script.urls()[1].ends_with("/messages/m/attachments/FRESH"));
    let (channel, script) = self::channel([]);
    for media in [
        MediaRef::Url("https://example.com/x".to_owned()),
        MediaRef::Id("no-part".to_owned()),
        MediaRef::Blob("k".to_owned()),
    ] {
        assert_eq!(channel.fetch(&media).await.unwrap_err().field_name(), Some("media"));
    }
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn reading_is_a_label_less() {
    let (channel, script) = channel([ok(&json!({ "id": "m" }))]);
    channel.mark_read("m").await.unwrap();
    assert_eq!(json_body(&script.only()), json!({ "removeLabelIds": ["UNREAD"] }));
}

#[tokio::test]
async fn half_of_the_quota_is_for_sending() {
    let rate = |plan| channel([]).0.plan(plan).capabilities().pace.account.unwrap().interval();
    // 6,000 units a minute are 60 messages, 15,000 are 150.
    assert_eq!(rate(QuotaPlan::Since2026May), Duration::from_secs(2));
    assert_eq!(rate(QuotaPlan::Before2026May), Duration::from_millis(800));
}
