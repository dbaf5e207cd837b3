//! Signatures: the rule, case by case, and its properties.

use comms_http::{ErrorKind, Secret, WebhookRequest, signature::sha256_hex};
use http::Method;
use proptest::prelude::*;
use twilio_core::webhook::{SIGNATURE_HEADER, Verifier, sign};
use url::form_urlencoded;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const OTHER: &str = "AC00000000000000000000000000000002";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const URL: &str = "https://hooks.example.com/t?x=1";

fn token() -> Secret {
    Secret::from("an invented token")
}

fn verifier() -> Verifier {
    Verifier::new(ACCOUNT, token()).unwrap()
}

fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A form that reached `seen`, signed for `called`.
fn form(seen: &str, called: &str, pairs: &[(&str, &str)]) -> WebhookRequest {
    let signature = sign(&token(), called, pairs.iter().copied());
    WebhookRequest::post(seen, encode(pairs)).header("content-type", FORM).header(SIGNATURE_HEADER, &signature)
}

fn json(url: &str, body: &'static str) -> WebhookRequest {
    let signature = sign(&token(), url, []);
    WebhookRequest::post(url, body).header("content-type", JSON).header(SIGNATURE_HEADER, &signature)
}

fn holds(request: &WebhookRequest) -> bool {
    verifier().verify(request).is_ok()
}

#[test]
fn the_address_is_read_with_its_port_without_it_and_with_the_default() {
    for (seen, called) in [
        ("https://h.example/t", "https://h.example:443/t"),
        ("https://h.example:443/t", "https://h.example/t"),
        ("https://h.example:8443/t?a=b:1", "https://h.example/t?a=b:1"),
        ("http://h.example", "http://h.example:80"),
        ("http://h.example?a", "http://h.example:80?a"),
        ("HTTPS://H.example/t", "HTTPS://H.example:443/t"),
        ("wss://h.example/s", "wss://h.example:443/s"),
        ("ws://h.example/s", "ws://h.example:80/s"),
        ("https://user:pass@h.example/t", "https://user:pass@h.example:443/t"),
        ("https://user:pass@h.example:8443/t", "https://user:pass@h.example/t"),
        ("https://us@er:p@h.example/t", "https://us@er:p@h.example:443/t"),
        ("https://[2001:db8::1]/t", "https://[2001:db8::1]:443/t"),
        ("https://[2001:db8::1]:8443/t", "https://[2001:db8::1]/t"),
        ("https://u:p@[::1]:1/t", "https://u:p@[::1]/t"),
        ("https://h.example/t@x:1", "https://h.example:443/t@x:1"),
    ] {
        assert!(holds(&form(seen, called, &[("a", "1")])), "{seen} for {called}");
        assert!(holds(&form(seen, seen, &[("a", "1")])), "{seen}");
    }
}

#[test]
fn nothing_else_of_the_address_may_differ() {
    for (seen, called) in [
        ("https://h.example/t", "https://h.example/t/"),
        ("https://h.example/t", "http://h.example/t"),
        ("https://H.example/t", "https://h.example/t"),
        ("https://h.example/t", "https://h.example:8443/t"),
        ("https://h.example:8443/t", "https://h.example:443/t"),
        ("https://h.example/t?", "https://h.example/t"),
        ("https://h.example/t#rc=2", "https://h.example/t"),
        ("https://h.example/t?a=b+c", "https://h.example/t?a=b%20c"),
        ("https://h.example/t?a=%2f", "https://h.example/t?a=%2F"),
        ("https://h.example/t?a='", "https://h.example/t?a=%27"),
        ("https://h.example/t?a=%27", "https://h.example/t?a='"),
        ("https://h.example/España", "https://h.example/Espa%C3%B1a"),
        ("https://u:p@h.example/t", "https://h.example/t"),
        ("https://h.example/t?a=1&b=2", "https://h.example/t?b=2&a=1"),
        ("not an address", "https://h.example/t"),
        ("ftp://h.example/t", "ftp://h.example:21/t"),
    ] {
        assert!(!holds(&form(seen, called, &[("a", "1")])), "{seen} for {called}");
        assert!(holds(&form(seen, seen, &[("a", "1")])), "{seen}");
    }
}

/// The text that is signed for these pairs, found by signing it as an address.
fn signed_as(pairs: &[(&str, &str)], text: &str) -> bool {
    sign(&token(), URL, pairs.iter().copied()) == sign(&token(), &format!("{URL}{text}"), [])
}

#[test]
fn names_are_sorted_by_code_point_and_values_are_sorted_and_unique() {
    assert!(signed_as(&[("b", "2"), ("B", "1"), ("a", "")], "B1ab2"));
    assert!(signed_as(&[("Sid", "x"), ("SidAccount", "a")], "SidxSidAccounta"));
    // By name alone, not by name and value joined.
    assert!(signed_as(&[("A", "z"), ("A1", "0")], "AzA10"));
    assert!(signed_as(&[("D", "5"), ("D", "1"), ("D", "1"), ("D", "")], "DD1D5"));
    // Beyond the basic plane, where an order by UTF-16 is another one.
    assert!(signed_as(&[("\u{1F600}", "2"), ("\u{FF21}", "1")], "\u{FF21}1\u{1F600}2"));
    assert!(signed_as(&[("", "x"), ("é", "y"), ("z", " ")], "xz éy"));
}

#[test]
fn values_are_neither_trimmed_nor_left_out() {
    assert!(holds(&form(URL, URL, &[("Body", "   "), ("FromCity", ""), ("Say", "¡hola! & +1\r\n\0")])));
    for (given, signed) in [("a=+1", ("a", "1")), ("a=", ("b", "")), ("", ("a", "")), ("a=1", ("a", ""))] {
        let signature = sign(&token(), URL, [signed]);
        let request = WebhookRequest::post(URL, given).header("content-type", FORM);
        assert!(!holds(&request.header(SIGNATURE_HEADER, &signature)), "{given}");
    }
}

#[test]
fn the_header_is_there_once_and_whole() {
    let request = form(URL, URL, &[("a", "1")]);
    let signature = request.header_str(SIGNATURE_HEADER).unwrap().to_owned();
    let with = |value: &str| {
        let mut request = request.clone();
        request.headers.remove(SIGNATURE_HEADER);
        request.header(SIGNATURE_HEADER, value)
    };
    assert!(holds(&with(&signature)));
    for bad in ["", "x", "AAAA", &signature[1..], &format!("NOT{signature}"), signature.trim_end_matches('='), "ñ"] {
        let error = verifier().verify(&with(bad)).unwrap_err();
        assert_eq!((error.kind(), error.provider_name()), (ErrorKind::InvalidSignature, Some("twilio")), "{bad}");
    }
    let mut twice = request.clone();
    twice.headers.append(SIGNATURE_HEADER, signature.parse().unwrap());
    let mut none = request;
    none.headers.remove(SIGNATURE_HEADER);
    assert!(!holds(&twice) && !holds(&none));
}

#[test]
fn a_get_is_its_address() {
    let url = "https://h.example/t?account=x&AccountSid=AC00000000000000000000000000000001&Body=hola";
    let signature = sign(&token(), url, []);
    let mut request = WebhookRequest::post(url, "").header(SIGNATURE_HEADER, &signature);
    request.method = Method::GET;
    let verified = verifier().verify(&request).unwrap();
    assert_eq!((verified.params().get("Body"), verified.query().get("account")), (Some("hola"), Some("x")));
    // A body that nobody signed is not handed on.
    request.body = "Body=adios".into();
    let verified = verifier().verify(&request).unwrap();
    assert_eq!((verified.params().get("Body"), verified.body()), (Some("hola"), None));
}

#[test]
fn json_is_covered_by_the_hash_in_the_address() {
    let hash = sha256_hex(br#"{"a":"\u00f1"}"#);
    let url = format!("https://h.example/t?bodySHA256={hash}");
    let verified = verifier().verify(&json(&url, r#"{"a":"\u00f1"}"#)).unwrap();
    assert_eq!(verified.json::<serde_json::Value>().unwrap()["a"], "ñ");
    assert_eq!(verified.json::<u8>().unwrap_err().kind(), ErrorKind::Decode);
    assert!(verified.params().is_empty());

    assert!(!holds(&json(&url, r#"{"a":"ñ"}"#)));
    assert!(!holds(&json("https://h.example/t", "{}")));
    assert!(!holds(&json("https://h.example/t", "")));
    assert!(!holds(&json("https://h.example/t?bodySHA256=", "{}")));
    assert!(!holds(&json(&url.replace(&hash, &hash.to_uppercase()), r#"{"a":"\u00f1"}"#)));
    let empty = format!("https://h.example/t?bodySHA256={}", sha256_hex(b""));
    assert!(holds(&json(&empty, "")));
    let first = format!("https://h.example/t?bodySHA256={hash}&bodySHA256=x");
    assert!(holds(&json(&first, r#"{"a":"\u00f1"}"#)));
}

#[test]
fn a_body_cannot_be_cut_off_or_called_something_else() {
    let url = format!("https://h.example/t?bodySHA256={}", sha256_hex(b"{}"));
    let with = |content_type: Option<&str>, body: &'static str| {
        let request = WebhookRequest::post(&*url, body).header(SIGNATURE_HEADER, &sign(&token(), &url, []));
        match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        }
    };
    assert!(holds(&with(Some("application/json; charset=utf-8"), "{}")));
    assert!(holds(&with(Some("application/cloudevents+json"), "{}")));
    assert!(holds(&with(None, "{}")));
    for (content_type, body) in
        [(Some(FORM), ""), (Some(FORM), "="), (Some(FORM), "&"), (None, ""), (Some("text/plain"), "")]
    {
        assert!(!holds(&with(content_type, body)), "{content_type:?} {body:?}");
    }
    let mut get = with(None, "");
    get.method = Method::GET;
    assert!(!holds(&get));
    // Neither is a body of another kind taken for none.
    let signature = sign(&token(), URL, []);
    let text = WebhookRequest::post(URL, "x").header("content-type", "text/plain").header(SIGNATURE_HEADER, &signature);
    assert!(!holds(&text));
    // Nor JSON of a kind of its own that came without a body and without a hash.
    let events = WebhookRequest::post(URL, "").header("content-type", "application/cloudevents+json");
    assert!(!holds(&events.header(SIGNATURE_HEADER, &signature)));
    let none = WebhookRequest::post(URL, "").header(SIGNATURE_HEADER, &signature);
    assert!(holds(&none) && verifier().verify(&none).unwrap().params().is_empty());
}

#[test]
fn each_account_signs_with_its_own_token() {
    let request = |sid: &str, secret: &str| {
        let pairs = [("AccountSid", sid), ("Body", "hola")];
        let pairs = if sid.is_empty() { &pairs[1..] } else { &pairs[..] };
        let signature = sign(&Secret::from(secret), URL, pairs.iter().copied());
        WebhookRequest::post(URL, encode(pairs)).header("content-type", FORM).header(SIGNATURE_HEADER, &signature)
    };
    let verifier = Verifier::new(ACCOUNT, "current").unwrap().previous_token("previous").unwrap();
    let verifier = verifier.account(OTHER, "theirs").unwrap();
    for (sid, secret, proved) in [
        (ACCOUNT, "current", Some(ACCOUNT)),
        (ACCOUNT, "previous", Some(ACCOUNT)),
        ("", "current", Some(ACCOUNT)),
        (OTHER, "theirs", Some(OTHER)),
        // The token of another account proves nothing, the main one's neither.
        (ACCOUNT, "theirs", None),
        (OTHER, "current", None),
        ("", "theirs", None),
        (ACCOUNT, "older", None),
        ("AC00000000000000000000000000000003", "current", None),
    ] {
        let verified = verifier.verify(&request(sid, secret));
        assert_eq!(verified.as_ref().ok().map(|verified| verified.account_sid()), proved, "{sid} {secret}");
    }
    let unknown = verifier.verify(&request("AC00000000000000000000000000000003", "current")).unwrap_err();
    assert!(unknown.message().contains("account"), "{unknown}");
}

#[test]
fn an_empty_token_is_refused() {
    assert_eq!(Verifier::new(ACCOUNT, "").unwrap_err().kind(), ErrorKind::Config);
    assert!(verifier().previous_token("").is_err() && verifier().account(OTHER, "").is_err());
    assert!(!format!("{:?}", verifier()).contains("invented"));
}

#[test]
fn what_is_proved_is_not_printed() {
    let url = "https://h.example/t?account=twilio-sms%3A%2B15005550006";
    let printed = format!("{:?}", verifier().verify(&form(url, url, &[("From", "+34600000000")])).unwrap());
    assert!(printed.contains("From") && printed.contains("account"), "{printed}");
    assert!(!printed.contains("5550006") && !printed.contains("600000000"), "{printed}");
}

#[test]
fn a_body_of_200_kb_is_no_burden() {
    let pairs: Vec<(String, String)> = (0..10_000).map(|n| (format!("Name{n}"), format!("a value {n}"))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    let request = form(URL, URL, &pairs);
    assert!(request.body.len() > 200_000);
    assert_eq!(verifier().verify(&request).unwrap().params().len(), 10_000);
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("\\PC{0,6}", "\\PC{0,12}"), 0..12)
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

proptest! {
    #[test]
    fn what_is_signed_verifies_in_any_order(pairs in pairs(), seed in any::<u64>(), path in "[!-~]{0,20}") {
        let url = format!("https://hooks.example.com/{path}");
        let mut shuffled = borrowed(&pairs);
        shuffled.sort_by_key(|(name, value)| sha256_hex(format!("{seed}{name}{value}").as_bytes()));
        let signature = sign(&token(), &url, borrowed(&pairs));
        let request = WebhookRequest::post(url, encode(&shuffled)).header("content-type", FORM);
        let request = request.header(SIGNATURE_HEADER, &signature);
        prop_assume!(!pairs.iter().any(|(name, _)| name == "AccountSid") && !path.contains("bodySHA256"));
        prop_assert!(verifier().verify(&request).unwrap().params().iter().eq(shuffled));
    }

    #[test]
    fn what_was_changed_does_not_verify(pairs in pairs(), at in any::<prop::sample::Index>(), what in 0..4) {
        prop_assume!(!pairs.is_empty());
        let mut changed = pairs.clone();
        let index = at.index(changed.len());
        match what {
            0 => changed[index].1.push('x'),
            1 => changed[index].0.push('x'),
            2 => changed.push(("new".into(), "x".into())),
            _ => { changed.remove(index); }
        }
        // Names and values are joined without a mark, so some changes are none: Twilio's rule, not ours to mend.
        let (before, after) = (borrowed(&pairs), borrowed(&changed));
        prop_assume!(sign(&token(), URL, before.iter().copied()) != sign(&token(), URL, after.iter().copied()));
        let signature = sign(&token(), URL, before);
        let request = WebhookRequest::post(URL, encode(&after)).header("content-type", FORM);
        prop_assert!(verifier().verify(&request.header(SIGNATURE_HEADER, &signature)).is_err());
    }

    #[test]
    fn no_address_is_too_strange(url in "\\PC{0,40}", scheme in "(https?://|wss://|)") {
        let url = format!("{scheme}{url}");
        prop_assume!(!url.contains("bodySHA256"));
        prop_assert!(holds(&form(&url, &url, &[("a", "1")])));
    }
}
