//! Lists: relative and absolute addresses, tokens, and never another host.

use comms_http::ErrorKind;
use futures_util::{StreamExt, TryStreamExt};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use twilio_core::{Client, Operation, Product};

use crate::support::{ACCOUNT, Script, answer, builder, client, header, ok};

const LIST: Operation = Operation::repeatable("messages.list");

#[derive(Debug, Deserialize, PartialEq)]
struct Item {
    sid: String,
}

async fn sids(client: &Client) -> twilio_core::Result<Vec<String>> {
    let request = client.request(Method::GET, &["Messages.json"]).unwrap().query("PageSize", "2");
    client.pages::<Item>(LIST, request, "messages").map_ok(|item| item.sid).try_collect().await
}

fn page(sids: &[&str], next: &str) -> Value {
    let items: Vec<Value> = sids.iter().map(|sid| json!({ "sid": sid, "new_field": 1 })).collect();
    let next = if next.is_empty() { Value::Null } else { next.into() };
    json!({ "messages": items, "next_page_uri": next, "page": 0, "start": 0, "uri": "/x" })
}

#[tokio::test]
async fn relative_addresses_are_followed_as_they_are() {
    let next = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?DateSent%3E=2008-01-02&Page=1&PageToken=PASM1");
    let (client, script) =
        client([ok(&page(&["a", "b"], &next)), ok(&page(&[], &format!("{next}2"))), ok(&page(&["c"], ""))]);
    assert_eq!(sids(&client).await.unwrap(), ["a", "b", "c"]);
    let urls = script.urls();
    assert!(urls[0].ends_with("/Messages.json?PageSize=2"));
    assert_eq!(urls[1], format!("https://api.twilio.com{next}"));
    assert!(script.requests().iter().all(|request| header(request, "authorization").is_some()));
}

#[tokio::test]
async fn a_base_with_a_path_keeps_it() {
    for next in ["/2010-04-01/x?Page=1", "/twilio/2010-04-01/x?Page=1"] {
        let script = Script::new([ok(&page(&["a"], next)), ok(&page(&["b"], ""))]);
        let client = builder(&script).base_url("http://127.0.0.1:9/twilio").build().unwrap();
        assert_eq!(sids(&client).await.unwrap(), ["a", "b"]);
        assert_eq!(script.urls()[1], "http://127.0.0.1:9/twilio/2010-04-01/x?Page=1");
    }
}

#[tokio::test]
async fn absolute_addresses_and_tokens_are_followed() {
    let url = "https://messaging.twilio.com/v1/Services?PageSize=2&Page=1&PageToken=PT1";
    let (client, script) = client([
        ok(&json!({ "meta": { "key": "services", "next_page_url": url }, "services": [{ "sid": "a" }] })),
        ok(&json!({ "meta": { "key": "services", "nextToken": "t 1" }, "services": [{ "sid": "b" }] })),
        ok(&json!({ "meta": { "key": "services", "nextToken": "t2" }, "services": [{ "sid": "c" }] })),
        ok(&json!({ "meta": { "key": "services", "nextToken": null }, "services": [] })),
    ]);
    let request = client.product(Product::Messaging, Method::GET, &["v1", "Services"]).unwrap();
    // The answer names its list, whatever was expected.
    let items: Vec<Item> = client.pages(LIST, request, "items").try_collect().await.unwrap();
    assert_eq!(items.len(), 3);
    let urls = script.urls();
    assert_eq!(urls[1], url);
    assert_eq!(urls[2], format!("{url}&pageToken=t+1"));
    assert_eq!(urls[3], format!("{url}&pageToken=t2"));
}

#[tokio::test]
async fn no_page_is_fetched_from_another_host() {
    for next in [
        "https://example.com/2010-04-01/x",
        "//example.com/x",
        "/\\example.com/x",
        "http://api.twilio.com/x",
        "https://api.twilio.com:8443/x",
        "https://messaging.twilio.com/x",
        "https://user:pass@api.twilio.com/x",
        "file:///etc/passwd",
    ] {
        for body in [page(&["a"], next), json!({ "messages": [], "meta": { "next_page_url": next } })] {
            let (client, script) = client([ok(&body)]);
            let error = sids(&client).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{next}");
            assert_eq!(error.operation_name(), Some("messages.list"));
            assert_eq!(script.requests().len(), 1, "{next}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_its_own_next_ends_the_stream() {
    let (client, script) =
        client([ok(&page(&["a"], &format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=2")))]);
    assert!(sids(&client).await.is_err());
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn the_stream_ends_after_an_error_and_fetches_no_page_too_many() {
    let (client, script) = client([ok(&page(&["a"], "/2010-04-01/x?Page=1")), answer(404, "")]);
    let request = client.request(Method::GET, &["Messages.json"]).unwrap();
    let mut stream = Box::pin(client.pages::<Item>(LIST, request, "messages"));
    assert_eq!(stream.next().await.unwrap().unwrap().sid, "a");
    assert_eq!(script.requests().len(), 1);
    assert!(stream.next().await.unwrap().is_err());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_is_not_a_list_is_said() {
    for body in [json!({}), json!({ "calls": [] }), json!({ "messages": [{ "no": "sid" }] }), json!([])] {
        let (client, _) = client([ok(&body)]);
        assert_eq!(sids(&client).await.unwrap_err().kind(), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test]
async fn one_page_gives_the_address_of_the_next() {
    let (client, _) = client([ok(&page(&["a"], "/2010-04-01/x?Page=1"))]);
    let request = client.request(Method::GET, &["Messages.json"]).unwrap();
    let page = client.page::<Item>(LIST, request, "messages").await.unwrap();
    assert_eq!(page.next.as_deref(), Some("https://api.twilio.com/2010-04-01/x?Page=1"));
}
