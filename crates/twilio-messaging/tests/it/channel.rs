//! The channel over a transport that answers from a script.

use comms_core::{
    Address, AddressKind, Channel, ChannelKind, Content, Files, Found, Location, Media, MediaKind, MediaRef, MessageId,
    Outbound, Probe, Status, Template, TemplateParameter,
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use time::OffsetDateTime;
use twilio_messaging::{ErrorKind, Outcome, Sender, TwilioMessagingChannel};

use crate::support::{
    ACCOUNT, Answer, NUMBER, SERVICE, Script, TO, answer, builder, client, config, ok, posted, values,
};

const SID: &str = "SM00000000000000000000000000000001";
const CONTENT: &str = "HX00000000000000000000000000000001";

fn created(status: &str) -> Answer {
    answer(201, json!({ "sid": SID, "status": status }).to_string())
}

fn phone() -> Address {
    Address::verbatim(AddressKind::Phone, TO)
}

fn media(source: MediaRef) -> Media {
    Media {
        kind: MediaKind::Image,
        source,
        caption: Some("mira".into()),
        filename: None,
        mime_type: None,
        sha256: None,
    }
}

/// What is posted for a content, without the recipient and the sender.
async fn sent(whatsapp: bool, content: Content) -> Result<Vec<(String, String)>, twilio_messaging::Error> {
    let (client, script) = client([created("queued")]);
    let channel = if whatsapp { TwilioMessagingChannel::whatsapp(client) } else { TwilioMessagingChannel::sms(client) };
    let result = channel.unwrap().send(&Outbound::new(phone(), content)).await;
    let requests = script.requests();
    assert_eq!(requests.len(), usize::from(result.is_ok()), "a refusal makes no request");
    result?;
    Ok(posted(&requests[0]).into_iter().filter(|(name, _)| name != "To" && name != "From").collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn each_sender_is_an_account_of_its_own() {
    let (client, _) = client([]);
    let sms = TwilioMessagingChannel::sms(client.clone()).unwrap();
    assert_eq!((sms.account().as_str(), sms.kind()), ("twilio-sms:+15005550006", ChannelKind::Sms));
    let whatsapp = TwilioMessagingChannel::whatsapp(client.clone()).unwrap();
    assert_eq!((whatsapp.account().as_str(), whatsapp.kind()), ("twilio-whatsapp:+15005550006", ChannelKind::WhatsApp));
    let service = TwilioMessagingChannel::new(client, Sender::from(SERVICE));
    assert_eq!((service.account().as_str(), service.kind()), (&*format!("twilio-sms:{SERVICE}"), ChannelKind::Sms));

    let mut none = config();
    (none.phone_number, none.whatsapp_number) = (None, None);
    let client = builder(none, []).0.build().unwrap();
    let error = TwilioMessagingChannel::sms(client.clone()).unwrap_err();
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some("TWILIO_PHONE_NUMBER")));
    let error = TwilioMessagingChannel::whatsapp(client).unwrap_err();
    assert_eq!(error.field_name(), Some("TWILIO_WHATSAPP_NUMBER"));
}

async fn addressed(
    channel: impl FnOnce(twilio_messaging::Client) -> TwilioMessagingChannel,
    to: Address,
) -> [Vec<String>; 3] {
    let (client, script): (_, std::sync::Arc<Script>) = client([created("queued")]);
    channel(client).send(&Outbound::new(to, Content::text("hola"))).await.unwrap();
    let request = script.only();
    ["To", "From", "MessagingServiceSid"].map(|name| values(&request, name))
}

#[tokio::test]
async fn addresses_are_written_as_the_channel_has_them() {
    let own = |text: &str| vec![text.to_owned()];
    let sms = addressed(|client| TwilioMessagingChannel::sms(client).unwrap(), phone()).await;
    assert_eq!(sms, [own(TO), own(NUMBER), vec![]]);
    let service = addressed(|client| TwilioMessagingChannel::new(client, Sender::from(SERVICE)), phone()).await;
    assert_eq!(service, [own(TO), vec![], own(SERVICE)]);
    let user = Address::verbatim(AddressKind::WhatsAppUser, "ES.1349120865530274");
    let whatsapp = addressed(|client| TwilioMessagingChannel::whatsapp(client).unwrap(), user).await;
    assert_eq!(whatsapp, [own("whatsapp:ES.1349120865530274"), own("whatsapp:+15005550006"), vec![]]);
}

#[tokio::test]
async fn contents_of_sms() {
    let url = || MediaRef::Url("https://example.com/1.png".into());
    assert_eq!(sent(false, Content::text("hola")).await.unwrap(), pairs(&[("Body", "hola")]));
    let one = [("Body", "mira"), ("MediaUrl", "https://example.com/1.png")];
    assert_eq!(sent(false, Content::Media(media(url()))).await.unwrap(), pairs(&one));
    let two = Content::Files(Files { body: None, files: vec![media(url()), media(url())] });
    let files = [("MediaUrl", "https://example.com/1.png"), ("MediaUrl", "https://example.com/1.png")];
    assert_eq!(sent(false, two).await.unwrap(), pairs(&files));
    let native = json!({ "Body": "hola", "To": "+1", "SmartEncoded": true, "ValidityPeriod": 60, "MediaUrl": ["https://a.example/1"] });
    let wanted =
        [("Body", "hola"), ("MediaUrl", "https://a.example/1"), ("SmartEncoded", "true"), ("ValidityPeriod", "60")];
    assert_eq!(sent(false, Content::Native { body: native }).await.unwrap(), pairs(&wanted));
}

#[tokio::test]
async fn contents_of_whatsapp() {
    let template = |parameters, components| {
        Content::Template(Template { name: CONTENT.into(), parameters, components, ..Template::default() })
    };
    let values = vec![
        TemplateParameter::Text("Ana".into()),
        TemplateParameter::Named { name: "day".into(), value: "lunes".into() },
        TemplateParameter::Text("10:30".into()),
    ];
    let posted = sent(true, template(values, None)).await.unwrap();
    let variables: Value = serde_json::from_str(&posted[1].1).unwrap();
    assert_eq!(variables, json!({ "1": "Ana", "day": "lunes", "3": "10:30" }));
    assert_eq!(posted[0].1, CONTENT);
    let posted = sent(true, template(Vec::new(), Some(json!({ "1": "x" })))).await.unwrap();
    assert_eq!(posted[1].1, r#"{"1":"x"}"#);

    let place = |name: Option<&str>, address: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Content::Location(Location { latitude: 40.4, longitude: -3.7, name: text(name), address: text(address) })
    };
    let posted = sent(true, place(Some("Oficina"), Some("Sol, 1"))).await.unwrap();
    assert_eq!(posted, pairs(&[("Body", "Oficina"), ("PersistentAction", "geo:40.4,-3.7|Sol, 1")]));
    let posted = sent(true, place(None, None)).await.unwrap();
    assert_eq!(posted, pairs(&[("Body", "40.4,-3.7"), ("PersistentAction", "geo:40.4,-3.7")]));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_field() {
    let template =
        |name: &str, header| Content::Template(Template { name: name.into(), header, ..Template::default() });
    let cases = [
        (Content::text("x".repeat(1_601)), "body"),
        (Content::Media(media(MediaRef::Id("1".into()))), "source"),
        (Content::Media(media(MediaRef::Blob("1".into()))), "source"),
        (template("cita", Vec::new()), "name"),
        (template(CONTENT, vec![TemplateParameter::Text("x".into())]), "header"),
        (Content::Native { body: json!("hola") }, "body"),
        (Content::Native { body: json!({ "Body": { "a": 1 } }) }, "Body"),
        (Content::Native { body: json!({ "Body": "x".repeat(1_601) }) }, "Body"),
        (Content::Native { body: json!({ "ContentSid": CONTENT, "ContentVariables": "no" }) }, "ContentVariables"),
    ];
    for (content, field) in cases {
        let error = sent(false, content.clone()).await.unwrap_err();
        assert_eq!((error.field_name(), error.outcome()), (Some(field), Outcome::Rejected), "{content:?}");
    }
    let files = Content::Files(Files { body: None, files: vec![media(MediaRef::Url("https://a.example".into())); 11] });
    assert_eq!(sent(false, files).await.unwrap_err().field_name(), Some("files"));
    let place = Content::Location(Location { latitude: 1.0, longitude: 1.0, name: None, address: None });
    assert_eq!(sent(false, place).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn reports_are_asked_for_at_an_address_that_names_the_message() {
    let (client, script) = client([created("accepted")]);
    let channel = TwilioMessagingChannel::sms(client).unwrap().callback("https://example.org/sms#rc=2");
    let message = Outbound::new(phone(), Content::text("hola"));
    let receipt = channel.send(&message).await.unwrap();
    assert_eq!((receipt.provider_id.as_str(), receipt.status), (SID, Status::Accepted));
    assert_eq!(receipt.recipient, [phone()]);
    let wanted = format!("https://example.org/sms?account=twilio-sms%3A%2B15005550006&message={}#rc=2", message.id);
    assert_eq!(values(&script.only(), "StatusCallback"), [wanted]);
}

#[tokio::test]
async fn the_receipt_says_what_twilio_says() {
    for (word, status) in [("queued", Status::Accepted), ("sent", Status::Sent), ("levitating", Status::Accepted)] {
        let (client, _) = client([created(word)]);
        let channel = TwilioMessagingChannel::sms(client).unwrap();
        let receipt = channel.send(&Outbound::new(phone(), Content::text("hola"))).await.unwrap();
        assert_eq!(receipt.status, status, "{word}");
    }
    let failed = json!({ "sid": SID, "status": "failed", "error_code": 21610, "error_message": "unsubscribed" });
    let (client, _) = client([answer(201, failed.to_string())]);
    let channel = TwilioMessagingChannel::sms(client).unwrap();
    let error = channel.send(&Outbound::new(phone(), Content::text("hola"))).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.provider_code()),
        (ErrorKind::OptedOut, Outcome::Rejected, Some("21610"))
    );
}

#[tokio::test]
async fn nothing_is_found_that_is_not_certain() {
    let missing = answer(404, r#"{"code":20404,"message":"not found","status":404}"#);
    let (client, script) = client([ok(&json!({ "sid": SID, "status": "delivered" })), missing]);
    let channel = TwilioMessagingChannel::sms(client).unwrap();
    let probe = |provider_id: Option<&str>| Probe {
        id: MessageId::new(),
        provider_id: provider_id.map(str::to_owned),
        to: phone(),
        attempted_at: OffsetDateTime::UNIX_EPOCH,
    };
    assert_eq!(channel.find(&probe(None)).await.unwrap(), Found::CannotTell);
    let Found::Found(receipt) = channel.find(&probe(Some(SID))).await.unwrap() else { panic!("it is there") };
    assert_eq!((receipt.provider_id.as_str(), receipt.status), (SID, Status::Delivered));
    assert_eq!(channel.find(&probe(Some(SID))).await.unwrap(), Found::CannotTell);
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn media_is_opened_at_our_own_address_only() {
    let file = answer(200, "bytes").header("content-type", "image/png");
    let (client, script) = client([file]);
    let channel = TwilioMessagingChannel::sms(client).unwrap();
    let (message, media) = ("MM00000000000000000000000000000001", "ME00000000000000000000000000000001");
    let stream = channel.fetch(&MediaRef::Id(format!("{ACCOUNT}/{message}/{media}"))).await.unwrap();
    assert_eq!(stream.content_type.as_deref(), Some("image/png"));
    let bytes: Vec<_> = stream.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"bytes");
    let url = script.only().url;
    assert_eq!(
        url.as_str(),
        format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/{message}/Media/{media}")
    );

    let refused = [
        MediaRef::Url("https://api.twilio.com/x".into()),
        MediaRef::Blob("x".into()),
        MediaRef::Id("x".into()),
        MediaRef::Id(format!("{ACCOUNT}/{message}/..")),
        MediaRef::Id(format!("AC00000000000000000000000000000002/{message}/{media}")),
    ];
    for source in refused {
        assert_eq!(channel.fetch(&source).await.unwrap_err().kind(), ErrorKind::InvalidRequest, "{source:?}");
    }
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn templates_are_those_that_can_be_sent() {
    let content = |sid: &str, status: &str| {
        json!({ "sid": sid, "language": "es", "variables": { "1": "Ana" },
            "types": { "twilio/text": { "body": "Hola {{1}}, {{ 10 }} y {{2}}" } },
            "approval_requests": { "status": status, "category": "UTILITY" } })
    };
    let list = || {
        let contents = [content("HX1", "approved"), content("HX2", "rejected"), json!({ "sid": "HX3", "types": {} })];
        ok(&json!({ "contents": contents, "meta": { "key": "contents", "next_page_url": null } }))
    };
    let (client, _) = client([list(), list()]);
    let whatsapp = TwilioMessagingChannel::whatsapp(client.clone()).unwrap().templates().await.unwrap();
    let [template] = &whatsapp[..] else { panic!("{whatsapp:?}") };
    assert_eq!(
        (template.name.as_str(), template.language.as_str(), template.category.as_str()),
        ("HX1", "es", "UTILITY")
    );
    let names: Vec<_> = template.variables.iter().map(|v| (v.name.as_str(), v.example.as_deref())).collect();
    assert_eq!(names, [("1", Some("Ana")), ("2", None), ("10", None)]);
    let sms = TwilioMessagingChannel::sms(client).unwrap().templates().await.unwrap();
    assert_eq!(sms.len(), 2);
}
