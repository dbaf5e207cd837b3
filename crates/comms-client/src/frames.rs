//! Server-Sent Events out of bytes that arrive in pieces.
//!
//! See [the standard, section 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).

use comms_http::{Error, ErrorKind, Outcome, Result};

/// The longest event, in bytes.
const LONGEST: usize = 1024 * 1024;

/// One event of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub event: String,
    pub id: Option<String>,
    pub data: String,
    pub retry_ms: Option<u64>,
}

/// Collects pieces until an event is whole.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it ends no second line.
    returned: bool,
    frame: Frame,
    size: usize,
}

impl Frames {
    /// The events that this piece completes.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<Frame>> {
        let mut whole = Vec::new();
        for &byte in piece {
            let after_return = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => whole.extend(self.end_line()),
                byte => {
                    self.size += 1;
                    if self.size > LONGEST {
                        let reason = "an event is longer than a mebibyte";
                        return Err(Error::new(ErrorKind::Decode, Outcome::NotSent, reason));
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(whole)
    }

    fn end_line(&mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.size = 0;
            let mut frame = std::mem::take(&mut self.frame);
            frame.data.pop();
            return Some(frame);
        }
        let line = String::from_utf8_lossy(&line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.frame.event),
            "data" => {
                self.frame.data.push_str(value);
                self.frame.data.push('\n');
            }
            "id" => self.frame.id = Some(value.to_owned()),
            "retry" => self.frame.retry_ms = value.parse().ok(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str =
        "retry: 3000\n\n: latido\nid: 4\n\nid: 5\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: fin\rdata:x\r\r";

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let frames = Frames::default().push(STREAM.as_bytes()).unwrap();
        assert_eq!(frames.len(), 4);
        assert_eq!(frames[0].retry_ms, Some(3000));
        assert_eq!((frames[1].id.as_deref(), frames[1].data.as_str()), (Some("4"), ""));
        assert_eq!((frames[2].id.as_deref(), frames[2].data.as_str()), (Some("5"), "{\"a\":\n1}"));
        assert_eq!((frames[3].event.as_str(), frames[3].data.as_str()), ("fin", "x"));
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut frames = Frames::default();
        assert!(frames.push(&vec![b'x'; LONGEST]).unwrap().is_empty());
        assert_eq!(frames.push(b"x").unwrap_err().kind(), ErrorKind::Decode);
    }

    proptest! {
        #[test]
        fn the_cuts_between_pieces_change_nothing(cuts in proptest::collection::vec(0..STREAM.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for pair in cuts.windows(2) {
                found.extend(frames.push(&STREAM.as_bytes()[pair[0]..pair[1]]).unwrap());
            }
            prop_assert_eq!(found, Frames::default().push(STREAM.as_bytes()).unwrap());
        }
    }
}
