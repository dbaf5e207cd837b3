use comms_core::{MessageId, history::PageKey};
use comms_server::answers::{cursor, instant, page_key};
use proptest::prelude::*;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

proptest! {
    #[test]
    fn a_cursor_survives_the_way_to_the_client_and_back(micros in 0_i64..4_102_444_800_000_000, id in any::<u128>()) {
        let key = PageKey {
            created_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap(),
            id: MessageId(Uuid::from_u128(id)),
        };
        prop_assert_eq!(page_key(&cursor(key)).unwrap(), key);
    }

    #[test]
    fn what_no_page_gave_is_refused_without_a_panic(text in ".{0,60}") {
        if let Ok(key) = page_key(&text) {
            prop_assert_eq!(cursor(key), text);
        }
    }
}

#[test]
fn times_are_utc_with_milliseconds() {
    let time = datetime!(2026-11-22 10:00:00.123456 +2);
    assert_eq!(instant(time), "2026-11-22T08:00:00.123Z");
}
