//! What a decision is in TwiML, byte by byte.

use std::collections::BTreeMap;

use comms_core::{Address, AddressKind, Asked, Decision, Inbound, Party, Question};
use twilio_voice::TwilioVoiceInbound;

use crate::{
    events::inbound,
    support::{CALL, NUMBER, PERSON, verifier},
};

const URL: &str = "https://example.com/voz?account=twilio-voice%3A%2B15005550006";

fn asked(asked: Asked) -> Question {
    Question { account: "twilio-voice:+15005550006".into(), subject: CALL.into(), asked }
}

fn answer() -> Question {
    asked(Asked::Answer { caller: Party::default(), step: 0 })
}

/// The document below `<Response>`.
fn twiml(question: &Question, decision: &Decision) -> String {
    let reply = inbound().respond(question, decision);
    assert_eq!(reply.content_type, "text/xml; charset=utf-8");
    let inner = reply.body.strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#);
    inner.and_then(|inner| inner.strip_suffix("</Response>")).unwrap_or(&reply.body).to_owned()
}

fn phone(number: &str) -> Address {
    Address::phone(number, None).unwrap()
}

fn client(identity: &str) -> Address {
    Address::verbatim(AddressKind::VoiceClient, identity)
}

#[test]
fn a_browser_is_put_through_to_a_phone() {
    let dial = |record| Decision::Dial { to: phone(PERSON), caller_id: phone(NUMBER), ring_seconds: 25, record };
    let question = asked(Asked::Dial { caller: client("ana"), to: PERSON.into(), parameters: BTreeMap::new() });
    let number = format!(
        r#"<Number statusCallback="{URL}" statusCallbackEvent="initiated ringing answered completed">{PERSON}</Number></Dial>"#
    );
    let plain = format!(r#"<Dial callerId="{NUMBER}" answerOnBridge="true" timeout="25" action="{URL}">{number}"#);
    assert_eq!(twiml(&question, &dial(false)), plain);
    let recorded = format!(
        r#"<Dial callerId="{NUMBER}" answerOnBridge="true" timeout="25" action="{URL}" record="record-from-answer-dual" recordingStatusCallback="{URL}">{number}"#
    );
    assert_eq!(twiml(&question, &dial(true)), recorded);
}

#[test]
fn a_colleague_is_put_through_by_identity() {
    for written in ["luis", "client:luis"] {
        let dial = Decision::Dial { to: client(written), caller_id: client("ana"), ring_seconds: 9_999, record: false };
        let expected = format!(
            r#"<Dial callerId="client:ana" answerOnBridge="true" timeout="600" action="{URL}"><Client statusCallback="{URL}" statusCallbackEvent="initiated ringing answered completed">luis</Client></Dial>"#
        );
        assert_eq!(twiml(&answer(), &dial), expected);
    }
}

fn ring(clients: Vec<Address>, caller_id: Option<Address>) -> Decision {
    let parameters =
        BTreeMap::from([("lead_id".to_owned(), "4 & 2".to_owned()), ("llamada".to_owned(), CALL.to_owned())]);
    Decision::Ring { clients, caller_id, ring_seconds: 20, parameters, next_step: 1, record: false }
}

#[test]
fn browsers_ring_for_a_caller_and_the_next_step_follows() {
    let browser = |identity: &str| {
        format!(
            r#"<Client statusCallback="{URL}" statusCallbackEvent="initiated ringing answered"><Identity>{identity}</Identity><Parameter name="lead_id" value="4 &amp; 2"/><Parameter name="llamada" value="{CALL}"/></Client>"#
        )
    };
    let expected =
        format!(r#"<Dial timeout="20" action="{URL}&amp;step=1">{}{}</Dial>"#, browser("ana"), browser("luis"));
    assert_eq!(twiml(&answer(), &ring(vec![client("ana"), client("luis")], None)), expected);
    let shown = twiml(&answer(), &ring(vec![client("ana")], Some(phone(PERSON))));
    assert!(shown.starts_with(&format!(r#"<Dial callerId="{PERSON}" timeout="20""#)), "{shown}");
    let many = twiml(&answer(), &ring(vec![client("ana"); 12], None));
    assert_eq!(many.matches("<Client ").count(), 10);
    // A `<Dial>` of nobody would end the call.
    let nobody = format!("<Redirect>{URL}&amp;step=1</Redirect>");
    assert_eq!(twiml(&answer(), &ring(Vec::new(), None)), nobody);
}

#[test]
fn a_call_that_we_placed_keeps_its_message() {
    let message = "01990000-0000-7000-8000-000000000001";
    let question = asked(Asked::Connect { message: Some(message.parse().unwrap()), answered_by: None });
    let shown = twiml(&question, &ring(vec![client("ana")], None));
    assert!(shown.contains(&format!(r#"action="{URL}&amp;message={message}&amp;step=1""#)), "{shown}");
}

#[test]
fn a_voicemail_takes_a_message() {
    let voicemail =
        Decision::Voicemail { greeting: "Deje su <mensaje>".into(), language: "es-ES".into(), max_seconds: 120 };
    let expected = format!(
        r#"<Say language="es-ES">Deje su &lt;mensaje&gt;</Say><Record playBeep="true" maxLength="120" action="{URL}" recordingStatusCallback="{URL}"/>"#
    );
    assert_eq!(twiml(&answer(), &voicemail), expected);
}

#[test]
fn a_call_is_ended_in_three_ways() {
    let say = Decision::Say { text: "Adiós".into(), language: "es-MX".into() };
    assert_eq!(twiml(&answer(), &say), r#"<Say language="es-MX">Adiós</Say><Hangup/>"#);
    assert_eq!(twiml(&answer(), &Decision::HangUp), "<Hangup/>");
    assert_eq!(twiml(&answer(), &Decision::Reject), "<Reject/>");
}

#[test]
fn what_asks_nothing_is_acknowledged_with_an_empty_document() {
    let reply = inbound().acknowledge();
    assert_eq!(reply.content_type, "text/xml; charset=utf-8");
    assert_eq!(reply.body, r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#);
}

#[test]
fn our_own_address_keeps_its_letters() {
    let inbound = TwilioVoiceInbound::new(verifier(), "https://Example.com/voz?tenant=a%2Fb#rc=2").unwrap();
    let voicemail = Decision::Voicemail { greeting: "Hola".into(), language: "es-ES".into(), max_seconds: 5 };
    let reply = inbound.respond(&answer(), &voicemail);
    let url = "https://Example.com/voz?tenant=a%2Fb&amp;account=twilio-voice%3A%2B15005550006#rc=2";
    assert!(reply.body.contains(&format!(r#"action="{url}""#)), "{}", reply.body);
    for wrong in ["", "/voz", "ftp://example.com/", "https://under_score.example.com/"] {
        assert!(TwilioVoiceInbound::new(verifier(), wrong).is_err(), "{wrong}");
    }
}
