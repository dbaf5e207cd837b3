//! What we put into the addresses that Twilio calls.

use proptest::prelude::*;
use twilio_core::callback;

#[test]
fn parameters_are_appended_and_nothing_is_rewritten() {
    for (url, with) in [
        ("https://H.example/t", "https://H.example/t?a=1&b=%27%20%2B"),
        ("https://h.example/t?", "https://h.example/t?a=1&b=%27%20%2B"),
        ("https://h.example/t?x='%2f", "https://h.example/t?x='%2f&a=1&b=%27%20%2B"),
        ("https://h.example/t?x=1&", "https://h.example/t?x=1&a=1&b=%27%20%2B"),
        ("https://h.example#rc=2&rp=all?x", "https://h.example?a=1&b=%27%20%2B#rc=2&rp=all?x"),
    ] {
        assert_eq!(callback::with(url, &[("a", "1"), ("b", "' +")]), with);
    }
    assert_eq!(callback::with("https://h.example/t#x", &[]), "https://h.example/t#x");
    assert_eq!(callback::query("https://h.example/t#?a=1").get("a"), None);
}

proptest! {
    #[test]
    fn what_is_put_in_is_read_again(pairs in prop::collection::vec(("\\PC{1,8}", "\\PC{0,20}"), 0..6), fragment in "(#[a-z=&]*)?") {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        let url = callback::with(&format!("https://example.com/t{fragment}"), &pairs);
        prop_assert!(callback::query(&url).iter().eq(pairs));
        prop_assert!(url.ends_with(&fragment) && url.is_ascii());
    }
}
