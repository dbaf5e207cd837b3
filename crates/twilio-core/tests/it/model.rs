//! Wire types: what cannot be read survives.

use proptest::prelude::*;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};
use twilio_core::model::{Date, Numeric, sid};

#[test]
fn dates_are_read_in_every_spelling() {
    let at = datetime!(2015-07-30 20:12:31 UTC);
    for text in [
        "Thu, 30 Jul 2015 20:12:31 +0000",
        "Thu, 30 Jul 2015 22:12:31 +0200",
        "Thu, 30 Jul 2015 20:12:31 GMT",
        "2015-07-30T20:12:31Z",
        "2015-07-30T20:12:31.000Z",
        "2015-07-30T22:12:31+02:00",
        "2015-07-30T20:12:31",
    ] {
        assert_eq!(Date::from(text).at(), Some(at), "{text}");
    }
    assert_eq!(Date::from("2015-07-30").at(), Some(datetime!(2015-07-30 0:00 UTC)));
    assert_eq!((Date::from("").at(), Date::from("2015-13-30").at()), (None, None));
    let madrid = datetime!(2015-07-30 22:12:31.5 +2);
    assert_eq!(Date::iso(madrid).as_str(), "2015-07-30T20:12:31Z");
    assert_eq!(Date::rfc2822(at).as_str(), "Thu, 30 Jul 2015 20:12:31 +0000");
}

#[test]
fn what_cannot_be_read_is_written_as_it_came() {
    for value in [json!("soon"), json!("Thu, 30 Jul 2015 20:12:31 +0000"), json!("")] {
        let date: Date = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&date).unwrap(), value);
    }
    for value in [json!("3"), json!(3), json!("-0.03000"), json!(-0.03), json!("many")] {
        let number: Numeric = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&number).unwrap(), value);
    }
    let many: Numeric = serde_json::from_value(Value::from("many")).unwrap();
    assert_eq!((many.number::<f64>(), Numeric::from(" 7 ").number::<u8>()), (None, Some(7)));
}

#[test]
fn an_id_is_found_in_the_path_alone() {
    let id = "ME00000000000000000000000000000001";
    for url in [format!("https://api.twilio.com/x/Media/{id}"), format!("/Media/{id}.jpg?x"), format!("{id}#x")] {
        assert_eq!(sid::find(&url, "ME"), Some(id), "{url}");
    }
    for url in
        [format!("https://e.com/?a=/{id}"), format!("https://e.com/#/{id}"), format!("/{id}0"), "/ME1".to_owned()]
    {
        assert_eq!(sid::find(&url, "ME"), None, "{url}");
    }
    assert!(sid::is("ME", id) && !sid::is("MM", id) && !sid::is("ME", "MEg0000000000000000000000000000001"));
}

proptest! {
    #[test]
    fn a_date_is_read_as_it_was_written(seconds in 0_i64..4_102_444_800) {
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        prop_assert_eq!(Date::iso(at).at(), Some(at));
        prop_assert_eq!(Date::rfc2822(at).at(), Some(at));
    }
}
