//! What happens in a mailbox, told once each.

use std::sync::Arc;

use comms_core::{Cursor, Event, EventKind, MessageId, MessageOrigin, NoFiles, Source, Status};
use comms_http::{ErrorKind, RetryPolicy};
use gmail_client::GmailChannel;
use serde_json::{Value, json};

use crate::{
    mapping::base64,
    support::{Answer, NOW, Script, answer, builder, ok},
};

fn channel(answers: impl IntoIterator<Item = Answer>) -> (GmailChannel, Arc<Script>) {
    let script = Script::new(answers);
    let client = builder(&script).retry(RetryPolicy::never()).build().unwrap();
    (GmailChannel::new(client, "ventas@example.org", NoFiles::reader()).unwrap(), script)
}

fn history(after: u64) -> Option<Cursor> {
    Some(Cursor(json!({ "at": "history", "after": after.to_string(), "seen": NOW - 60 }).to_string()))
}

fn place(cursor: &Cursor) -> Value {
    serde_json::from_str(&cursor.0).unwrap()
}

fn mail(id: &str, labels: &[&str]) -> Value {
    json!({
        "id": id, "threadId": "t", "labelIds": labels, "internalDate": "1793710800000",
        "payload": { "partId": "", "mimeType": "text/plain", "headers": [
            { "name": "From", "value": "Ana <ana@example.com>" },
            { "name": "To", "value": "ventas@example.org" },
            { "name": "Subject", "value": format!("asunto {id}") },
            { "name": "Message-ID", "value": format!("<{id}@example.com>") },
        ], "body": { "data": base64("Hola") } },
    })
}

fn with_header(mut mail: Value, name: &str, value: &str) -> Value {
    mail["payload"]["headers"].as_array_mut().unwrap().retain(|header| header["name"] != name);
    mail["payload"]["headers"].as_array_mut().unwrap().push(json!({ "name": name, "value": value }));
    mail
}

fn added(record: u64, id: &str, labels: &[&str]) -> Value {
    json!({ "id": record.to_string(), "messages": [{ "id": id, "threadId": "t" }],
            "messagesAdded": [{ "message": { "id": id, "threadId": "t", "labelIds": labels } }] })
}

fn said(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match &event.kind {
        EventKind::Message(message) => format!("{} {:?}", event.subject, message.origin),
        EventKind::Status(status) => format!("{} {:?}", event.subject, status.status.unwrap()),
        EventKind::Changed(change) => format!("{} {}", event.subject, change.value["change"].as_str().unwrap()),
        EventKind::Unknown { .. } => format!("{} unknown", event.subject),
        other => panic!("{other:?}"),
    };
    events.iter().map(word).collect()
}

#[tokio::test]
async fn a_mailbox_begins_with_its_last_days_and_goes_on_with_the_history_from_before() {
    let (channel, script) = channel([
        ok(&json!({ "emailAddress": "ventas@example.org", "historyId": "100" })),
        ok(
            &json!({ "messages": [{ "id": "b", "threadId": "t" }, { "id": "a", "threadId": "t" }], "nextPageToken": "p2" }),
        ),
        ok(&mail("b", &["INBOX"])),
        ok(&mail("a", &["SENT"])),
        ok(&json!({ "messages": [{ "id": "old", "threadId": "t" }] })),
        answer(
            404,
            r#"{"error":{"code":404,"message":"Requested entity was not found.","errors":[{"reason":"notFound"}]}}"#,
        ),
    ]);
    let (batch, cursor) = channel.pull(None).await.unwrap();
    assert_eq!(said(&batch.events), ["b History", "a HistoryEcho"]);
    assert_eq!(place(&cursor)["at"], "list");
    let (batch, cursor) = channel.pull(Some(cursor)).await.unwrap();
    assert_eq!(said(&batch.events), Vec::<String>::new());
    assert_eq!(place(&cursor), json!({ "at": "history", "after": "100", "seen": NOW }));
    let list = &script.urls()[1];
    assert!(list.contains(&format!("after%3A{}", NOW - 7 * 86_400)), "{list}");
    assert!(script.urls()[4].contains("pageToken=p2"));
}

#[tokio::test]
async fn a_mailbox_may_begin_with_what_comes_from_now_on() {
    let (channel, _) = channel([
        ok(&json!({ "emailAddress": "v@example.org", "historyId": "100" })),
        ok(&json!({ "historyId": "100" })),
    ]);
    let (batch, cursor) = channel.first_days(0).pull(None).await.unwrap();
    assert!(batch.events.is_empty());
    assert_eq!(place(&cursor)["after"], "100");
}

#[tokio::test]
async fn the_history_tells_of_each_message_once() {
    let page1: Value = serde_json::from_str(include_str!("../data/history_mixed_page1.json")).unwrap();
    let page2: Value = serde_json::from_str(include_str!("../data/history_mixed_page2.json")).unwrap();
    let (channel, script) = channel([ok(&page1), ok(&page2), ok(&mail("m1", &["INBOX"])), ok(&mail("m3", &["SENT"]))]);
    let (batch, cursor) = channel.pull(history(4_178_212)).await.unwrap();
    let mut words = said(&batch.events);
    words.sort();
    words.dedup();
    assert!(words.contains(&"m1 Counterpart".to_owned()), "{words:?}");
    assert!(words.contains(&"m3 Echo".to_owned()), "{words:?}");
    assert!(words.contains(&"m1 labels_removed".to_owned()), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("m2")), "a draft: {words:?}");
    assert_eq!(place(&cursor)["seen"], NOW);
    assert!(script.urls()[0].contains("startHistoryId=4178212"));
    assert!(script.urls()[1].contains("startHistoryId=4178212") && script.urls()[1].contains("pageToken"));
}

#[tokio::test]
async fn drafts_spam_trash_and_chats_are_passed_over_and_what_comes_back_is_read() {
    let back = json!({ "id": "16", "labelsRemoved": [{ "message": { "id": "s", "threadId": "t", "labelIds": ["INBOX"] }, "labelIds": ["SPAM"] }] });
    let (channel, script) = channel([
        ok(&json!({ "history": [
            added(12, "d", &["DRAFT"]), added(13, "s", &["SPAM"]), added(14, "x", &["TRASH"]), added(15, "c", &["CHAT"]), back,
            added(17, "late", &["INBOX"]),
        ], "historyId": "20" })),
        ok(&mail("s", &["INBOX"])),
        // Put into the trash since.
        ok(&mail("late", &["TRASH"])),
    ]);
    let (batch, _) = channel.pull(history(11)).await.unwrap();
    assert_eq!(said(&batch.events), ["s labels_removed", "s Counterpart"]);
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test]
async fn what_we_sent_is_a_report_on_it_and_what_others_sent_with_such_an_id_is_not() {
    let ours = MessageId::new();
    let sent = |id: &str, name: &str, value: &str| ok(&with_header(mail(id, &["SENT"]), name, value));
    let apples = "<4C2A1B0E-1234-4B56-9ABC-DEF012345678@example.org>";
    let ids = ["a", "b", "c", "d"];
    let (channel, _) = channel([
        ok(
            &json!({ "history": ids.iter().zip(12_u64..).map(|(id, at)| added(at, id, &["SENT"])).collect::<Vec<_>>(), "historyId": "20" }),
        ),
        sent("a", "Message-ID", &format!("<{ours}@example.org>")),
        // Google put another id in the place of ours.
        sent("b", "X-Comms-Message-Id", &ours.to_string()),
        // Another program makes ids of UUIDs too.
        sent("c", "Message-ID", apples),
        // Nobody but the owner has the label.
        ok(&with_header(mail("d", &["INBOX"]), "X-Comms-Message-Id", &ours.to_string())),
    ]);
    let (batch, _) = channel.pull(history(11)).await.unwrap();
    assert_eq!(said(&batch.events), ["a Sent", "b Sent", "c Echo", "d Counterpart"]);
    let EventKind::Status(status) = &batch.events[0].kind else { panic!() };
    assert_eq!((status.status, status.correlation.clone()), (Some(Status::Sent), Some(ours.to_string())));
    assert_eq!(status.extra["thread"], "t");
    let EventKind::Message(echo) = &batch.events[2].kind else { panic!() };
    assert_eq!(echo.origin, MessageOrigin::Echo);
    assert_eq!(echo.party.primary().unwrap().value(), "ventas@example.org");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_stops_nobody() {
    let invalid = r#"{"error":{"code":400,"message":"Invalid id value","errors":[{"reason":"invalidArgument"}]}}"#;
    let (channel, _) = channel([
        ok(&json!({ "history": [added(12, "bad", &["INBOX"]), added(13, "good", &["INBOX"])], "historyId": "20" })),
        answer(400, invalid),
        ok(&mail("good", &["INBOX"])),
    ]);
    let (batch, cursor) = channel.pull(history(11)).await.unwrap();
    assert_eq!(said(&batch.events), ["bad unknown", "good Counterpart"]);
    assert_eq!(place(&cursor)["after"], "20");
}

#[tokio::test]
async fn a_round_that_is_broken_off_keeps_what_it_has_read_and_goes_on_there() {
    let quota = || {
        answer(429, r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'Queries'","errors":[{"reason":"rateLimitExceeded"}]}}"#).header("retry-after", "30")
    };
    let records = json!({ "history": [added(12, "a", &["INBOX"]), added(13, "b", &["INBOX"]), added(14, "c", &["INBOX"])], "historyId": "20" });
    let (channel, script) = channel([
        ok(&records),
        ok(&mail("a", &["INBOX"])),
        quota(),
        ok(&mail("c", &["INBOX"])),
        ok(&json!({ "history": [added(13, "b", &["INBOX"]), added(14, "c", &["INBOX"])], "historyId": "20" })),
        quota(),
        quota(),
        ok(&json!({ "history": [added(13, "b", &["INBOX"]), added(14, "c", &["INBOX"])], "historyId": "20" })),
        ok(&mail("b", &["INBOX"])),
        ok(&mail("c", &["INBOX"])),
    ]);
    let (batch, cursor) = channel.pull(history(11)).await.unwrap();
    assert_eq!(said(&batch.events), ["a Counterpart"]);
    assert_eq!(place(&cursor), json!({ "at": "history", "after": "12", "seen": NOW - 60 }));
    let error = channel.pull(Some(cursor.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.wait().map(|wait| wait.as_secs())), (ErrorKind::RateLimited, Some(30)));
    let (batch, cursor) = channel.pull(Some(cursor)).await.unwrap();
    assert_eq!(said(&batch.events), ["b Counterpart", "c Counterpart"]);
    assert_eq!(place(&cursor)["after"], "20");
    assert!(script.urls().iter().filter(|url| url.contains("startHistoryId=12")).count() == 2);
}

/// A long absence is read in rounds, each of which is committed.
#[tokio::test]
async fn a_long_history_is_read_in_rounds() {
    let records: Vec<Value> = (0..120).map(|at| added(1_000 + at, &format!("m{at}"), &["INBOX"])).collect();
    let round = |from: usize, to: usize| {
        let list = json!({ "history": records[from..], "historyId": "2000" });
        [ok(&list)].into_iter().chain((from..to).map(|at| ok(&mail(&format!("m{at}"), &["INBOX"])))).collect::<Vec<_>>()
    };
    let answers = [round(0, 50), round(50, 100), round(100, 120)].into_iter().flatten();
    let (channel, _) = channel(answers);
    let mut cursor = history(999);
    let mut subjects = Vec::new();
    for expected in ["1049", "1099", "2000"] {
        let (batch, next) = channel.pull(cursor).await.unwrap();
        assert_eq!(place(&next)["after"], expected);
        subjects.extend(batch.events.into_iter().map(|event| event.subject));
        cursor = Some(next);
    }
    assert_eq!(subjects, (0..120).map(|at| format!("m{at}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_history_that_was_forgotten_is_listed_anew_with_what_came_meanwhile() {
    let gone = r#"{"error":{"code":404,"message":"Requested entity was not found.","errors":[{"reason":"notFound"}]}}"#;
    let (channel, script) = channel([
        answer(404, gone),
        ok(&json!({ "emailAddress": "ventas@example.org", "historyId": "500" })),
        ok(&json!({ "messages": [{ "id": "m", "threadId": "t" }] })),
        ok(&mail("m", &["INBOX"])),
    ]);
    let (batch, cursor) = channel.pull(history(11)).await.unwrap();
    // They are none of an import: they came while nobody looked.
    assert_eq!(said(&batch.events), ["m Counterpart"]);
    assert_eq!(place(&cursor)["after"], "500");
    assert!(script.urls()[2].contains(&format!("after%3A{}", NOW - 60 - 86_400)), "{}", script.urls()[2]);
}

#[tokio::test]
async fn a_page_that_has_ended_begins_its_list_again() {
    let bad = r#"{"error":{"code":400,"message":"Invalid pageToken","errors":[{"reason":"invalidArgument"}]}}"#;
    let (channel, _) = channel([answer(400, bad)]);
    let list = json!({ "at": "list", "then": "500", "began": NOW, "since": 1, "first": false, "page": "p", "done": 3 });
    let (batch, cursor) = channel.pull(Some(Cursor(list.to_string()))).await.unwrap();
    assert!(batch.events.is_empty());
    assert_eq!(
        place(&cursor),
        json!({ "at": "list", "then": "500", "began": NOW, "since": 1, "first": false, "done": 0 })
    );
}

#[tokio::test]
async fn a_message_that_breaks_every_round_is_passed_over_in_the_end() {
    let broken = r#"{"error":{"code":500,"message":"Backend Error","errors":[{"reason":"backendError"}]}}"#;
    let list =
        || ok(&json!({ "history": [added(12, "bad", &["INBOX"]), added(13, "good", &["INBOX"])], "historyId": "20" }));
    let round = || [list(), answer(500, broken), ok(&mail("good", &["INBOX"]))];
    let (channel, _) = channel((0..5).flat_map(|_| round()));
    for _ in 0..4 {
        assert_eq!(channel.pull(history(11)).await.unwrap_err().kind(), ErrorKind::Provider);
    }
    let (batch, _) = channel.pull(history(11)).await.unwrap();
    assert_eq!(said(&batch.events), ["bad unknown", "good Counterpart"]);
}

#[tokio::test]
async fn a_cursor_of_another_version_begins_anew() {
    let (channel, _) = channel([
        ok(&json!({ "emailAddress": "ventas@example.org", "historyId": "100" })),
        ok(&json!({ "resultSizeEstimate": 0 })),
    ]);
    let (_, cursor) = channel.pull(Some(Cursor("42".to_owned()))).await.unwrap();
    assert_eq!(place(&cursor)["after"], "100");
}

#[tokio::test]
async fn a_grant_that_has_ended_stops_the_sync_and_says_so() {
    let ended = r#"{"error":{"code":401,"message":"Invalid Credentials","errors":[{"reason":"authError"}]}}"#;
    let (channel, _) = channel([answer(401, ended)]);
    assert_eq!(channel.pull(history(11)).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}
