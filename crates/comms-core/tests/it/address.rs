use comms_core::{Address, AddressKind, ErrorKind, Outcome, phone_variants};
use proptest::prelude::*;

#[test]
fn a_phone_number_is_read_however_it_is_written() {
    for written in ["+34600000000", "+34 600 00 00 00", "+34-600-000-000", "+34 (600) 000.000", "  +34600000000  "] {
        let address = Address::phone(written, None).unwrap();
        assert_eq!(address.value(), "+34600000000", "{written:?}");
        assert_eq!(address.kind(), AddressKind::Phone);
    }
}

#[test]
fn a_national_number_needs_its_region() {
    let national = Address::phone("600 000 000", Some("ES")).unwrap();
    assert_eq!(national.value(), "+34600000000");
    assert!(Address::phone("600 000 000", None).is_err());
    // An international number does not follow the region.
    let foreign = Address::phone("+16505551234", Some("ES")).unwrap();
    assert_eq!(foreign.value(), "+16505551234");
}

#[test]
fn what_is_no_number_is_refused_for_good() {
    for wrong in ["", "+", "hola", "+34", "+1234567890123456789", "+34 600 CASA 00", "+34 600 000 000 ext. 5"] {
        let error = Address::phone(wrong, None).expect_err(wrong);
        assert_eq!(error.kind(), ErrorKind::InvalidRecipient, "{wrong:?}");
        assert_eq!(error.outcome(), Outcome::Rejected, "{wrong:?}");
    }
}

#[test]
fn a_whatsapp_user_id_is_kept_byte_for_byte() {
    for id in ["ES.1349120865530274", "US.aB9", "BR.ENT.11815799212886844830"] {
        let address = Address::parse_recipient(id, Some("ES")).unwrap();
        assert_eq!(address.kind(), AddressKind::WhatsAppUser, "{id}");
        assert_eq!(address.value(), id);
    }
}

#[test]
fn what_only_resembles_a_whatsapp_user_id_is_none() {
    let long = format!("ES.{}", "1".repeat(129));
    for wrong in ["es.1349120865530274", "ESP.134", "ES.", "ES.ENT.", "ES.a-b", "E.1", &long] {
        assert!(Address::parse_recipient(wrong, None).is_err(), "{wrong}");
    }
}

#[test]
fn a_wa_id_is_a_number_without_its_plus_sign() {
    for wa_id in ["34600000000", "+34600000000"] {
        assert_eq!(Address::from_wa_id(wa_id), Address::phone("+34600000000", None).unwrap());
    }
}

#[test]
fn variants_pair_up_in_mexico_argentina_and_brazil() {
    for (one, other) in
        [("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789"), ("+551187654321", "+5511987654321")]
    {
        assert_eq!(phone_variants(one), [other]);
        assert_eq!(phone_variants(other), [one]);
    }
}

#[test]
fn no_variant_where_the_country_has_none() {
    for number in [
        "+34600000000",
        "+16505551234",
        // A landline in São Paulo has no ninth digit.
        "+551132345678",
        // Too short or too long for either spelling.
        "+52551234567",
        "+55119876543210",
        "",
        "+",
        "+55ñandú",
    ] {
        assert!(phone_variants(number).is_empty(), "{number}");
    }
}

#[test]
fn an_address_is_masked_where_it_is_printed() {
    let address = Address::phone("+34612345678", None).unwrap();
    assert_eq!(address.masked(), "+346*****678");
    assert_eq!(format!("{address:?}"), "Phone(+346*****678)");
    // Too short to show a part of it.
    assert_eq!(Address::verbatim(AddressKind::Other, "secret7").masked(), "*******");
}

proptest! {
    #[test]
    fn reading_never_panics(text in ".{0,40}", region in proptest::option::of(".{0,3}")) {
        let _ = Address::phone(&text, region.as_deref());
        let _ = Address::parse_recipient(&text, region.as_deref());
        let _ = phone_variants(&text);
        let _ = Address::from_wa_id(&text).masked();
    }

    #[test]
    fn a_number_that_was_read_is_read_the_same_again(text in r"\+[1-9][0-9 ().-]{5,20}") {
        if let Ok(address) = Address::phone(&text, None) {
            let digits = address.value().strip_prefix('+').unwrap();
            prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 15);
            prop_assert_eq!(Address::phone(address.value(), None).unwrap(), address);
        }
    }

    #[test]
    fn being_a_variant_is_mutual(country in prop::sample::select(vec!["52", "521", "54", "549", "55"]), rest in "[0-9]{8,11}") {
        let number = format!("+{country}{rest}");
        for variant in phone_variants(&number) {
            prop_assert_ne!(&variant, &number);
            prop_assert_eq!(phone_variants(&variant), vec![number.clone()]);
        }
    }

    #[test]
    fn a_mask_shows_seven_characters_at_most(value in ".{0,60}") {
        let masked = Address::verbatim(AddressKind::Other, &value).masked();
        let (shown, given): (Vec<char>, Vec<char>) = (masked.chars().collect(), value.chars().collect());
        prop_assert_eq!(shown.len(), given.len());
        let open = |at: usize| given.len() > 7 && (at < 4 || at >= given.len() - 3);
        for at in 0..given.len() {
            prop_assert_eq!(shown[at], if open(at) { given[at] } else { '*' });
        }
    }

    #[test]
    fn every_address_survives_json(kind in prop::sample::select(AddressKind::ALL.to_vec()), value in ".{0,60}") {
        let address = Address::verbatim(kind, value);
        let json = serde_json::to_string(&address).unwrap();
        prop_assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
    }
}
