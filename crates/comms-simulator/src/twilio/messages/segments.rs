//! How many segments a text takes.

/// The characters of GSM 7-bit that take one place.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those that take two.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The segments of a text: 160 places in one, 153 in each of several; 70 and 67 where UCS-2 is needed.
pub(crate) fn segments(text: &str) -> usize {
    let places: Option<usize> = text.chars().try_fold(0, |sum, character| {
        if BASIC.contains(character) {
            Some(sum + 1)
        } else if EXTENDED.contains(character) {
            Some(sum + 2)
        } else {
            None
        }
    });
    let (length, alone, each) = match places {
        Some(places) => (places, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if length <= alone { 1 } else { length.div_ceil(each) }
}
