//! Messages of people, and what the answer to them sends.

use comms_simulator::{
    Refused,
    twilio::{Button, InboundMessage, Location, NUMBER, SECOND_NUMBER, SERVICE_SID},
};
use serde_json::Value;

use super::support::{Cloud, PERSON, Page, Site, is_error};

/// The only webhook of a message.
async fn told(inbound: InboundMessage) -> super::support::Hit {
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |_| ());
    let sid = cloud.twilio().inbound_message(inbound).unwrap();
    cloud.settle().await;
    cloud.is_clean();
    let [hit]: [_; 1] = site.at("/messages").try_into().unwrap();
    assert!(hit.is_signed_by("simulated-auth-token"));
    assert_eq!(hit.get("MessageSid"), sid);
    hit
}

#[tokio::test]
async fn an_sms_arrives_with_blank_places_abroad() {
    let hit = told(InboundMessage::sms(PERSON, NUMBER, "¿Tenéis anillos?")).await;
    let expected = [
        ("From", PERSON),
        ("To", NUMBER),
        ("Body", "¿Tenéis anillos?"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
        ("FromCountry", "ES"),
        ("FromCity", ""),
        ("ToState", "CA"),
        ("MessagingServiceSid", SERVICE_SID),
    ];
    for (name, value) in expected {
        assert!(hit.fields.contains(&(name.to_owned(), value.to_owned())), "{name} in {:?}", hit.fields);
    }
}

#[tokio::test]
async fn whatsapp_has_its_own_fields() {
    let hit = told(InboundMessage {
        location: Some(Location { latitude: 40.5, longitude: -3.25, address: Some("Calle 1".into()), label: None }),
        profile_name: Some("Ana".into()),
        ..InboundMessage::whatsapp(PERSON, NUMBER, "")
    })
    .await;
    let fields =
        ["MessageType", "Latitude", "Longitude", "Address", "ProfileName", "WaId", "From"].map(|name| hit.get(name));
    assert_eq!(fields, ["location", "40.5", "-3.25", "Calle 1", "Ana", "34600000009", "whatsapp:+34600000009"]);
    let metadata: Value = serde_json::from_str(hit.get("ChannelMetadata")).unwrap();
    assert_eq!(metadata["data"]["context"]["ProfileName"], "Ana");

    let button = Button { text: "Sí".into(), payload: "yes".into() };
    let tap =
        InboundMessage { button: Some(button), ..InboundMessage::whatsapp(PERSON, NUMBER, "Sí").reply_to("SM1") };
    let hit = told(tap.field("ReferralBody", "An advert")).await;
    let names = ["MessageType", "ButtonText", "ButtonPayload", "OriginalRepliedMessageSid", "ReferralBody"];
    assert_eq!(names.map(|name| hit.get(name)), ["button", "Sí", "yes", "SM1", "An advert"]);

    let hit = told(InboundMessage::whatsapp(PERSON, NUMBER, "hi").hidden("ES.abc123")).await;
    assert_eq!((hit.get("From"), hit.get("WaId")), ("whatsapp:ES.abc123", ""));
    assert_eq!(hit.get("ExternalUserId"), "whatsapp:ES.abc123");
}

#[tokio::test]
async fn the_answer_is_sent() {
    let site = Site::start(|hit| match hit.path.as_str() {
        "/messages" => Page::twiml(
            "<Message statusCallback=\"/status\">uno &amp; dos</Message><Redirect method=\"POST\">/more?x=1</Redirect>",
        ),
        "/more" => Page::twiml("<Message><Body>tres</Body><Media>https://shop.example/ring.png</Media></Message>"),
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, |_| ());
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    assert_eq!(cloud.twilio().received_by(PERSON), ["uno & dos", "tres"]);
    let list = cloud.get("Messages.json").await.body;
    let messages = list["messages"].as_array().unwrap();
    let seen: Vec<&str> = messages.iter().map(|message| message["direction"].as_str().unwrap()).collect();
    assert_eq!(seen, ["outbound-reply", "outbound-reply", "inbound"]);
    assert_eq!((&messages[0]["num_media"], &messages[0]["from"]), (&Value::from("1"), &Value::from(NUMBER)));
    assert!(messages[0]["sid"].as_str().unwrap().starts_with("MM"));
    assert_eq!(site.fields_at("/status", "MessageSid"), [messages[1]["sid"].as_str().unwrap(); 2]);
}

#[tokio::test]
async fn plain_words_are_an_answer_too() {
    let site = Site::start(|_| Page { status: 200, content_type: "text/plain", body: "OK".to_owned() });
    let cloud = Cloud::beside(&site, |_| ());
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    assert_eq!(cloud.twilio().received_by(PERSON), ["OK"]);
}

#[tokio::test]
async fn stop_is_kept_until_start() {
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |config| {
        let service = &mut config.twilio.accounts[0].services[0];
        service.advanced_opt_out = true;
    });
    let send = [("To", PERSON), ("From", NUMBER), ("Body", "x")];
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, " stop ")).unwrap();
    is_error(&cloud.post("Messages.json", &send).await, 400, 21_610);
    assert!(cloud.twilio().is_opted_out(NUMBER, PERSON) && !cloud.twilio().is_opted_out(SECOND_NUMBER, PERSON));
    cloud.create("Messages.json", &[("To", PERSON), ("From", SECOND_NUMBER), ("Body", "x")]).await;
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "START")).unwrap();
    cloud.create("Messages.json", &send).await;
    cloud.settle().await;
    let mut kinds = site.fields_at("/messages", "OptOutType");
    kinds.sort();
    assert_eq!(kinds, ["START", "STOP"]);
}

#[tokio::test]
async fn a_message_to_nobody_is_refused() {
    let cloud = Cloud::new(|_| ());
    let unknown = cloud.twilio().inbound_message(InboundMessage::sms(PERSON, "+15550100055", "x"));
    assert_eq!(unknown, Err(Refused::UnknownPhone("+15550100055".to_owned())));
    assert_eq!(cloud.twilio().inbound_message(InboundMessage::sms(PERSON, "", "x")), Err(Refused::NoCallback));
}

#[tokio::test]
async fn the_controls_do_the_same() {
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |_| ());
    let body = serde_json::json!({"from": PERSON, "body": "hola", "files": [{"content_type": "image/png", "data": "iVBORw=="}]});
    let url = format!("{}/_simulator/twilio/inbound-message", cloud.simulator.url());
    let said: Value = cloud.client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    let waited = format!("{}/_simulator/twilio/settled", cloud.simulator.url());
    assert_eq!(cloud.client.get(waited).send().await.unwrap().status(), 200);
    let hit = site.hits().pop().unwrap();
    assert_eq!((hit.get("MessageSid"), hit.get("NumMedia")), (said["sid"].as_str().unwrap(), "1"));
    assert_eq!(hit.get("MediaContentType0"), "image/png");
}

#[tokio::test]
async fn a_repetition_is_the_same_message() {
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |_| ());
    let inbound = InboundMessage::sms(PERSON, NUMBER, "hola").file("image/png", b"PNG").sid("MM1");
    for _ in 0..2 {
        assert_eq!(cloud.twilio().inbound_message(inbound.clone()), Ok("MM1".to_owned()));
    }
    cloud.settle().await;
    let [first, second]: [_; 2] = site.at("/messages").try_into().unwrap();
    assert_eq!(first.raw, second.raw);
    assert_eq!(cloud.get("Messages.json").await.body["messages"].as_array().unwrap().len(), 1);
}
