//! Mail servers report into the mailbox what they could not deliver.

use comms_core::{Cursor, Event, EventKind, MessageId, NoFiles, Source, Status};
use gmail_client::GmailChannel;
use serde_json::{Value, json};

use crate::{
    mapping::base64,
    support::{Answer, answer, client, ok},
};

fn transmitted(named: &str, action: &str, status: &str) -> String {
    format!(
        "From: mailer-daemon@googlemail.com\r\nTo: ventas@example.org\r\nSubject: Delivery Status Notification\r\n{named}\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n\r\nLo sentimos.\r\n\
         --B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; googlemail.com\r\n\r\n\
         Final-Recipient: rfc822; ana@example.com\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 no such user\r\n\r\n--B--\r\n"
    )
}

/// As Google takes it apart: of the report itself there is little more than its names.
fn taken_apart(label: &str) -> Value {
    json!({
        "id": "dsn", "threadId": "t", "labelIds": [label], "internalDate": "1793710800000", "sizeEstimate": 2_000,
        "payload": { "partId": "", "mimeType": "multipart/report", "headers": [
            { "name": "From", "value": "Mail Delivery Subsystem <mailer-daemon@googlemail.com>" },
            { "name": "Subject", "value": "Delivery Status Notification" },
        ], "parts": [
            { "partId": "0", "mimeType": "text/plain", "body": { "data": base64("Lo sentimos.") } },
            { "partId": "1", "mimeType": "message/delivery-status", "body": { "size": 0 }, "parts": [] },
        ] },
    })
}

async fn told(label: &str, raw: Option<Answer>) -> Vec<Event> {
    let added =
        json!({ "id": "11", "messagesAdded": [{ "message": { "id": "dsn", "threadId": "t", "labelIds": [label] } }] });
    let history = ok(&json!({ "history": [added], "historyId": "12" }));
    let (client, _) = client([history, ok(&taken_apart(label))].into_iter().chain(raw));
    let channel = GmailChannel::new(client, "ventas@example.org", NoFiles::reader()).unwrap();
    let cursor = Cursor(json!({ "at": "history", "after": "10", "seen": 0 }).to_string());
    channel.pull(Some(cursor)).await.unwrap().0.events
}

fn raw(text: &str) -> Option<Answer> {
    Some(ok(&json!({ "id": "dsn", "threadId": "t", "raw": base64(text) })))
}

#[tokio::test]
async fn what_could_not_be_delivered_is_told_of_the_message_and_is_no_message() {
    let ours = MessageId::new();
    let names = [
        format!("References: <{ours}@example.org>"),
        format!("In-Reply-To: <CAF=1@mail.gmail.com>\r\nReferences: <{ours}@example.org> <CAF=1@mail.gmail.com>"),
    ];
    for named in names {
        let events = told("INBOX", raw(&transmitted(&named, "failed", "5.1.1"))).await;
        let [event] = &events[..] else { panic!("{events:?}") };
        let EventKind::Status(update) = &event.kind else { panic!("{event:?}") };
        assert_eq!((update.status, update.correlation.clone()), (Some(Status::Failed), Some(ours.to_string())));
        let problem = update.problem.as_ref().unwrap();
        assert_eq!((problem.code.as_str(), problem.message.as_str()), ("5.1.1", "550 no such user"));
        assert_eq!((event.key.as_str(), event.subject.as_str()), ("dsn:report:0", ""));
    }
    let events =
        told("INBOX", raw(&transmitted(&format!("References: <{ours}@example.org>"), "delayed", "4.4.1"))).await;
    let EventKind::Status(update) = &events[0].kind else { panic!("{events:?}") };
    assert_eq!((update.status, update.provider_status.as_str()), (None, "delayed"));
}

#[tokio::test]
async fn a_report_of_anything_else_is_a_message_like_others() {
    let message = |events: Vec<Event>| {
        let [event] = &events[..] else { panic!("{events:?}") };
        assert!(matches!(event.kind, EventKind::Message(_)), "{event:?}");
    };
    message(told("INBOX", raw(&transmitted("References: <CAF=1@mail.gmail.com>", "failed", "5.1.1"))).await);
    message(told("INBOX", raw("Subject: no report at all\r\n\r\nx")).await);
    // What the owner of the mailbox has sent reports nothing.
    message(told("SENT", None).await);
    // Deleted between the two looks.
    let gone = r#"{"error":{"code":404,"message":"Requested entity was not found.","errors":[{"reason":"notFound"}]}}"#;
    assert!(told("INBOX", Some(answer(404, gone))).await.is_empty());
}
