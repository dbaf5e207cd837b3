//! Many calls in one request: each ends by itself.

use comms_http::ErrorKind;
use gmail_client::{
    api::Read,
    limits,
    model::{label::LabelChange, message::Message},
};

use crate::support::{answer, client, text_body};

/// As Google answers: in any order, with failures beside successes. What has no id is an answer to nothing.
const MIXED: &str = "--batch_AbC\r\nContent-Type: application/http\r\nContent-ID: <response-2>\r\n\r\n\
    HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json; charset=UTF-8\r\nVary: Origin\r\n\r\n\
    {\"error\": {\"code\": 429, \"message\": \"Too many concurrent requests for user.\", \
    \"errors\": [{\"domain\": \"global\", \"reason\": \"rateLimitExceeded\"}]}}\r\n\
    --batch_AbC\r\nContent-Type: application/http\r\nContent-ID: <response-0>\r\n\r\n\
    HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Type: application/json\r\n\r\n{\"id\":\"m1\",\"labelIds\":[\"INBOX\"]}\r\n\
    --batch_AbC\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n\
    --batch_AbC\r\nContent-Type: application/http\r\nContent-ID: <response-4>\r\n\r\n\
    HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n\r\n--batch_AbC--\r\n";

#[tokio::test]
async fn each_call_has_its_answer_whatever_becomes_of_the_others() {
    let (client, script) = client([answer(200, MIXED)]);
    let read = Read::headers(&["Subject", "From"]);
    let change = LabelChange::remove("UNREAD");
    let batch = client.batch().message("m1", &read).message("", &read).modify("m2", &change);
    let answers = batch.thread("t1", &Read::default()).modify("m3", &change).run().await.unwrap();
    let message: Message = answers[0].as_ref().unwrap().json().unwrap();
    assert_eq!((message.id.as_str(), message.has_label("INBOX")), ("m1", true));
    assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::InvalidRequest, "it was never asked");
    let busy = answers[2].as_ref().unwrap_err();
    assert_eq!((busy.kind(), busy.status(), busy.is_retryable()), (ErrorKind::RateLimited, Some(429), true));
    assert_eq!(answers[3].as_ref().unwrap_err().kind(), ErrorKind::Decode, "Google said nothing of it");
    assert!(answers[4].is_ok());
    assert!(answers[4].as_ref().unwrap().json::<Message>().is_err());

    let [request] = &script.requests()[..] else { panic!() };
    assert_eq!(request.url.path(), "/batch/gmail/v1");
    let asked = text_body(request);
    assert!(
        asked.contains(
            "GET /gmail/v1/users/me/messages/m1?format=metadata&metadataHeaders=Subject&metadataHeaders=From\r\n"
        ),
        "{asked}"
    );
    assert!(asked.contains("POST /gmail/v1/users/me/messages/m2/modify\r\nContent-Type: application/json\r\n\r\n{\"removeLabelIds\":[\"UNREAD\"]}"), "{asked}");
    assert_eq!(asked.matches("Content-ID:").count(), 4);
}

#[tokio::test]
async fn an_id_cannot_write_a_call_of_its_own() {
    let (client, script) = client([answer(200, "--b\r\n--b--")]);
    let evil = "m\r\n\r\nDELETE /gmail/v1/users/me/messages/x";
    drop(client.batch().message(evil, &Read::default()).run().await.unwrap());
    assert!(!text_body(&script.requests()[0]).contains("\nDELETE"), "{}", text_body(&script.requests()[0]));
}

#[tokio::test]
async fn what_cannot_be_asked_or_read_is_an_error() {
    let (client, script) = client([answer(200, "<html></html>"), answer(401, "{}")]);
    assert_eq!(client.batch().run().await.unwrap().len(), 0);
    let many =
        (0..=limits::BATCH_CALLS).fold(client.batch(), |batch, at| batch.message(&at.to_string(), &Read::default()));
    assert_eq!(many.run().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert!(script.requests().is_empty());
    let one = || client.batch().message("m", &Read::default()).run();
    assert_eq!(one().await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(one().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}
