//! Settings: what is absent or wrong is named.

use twilio_messaging::{Address, Config, ErrorKind, Sender};

use crate::support::{ACCOUNT, NUMBER, SERVICE};

fn config(pairs: &[(&str, &str)]) -> Config {
    let all = [("TWILIO_ACCOUNT_SID", ACCOUNT), ("TWILIO_AUTH_TOKEN", "an-invented-token")];
    Config::from_lookup(|name| {
        let mut all = all.iter().chain(pairs);
        all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn every_kind_of_sender_is_understood() {
    let sms = |number| config(&[("TWILIO_PHONE_NUMBER", number)]).sms_sender().unwrap();
    assert_eq!(sms(NUMBER), Some(Sender::Address(Address::Phone(NUMBER.into()))));
    assert_eq!(sms("2021"), Some(Sender::Address(Address::Digits("2021".into()))));
    assert_eq!(sms("Diamond"), Some(Sender::Address(Address::Name("Diamond".into()))));
    assert_eq!(sms(""), None);
    // The service chooses among its numbers, so that it goes before one.
    let both = config(&[("TWILIO_PHONE_NUMBER", NUMBER), ("TWILIO_MESSAGING_SERVICE_SID", SERVICE)]);
    assert_eq!(both.sms_sender().unwrap(), Some(Sender::Service(SERVICE.into())));
}

#[test]
fn the_whatsapp_number_has_two_names_and_two_spellings() {
    let wanted = Some(Sender::Address(Address::WhatsApp(NUMBER.into())));
    for name in ["TWILIO_WHATSAPP_NUMBER", "TWILIO_WHATSAPP_FROM"] {
        for number in ["+15005550006", "whatsapp:+15005550006"] {
            assert_eq!(config(&[(name, number)]).whatsapp_sender().unwrap(), wanted, "{name}={number}");
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("TWILIO_PHONE_NUMBER", "whatsapp:+15005550006"),
        ("TWILIO_PHONE_NUMBER", "a name that is too long"),
        ("TWILIO_MESSAGING_SERVICE_SID", "SM00000000000000000000000000000001"),
        ("TWILIO_WHATSAPP_NUMBER", "ES.1349120865530274"),
        ("TWILIO_STATUS_CALLBACK", "example.org/sms"),
        ("TWILIO_STATUS_CALLBACK", "https://my_host.example.org/sms"),
    ];
    for (name, value) in cases {
        let error = config(&[(name, value)]).check().unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(name)), "{value}");
        assert!(!format!("{error}").contains("an-invented-token"));
    }
    assert!(config(&[("TWILIO_PHONE_NUMBER", NUMBER)]).check().is_ok());
    assert!(!format!("{:?}", config(&[])).contains("an-invented-token"));
}
