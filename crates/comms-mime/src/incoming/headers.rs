//! Headers, as their senders wrote them.

use std::borrow::Cow;

use mail_parser::{Address, HeaderName, HeaderValue, Message, MessagePart};

use super::{Defect, text_of};
use crate::Mailbox;

/// How many addresses of one header are read.
const MOST_ADDRESSES: usize = 1_000;
/// How many ids of one header are read.
const MOST_IDS: usize = 100;

/// The message without what the parser stumbles over before it has begun: a byte order mark, a lone CR among the headers.
pub(super) fn mended(raw: &[u8]) -> (Cow<'_, [u8]>, Vec<Defect>) {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let lone = |at: usize| raw[at] == b'\r' && raw.get(at + 1) != Some(&b'\n');
    let end = headers_end(raw);
    if !(0..end).any(lone) {
        return (Cow::Borrowed(raw), Vec::new());
    }
    // A space, never a line end: whoever wrote it may have meant a header of their own.
    let mut mended = raw.to_vec();
    for (at, byte) in mended.iter_mut().enumerate().take(end) {
        if lone(at) {
            *byte = b' ';
        }
    }
    (Cow::Owned(mended), vec![Defect::ControlCharacters])
}

fn headers_end(raw: &[u8]) -> usize {
    let end = |mark: &[u8]| raw.windows(mark.len()).position(|window| window == mark);
    [end(b"\r\n\r\n"), end(b"\n\n")].into_iter().flatten().min().unwrap_or(raw.len())
}

/// The headers of a part that really have this name: the parser takes `Fr om` for `From`.
pub(super) fn real<'a, 'x>(
    part: Option<&'a MessagePart<'x>>,
    raw: &[u8],
    name: &HeaderName<'_>,
    written: &[u8],
    defects: &mut Vec<Defect>,
) -> Vec<&'a HeaderValue<'x>> {
    let headers = part.map(|part| part.headers.as_slice()).unwrap_or_default();
    let mut found = Vec::new();
    for header in headers.iter().filter(|header| header.name == *name) {
        let field = raw.get(header.offset_field as usize..header.offset_start as usize).unwrap_or_default();
        if field.trim_ascii_end().strip_suffix(b":").unwrap_or(field).eq_ignore_ascii_case(written) {
            found.push(&header.value);
        } else {
            defects.push(Defect::MisspeltHeader);
        }
    }
    found
}

/// The addresses of a header, those of groups too.
pub(crate) fn mailboxes(value: Option<&HeaderValue<'_>>) -> Vec<Mailbox> {
    let Some(HeaderValue::Address(address)) = value else { return Vec::new() };
    let all: Box<dyn Iterator<Item = _>> = match address {
        Address::List(list) => Box::new(list.iter()),
        Address::Group(groups) => Box::new(groups.iter().flat_map(|group| group.addresses.iter())),
    };
    all.filter_map(|one| Some(Mailbox::read(one.name.as_deref(), one.address.as_deref()?)))
        .take(MOST_ADDRESSES)
        .collect()
}

/// The ids of a header, each with its angle brackets.
pub(super) fn ids(value: Option<&HeaderValue<'_>>) -> Vec<String> {
    let Some(text) = value.and_then(text_of) else { return Vec::new() };
    let bare = |id: &str| id.trim_matches(|c: char| matches!(c, '<' | '>' | ',') || c.is_whitespace()).to_owned();
    let ids = text.split(|c: char| c.is_whitespace() || c == ',').map(bare);
    ids.filter(|id| !id.is_empty() && id.len() <= 900).map(|id| format!("<{id}>")).take(MOST_IDS).collect()
}

/// Whether a machine wrote it: an answer to it by another machine might be answered again, for ever.
pub(super) fn is_automatic(message: &Message<'_>) -> bool {
    let header = |name: &'static str| message.header(name).and_then(text_of).map(|text| text.trim().to_lowercase());
    let says = |name, words: &[&str]| header(name).is_some_and(|text| words.iter().any(|word| text.starts_with(word)));
    header("Auto-Submitted").is_some_and(|text| !text.starts_with("no"))
        || says("Precedence", &["bulk", "list", "junk", "auto_reply"])
        || message.header("List-Id").is_some()
        || message.header("X-Autoreply").is_some()
        || message.header("X-Autorespond").is_some()
        || message.header_raw("Return-Path").is_some_and(|path| path.trim() == "<>")
}
