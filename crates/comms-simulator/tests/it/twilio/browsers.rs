//! Browsers with their access tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_http::{Secret, signature};
use comms_simulator::{
    Refused,
    twilio::{ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, APPLICATION_SID, BrowserCall, InboundCall, NUMBER, Script},
};
use serde_json::{Value, json};

use super::support::{Cloud, PERSON, Page, Site};

const NOW: i64 = 1_780_000_000;

fn claims() -> Value {
    json!({
        "jti": format!("{API_KEY_SID}-{NOW}"),
        "iss": API_KEY_SID,
        "sub": ACCOUNT_SID,
        "iat": NOW,
        "exp": NOW + 3_600,
        "grants": {
            "identity": "ana",
            "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": APPLICATION_SID}},
        },
    })
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"})
}

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let mac = signature::hmac_sha256_hex(&Secret::from(secret), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(hex::decode(mac).unwrap()))
}

fn token() -> String {
    signed(&header(), &claims(), API_KEY_SECRET)
}

#[tokio::test]
async fn a_browser_calls_a_phone_through_its_app() {
    let site = Site::start(|hit| match hit.path.as_str() {
        "/voice" => Page::twiml(&format!(
            "<Dial callerId=\"{NUMBER}\" answerOnBridge=\"true\" action=\"/after\"><Number statusCallback=\"/leg\" \
             statusCallbackEvent=\"initiated ringing answered completed\">{}</Number></Dial>",
            hit.get("To")
        )),
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, |_| ());
    let call = BrowserCall::to(&token(), PERSON).param("lead_id", "7").param("From", "client:somebody");
    let sid = cloud.twilio().browser_call(&call).unwrap();
    cloud.settle().await;
    let asked = &site.at("/voice")[0];
    let names = ["From", "Caller", "To", "Direction", "ApplicationSid", "lead_id", "CallStatus", "CallSid"];
    let expected = ["client:ana", "client:ana", PERSON, "inbound", APPLICATION_SID, "7", "ringing", sid.as_str()];
    assert_eq!(names.map(|name| asked.get(name)), expected);
    assert!(asked.is_signed_by("simulated-auth-token"));
    assert_eq!(site.fields_at("/leg", "CallStatus"), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(site.fields_at("/leg", "From"), [NUMBER; 4]);
    assert_eq!(site.fields_at("/leg", "ParentCallSid"), [sid.as_str(); 4]);
    let after = &site.at("/after")[0];
    assert_eq!((after.get("DialCallDuration"), after.get("ApplicationSid")), ("42", APPLICATION_SID));
    assert_eq!(site.fields_at("/ended", "CallStatus"), ["completed"]);
    assert_eq!(site.fields_at("/ended", "From"), ["client:ana"]);
    cloud.is_clean();
}

#[tokio::test]
async fn a_browser_without_a_caller_id_reaches_no_phone() {
    let site = Site::start(|_| Page::twiml("<Dial>+34600000009</Dial>"));
    let cloud = Cloud::beside(&site, |_| ());
    let sid = cloud.twilio().browser_call(&BrowserCall::to(&token(), PERSON)).unwrap();
    cloud.settle().await;
    assert!(cloud.twilio().child_legs(&sid).is_empty());
    assert!(cloud.ledger().violations()[0].what.contains("13214"));
}

#[tokio::test]
async fn a_registered_browser_is_rung() {
    let site = Site::start(|_| Page::twiml("<Dial><Client>ana</Client></Dial>"));
    let cloud = Cloud::beside(&site, |_| ());
    let body = json!({"token": token(), "script": {"ring_seconds": 2, "talk_seconds": 8}});
    let url = format!("{}/_simulator/twilio/browsers", cloud.simulator.url());
    let answer: Value = cloud.client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["address"], "client:ana");
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    cloud.settle().await;
    let [leg] = <[String; 1]>::try_from(cloud.twilio().child_legs(&sid)).unwrap();
    assert_eq!(cloud.twilio().call_status(&leg), Some(("completed".to_owned(), Some(8))));
}

/// Claims with one thing changed.
fn with(path: &str, value: Value) -> Value {
    let mut changed = claims();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    changed
}

#[tokio::test]
async fn a_bad_token_is_refused_with_its_code() {
    let cloud = Cloud::new(|config| config.twilio.set_voice_url("http://127.0.0.1:9/voice"));
    let good = |claims: &Value| signed(&header(), claims, API_KEY_SECRET);
    let cases = [
        ("not a token".to_owned(), 20_101),
        (signed(&json!({"alg": "HS256", "typ": "JWT"}), &claims(), API_KEY_SECRET), 20_102),
        (signed(&json!({"alg": "none", "typ": "JWT", "cty": "twilio-fpa;v=1"}), &claims(), API_KEY_SECRET), 20_102),
        (good(&with("/iss", json!("SK1"))), 20_103),
        (good(&with("/sub", json!("AC1"))), 20_103),
        (good(&with("/exp", json!(NOW))), 20_104),
        (good(&with("/exp", Value::Null)), 20_104),
        (good(&with("/nbf", json!(NOW + 60))), 20_105),
        (good(&with("/grants/voice", Value::Null)), 20_106),
        (good(&with("/grants/identity", json!(""))), 20_106),
        (good(&with("/grants/voice/outgoing", Value::Null)), 20_106),
        (good(&with("/grants/voice/outgoing/application_sid", json!("AP1"))), 20_106),
        (signed(&header(), &claims(), "another secret"), 20_107),
        (good(&with("/exp", json!(NOW + 86_401))), 20_157),
    ];
    for (token, wanted) in cases {
        match cloud.twilio().browser_call(&BrowserCall::to(&token, PERSON)) {
            Err(Refused::Token { code, .. }) => assert_eq!(code, wanted, "{token}"),
            other => panic!("{other:?} instead of {wanted}"),
        }
    }
    let closed = good(&with("/grants/voice/incoming", Value::Null));
    assert!(matches!(
        cloud.twilio().register_browser(&closed, Script::default()),
        Err(Refused::Token { code: 20_106, .. })
    ));
    cloud.clock.advance(std::time::Duration::from_secs(3_600));
    let url = format!("{}/_simulator/twilio/browser-call", cloud.simulator.url());
    let late = cloud.client.post(url).json(&json!({"token": token(), "params": {"To": PERSON}})).send().await.unwrap();
    assert_eq!(late.status(), 401);
    assert_eq!(late.json::<Value>().await.unwrap()["code"], 20_104);
}
