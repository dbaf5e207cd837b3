//! Calls: where they go, with what, and how often.

use comms_http::{Error, ErrorKind, Outcome};
use http::Method;
use serde_json::{Value, json};
use twilio_core::{Client, Config, Credentials, Form, Operation, Product, error::Answer};

use crate::support::{ACCOUNT, Script, TOKEN, answer, builder, client, form_body, header, ok};

const CREATE: Operation = Operation::once("messages.create");
const FETCH: Operation = Operation::repeatable("messages.fetch");
const KEY: &str = "SK00000000000000000000000000000002";

#[tokio::test]
async fn a_call_is_a_form_with_basic_credentials() {
    let (client, script) = client([ok(&json!({ "sid": "SM1" }))]);
    let form = Form::new().set("To", "+15005550006").set("Body", "").list("MediaUrl", ["https://a", "https://b"]);
    let request = form.apply(client.request(Method::POST, &["Messages.json"]).unwrap());
    let sent: Value = client.json(CREATE, request).await.unwrap();
    assert_eq!(sent["sid"], "SM1");

    let request = script.only();
    let url = format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", &*url));
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    let expected = [("To", "+15005550006"), ("Body", ""), ("MediaUrl", "https://a"), ("MediaUrl", "https://b")];
    assert!(form_body(&request).iter().eq(expected));
    // base64 of "AC…:an-invented-token"
    let basic = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTphbi1pbnZlbnRlZC10b2tlbg==";
    assert_eq!(header(&request, "authorization"), Some(basic));
    assert!(request.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn an_api_key_calls_below_the_account() {
    let script = Script::new([ok(&json!({})), ok(&json!({}))]);
    let config = Config::new(ACCOUNT, TOKEN).with_api_key(KEY, "an-invented-secret");
    let key = Client::builder(config).transport(script.clone()).build().unwrap();
    let other = "AC00000000000000000000000000000009";
    let sub = key.for_account(other).unwrap().with_credentials(Credentials::auth_token(other, "its-token"));
    for client in [&key, &sub] {
        let request = client.request(Method::GET, &["Calls.json"]).unwrap();
        client.json::<Value>(FETCH, request).await.unwrap();
    }
    let requests = script.requests();
    assert!(requests[0].url.path().contains(ACCOUNT) && requests[1].url.path().contains(other));
    let user = |index: usize| {
        use base64::Engine as _;
        let basic = header(&requests[index], "authorization").unwrap().trim_start_matches("Basic ").to_owned();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(basic).unwrap()).unwrap()
    };
    assert_eq!((user(0), user(1)), (format!("{KEY}:an-invented-secret"), format!("{other}:its-token")));
    assert_eq!(key.for_account("SK1").unwrap_err().field_name(), Some("account_sid"));
}

#[test]
fn each_product_has_its_host_and_one_base_serves_all() {
    let (client, script) = client([]);
    let url =
        |client: &Client, product, path: &[&str]| client.product(product, Method::GET, path).unwrap().url.to_string();
    assert_eq!(url(&client, Product::Messaging, &["v1", "Services"]), "https://messaging.twilio.com/v1/Services");
    assert_eq!(url(&client, Product::Content, &["v1", "Content"]), "https://content.twilio.com/v1/Content");
    let local = builder(&script).base_url("http://127.0.0.1:9/twilio/").build().unwrap();
    assert_eq!(url(&local, Product::Messaging, &["v1", "Services"]), "http://127.0.0.1:9/twilio/v1/Services");
}

#[test]
fn an_id_from_outside_stays_one_segment() {
    let (client, _) = client([]);
    for bad in ["", ".", "..", "...", "..json", ".json", "...json"] {
        let error = client.request(Method::GET, &["Messages", bad]).unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::InvalidRequest, Some("sid")), "{bad:?}");
    }
    let request = client.request(Method::GET, &["Messages", "../../x?a=b#c%2e.json"]).unwrap();
    assert_eq!(request.url.path_segments().unwrap().count(), 5);
    assert_eq!((request.url.query(), request.url.fragment()), (None, None));
}

#[tokio::test]
async fn filters_with_signs_in_their_names_are_encoded() {
    let (client, script) = client([ok(&json!({}))]);
    let filter = Form::new().set("DateSent>", "2026-01-01").number("PageSize", Some(2));
    let request = filter.query(client.request(Method::GET, &["Messages.json"]).unwrap());
    client.json::<Value>(FETCH, request).await.unwrap();
    assert_eq!(script.only().url.query(), Some("DateSent%3E=2026-01-01&PageSize=2"));
    let bare = Form::new().query(client.request(Method::GET, &["Messages.json"]).unwrap());
    assert_eq!(bare.url.query(), None);
}

#[tokio::test]
async fn a_send_is_repeated_only_where_twilio_did_not_act() {
    let body = |code: u32| json!({ "code": code, "message": "x" }).to_string();
    let refused = || Error::new(ErrorKind::Transport, Outcome::NotSent, "no connection").into();
    let cut = || Error::new(ErrorKind::Transport, Outcome::Unknown, "the connection broke").into();
    for (operation, first, calls) in [
        (CREATE, answer(429, body(20429)), 2),
        (CREATE, answer(429, ""), 2),
        (CREATE, refused(), 2),
        (CREATE, answer(500, body(20500)), 1),
        (CREATE, answer(502, "<html>"), 1),
        (CREATE, cut(), 1),
        (CREATE, answer(400, body(21211)), 1),
        // Only tomorrow, or minutes from now: that is for a queue.
        (CREATE, answer(429, body(63038)), 1),
        (CREATE, answer(429, body(21611)), 1),
        (FETCH, answer(500, body(20500)), 2),
        (FETCH, answer(503, ""), 2),
        (FETCH, cut(), 2),
        (FETCH, answer(404, body(20404)), 1),
    ] {
        let said = format!("{operation:?} {first:?}");
        let (client, script) = client([first, ok(&json!({}))]);
        let request = client.request(Method::POST, &["Messages.json"]).unwrap();
        let result = client.json::<Value>(operation, request).await;
        assert_eq!((script.requests().len(), result.is_ok()), (calls, calls == 2), "{said}");
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_unknown() {
    let page = "<!doctype html><title>Maintenance</title>";
    for (body, excerpt) in [(page, None), ("", None), ("not yet", Some("not yet")), ("{\"sid\":", Some("{\"sid\":"))] {
        let (client, script) = client([answer(200, body)]);
        let request = client.request(Method::POST, &["Messages.json"]).unwrap();
        let error = client.json::<Value>(CREATE, request).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome(), error.status()), (ErrorKind::Decode, Outcome::Unknown, Some(200)));
        assert_eq!(error.operation_name(), Some("messages.create"));
        assert_eq!(Answer::of(&error).unwrap().excerpt(), excerpt);
        assert_eq!(script.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_deletion_has_nothing_to_read() {
    let (client, script) = client([answer(204, "")]);
    let request = client.request(Method::DELETE, &["Messages", "SM1.json"]).unwrap();
    client.empty(Operation::repeatable("messages.delete"), request).await.unwrap();
    assert_eq!(script.only().method, Method::DELETE);
}

#[tokio::test]
async fn credentials_go_nowhere_else() {
    let (client, script) = client([]);
    let mut request = client.request(Method::GET, &["Messages.json"]).unwrap();
    for foreign in ["https://example.com/", "http://api.twilio.com/", "https://api.twilio.com.example.com/"] {
        request.url = foreign.parse().unwrap();
        let error = client.json::<Value>(FETCH, request.clone()).await.unwrap_err();
        assert_eq!(error.field_name(), Some("url"), "{foreign}");
    }
    assert!(script.requests().is_empty());
}
