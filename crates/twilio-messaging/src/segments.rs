//! How many segments a text takes as SMS: what it costs, known before it is sent.
//!
//! A text of characters that GSM-7 has goes out with seven bits for each, else the whole text goes out as UCS-2. What does not fit
//! into one segment is cut into several, each of which gives up room for a header that joins them again.
//!
//! ```
//! use twilio_messaging::segments::{Encoding, Segments};
//!
//! let plain = Segments::of("Su cita es mañana a las 10:30.");
//! assert_eq!((plain.encoding, plain.count, plain.remaining), (Encoding::Gsm7, 1, 130));
//!
//! // One character that GSM-7 lacks, and the text takes more than twice the room.
//! let accented = Segments::of("Su cita está confirmada 👍");
//! assert_eq!((accented.encoding, accented.units), (Encoding::Ucs2, 26));
//! ```
//!
//! With `SmartEncoded` Twilio replaces some characters before it counts, so that its count may be lower than this one; its own is
//! [`Message::num_segments`](crate::model::message::Message::num_segments).
//!
//! *See [Twilio docs/What is GSM-7](https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding) and
//! [What is UCS-2](https://www.twilio.com/docs/glossary/what-is-ucs-2-character-encoding)*

use crate::limits;

/// The encoding that a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Seven bits for a character, fourteen for one of the extension table (`€ [ ] { } \ ^ ~ |` and form feed).
    Gsm7,
    /// Sixteen bits for a character, thirty-two for one beyond the basic plane, such as an emoji.
    Ucs2,
}

impl Encoding {
    /// The encoding of `text`: GSM-7 where it has every character.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| gsm7_units(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// How many units a character takes: 1 or 2. In GSM-7 a character that it lacks counts as one.
    #[must_use]
    pub fn units(self, character: char) -> usize {
        match self {
            Self::Gsm7 => gsm7_units(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }

    /// How many units a text may have that goes out as one segment.
    #[must_use]
    pub const fn single(self) -> usize {
        match self {
            Self::Gsm7 => limits::GSM7_SINGLE,
            Self::Ucs2 => limits::UCS2_SINGLE,
        }
    }

    /// How many units a segment of several has.
    #[must_use]
    pub const fn joined(self) -> usize {
        match self {
            Self::Gsm7 => limits::GSM7_JOINED,
            Self::Ucs2 => limits::UCS2_JOINED,
        }
    }
}

/// How a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Segments {
    /// In which encoding it goes out.
    pub encoding: Encoding,
    /// How many segments it takes; 0 for an empty text.
    pub count: usize,
    /// How many units it has: septets or UTF-16 code units. Room that is lost at the end of a segment is not among them.
    pub units: usize,
    /// How many more units fit into the last segment.
    pub remaining: usize,
}

impl Segments {
    /// Counts the segments of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let encoding = Encoding::of(text);
        let units = units(encoding, text);
        let pieces = pieces(text);
        let room = if pieces.len() > 1 { encoding.joined() } else { encoding.single() };
        let last = pieces.last().map_or(0, |piece| self::units(encoding, piece));
        Self { encoding, count: pieces.len(), units, remaining: room - last }
    }
}

/// The parts of `text` that are its segments. A character is never cut in two.
#[must_use]
pub fn pieces(text: &str) -> Vec<&str> {
    let encoding = Encoding::of(text);
    if text.is_empty() {
        return Vec::new();
    }
    if units(encoding, text) <= encoding.single() {
        return vec![text];
    }
    let (mut pieces, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        let needed = encoding.units(character);
        if used + needed > encoding.joined() {
            pieces.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += needed;
    }
    pieces.push(&text[start..]);
    pieces
}

fn units(encoding: Encoding, text: &str) -> usize {
    text.chars().map(|character| encoding.units(character)).sum()
}

/// The basic character set of GSM 03.38, in the order of its codes; `\u{1b}` leads to the extension table and is no character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// What follows the escape.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many septets; `None` for what GSM-7 lacks.
fn gsm7_units(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        return Some(1);
    }
    EXTENSION.contains(character).then_some(2)
}
