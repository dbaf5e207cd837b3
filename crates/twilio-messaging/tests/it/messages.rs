//! What is refused before any request is made.

use time::{Duration, OffsetDateTime};
use twilio_messaging::{ErrorKind, NewMessage, Outcome};

use crate::support::{NUMBER, SERVICE, TO};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn hola() -> NewMessage {
    NewMessage::text("hola").to(TO).from(NUMBER)
}

fn refused(message: NewMessage) -> String {
    let error = message.validate(NOW).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    error.field_name().unwrap().to_owned()
}

#[test]
fn the_plain_ones_pass() {
    let picture = NewMessage::file("https://example.com/1.png").to(TO).from(NUMBER);
    let template = NewMessage::content("HX0123456789abcdef0123456789abcdef").variable("1", "Ana").to(TO).from(NUMBER);
    let place = NewMessage::default().action("geo:1,2").to("whatsapp:+34600000000").from(NUMBER);
    for message in [hola(), picture, template, place] {
        message.validate(NOW).unwrap();
    }
}

#[test]
fn recipient_and_sender_are_needed() {
    assert_eq!(NewMessage::text("hola").from(NUMBER).validate(NOW).unwrap_err().kind(), ErrorKind::InvalidRecipient);
    assert_eq!(refused(NewMessage::text("hola").to("whatsapp:").from(NUMBER)), "To");
    assert_eq!(refused(NewMessage::text("hola").to(TO)), "From");
    assert_eq!(refused(hola().fallback_from(NUMBER)), "FallbackFrom");
    hola().messaging_service_sid(SERVICE).fallback_from(NUMBER).validate(NOW).unwrap();
}

#[test]
fn contents_have_limits_in_characters() {
    assert_eq!(refused(NewMessage::default().to(TO).from(NUMBER)), "Body");
    hola().body("ñ".repeat(1_600)).validate(NOW).unwrap();
    assert_eq!(refused(hola().body("ñ".repeat(1_601))), "Body");
    let files = |count| (0..count).fold(hola(), |message, at| message.media(format!("https://example.com/{at}.png")));
    files(10).validate(NOW).unwrap();
    assert_eq!(refused(files(11)), "MediaUrl");
    assert_eq!(refused(hola().media("file:///etc/passwd")), "MediaUrl");
    assert_eq!(refused(hola().variable("1", "Ana")), "ContentVariables");
}

#[test]
fn a_time_to_send_at_is_compared_with_the_clock_that_is_passed() {
    let at = |ahead| hola().messaging_service_sid(SERVICE).send_at(NOW + ahead);
    assert_eq!(refused(at(Duration::seconds(300))), "SendAt");
    at(Duration::seconds(301)).validate(NOW).unwrap();
    at(Duration::days(35)).validate(NOW).unwrap();
    assert_eq!(refused(at(Duration::days(35) + Duration::seconds(1))), "SendAt");
    assert_eq!(refused(at(Duration::seconds(-1))), "SendAt");
    // A number by itself keeps nothing for later.
    assert_eq!(refused(hola().send_at(NOW + Duration::HOUR)), "MessagingServiceSid");
}

#[test]
fn waiting_and_callbacks_are_checked() {
    for seconds in [1, 36_000] {
        hola().validity_period(seconds).validate(NOW).unwrap();
    }
    for seconds in [0, 36_001] {
        assert_eq!(refused(hola().validity_period(seconds)), "ValidityPeriod");
    }
    hola().status_callback("https://example.org:8443/a_b?c_d=e").validate(NOW).unwrap();
    for url in ["https://my_host.example.org/x", "example.org/x", "https:///x"] {
        assert_eq!(refused(hola().status_callback(url)), "StatusCallback", "{url}");
    }
}
