//! Addresses, which are not always phone numbers.

use proptest::prelude::*;
use twilio_messaging::Address;

#[test]
fn each_kind_is_told_apart_and_written_as_it_came() {
    let cases = [
        ("+34600000000", Address::Phone("+34600000000".into())),
        ("2021", Address::Digits("2021".into())),
        ("DiamondSis", Address::Name("DiamondSis".into())),
        ("whatsapp:+34600000000", Address::WhatsApp("+34600000000".into())),
        ("whatsapp:34600000000", Address::WhatsApp("34600000000".into())),
        ("whatsapp:US.1000000000000001", Address::WhatsAppUser("US.1000000000000001".into())),
        ("messenger:108012345678901", Address::Messenger("108012345678901".into())),
        ("rcs:diamond_agent", Address::Rcs("diamond_agent".into())),
        ("client:ana", Address::Other("client:ana".into())),
        ("+1555010XXXX", Address::Name("+1555010XXXX".into())),
        ("", Address::Name(String::new())),
    ];
    for (text, address) in cases {
        assert_eq!(Address::from(text), address, "{text}");
        assert_eq!(address.to_wire(), text);
        assert_eq!(serde_json::to_value(&address).unwrap(), text);
    }
}

#[test]
fn a_number_is_known_on_every_channel_and_only_a_number() {
    assert_eq!(Address::from("whatsapp:+34600000000").phone(), Some("+34600000000"));
    assert_eq!(Address::from("rcs:+34600000000").phone(), Some("+34600000000"));
    for none in ["2021", "whatsapp:ES.1349120865530274", "rcs:agent", "messenger:34600000000", "+34 600", "+"] {
        assert_eq!(Address::from(none).phone(), None, "{none}");
    }
    assert_eq!(Address::whatsapp("whatsapp:+34600000000"), Address::whatsapp(" +34600000000 "));
}

#[test]
fn debug_hides_the_middle() {
    assert_eq!(format!("{:?}", Address::from("whatsapp:+34600000000")), "Address(whatsapp:+34******000)");
    assert_eq!(format!("{:?}", Address::from("2021")), "Address(****)");
    assert_eq!(format!("{:?}", Address::from("client:ana")), "Address(cli****ana)");
}

proptest! {
    #[test]
    fn every_text_survives(text in r"(whatsapp:|messenger:|rcs:|client:)?\PC{0,24}") {
        prop_assert_eq!(Address::from(text.as_str()).to_wire(), text);
    }

    #[test]
    fn no_text_of_some_length_is_shown_whole(text in r"(whatsapp:|rcs:)?\+[0-9]{7,15}") {
        let shown = format!("{:?}", Address::from(text.as_str()));
        prop_assert!(!shown.contains(&text), "{}", shown);
    }
}
