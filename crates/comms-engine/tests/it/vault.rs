//! Secrets at rest.

use comms_core::{ExposeSecret, Secret};
use comms_engine::{Vault, VaultError};
use proptest::prelude::*;

const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn vault(key: &str, previous: Option<&str>) -> Vault {
    Vault::new(&Secret::from(key), previous.map(Secret::from).as_ref()).unwrap()
}

#[test]
fn a_key_is_32_bytes_in_either_spelling() {
    let sealed = vault(BASE64, None).seal("a", &Secret::from("word")).unwrap();
    assert_eq!(vault(HEX, None).open("a", &sealed).unwrap().expose_secret(), "word");
    for bad in ["", "short", "00", &HEX[2..], &BASE64[..40]] {
        assert_eq!(Vault::new(&Secret::from(bad), None).unwrap_err(), VaultError::Key, "{bad:?}");
    }
    assert!(!format!("{:?}", vault(HEX, None)).contains("0001"));
}

#[test]
fn what_was_sealed_under_the_key_before_is_read_while_that_is_given() {
    let (old, new) = ("1".repeat(64), "2".repeat(64));
    let sealed = vault(&old, None).seal("a", &Secret::from("word")).unwrap();
    assert_eq!(vault(&new, None).open("a", &sealed).unwrap_err(), VaultError::OtherKey);
    let both = vault(&new, Some(&old));
    assert_eq!(both.open("a", &sealed).unwrap().expose_secret(), "word");
    let again = both.seal("a", &Secret::from("word")).unwrap();
    assert_eq!(vault(&new, None).open("a", &again).unwrap().expose_secret(), "word");
}

#[test]
fn one_secret_is_never_written_alike_twice() {
    let vault = vault(HEX, None);
    let secret = Secret::from("word");
    assert_ne!(vault.seal("a", &secret).unwrap(), vault.seal("a", &secret).unwrap());
}

proptest! {
    #[test]
    fn what_is_sealed_is_read_in_its_place_and_nowhere_else(secret: String, context: String, other: String) {
        let vault = vault(HEX, None);
        let sealed = vault.seal(&context, &Secret::from(secret.clone())).unwrap();
        let opened = vault.open(&context, &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), &secret);
        prop_assert_eq!(vault.open(&other, &sealed).is_ok(), other == context);
    }

    #[test]
    fn a_changed_bit_and_any_other_text_are_refused(place: prop::sample::Index, text: String) {
        let vault = vault(HEX, None);
        let sealed = vault.seal("a", &Secret::from("a longer secret")).unwrap();
        let mut bytes = sealed.into_bytes();
        let at = place.index(bytes.len());
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        prop_assert!(vault.open("a", &String::from_utf8(bytes).unwrap()).is_err());
        prop_assert!(vault.open("a", &text).is_err());
    }
}
