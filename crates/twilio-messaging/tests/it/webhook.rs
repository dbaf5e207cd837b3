//! Webhooks: verified, then read with nothing lost.

use comms_http::WebhookRequest;
use serde_json::{Value, json};
use twilio_messaging::{
    Address, ErrorKind,
    model::message::MessageStatus,
    webhook::{ChannelEvent, InboundMessage, MessageType, OptOutType, Params, Webhook, keyword},
};

use crate::support::{ACCOUNT, NUMBER, TO, URL, form, read, signed, verifier};

const SID: (&str, &str) = ("MessageSid", "SM00000000000000000000000000000001");
const FROM: (&str, &str) = ("From", TO);
const OURS: (&str, &str) = ("To", NUMBER);

fn inbound(fields: &[(&str, &str)]) -> InboundMessage {
    let given = |name| fields.iter().any(|(known, _)| *known == name);
    let default = [SID, FROM, OURS].into_iter().filter(|(name, _)| !given(*name));
    let all: Vec<_> = default.chain(fields.iter().copied()).collect();
    match read(&all) {
        Webhook::Inbound(message) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_read_and_an_unsigned_one_refused() {
    let message = inbound(&[("Body", "¿Sigue en venta?"), ("NumMedia", "0"), ("NumSegments", "2"), ("FromCity", "")]);
    assert_eq!(message.sid(), SID.1);
    assert_eq!(message.from, Some(Address::from(TO)));
    assert_eq!(message.body.as_deref(), Some("¿Sigue en venta?"));
    assert_eq!(message.segments(), Some(2));
    // Blank says no more than absent.
    assert_eq!(message.from_place.from_city, None);
    assert_eq!(message.account_sid.as_deref(), Some(ACCOUNT));

    let body = form(&[SID, FROM, OURS]);
    let error = verifier().verify(&WebhookRequest::post(URL, body.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSignature);
    // The address is signed: the same body at another one is no proof.
    let mut elsewhere = signed(URL, &body);
    elsewhere.url = format!("{URL}?account=x");
    assert_eq!(verifier().verify(&elsewhere).unwrap_err().kind(), ErrorKind::InvalidSignature);
}

#[test]
fn files_come_in_their_order_whatever_num_media_says() {
    let url = |at: u8| format!("https://api.twilio.com/Media/{at}");
    let urls: Vec<_> = (0..11).map(url).collect();
    let names: Vec<_> = (0..11).map(|at| format!("MediaUrl{at}")).collect();
    let fields: Vec<_> = names.iter().zip(&urls).map(|(name, url)| (name.as_str(), url.as_str())).collect();
    let message = inbound(&[&fields[..], &[("MediaContentType1", "image/png"), ("NumMedia", "two")]].concat());
    let media = message.media();
    assert_eq!(media.iter().map(|file| file.url).collect::<Vec<_>>(), urls);
    assert_eq!((media[0].content_type, media[1].content_type), (None, Some("image/png")));
    assert_eq!(message.num_media.as_deref(), Some("two"));
}

#[test]
fn whatsapp_has_more_to_say() {
    let message = inbound(&[
        ("From", "whatsapp:ES.1349120865530274"),
        ("ExternalUserId", "whatsapp:ES.1349120865530274"),
        ("Username", "ana"),
        ("MessageType", "hologram"),
        ("Latitude", "40.4168"),
        ("Longitude", "-3.7038"),
        ("ReferralSourceType", "ad"),
        ("OriginalRepliedMessageSender", "whatsapp:+15005550006"),
        ("BrandNew", "1"),
        ("ListId", "row-1"),
    ]);
    assert_eq!(message.from.as_ref().and_then(Address::user_id), Some("ES.1349120865530274"));
    assert_eq!(message.whatsapp.username.as_deref(), Some("ana"));
    assert_eq!(message.whatsapp.message_type, Some(MessageType::Other("hologram".into())));
    assert_eq!(message.coordinates(), Some((40.4168, -3.7038)));
    assert_eq!(message.referral.referral_source_type.as_deref(), Some("ad"));
    assert_eq!(message.whatsapp.list_id.as_deref(), Some("row-1"));
    assert_eq!(message.extra.get("BrandNew"), Some(&json!("1")));
}

#[test]
fn statuses_of_every_shape() {
    let Webhook::Status(report) = read(&[SID, FROM, OURS, ("MessageStatus", "undelivered"), ("ErrorCode", "30003")])
    else {
        panic!("a status")
    };
    assert_eq!((report.status(), report.code()), (Some(&MessageStatus::Undelivered), Some(30_003)));

    // Of old: under the other name only, and without a text.
    let Webhook::Status(report) = read(&[("SmsSid", SID.1), ("SmsStatus", "sent")]) else { panic!("a status") };
    assert_eq!((report.sid(), report.status()), (SID.1, Some(&MessageStatus::Sent)));

    let fields = [SID, ("MessageStatus", "levitating"), ("EventType", "READ"), ("ChannelPrefix", "whatsapp")];
    let Webhook::Status(report) = read(&fields) else { panic!("a status") };
    assert_eq!(report.status(), Some(&MessageStatus::Other("levitating".into())));
    assert_eq!(report.event_type, Some(ChannelEvent::Read));
}

#[test]
fn keywords_stand_alone_whatever_their_case() {
    for word in ["STOP", "stop", " Stop \n", "stopall", "Unsubscribe", "CANCEL", "end", "quit", "revoke", "OptOut"] {
        assert_eq!(keyword(word), Some(OptOutType::Stop), "{word}");
    }
    for word in ["start", "UNSTOP", "yes"] {
        assert_eq!(keyword(word), Some(OptOutType::Start), "{word}");
    }
    for word in ["help", "Info"] {
        assert_eq!(keyword(word), Some(OptOutType::Help), "{word}");
    }
    for word in ["", "please stop", "STOP!", "baja", "alta", "sí", "cancelar"] {
        assert_eq!(keyword(word), None, "{word}");
    }
    // Twilio's own word goes before ours.
    assert_eq!(inbound(&[("Body", "BAJA"), ("OptOutType", "STOP")]).opt_out(), Some(OptOutType::Stop));
    assert_eq!(inbound(&[("Body", "start"), ("OptOutType", "PAUSE")]).opt_out(), Some("PAUSE".into()));
}

#[test]
fn the_fallback_address_gets_the_message_and_why() {
    let Webhook::Fallback(message, fault) =
        read(&[SID, FROM, OURS, ("Body", "hola"), ("ErrorCode", "11200"), ("ErrorUrl", "https://example.org/sms")])
    else {
        panic!("a fallback")
    };
    assert_eq!(message.body.as_deref(), Some("hola"));
    assert_eq!((fault.code.as_str(), fault.url.as_deref()), ("11200", Some("https://example.org/sms")));
}

#[test]
fn alerts_events_and_strangers_are_kept() {
    let Webhook::Alert(alert) =
        read(&[("Sid", "NO1"), ("Level", "ERROR"), ("PayloadType", "application/json"), ("Payload", r#"{"a":1}"#)])
    else {
        panic!("an alert")
    };
    assert_eq!(alert.details(), Some(json!({ "a": 1 })));

    let one = json!({ "specversion": "1.0", "type": "com.twilio.messaging.message.sent", "id": "EZ1", "data": {} });
    let Webhook::Events(events) = Webhook::of_json(&json!([one, 7])) else { panic!("events") };
    assert_eq!(events[0].id.as_deref(), Some("EZ1"));
    // A misshapen neighbour is kept as well.
    assert_eq!((&events[1].kind, &events[1].raw), (&None, &json!(7)));
    assert!(matches!(Webhook::of_json(&one), Webhook::Events(events) if events.len() == 1));

    let call = [("CallSid", "CA1"), ("From", TO), ("FromCity", "")];
    let Webhook::Other(Value::Object(fields)) = read(&call) else { panic!("another") };
    assert_eq!(fields.len(), call.len() + 1);
    assert_eq!(Webhook::of_json(&json!([])), Webhook::Other(json!([])));
}

#[test]
fn a_known_parameter_with_two_values_is_not_guessed_at() {
    let params = Params::parse(b"MessageSid=SM1&From=%2B34600000000&Body=uno&Body=dos");
    assert!(matches!(Webhook::of_params(&params), Webhook::Other(fields) if fields["Body"] == json!(["uno", "dos"])));
    let params = Params::parse(b"MessageSid=SM1&From=%2B34600000000&Body=uno&Body=uno&Tag=a&Tag=b");
    let Webhook::Inbound(message) = Webhook::of_params(&params) else { panic!("a message") };
    assert_eq!(message.body.as_deref(), Some("uno"));
    assert_eq!(message.extra["Tag"], json!(["a", "b"]));
}
