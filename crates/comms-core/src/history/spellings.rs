//! How people write phone numbers into their own tables, and which number such a text stands for.

use phonenumber::{Mode, metadata::DATABASE};

use crate::{Address, AddressKind, phone_variants};

/// Whether this is a country whose numbering plan is known: `ES`, `MX` …
pub(super) fn is_region(code: &str) -> bool {
    DATABASE.by_id(code).is_some()
}

/// The digits of every way in which a number may have been written down. They only narrow the search:
/// [`stands_for`] decides.
pub(super) fn digits_of(address: &Address, region: Option<&str>) -> Vec<String> {
    let mut spellings = Vec::new();
    for number in numbers_of(address) {
        let digits = number.trim_start_matches('+').to_owned();
        if let Ok(parsed) = phonenumber::parse(None, &number) {
            let (code, national) = (parsed.country().code(), parsed.national().to_string());
            let countries = DATABASE.by_code(&code).unwrap_or_default();
            let prefix = countries.iter().find_map(|country| country.national_prefix());
            let with_prefix = format!("{}{national}", prefix.unwrap_or_default());
            // `+44 (0)20 …`
            spellings.push(format!("{code}{with_prefix}"));
            if countries.iter().any(|country| Some(country.id()) == region) {
                spellings.extend([national, with_prefix]);
            }
        }
        spellings.push(format!("00{digits}"));
        spellings.push(digits);
    }
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

/// Whether a text is this number. With a `region`, what is a valid number of that country stands for that number, whatever
/// other country's code its first digits may resemble; without, every number has its country code.
pub(super) fn stands_for(text: &str, address: &Address, region: Option<&str>) -> bool {
    meaning(text, region).is_some_and(|number| numbers_of(address).contains(&number))
}

fn meaning(text: &str, region: Option<&str>) -> Option<String> {
    // The zero of `+44 (0)20 …` is dialled within the country only.
    let digits = only_digits(&text.replace("(0)", ""));
    if text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+').starts_with('+') {
        return e164(&digits);
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return e164(rest);
    }
    let national = region
        .and_then(|code| code.parse().ok())
        .and_then(|id| phonenumber::parse(Some(id), &digits).ok())
        .filter(phonenumber::is_valid)
        .map(|number| number.format().mode(Mode::E164).to_string());
    national.or_else(|| e164(&digits))
}

fn e164(digits: &str) -> Option<String> {
    let address = Address::phone(&format!("+{digits}"), None).ok()?;
    Some(address.value().to_owned())
}

fn numbers_of(address: &Address) -> Vec<String> {
    if address.kind() != AddressKind::Phone {
        return Vec::new();
    }
    let mut numbers = vec![address.value().to_owned()];
    numbers.extend(phone_variants(address.value()));
    numbers
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(e164: &str) -> Address {
        Address::verbatim(AddressKind::Phone, e164)
    }

    #[test]
    fn every_spelling_with_its_country_code_is_the_number() {
        let number = phone("+34600000000");
        for text in [
            "+34600000000",
            "+34 600-000-000",
            "0034600000000",
            "00 34 600 00 00 00",
            "(34) 600 000 000",
            "(+34) 600.000.000",
            "34600000000",
        ] {
            for region in [None, Some("ES"), Some("MX")] {
                assert!(stands_for(text, &number, region), "{text} {region:?}");
            }
            assert!(digits_of(&number, None).contains(&only_digits(text)), "{text}");
        }
        assert!(stands_for("+44 (0)20 7946 0958", &phone("+442079460958"), None));
        assert!(digits_of(&phone("+442079460958"), None).contains(&"4402079460958".to_owned()));
    }

    #[test]
    fn a_national_spelling_is_the_number_of_its_region_alone() {
        let number = phone("+34600000000");
        assert!(stands_for("600 000 000", &number, Some("ES")));
        assert!(digits_of(&number, Some("ES")).contains(&"600000000".to_owned()));
        for region in [None, Some("FR"), Some("MX")] {
            assert!(!stands_for("600 000 000", &number, region), "{region:?}");
            assert!(!digits_of(&number, region).contains(&"600000000".to_owned()));
        }
        let london = phone("+442079460958");
        assert!(stands_for("020 7946 0958", &london, Some("GB")));
        assert!(digits_of(&london, Some("GB")).contains(&"02079460958".to_owned()));
    }

    #[test]
    fn digits_that_resemble_another_country_are_not_its_number() {
        // A Spanish mobile, and a Malaysian line of the same digits.
        let malaysia = phone("+60312345678");
        assert!(stands_for("60312345678", &malaysia, Some("ES")), "eleven digits are no Spanish number");
        let short = phone("+603123456");
        assert!(stands_for("603123456", &phone("+34603123456"), Some("ES")));
        assert!(!stands_for("603123456", &short, Some("ES")));
    }

    #[test]
    fn what_is_no_number_stands_for_nobody() {
        for text in ["", "-", "+", "ana", "ext. 12", "no tiene"] {
            assert!(!stands_for(text, &phone("+34600000000"), Some("ES")), "{text}");
        }
    }

    #[test]
    fn spellings_of_a_country_that_writes_its_mobiles_in_two_ways_are_one() {
        assert!(stands_for("+521 55 1234 5678", &phone("+525512345678"), None));
        assert!(stands_for("+52 55 1234 5678", &phone("+5215512345678"), None));
    }

    #[test]
    fn regions_are_known_by_their_codes() {
        assert!(is_region("ES"));
        assert!(!is_region("Spain"));
        assert!(!is_region(""));
    }
}
