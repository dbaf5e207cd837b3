use comms_http::{Error, Secret, WebhookRequest};

#[test]
fn the_query_is_read_decoded_and_the_url_stays_raw() {
    let request = WebhookRequest::post("https://host/hook?a=1&b=x%20y", "");
    assert_eq!(request.query("b").as_deref(), Some("x y"));
    assert_eq!(request.query("c"), None);
    assert_eq!(request.url, "https://host/hook?a=1&b=x%20y");
}

#[test]
fn a_header_sent_twice_is_not_trusted() {
    let mut request = WebhookRequest::post("https://host/", "").header("x-signature", "one");
    assert_eq!(request.header_str("X-Signature"), Some("one"));
    request.headers.append("x-signature", http::HeaderValue::from_static("two"));
    assert_eq!(request.header_str("x-signature"), None);
}

#[test]
fn nothing_prints_what_it_hides() {
    let request =
        WebhookRequest::post("https://host/hook?token=hidden", "hidden body").header("authorization", "hidden");
    let secret = Secret::from("hidden");
    assert!(!format!("{request:?}{secret:?}").contains("hidden"));
    let error = Error::invalid("top").source(std::io::Error::other("cause"));
    assert_eq!(error.to_string(), "top");
}
