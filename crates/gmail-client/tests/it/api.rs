//! Calls: path, request, answer.

use std::{sync::Arc, time::Duration};

use comms_http::{Error, ErrorKind, Outcome, RetryPolicy};
use futures_util::TryStreamExt;
use gmail_client::{
    Client, NewMessage,
    api::{
        Read,
        history::{HistoryFilter, Since},
        messages::{Entry, MessageFilter},
    },
    model::{
        HistoryId,
        history::HistoryType,
        label::{Label, LabelChange},
        mailbox::WatchRequest,
        message::Format,
        send_as::SendAsChange,
    },
    oauth::StaticToken,
};
use serde_json::json;

use crate::support::{ACCESS, Script, answer, builder, client, header, json_body, ok, text_body};

#[tokio::test]
async fn a_list_goes_on_until_its_last_page_and_an_empty_one_is_empty() {
    let (client, script) = client([
        ok(&json!({ "messages": [{ "id": "1", "threadId": "t" }], "nextPageToken": "p2", "resultSizeEstimate": 9 })),
        ok(&json!({ "messages": [{ "id": "2", "threadId": "t" }] })),
        ok(&json!({ "resultSizeEstimate": 0 })),
    ]);
    let mut filter = MessageFilter::matching("after:1464505200 from:ana");
    filter.label_ids = vec!["INBOX".to_owned(), "UNREAD".to_owned()];
    let ids: Vec<String> = client.messages().list(filter).map_ok(|message| message.id).try_collect().await.unwrap();
    assert_eq!(ids, ["1", "2"]);
    let empty = client.messages().page(&MessageFilter::default(), None).await.unwrap();
    assert!(empty.items.is_empty() && empty.next.is_none());
    let urls = script.urls();
    assert_eq!(
        urls[0],
        "https://gmail.googleapis.com/gmail/v1/users/me/messages?labelIds=INBOX&labelIds=UNREAD&q=after%3A1464505200+from%3Aana"
    );
    assert!(urls[1].ends_with("&pageToken=p2"));
    assert_eq!(header(&script.requests()[0], "authorization"), Some(format!("Bearer {ACCESS}").as_str()));
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself_ends() {
    let (client, _) = client([ok(&json!({ "threads": [{ "id": "t" }], "nextPageToken": "p" }))]);
    let page = client.threads().page(&MessageFilter::default(), Some("p")).await.unwrap();
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn a_message_is_read_in_the_form_that_is_asked_for() {
    let (client, script) = client((0..3).map(|_| ok(&json!({ "id": "1" }))));
    client.messages().get("1", &Read::headers(&["From", "Subject"])).await.unwrap();
    client.messages().get("1", &Read::format(Format::Raw).fields("raw,threadId")).await.unwrap();
    client.threads().get("t", &Read::default()).await.unwrap();
    let urls = script.urls();
    assert!(urls[0].ends_with("/messages/1?format=metadata&metadataHeaders=From&metadataHeaders=Subject"));
    assert!(urls[1].ends_with("/messages/1?format=raw&fields=raw%2CthreadId"));
    assert!(urls[2].ends_with("/threads/t"));
}

#[tokio::test]
async fn a_short_message_goes_as_json() {
    let (client, script) = client([ok(&json!({ "id": "m", "threadId": "t" }))]);
    let sent = client.messages().send(&NewMessage::new("To: a@example.org\r\n\r\nñ>?").in_thread("t")).await.unwrap();
    assert_eq!(sent.thread_id, "t");
    let request = script.only();
    assert_eq!(request.url.path(), "/gmail/v1/users/me/messages/send");
    assert_eq!(json_body(&request), json!({ "raw": "VG86IGFAZXhhbXBsZS5vcmcNCg0Kw7E-Pw==", "threadId": "t" }));
}

#[tokio::test]
async fn a_long_message_is_uploaded_with_its_thread() {
    let (client, script) = client([ok(&json!({ "id": "m" }))]);
    let mut raw = b"To: a@example.org\r\n\r\n--gmail_client_related--\r\n".to_vec();
    raw.resize(4_000_000, b'x');
    client.messages().send(&NewMessage::new(raw.clone()).in_thread("t")).await.unwrap();
    let request = script.only();
    assert_eq!(request.url.path(), "/upload/gmail/v1/users/me/messages/send");
    assert_eq!(request.url.query(), Some("uploadType=multipart"));
    let kind = header(&request, "content-type").unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/related; boundary=").unwrap();
    let body = text_body(&request);
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "{boundary}");
    assert!(parts[1].ends_with("{\"threadId\":\"t\"}\r\n"), "{}", parts[1]);
    assert!(parts[2].starts_with("\r\nContent-Type: message/rfc822\r\n\r\nTo: a@example.org"));
    assert_eq!(parts[3], "--\r\n");
}

#[tokio::test]
async fn what_google_would_refuse_makes_no_request() {
    let (client, script) = client([]);
    let messages = client.messages();
    let refused = |error: Error, field: &str| {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::Rejected));
        assert_eq!(error.field_name(), Some(field));
    };
    refused(messages.send(&NewMessage::new("")).await.unwrap_err(), "raw");
    refused(messages.send(&NewMessage::new(vec![b'x'; 36_700_161])).await.unwrap_err(), "raw");
    let both = LabelChange::add("A").and_remove("A");
    refused(messages.modify("1", &both).await.unwrap_err(), "removeLabelIds");
    refused(messages.modify("1", &LabelChange::default()).await.unwrap_err(), "addLabelIds");
    let many = (0..101).fold(LabelChange::default(), |change, n| change.and_add(n.to_string()));
    refused(client.threads().modify("1", &many).await.unwrap_err(), "addLabelIds");
    refused(messages.batch_delete(&[]).await.unwrap_err(), "ids");
    refused(messages.batch_modify(&vec!["1".into(); 1_001], &LabelChange::add("A")).await.unwrap_err(), "ids");
    for id in ["", ".", ".."] {
        refused(messages.get(id, &Read::default()).await.unwrap_err(), "id");
    }
    let filter = HistoryFilter { page_size: Some(501), ..HistoryFilter::default() };
    refused(client.history().page(HistoryId(1), &filter, None).await.unwrap_err(), "maxResults");
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn an_id_stays_one_segment() {
    let (client, script) = client([ok(&json!({}))]);
    client.messages().get("1/../../other?x=y", &Read::default()).await.unwrap();
    assert_eq!(script.only().url.path(), "/gmail/v1/users/me/messages/1%2F..%2F..%2Fother%3Fx=y");
}

#[tokio::test]
async fn an_expired_history_is_an_outcome_of_its_own() {
    let (client, script) = client([
        ok(&serde_json::from_str(include_str!("../data/history_mixed_page1.json")).unwrap()),
        ok(&json!({ "historyId": "4179000" })),
        answer(
            404,
            r#"{"error":{"code":404,"message":"Requested entity was not found.","errors":[{"reason":"notFound"}]}}"#,
        ),
    ]);
    let filter =
        HistoryFilter { types: vec![HistoryType::MessageAdded, HistoryType::LabelAdded], ..HistoryFilter::default() };
    let Since::Changes(changes) = client.history().page(HistoryId(4_178_299), &filter, None).await.unwrap() else {
        panic!("expired")
    };
    assert_eq!((changes.records.len(), changes.next.as_deref()), (3, Some("16174567890")));
    let Since::Changes(changes) = client.history().page(HistoryId(1), &filter, Some("16174567890")).await.unwrap()
    else {
        panic!("expired")
    };
    assert_eq!((changes.records.len(), changes.history_id), (0, Some(HistoryId(4_179_000))));
    assert_eq!(client.history().page(HistoryId(1), &filter, None).await.unwrap(), Since::Expired);
    let query = "startHistoryId=4178299&historyTypes=messageAdded&historyTypes=labelAdded";
    assert_eq!(script.requests()[0].url.query(), Some(query));
}

#[tokio::test]
async fn an_attachment_is_found_by_its_place_with_a_fresh_id() {
    let message = json!({ "id": "m", "payload": { "partId": "", "parts": [
        { "partId": "0", "mimeType": "text/plain", "body": { "size": 4, "data": "aG9sYQ==" } },
        { "partId": "1", "filename": "a.pdf", "body": { "size": 3, "attachmentId": "fresh" } } ] } });
    let (client, script) = client([ok(&message), ok(&json!({ "size": 3, "data": "-_8" })), ok(&message), ok(&message)]);
    let file = client.attachments().get("m", "1").await.unwrap();
    assert_eq!((&file.bytes[..], file.part.filename.as_str()), (&[0xfb_u8, 0xff][..], "a.pdf"));
    assert_eq!(script.requests()[1].url.path(), "/gmail/v1/users/me/messages/m/attachments/fresh");
    assert_eq!(&client.attachments().get("m", "0").await.unwrap().bytes[..], b"hola");
    assert_eq!(client.attachments().get("m", "7").await.unwrap_err().field_name(), Some("partId"));
}

#[tokio::test]
async fn a_send_of_unknown_outcome_is_not_repeated_and_a_read_is() {
    for (status, requests) in [(500, 1), (429, 2)] {
        let script = Script::new([answer(status, "{}"), ok(&json!({ "id": "m" }))]);
        let client = builder(&script).retry(RetryPolicy::default()).build().unwrap();
        let _ = client.messages().send(&NewMessage::new("x")).await;
        assert_eq!(script.requests().len(), requests, "{status}");
    }
    let (client, script) =
        client([answer(500, "{}"), ok(&json!({ "emailAddress": "ana@example.org", "historyId": "7" }))]);
    let profile = client.mailbox().profile().await.unwrap();
    assert_eq!((profile.email_address.as_str(), profile.history_id), ("ana@example.org", Some(HistoryId(7))));
    assert_eq!(script.requests().len(), 2);
}

/// Method, path below the mailbox and query of each request.
fn lines(script: &Script) -> Vec<String> {
    let line = |request: comms_http::Request| {
        let path = request.url.path().strip_prefix("/gmail/v1/users/ana@example.org/").unwrap().to_owned();
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{} {path}{query}", request.method)
    };
    script.requests().into_iter().map(line).collect()
}

/// A client of one mailbox by its address, and a script that answers anything with nothing.
fn of_ana(calls: usize) -> (Client, Arc<Script>) {
    let (client, script) = client((0..calls).map(|_| ok(&json!({}))));
    (client.for_mailbox("ana@example.org", Arc::new(StaticToken::new(ACCESS))), script)
}

#[tokio::test]
async fn operations_on_messages_have_their_path_and_method() {
    let (client, script) = of_ana(8);
    let (messages, ids, mail) = (client.messages(), ["1".to_owned()], NewMessage::new("x").label("INBOX"));
    messages.modify("1", &LabelChange::remove("UNREAD")).await.unwrap();
    messages.batch_modify(&ids, &LabelChange::add("A")).await.unwrap();
    messages.trash("1").await.unwrap();
    messages.untrash("1").await.unwrap();
    messages.delete("1").await.unwrap();
    messages.batch_delete(&ids).await.unwrap();
    messages.import(&mail, Entry { never_mark_spam: true, ..Entry::default() }).await.unwrap();
    messages.insert(&mail, Entry { date_by_arrival: true, ..Entry::default() }).await.unwrap();
    assert_eq!(
        lines(&script),
        [
            "POST messages/1/modify",
            "POST messages/batchModify",
            "POST messages/1/trash",
            "POST messages/1/untrash",
            "DELETE messages/1",
            "POST messages/batchDelete",
            "POST messages/import?internalDateSource=dateHeader&neverMarkSpam=true",
            "POST messages?internalDateSource=receivedTime",
        ]
    );
    let made = script.requests();
    assert_eq!(json_body(&made[0]), json!({ "removeLabelIds": ["UNREAD"] }));
    assert_eq!(json_body(&made[1]), json!({ "ids": ["1"], "addLabelIds": ["A"] }));
    assert_eq!(json_body(&made[5]), json!({ "ids": ["1"] }));
    assert_eq!(json_body(&made[6]), json!({ "raw": "eA==", "labelIds": ["INBOX"] }));
}

#[tokio::test]
async fn every_other_operation_has_its_path_and_method() {
    let (client, script) = of_ana(12);
    let mail = NewMessage::new("x");
    client.drafts().create(&mail).await.unwrap();
    client.drafts().update("d", &mail).await.unwrap();
    client.drafts().send("d").await.unwrap();
    client.drafts().delete("d").await.unwrap();
    client.labels().create(&Label::named("Clientes/Ana")).await.unwrap();
    client.labels().patch("L", &Label::named("B")).await.unwrap();
    client.labels().delete("L").await.unwrap();
    client.mailbox().watch(&WatchRequest::new("projects/p/topics/t").only(&["INBOX"])).await.unwrap();
    client.mailbox().stop().await.unwrap();
    let signed = SendAsChange { signature: Some("x".into()), ..SendAsChange::default() };
    client.send_as().patch("a@b.example", &signed).await.unwrap();
    client.threads().trash("t").await.unwrap();
    client.threads().delete("t").await.unwrap();
    assert_eq!(
        lines(&script),
        [
            "POST drafts",
            "PUT drafts/d",
            "POST drafts/send",
            "DELETE drafts/d",
            "POST labels",
            "PATCH labels/L",
            "DELETE labels/L",
            "POST watch",
            "POST stop",
            "PATCH settings/sendAs/a@b.example",
            "POST threads/t/trash",
            "DELETE threads/t",
        ]
    );
    let made = script.requests();
    assert_eq!(json_body(&made[0]), json!({ "message": { "raw": "eA==" } }));
    assert_eq!(json_body(&made[2]), json!({ "id": "d" }));
    assert_eq!(json_body(&made[5]), json!({ "name": "B" }));
    let watch = json!({ "topicName": "projects/p/topics/t", "labelIds": ["INBOX"], "labelFilterBehavior": "include" });
    assert_eq!(json_body(&made[7]), watch);
}

#[tokio::test]
async fn the_wait_in_the_text_reaches_the_caller() {
    let script = Script::new([answer(
        429,
        r#"{"error":{"code":429,"message":"User-rate limit exceeded.  Retry after 2026-11-22T18:15:00Z"}}"#,
    )
    .header("date", "Sun, 22 Nov 2026 18:00:00 GMT")]);
    let client = builder(&script).build().unwrap();
    let error = client.messages().send(&NewMessage::new("x")).await.unwrap_err();
    assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(900))));
    assert_eq!(error.operation_name(), Some("messages.send"));
}
