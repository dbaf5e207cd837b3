use comms_http::{Secret, signature};
use proptest::prelude::*;

#[test]
fn rfc_4231_case_2() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let secret = Secret::from("Jefe");
    assert_eq!(signature::hmac_sha256_hex(&secret, b"what do ya want for nothing?"), expected);
}

#[test]
fn odd_length_empty_and_non_hex_are_refused() {
    let secrets = [Secret::from("s")];
    for bad in ["", "a", "zz", "ñ", "00", &"0".repeat(63), &"0".repeat(65)] {
        assert!(!signature::verify_hmac_sha256_hex(&secrets, b"body", bad), "{bad}");
    }
}

#[test]
fn without_a_secret_nothing_verifies() {
    let signed = signature::hmac_sha256_hex(&Secret::from(""), b"body");
    assert!(!signature::verify_hmac_sha256_hex(&[], b"body", &signed));
}

proptest! {
    #[test]
    fn any_changed_byte_is_noticed(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>()) {
        let secret = Secret::from("current");
        let signed = signature::hmac_sha256_hex(&secret, &body);
        let both = [Secret::from("next"), secret];
        prop_assert!(signature::verify_hmac_sha256_hex(&both, &body, &signed));
        prop_assert!(signature::verify_hmac_sha256_hex(&both, &body, &signed.to_uppercase()));
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1;
        prop_assert!(!signature::verify_hmac_sha256_hex(&both, &changed, &signed));
    }

    #[test]
    fn constant_time_equality_is_equality(left in ".{0,20}", right in ".{0,20}") {
        prop_assert_eq!(signature::constant_time_eq(&left, &right), left == right);
        prop_assert!(signature::constant_time_eq(&left, &left));
    }
}
