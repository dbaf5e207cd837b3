//! Text in a charset that stands beside it.

use mail_parser::decoders::charsets::map::charset_decoder;

/// The text that these bytes are in this charset; as UTF-8 where it is none that is known. What cannot be read is shown as such, never
/// lost with the rest.
///
/// ```
/// use comms_mime::decode_text;
///
/// assert_eq!(decode_text("cp850", b"Como usted pidi\xa2"), "Como usted pidió");
/// assert_eq!(decode_text("no such charset", "Señal".as_bytes()), "Señal");
/// ```
#[must_use]
pub fn decode_text(charset: &str, bytes: &[u8]) -> String {
    let name = charset.trim().to_ascii_lowercase();
    // Whoever names one of these means that nothing else than ASCII is in it, or does not know: UTF-8 is what it is then.
    if matches!(name.as_str(), "" | "utf-8" | "utf8" | "us-ascii" | "ascii") {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match charset_decoder(name.as_bytes()) {
        Some(decode) => decode(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}
