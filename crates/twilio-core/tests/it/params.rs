//! Parameters: nothing that came is lost.

use comms_http::WebhookRequest;
use proptest::prelude::*;
use serde_json::{Value, json};
use twilio_core::{Form, Params};
use url::form_urlencoded;

#[test]
fn blank_is_absent_and_still_there() {
    let params = Params::parse(b"Body=+++&City=&City=Madrid&NumMedia=2&Flag");
    assert_eq!((params.get("Body"), params.raw("Body")), (None, Some("   ")));
    assert_eq!((params.get("City"), params.raw("City")), (Some("Madrid"), Some("")));
    assert_eq!((params.number::<u8>("NumMedia"), params.number::<u8>("City")), (Some(2), None));
    assert!(params.has("Flag") && !params.has("flag"));
    assert_eq!(params.all("City").collect::<Vec<_>>(), ["", "Madrid"]);
}

#[test]
fn what_is_not_taken_is_the_rest() {
    let mut taker = Params::parse(b"A=1&A=2&A=1&B=+&C=x&D=&D=y&E=7&F=1&F=2").taker();
    assert_eq!(taker.take("A").as_deref(), Some("1"));
    assert_eq!(taker.take_raw("B").as_deref(), Some(" "));
    assert_eq!(taker.number::<u8>("C"), None);
    assert_eq!(taker.take("D").as_deref(), Some("y"));
    assert_eq!(taker.number::<u8>("E"), Some(7));
    assert_eq!(taker.take_all("F"), ["1", "2"]);
    assert_eq!((taker.take("E"), taker.take("none")), (None, None));
    assert_eq!(taker.peek("C"), Some("x"));
    assert_eq!(Value::Object(taker.rest()), json!({ "A": "2", "C": "x" }));
}

#[test]
fn without_a_proof_a_request_is_read_by_the_same_rule() {
    let url = "https://example.com/t?account=1&Body=query";
    let mut request =
        WebhookRequest::post(url, "Body=form").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(Params::of_request(&request).get("Body"), Some("form"));
    request.method = http::Method::GET;
    assert_eq!(Params::of_request(&request).get("Body"), Some("query"));
    let json = WebhookRequest::post(url, "{}").header("content-type", "application/json");
    assert!(Params::of_request(&json).is_empty());
}

#[test]
fn printed_are_names_alone() {
    let params = Params::parse(b"From=%2B34600000000");
    let form = Form::new().set("To", "+34600000000");
    let printed = format!("{params:?} {:?} {form:?}", params.taker());
    assert!(printed.contains("From") && !printed.contains("600000000"), "{printed}");
}

proptest! {
    #[test]
    fn a_form_survives_the_way(pairs in prop::collection::vec(("\\PC{0,8}", "\\PC{0,20}"), 0..10)) {
        let form = pairs.iter().fold(Form::new(), |form, (name, value)| form.set(name, value));
        let params = Params::parse(form.encode().as_bytes());
        prop_assert!(params.iter().eq(form.iter()));
    }

    #[test]
    fn every_value_is_taken_or_left(pairs in prop::collection::vec(("[ab]", "[xy]{1,2}"), 0..8)) {
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let mut taker = Params::parse(encoded.as_bytes()).taker();
        let mut seen: Vec<(String, String)> = Vec::new();
        for name in ["a", "b"] {
            seen.extend(taker.take(name).map(|value| (name.to_owned(), value)));
        }
        for (name, value) in taker.rest() {
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            seen.extend(values.into_iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())));
        }
        prop_assert!(pairs.iter().all(|pair| seen.contains(pair)));
        prop_assert!(seen.iter().all(|pair| pairs.contains(pair)));
    }
}
