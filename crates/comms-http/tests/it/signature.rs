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

#[test]
fn rfc_2202_case_2() {
    let secret = Secret::from("Jefe");
    let signed = signature::hmac_sha1_base64(&secret, b"what do ya want for nothing?");
    assert_eq!(signed, "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    assert!(signature::verify_hmac_sha1_base64(&[secret], b"what do ya want for nothing?", &signed));
}

#[test]
fn what_is_not_the_base64_of_a_sha1_is_refused() {
    let secrets = [Secret::from("s")];
    let signed = signature::hmac_sha1_base64(&secrets[0], b"data");
    for bad in ["", "=", "ñ", "AAAA", signed.trim_end_matches('='), &format!("{signed}\n"), &format!(" {signed}")] {
        assert!(!signature::verify_hmac_sha1_base64(&secrets, b"data", bad), "{bad:?}");
    }
    assert!(!signature::verify_hmac_sha1_base64(&[], b"data", &signed));
}

#[test]
fn the_hash_of_nothing_is_the_published_one() {
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(signature::sha256_hex(b""), expected);
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
        let signed = signature::hmac_sha1_base64(&both[1], &body);
        prop_assert!(signature::verify_hmac_sha1_base64(&both, &body, &signed));
        prop_assert!(!signature::verify_hmac_sha1_base64(&both, &changed, &signed));
    }

    #[test]
    fn constant_time_equality_is_equality(left in ".{0,20}", right in ".{0,20}") {
        prop_assert_eq!(signature::constant_time_eq(&left, &right), left == right);
        prop_assert!(signature::constant_time_eq(&left, &left));
    }
}
