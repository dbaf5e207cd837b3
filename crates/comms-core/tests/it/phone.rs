use comms_core::{PhoneClass, phone_facts};
use proptest::prelude::*;

#[test]
fn a_number_is_placed_by_its_whole_prefix_not_by_its_country_code() {
    let cases = [
        ("+34600000000", Some("ES")),
        ("+12025550123", Some("US")),
        ("+18765551234", Some("JM")),
        ("+16581234567", Some("JM")),
        ("+18095551234", Some("DO")),
        ("+442079460123", Some("GB")),
        ("+441534123456", Some("JE")),
        ("+390236618300", Some("IT")),
        ("+77012345678", Some("KZ")),
        ("+525512345678", Some("MX")),
        ("+5215512345678", Some("MX")),
        ("+15555550100", None),
        ("+19765551234", None),
        ("+870773111632", None),
        ("+881612345678", None),
        ("+883510012345", None),
        ("+979123456789", None),
        ("+80012345678", None),
        ("34600000000", None),
        ("", None),
    ];
    for (number, country) in cases {
        assert_eq!(phone_facts(number).country.as_deref(), country, "{number}");
    }
}

#[test]
fn what_costs_more_than_an_ordinary_call_is_told_apart() {
    use PhoneClass::{Costly, Impossible, Ordinary, TollFree, Unassigned};
    let cases = [
        ("+34600000000", Ordinary),
        ("+34910000000", Ordinary),
        ("+390236618300", Ordinary),
        ("+5215512345678", Ordinary),
        ("+34900123456", TollFree),
        ("+34803123456", Costly),
        ("+34901123456", Costly),
        ("+34704123456", Costly),
        ("+39899123456", Costly),
        ("+19005551234", Costly),
        ("+15005550006", Costly),
        ("+449098790123", Costly),
        ("+34905123456", Unassigned),
        ("+341004", Impossible),
        ("+3411811", Impossible),
        ("+51999", Impossible),
    ];
    for (number, class) in cases {
        assert_eq!(phone_facts(number).class, class, "{number}");
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_the_answer_is_a_country_code_or_none(text in "\\+?[0-9a-z ]{0,20}") {
        if let Some(country) = phone_facts(&text).country {
            prop_assert!(country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()), "{}", country);
        }
    }

    #[test]
    fn no_number_of_an_international_network_has_a_country(code in "(870|881|882|883|979|800|808|878|888)", rest in "[0-9]{4,11}") {
        prop_assert_eq!(phone_facts(&format!("+{code}{rest}")).country, None);
    }
}
