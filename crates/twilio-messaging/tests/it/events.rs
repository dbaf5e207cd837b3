//! From webhooks to the model's events.

use comms_core::{
    Address, AddressKind, Batch, Content, Event, EventKind, Inbound, InboundMessage, MediaKind, MediaRef, Status,
    StatusUpdate,
};
use comms_http::WebhookRequest;
use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use twilio_messaging::{ErrorKind, Sender, TwilioMessagingInbound};

use crate::support::{ACCOUNT, NUMBER, SERVICE, TO, URL, form, signed, verifier};

const SID: &str = "SM00000000000000000000000000000001";

fn receive_at(url: &str, fields: &[(&str, &str)]) -> Batch {
    TwilioMessagingInbound::new(verifier()).receive(&signed(url, &form(fields))).unwrap()
}

/// The events of a message with these fields beside its usual ones.
fn inbound(fields: &[(&str, &str)]) -> Vec<Event> {
    let default = [("MessageSid", SID), ("From", TO), ("To", NUMBER), ("SmsStatus", "received"), ("NumMedia", "0")];
    let given = |name| fields.iter().any(|(known, _)| *known == name);
    let all: Vec<_> = default.into_iter().filter(|(name, _)| !given(*name)).chain(fields.iter().copied()).collect();
    receive_at(URL, &all).events
}

fn message(fields: &[(&str, &str)]) -> InboundMessage {
    match inbound(fields).remove(0).kind {
        EventKind::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn status_at(url: &str, fields: &[(&str, &str)]) -> (Event, StatusUpdate) {
    let given = |name| fields.iter().any(|(known, _)| *known == name);
    let default = [("MessageSid", SID), ("From", NUMBER), ("To", TO)].into_iter().filter(|(name, _)| !given(*name));
    let all: Vec<_> = default.chain(fields.iter().copied()).collect();
    let mut events = receive_at(url, &all).events;
    let event = events.remove(0);
    assert!(events.is_empty());
    match event.kind.clone() {
        EventKind::Status(update) => (event, *update),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_names_its_account_its_writer_and_itself() {
    let events = inbound(&[("Body", "hola"), ("FromCity", "Madrid"), ("NumSegments", "1")]);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.account.as_str(), event.subject.as_str()), ("twilio-sms:+15005550006", SID));
    assert_eq!(event.key.as_str(), SID);
    let message = message(&[("Body", "hola"), ("FromCity", "Madrid"), ("NumSegments", "1")]);
    assert_eq!(message.content, Content::text("hola"));
    assert_eq!(message.party.addresses, [Address::verbatim(AddressKind::Phone, TO)]);
    let extra = json!({ "AccountSid": ACCOUNT, "FromCity": "Madrid", "NumSegments": "1", "To": NUMBER });
    assert_eq!(message.extra, extra);
}

#[test]
fn a_hidden_number_leaves_a_lasting_id() {
    let whatsapp = message(&[
        ("From", "whatsapp:+34600000000"),
        ("To", "whatsapp:+15005550006"),
        ("ExternalUserId", "whatsapp:ES.1349120865530274"),
        ("WaId", "34600000000"),
        ("ProfileName", "Ana"),
        ("Username", "ana_p"),
        ("Body", "hola"),
    ]);
    let user = Address::verbatim(AddressKind::WhatsAppUser, "ES.1349120865530274");
    let phone = Address::verbatim(AddressKind::Phone, TO);
    // The id first: it outlives the number.
    assert_eq!(whatsapp.party.addresses, [user.clone(), phone]);
    assert_eq!((whatsapp.party.name.as_deref(), whatsapp.party.username.as_deref()), (Some("Ana"), Some("ana_p")));

    let events = inbound(&[("From", "whatsapp:ES.1349120865530274"), ("To", "whatsapp:+15005550006"), ("Body", "x")]);
    assert_eq!(events[0].account.as_str(), "twilio-whatsapp:+15005550006");
    assert!(matches!(&events[0].kind, EventKind::Message(message) if message.party.addresses == [user]));
    // A short code is no phone number.
    assert_eq!(message(&[("From", "2021")]).party.addresses, [Address::verbatim(AddressKind::Other, "2021")]);
}

fn file(at: u8) -> String {
    format!(
        "https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM0000000000000000000000000000000{at}/Media/ME0000000000000000000000000000000{at}"
    )
}

#[test]
fn files_are_named_by_their_ids_and_foreign_addresses_stay_addresses() {
    let one =
        message(&[("Body", "mira"), ("NumMedia", "1"), ("MediaUrl0", &file(1)), ("MediaContentType0", "image/jpeg")]);
    let Content::Media(media) = &one.content else { panic!("{one:?}") };
    let id = format!("{ACCOUNT}/MM00000000000000000000000000000001/ME00000000000000000000000000000001");
    assert_eq!(media.source, MediaRef::Id(id));
    assert_eq!((media.kind, media.caption.as_deref()), (MediaKind::Image, Some("mira")));
    assert_eq!(media.mime_type.as_deref(), Some("image/jpeg"));

    let two = message(&[
        ("Body", "dos"),
        ("NumMedia", "2"),
        ("MediaUrl0", &file(1)),
        ("MediaContentType0", "text/vcard"),
        ("MediaUrl1", "http://169.254.169.254/latest"),
        ("MediaContentType1", "audio/ogg"),
    ]);
    let Content::Files(files) = &two.content else { panic!("{two:?}") };
    assert_eq!(files.body.as_deref(), Some("dos"));
    assert_eq!(files.files[0].kind, MediaKind::Document);
    assert_eq!(files.files[1].kind, MediaKind::Audio);
    assert_eq!(files.files[1].source, MediaRef::Url("http://169.254.169.254/latest".into()));
    assert_eq!(two.extra, json!({ "AccountSid": ACCOUNT, "To": NUMBER }));

    let odd = [("MediaUrl0", "a"), ("MediaUrl0", "b"), ("MediaContentType0", "c"), ("MediaContentType7", "d")];
    let odd = message(&[&odd[..], &[("MediaUrl1", &file(1))]].concat());
    let kept = json!({ "MediaUrl0": ["a", "b"], "MediaContentType0": "c", "MediaContentType7": "d" });
    assert!(kept.as_object().unwrap().iter().all(|(name, value)| odd.extra[name] == *value), "{:?}", odd.extra);
}

#[test]
fn places_choices_and_answers() {
    let place = message(&[("Latitude", "40.5"), ("Longitude", "-3.7"), ("Label", "Oficina"), ("Address", "Sol, 1")]);
    let Content::Location(location) = place.content else { panic!("{place:?}") };
    assert_eq!((location.latitude, location.longitude), (40.5, -3.7));
    assert_eq!((location.name.as_deref(), location.address.as_deref()), (Some("Oficina"), Some("Sol, 1")));

    let choice = |id: &str, title: &str| Content::Choice { id: id.into(), title: title.into(), description: None };
    let button = message(&[
        ("Body", "Sí"),
        ("ButtonText", "Sí"),
        ("ButtonPayload", "yes"),
        ("OriginalRepliedMessageSid", "SM9"),
        ("MessageType", "button"),
    ]);
    assert_eq!(button.content, choice("yes", "Sí"));
    assert_eq!(button.reply_to.as_deref(), Some("SM9"));
    assert!(button.extra.get("Body").is_none());
    let row = message(&[("Body", "elegido"), ("ListId", "r1"), ("ListTitle", "Lunes")]);
    assert_eq!(row.content, choice("r1", "Lunes"));
    assert_eq!(row.extra["Body"], "elegido");
    // Degrees that are none are kept as they came.
    let odd = message(&[("Latitude", "north"), ("Longitude", "-3.7"), ("Body", "aquí")]);
    assert_eq!((odd.content, &odd.extra["Latitude"]), (Content::text("aquí"), &json!("north")));
}

#[test]
fn a_type_without_words_is_kept_whole() {
    let strange = message(&[("MessageType", "hologram"), ("Hologram", "x")]);
    assert!(matches!(&strange.content, Content::Other { kind, raw } if kind == "hologram" && raw["Hologram"] == "x"));
    assert_eq!(strange.extra, Value::Null);
    let with_words = message(&[("MessageType", "hologram"), ("Body", "hola")]);
    assert_eq!((with_words.content, &with_words.extra["MessageType"]), (Content::text("hola"), &json!("hologram")));
}

#[test]
fn a_keyword_is_a_message_and_a_decision() {
    let opted = |fields: &[(&str, &str)]| match &inbound(fields)[..] {
        [_] => None,
        [Event { kind: EventKind::Message(_), .. }, Event { kind: EventKind::Opt(opt), key, .. }] => {
            assert_eq!((key.as_str(), opt.scope.as_str()), (SID, "messages"));
            assert_eq!(opt.party.primary().map(Address::value), Some(TO));
            Some(opt.opted_in)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(opted(&[("Body", "Stop")]), Some(false));
    assert_eq!(opted(&[("Body", "UNSTOP")]), Some(true));
    assert_eq!(opted(&[("Body", "HELP")]), None);
    assert_eq!(opted(&[("Body", "stop it")]), None);
    assert_eq!(opted(&[("Body", "BAJA")]), None);
    assert_eq!(opted(&[("Body", "BAJA"), ("OptOutType", "STOP")]), Some(false));
    assert_eq!(opted(&[("Body", "STOP"), ("OptOutType", "HELP")]), None);
}

#[test]
fn each_word_of_a_status_has_its_meaning() {
    let cases = [
        ("accepted", Some(Status::Accepted)),
        ("scheduled", Some(Status::Accepted)),
        ("queued", Some(Status::Accepted)),
        ("sending", Some(Status::Sent)),
        ("sent", Some(Status::Sent)),
        ("delivered", Some(Status::Delivered)),
        ("partially_delivered", Some(Status::Delivered)),
        ("read", Some(Status::Read)),
        ("undelivered", Some(Status::Failed)),
        ("failed", Some(Status::Failed)),
        ("canceled", Some(Status::Canceled)),
        ("levitating", None),
    ];
    for (word, status) in cases {
        let (event, update) = status_at(URL, &[("MessageStatus", word)]);
        assert_eq!((update.status, update.provider_status.as_str()), (status, word));
        assert_eq!((event.account.as_str(), event.subject.as_str()), ("twilio-sms:+15005550006", SID));
        assert_eq!(event.key.as_str(), format!("{SID}:{word}"));
        assert_eq!(update.recipient.primary().map(Address::value), Some(TO));
    }
}

#[test]
fn a_failure_has_its_reason_and_the_channel_its_say() {
    let (event, update) = status_at(URL, &[("MessageStatus", "failed"), ("ErrorCode", "21610")]);
    let problem = update.problem.unwrap();
    assert_eq!((problem.code.as_str(), problem.kind), ("21610", ErrorKind::OptedOut));
    assert!(!problem.message.is_empty());
    assert_eq!(event.key.as_str(), format!("{SID}:failed:21610"));

    let (_, update) = status_at(URL, &[("MessageStatus", "failed"), ("ErrorMessage", "words without a code")]);
    assert_eq!((update.problem, &update.extra["ErrorMessage"]), (None, &json!("words without a code")));

    let (event, update) = status_at(URL, &[("MessageStatus", "delivered"), ("EventType", "READ")]);
    assert_eq!(update.status, Some(Status::Read));
    assert_eq!(event.key.as_str(), format!("{SID}:delivered:READ"));
    let (event, update) = status_at(URL, &[("MessageStatus", "read"), ("EventType", "READ")]);
    assert_eq!((update.status, event.key.as_str()), (Some(Status::Read), format!("{SID}:read").as_str()));
}

#[test]
fn our_address_says_which_account_and_which_message() {
    let url = format!("{URL}?account=twilio-sms%3AMG1&message=0198c0de");
    let (event, update) = status_at(&url, &[("MessageStatus", "sent"), ("From", "+15005550009")]);
    assert_eq!(event.account.as_str(), "twilio-sms:MG1");
    assert_eq!(update.correlation.as_deref(), Some("0198c0de"));
}

#[test]
fn a_service_goes_before_its_number_only_where_it_is_registered() {
    let webhook = signed(
        URL,
        &form(&[("MessageSid", SID), ("From", TO), ("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "x")]),
    );
    let account = |senders: &[&str]| {
        let parser =
            TwilioMessagingInbound::new(verifier()).senders(senders.iter().map(|sender| Sender::from(*sender)));
        parser.receive(&webhook).unwrap().events[0].account.to_string()
    };
    let (number, service) = (format!("twilio-sms:{NUMBER}"), format!("twilio-sms:{SERVICE}"));
    assert_eq!(account(&[]), number);
    assert_eq!(account(&[SERVICE]), service);
    assert_eq!(account(&[SERVICE, NUMBER]), number);
}

#[test]
fn a_webhook_by_get_says_the_same() {
    let url = format!(
        "{URL}?account=twilio-sms%3A1&MessageSid={SID}&From=%2B34600000000&To=%2B15005550006&Body=hola&AccountSid={ACCOUNT}"
    );
    let signature = twilio_core::webhook::sign(&crate::support::token(), &url, []);
    let request = WebhookRequest { method: Method::GET, ..WebhookRequest::post(url, "") }
        .header("x-twilio-signature", &signature);
    let events = TwilioMessagingInbound::new(verifier()).receive(&request).unwrap().events;
    assert_eq!(events[0].account.as_str(), "twilio-sms:1");
    let EventKind::Message(message) = &events[0].kind else { panic!("{events:?}") };
    assert_eq!((&message.content, message.extra.get("account")), (&Content::text("hola"), None));
}

#[test]
fn faults_alerts_and_strangers_are_events_too() {
    let events = inbound(&[("Body", "hola"), ("ErrorCode", "11200"), ("ErrorUrl", "https://example.org/x")]);
    assert!(matches!(
        &events[..],
        [Event { kind: EventKind::Message(_), .. }, Event { kind: EventKind::Changed(_), .. }]
    ));
    assert_eq!(events[1].key.as_str(), format!("{SID}:11200"));

    let alert = [("Sid", "NO1"), ("Level", "ERROR"), ("PayloadType", "application/json"), ("Payload", "{}")];
    let events = receive_at(URL, &[&alert[..], &[("Timestamp", "2026-01-02T15:04:05Z")]].concat()).events;
    assert_eq!((events[0].account.as_str(), events[0].key.as_str()), (&*format!("twilio:{ACCOUNT}"), "NO1"));
    assert_eq!(events[0].occurred_at.unwrap().unix_timestamp(), 1_767_366_245);

    let events = receive_at(URL, &[("CallSid", "CA1"), ("CallStatus", "ringing")]).events;
    assert!(matches!(&events[0].kind, EventKind::Unknown { name, raw } if name == "call" && raw["CallSid"] == "CA1"));
    assert_eq!(events[0].subject, "CA1");
}

#[test]
fn the_acknowledgement_is_twiml_that_says_nothing() {
    let reply = TwilioMessagingInbound::new(verifier()).acknowledge();
    assert!(reply.content_type.starts_with("text/xml"));
    assert_eq!(reply.body, r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#);
}

proptest! {
    /// Reports come in any order and more than once: each is one event, and all lead to one state.
    #[test]
    fn repeated_and_shuffled_reports_lead_to_one_state(
        order in (prop::collection::vec(0_usize..6, 0..30)).prop_map(|more| [(0..6).collect(), more].concat()).prop_shuffle(),
    ) {
        let words = ["queued", "sending", "sent", "undelivered", "delivered", "read"];
        let mut keys = std::collections::BTreeSet::new();
        let mut state = None;
        for at in order {
            let (event, update) = status_at(URL, &[("MessageStatus", words[at])]);
            keys.insert(event.key.to_string());
            state = state.into_iter().chain(update.status).reduce(Status::merge);
        }
        prop_assert_eq!(keys.len(), words.len());
        prop_assert_eq!(state, Some(Status::Read));
    }
}
