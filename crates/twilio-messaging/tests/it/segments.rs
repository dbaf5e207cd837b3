//! Segments: what a text costs before it is sent.

use proptest::prelude::*;
use twilio_messaging::segments::{Encoding, Segments, pieces};

fn count(text: &str) -> (Encoding, usize, usize, usize) {
    let segments = Segments::of(text);
    (segments.encoding, segments.count, segments.units, segments.remaining)
}

#[test]
fn the_limits_of_gsm_7() {
    assert_eq!(count(""), (Encoding::Gsm7, 0, 0, 160));
    assert_eq!(count(&"a".repeat(160)), (Encoding::Gsm7, 1, 160, 0));
    assert_eq!(count(&"a".repeat(161)), (Encoding::Gsm7, 2, 161, 145));
    assert_eq!(count(&"a".repeat(306)), (Encoding::Gsm7, 2, 306, 0));
    assert_eq!(count(&"a".repeat(307)), (Encoding::Gsm7, 3, 307, 152));
    assert_eq!(count(&"a".repeat(1_600)), (Encoding::Gsm7, 11, 1_600, 83));
}

#[test]
fn the_limits_of_ucs_2() {
    assert_eq!(count(&"á".repeat(70)), (Encoding::Ucs2, 1, 70, 0));
    assert_eq!(count(&"á".repeat(71)), (Encoding::Ucs2, 2, 71, 63));
    assert_eq!(count(&"á".repeat(134)), (Encoding::Ucs2, 2, 134, 0));
    assert_eq!(count(&"á".repeat(135)), (Encoding::Ucs2, 3, 135, 66));
}

#[test]
fn what_belongs_to_gsm_7() {
    // What Spanish has of it, and what it has not.
    for yes in ["ñÑüÜ¿¡éàÉ", "@£$¥èùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞ_ÆæßÄÖ§äö", "\n\r", "0-9 A-Z !\"#¤%&'()*+,./:;<=>?"]
    {
        assert_eq!(Encoding::of(yes), Encoding::Gsm7, "{yes}");
    }
    for no in ["á", "í", "ó", "ú", "Á", "ç", "“", "’", "—", "…", "`", "\t", "👍", "º", "ª", "\u{1b}"]
    {
        assert_eq!(Encoding::of(no), Encoding::Ucs2, "{no}");
    }
}

#[test]
fn a_character_of_the_extension_table_takes_two_units_and_is_not_split() {
    for c in "€[]{}\\^~|\u{c}".chars() {
        assert_eq!(Segments::of(&c.to_string()).units, 2, "{c:?}");
    }
    assert_eq!(count(&"€".repeat(80)), (Encoding::Gsm7, 1, 160, 0));
    // Each segment of 153 holds 76 of them, and loses one unit.
    assert_eq!(count(&"€".repeat(81)), (Encoding::Gsm7, 2, 162, 143));
    let text = format!("{}€{}", "a".repeat(152), "a".repeat(10));
    assert_eq!(pieces(&text), [&text[..152], &text[152..]]);
}

#[test]
fn a_surrogate_pair_is_not_split() {
    assert_eq!(count("👍"), (Encoding::Ucs2, 1, 2, 68));
    assert_eq!(count(&"👍".repeat(35)), (Encoding::Ucs2, 1, 70, 0));
    // Each segment of 67 holds 33 of them, and loses one unit.
    assert_eq!(count(&"👍".repeat(36)), (Encoding::Ucs2, 2, 72, 61));
    let text = format!("{}👍{}", "á".repeat(66), "á".repeat(10));
    let cut = "á".len() * 66;
    assert_eq!(pieces(&text), [&text[..cut], &text[cut..]]);
}

fn text() -> impl Strategy<Value = String> {
    let some = prop_oneof![
        8 => prop::char::range('a', 'z'),
        3 => prop::sample::select("€[]{}ñé@\n".chars().collect::<Vec<_>>()),
        1 => prop::sample::select("áç👍🏽\u{200d}".chars().collect::<Vec<_>>()),
    ];
    let gsm =
        prop_oneof![4 => prop::char::range('a', 'z'), 2 => prop::sample::select("€[]{}ñé".chars().collect::<Vec<_>>())];
    prop_oneof![prop::collection::vec(some, 0..400), prop::collection::vec(gsm, 0..400)]
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn segments_are_the_text_and_each_fits(text in text()) {
        let all = Segments::of(&text);
        let pieces = pieces(&text);
        prop_assert_eq!(pieces.concat(), text.clone());
        prop_assert_eq!(pieces.len(), all.count);
        let units = |piece: &str| piece.chars().map(|c| all.encoding.units(c)).sum::<usize>();
        let room = if all.count > 1 { all.encoding.joined() } else { all.encoding.single() };
        prop_assert!(pieces.iter().all(|piece| units(piece) <= room && !piece.is_empty()));
        prop_assert_eq!(units(&text), all.units);
        prop_assert_eq!(pieces.last().map_or(room, |last| room - units(last)), all.remaining);
        // As few as can be: the first character of each piece did not fit into the one before.
        for pair in pieces.windows(2) {
            let next = pair[1].chars().next().map_or(0, |c| all.encoding.units(c));
            prop_assert!(units(pair[0]) + next > room);
        }
    }

    #[test]
    fn more_text_never_takes_fewer_segments(text in text(), more in "[a-zñ€]{0,40}") {
        let longer = Segments::of(&[text.as_str(), more.as_str()].concat()).count;
        prop_assert!(longer >= Segments::of(&text).count);
    }
}
