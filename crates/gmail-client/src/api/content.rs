//! The content of an attachment out of its JSON, as it arrives: an answer has one object with the bytes as base64 in `data`.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use comms_http::{ByteStream, Error, ErrorKind, Outcome, Result};
use futures_util::{Stream, StreamExt, stream};

/// How far into the answer the content may begin.
const LONGEST_HEAD: usize = 16 * 1024;
/// The member with the content.
const NAME: &[u8] = b"\"data\"";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes that an answer carries as base64.
pub(super) fn decoded(answer: ByteStream) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::unfold(Some((answer, Content::default())), |state| async move {
        let (mut answer, mut content) = state?;
        loop {
            let step = match answer.next().await {
                Some(Ok(piece)) => content.take(&piece),
                Some(Err(error)) => Err(error),
                None => content.ended().map(|()| Vec::new()),
            };
            match step {
                Ok(bytes) if content.place == Place::After => {
                    return (!bytes.is_empty()).then(|| (Ok(bytes.into()), None));
                }
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some((Ok(bytes.into()), Some((answer, content)))),
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
}

#[derive(Debug, Default)]
struct Content {
    place: Place,
    /// What was read before the content, while it is looked for.
    head: Vec<u8>,
    /// Digits that are no whole group yet.
    digits: Vec<u8>,
    /// An escape that has begun: `\u003d` is an equals sign.
    escape: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    Within,
    After,
}

impl Content {
    fn take(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        match self.place {
            Place::Before => {
                self.head.extend_from_slice(piece);
                match begins(&self.head) {
                    Some(at) => {
                        self.place = Place::Within;
                        let rest = std::mem::take(&mut self.head).split_off(at);
                        self.digits_of(&rest)
                    }
                    None if self.head.len() > LONGEST_HEAD => Err(unreadable("the answer has no content")),
                    None => Ok(Vec::new()),
                }
            }
            Place::Within => self.digits_of(piece),
            Place::After => Ok(Vec::new()),
        }
    }

    fn digits_of(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        for &byte in piece {
            if let Some(escape) = &mut self.escape {
                escape.push(byte);
                self.end_escape()?;
                continue;
            }
            match byte {
                b'"' => {
                    self.place = Place::After;
                    break;
                }
                b'\\' => self.escape = Some(Vec::new()),
                other => self.digit(other)?,
            }
        }
        let whole = match self.place {
            Place::After => self.digits.len(),
            _ => self.digits.len() / 4 * 4,
        };
        let bytes = BASE64.decode(&self.digits[..whole]);
        self.digits.drain(..whole);
        bytes.map_err(|error| unreadable("the content is not base64").source(error))
    }

    fn end_escape(&mut self) -> Result<()> {
        let Some(escape) = &self.escape else { return Ok(()) };
        let character = match escape.as_slice() {
            [b'u', a, b, c, d] => {
                let hex = String::from_utf8_lossy(&[*a, *b, *c, *d]).into_owned();
                u8::from_str_radix(hex.trim_start_matches('0'), 16).ok()
            }
            [b'u', ..] => return Ok(()),
            [b'n' | b'r' | b't'] => Some(b' '),
            [other] => Some(*other),
            _ => None,
        };
        self.escape = None;
        self.digit(character.ok_or_else(|| unreadable("the content is not base64"))?)
    }

    fn digit(&mut self, byte: u8) -> Result<()> {
        match byte {
            b'=' | b' ' | b'\r' | b'\n' | b'\t' => {}
            b'+' => self.digits.push(b'-'),
            b'/' => self.digits.push(b'_'),
            digit if digit.is_ascii_alphanumeric() || matches!(digit, b'-' | b'_') => self.digits.push(digit),
            _ => return Err(unreadable("the content is not base64")),
        }
        Ok(())
    }

    fn ended(&mut self) -> Result<()> {
        if self.place == Place::After {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Transport, Outcome::Unknown, "the content broke off")
            .provider(crate::client::PROVIDER))
    }
}

/// Where the content begins: behind the quotation mark of the value.
fn begins(head: &[u8]) -> Option<usize> {
    let name = head.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let colon = next(head, name, b':')?;
    next(head, colon, b'"')
}

/// The place behind `wanted`, where nothing but spaces stands before it.
fn next(head: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let at = from + head.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    (head[at] == wanted).then_some(at + 1)
}

fn unreadable(why: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Rejected, why).provider(crate::client::PROVIDER)
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: Vec<Vec<u8>>) -> Result<Vec<u8>> {
        let answer: ByteStream = Box::pin(stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece)))));
        futures_util::FutureExt::now_or_never(decoded(answer).try_collect::<Vec<_>>())
            .unwrap_or_else(|| Err(unreadable("it waits")))
            .map(|bytes| bytes.concat())
    }

    proptest! {
        /// Wherever the network cuts the answer, the bytes are those that were written.
        #[test]
        fn any_cut_gives_the_same_bytes(
            content in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec(0_usize..400, 0..12),
            padded in any::<bool>(),
            escaped in any::<bool>(),
        ) {
            let mut data = BASE64.encode(&content);
            if !padded {
                data = data.trim_end_matches('=').to_owned();
            }
            if escaped {
                data = data.replace('=', "\\u003d");
            }
            let answer = format!("{{ \"size\": {}, \"data\" : \"{data}\", \"attachmentId\": \"x\" }}", content.len()).into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < answer.len()).collect();
            cuts.extend([0, answer.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| answer[pair[0]..pair[1]].to_vec()).collect();
            prop_assert_eq!(read(pieces).unwrap(), content);
        }
    }

    #[test]
    fn what_breaks_off_or_is_no_content_is_an_error() {
        for answer in
            ["", "{\"size\":3}", "{\"data\":\"AAAA", "{\"data\":\"A A<\"}", "{\"data\":7}", "{\"data\":\"\\x\"}"]
        {
            assert!(read(vec![answer.as_bytes().to_vec()]).is_err(), "{answer}");
        }
        assert_eq!(read(vec![b"{\"data\":\"\"}".to_vec()]).unwrap(), b"");
    }
}
