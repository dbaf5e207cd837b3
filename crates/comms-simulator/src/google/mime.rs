//! Mail taken apart as Gmail shows it. Enough for that, and no judge of anybody else's parser.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD},
};
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

/// Parts within parts; beyond it a part is a leaf.
const MAX_DEPTH: usize = 24;
/// Parts in all.
const MAX_PARTS: usize = 1_000;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A message or a part of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entity {
    /// Names as written, values unfolded and decoded.
    pub headers: Vec<(String, String)>,
    /// Lower case, without parameters.
    pub mime_type: String,
    pub filename: String,
    /// The content of a leaf: text as UTF-8, all else as it is.
    pub content: Bytes,
    /// Its size before the charset was changed.
    pub size: usize,
    pub parts: Vec<Entity>,
}

impl Entity {
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let mut left = MAX_PARTS;
        parse(raw, 0, &mut left)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every leaf, in order.
    pub(crate) fn leaves(&self) -> Vec<&Self> {
        if self.parts.is_empty() {
            return vec![self];
        }
        self.parts.iter().flat_map(Self::leaves).collect()
    }

    /// The first text, for the snippet and for searches.
    pub(crate) fn text(&self) -> String {
        let leaves = self.leaves();
        let of = |kind: &str| leaves.iter().find(|leaf| leaf.mime_type == kind && leaf.filename.is_empty()).copied();
        if let Some(plain) = of("text/plain") {
            return String::from_utf8_lossy(&plain.content).into_owned();
        }
        of("text/html").map(|html| without_tags(&String::from_utf8_lossy(&html.content))).unwrap_or_default()
    }

    /// Whether a file hangs on it.
    pub(crate) fn has_files(&self) -> bool {
        self.leaves().iter().any(|leaf| !leaf.filename.is_empty())
    }
}

/// The raw headers and the raw body.
pub(crate) fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut place = 0;
    while place < raw.len() {
        let end = raw[place..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |at| place + at + 1);
        if matches!(&raw[place..end], b"\n" | b"\r\n") {
            return (&raw[..place], &raw[end..]);
        }
        place = end;
    }
    (raw, &[])
}

/// The addresses in the value of a header.
pub(crate) fn addresses(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut quoted, mut angle) = (false, false);
    let mut current = String::new();
    for c in value.chars().chain([',']) {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => {
                angle = true;
                current.clear();
            }
            '>' if !quoted => {
                angle = false;
                found.push(std::mem::take(&mut current));
            }
            ',' | ';' if !quoted && !angle => found.push(std::mem::take(&mut current)),
            ':' if !quoted && !angle => current.clear(),
            c => current.push(c),
        }
    }
    found.retain_mut(|address| {
        *address = address.trim().to_lowercase();
        address.contains('@') && !address.contains(char::is_whitespace)
    });
    found
}

fn parse(raw: &[u8], depth: usize, left: &mut usize) -> Entity {
    *left = left.saturating_sub(1);
    let (head, body) = split(raw);
    let raw_headers = unfold(head);
    let mut entity = Entity {
        headers: raw_headers.iter().map(|(name, value)| (name.clone(), decode_words(value))).collect(),
        ..Entity::default()
    };
    let raw_header = |name: &str| {
        raw_headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
    };
    let content_type = raw_header("Content-Type");
    entity.mime_type = content_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    if !entity.mime_type.contains('/') {
        entity.mime_type = "text/plain".to_owned();
    }
    entity.filename = parameter(raw_header("Content-Disposition"), "filename")
        .or_else(|| parameter(content_type, "name"))
        .unwrap_or_default();
    let may_nest = depth < MAX_DEPTH && *left > 0;
    if may_nest && entity.mime_type.starts_with("multipart/") {
        if let Some(boundary) = parameter(content_type, "boundary") {
            for piece in pieces(body, &boundary) {
                if *left == 0 {
                    break;
                }
                entity.parts.push(parse(piece, depth + 1, left));
            }
        }
        return entity;
    }
    let decoded = decode_transfer(body, raw_header("Content-Transfer-Encoding"));
    entity.size = decoded.len();
    if may_nest && entity.mime_type == "message/rfc822" {
        entity.parts.push(parse(&decoded, depth + 1, left));
    }
    entity.content = if entity.mime_type.starts_with("text/") && entity.filename.is_empty() {
        let charset = parameter(content_type, "charset").unwrap_or_default();
        Bytes::from(to_utf8(&decoded, &charset))
    } else {
        Bytes::from(decoded)
    };
    entity
}

fn unfold(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}

/// The parts between the lines of a boundary.
pub(crate) fn pieces<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let (mut found, mut start, mut place) = (Vec::new(), None, 0);
    while place < body.len() {
        let end = body[place..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |at| place + at + 1);
        let line = body[place..end].trim_ascii_end();
        let closes = line.strip_prefix(mark.as_bytes()) == Some(b"--");
        if line == mark.as_bytes() || closes {
            if let Some(start) = start.take() {
                found.push(without_last_break(&body[start..place]));
            }
            if closes {
                return found;
            }
            start = Some(end);
        }
        place = end;
    }
    if let Some(start) = start {
        found.push(&body[start..]);
    }
    found
}

/// The break before a boundary belongs to the boundary.
fn without_last_break(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

fn decode_transfer(body: &[u8], encoding: &str) -> Vec<u8> {
    let encoding = encoding.split(['(', ';']).next().unwrap_or_default().trim().to_lowercase();
    match encoding.as_str() {
        "base64" => from_base64(body),
        "quoted-printable" => from_quoted_printable(body, false),
        _ => body.to_vec(),
    }
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    let clean: Vec<u8> =
        text.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
    LENIENT.decode(clean).unwrap_or_default()
}

fn from_quoted_printable(text: &[u8], in_header: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match *byte {
            b'_' if in_header => decoded.push(b' '),
            b'=' => {
                if let Some(next) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
                    rest = next;
                } else if let Some(value) = rest.get(..2).and_then(|two| hex::decode(two).ok()) {
                    decoded.extend(value);
                    rest = &rest[2..];
                } else {
                    decoded.push(b'=');
                }
            }
            byte => decoded.push(byte),
        }
    }
    decoded
}

fn to_utf8(bytes: &[u8], charset: &str) -> String {
    let encoding = Encoding::for_label(charset.as_bytes()).unwrap_or(UTF_8);
    encoding.decode(bytes).0.into_owned()
}

/// The words of RFC 2047.
fn decode_words(value: &str) -> String {
    let (mut decoded, mut rest, mut after_word) = (String::new(), value, false);
    while let Some(start) = rest.find("=?") {
        let (before, from_here) = rest.split_at(start);
        let Some((word, length)) = encoded_word(from_here) else {
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = &from_here[2..];
            after_word = false;
            continue;
        };
        // White space between two encoded words is none.
        if !(after_word && before.trim().is_empty()) {
            decoded.push_str(before);
        }
        decoded.push_str(&word);
        rest = &from_here[length..];
        after_word = true;
    }
    decoded.push_str(rest);
    decoded
}

fn encoded_word(text: &str) -> Option<(String, usize)> {
    let mut parts = text[2..].splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = &rest[..rest.find("?=")?];
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => from_base64(payload.as_bytes()),
        "q" | "Q" => from_quoted_printable(payload.as_bytes(), true),
        _ => return None,
    };
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + payload.len() + 2;
    Some((to_utf8(&bytes, charset.split('*').next().unwrap_or_default()), length))
}

/// A parameter of a structured header, in every way of writing it.
pub(crate) fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut pieces: Vec<(usize, bool, String)> = Vec::new();
    for pair in split_parameters(value).into_iter().skip(1) {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let (name, value) = (name.trim().to_lowercase(), value.trim().trim_matches('"').to_owned());
        let Some(suffix) = name.strip_prefix(wanted) else { continue };
        let extended = suffix.ends_with('*');
        let number = suffix.trim_matches('*');
        if suffix.is_empty() || extended && number.is_empty() || number.parse::<usize>().is_ok() {
            pieces.push((number.parse().unwrap_or_default(), extended, value));
        }
    }
    pieces.sort_by_key(|(number, ..)| *number);
    let extended = pieces.iter().any(|(_, extended, _)| *extended);
    let joined: String = pieces.iter().map(|(.., value)| value.as_str()).collect();
    match (pieces.is_empty(), extended) {
        (true, _) => None,
        (_, false) => Some(decode_words(&joined)),
        (_, true) => {
            let (charset, text) = match joined.splitn(3, '\'').collect::<Vec<_>>()[..] {
                [charset, _, text] => (charset.to_owned(), text.to_owned()),
                _ => ("utf-8".to_owned(), joined.clone()),
            };
            Some(to_utf8(&percent_decoded(&text), &charset))
        }
    }
}

fn split_parameters(value: &str) -> Vec<String> {
    let (mut found, mut quoted) = (vec![String::new()], false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    found
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match after.get(..2).filter(|_| *byte == b'%').and_then(|two| hex::decode(two).ok()) {
            Some(value) => {
                decoded.extend(value);
                rest = &after[2..];
            }
            None => decoded.push(*byte),
        }
    }
    decoded
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

/// The bytes of a base64url text with or without its padding.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let engine = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    engine.decode(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart() {
        let raw = "From: =?utf-8?q?Ana_P=C3=A9rez?= <ana@example.com>\r\nSubject: =?utf-8?b?wr9R?=\r\n =?utf-8?b?dcOpPw==?=\r\n\
            Content-Type: multipart/mixed; boundary=\"B B\"\r\n\r\npreamble\r\n--B B\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nma=F1ana=\r\n!\r\n--B B\r\nContent-Type: application/pdf\r\n\
            Content-Disposition: attachment; filename*0*=utf-8''a%C3%B1; filename*1=\"o.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
            JVBE\r\nRg==\r\n--B B--\r\n";
        let entity = Entity::parse(raw.as_bytes());
        assert_eq!(entity.header("subject"), Some("¿Qué?"));
        assert_eq!(addresses(entity.header("From").unwrap()), ["ana@example.com"]);
        assert_eq!(entity.parts.len(), 2);
        assert_eq!((entity.text().as_str(), entity.parts[0].size), ("mañana!", 7));
        assert_eq!((entity.parts[1].filename.as_str(), &entity.parts[1].content[..]), ("año.pdf", &b"%PDF"[..]));
    }

    #[test]
    fn depth_and_number_of_parts_are_bounded() {
        let mut raw = String::new();
        for _ in 0..50_000 {
            raw.push_str("Content-Type: message/rfc822\r\n\r\n");
        }
        let mut entity = &Entity::parse(raw.as_bytes());
        let mut depth = 0;
        while let Some(inner) = entity.parts.first() {
            (entity, depth) = (inner, depth + 1);
        }
        assert_eq!(depth, MAX_DEPTH);
    }

    #[test]
    fn addresses_are_found_in_lists_and_groups() {
        let list =
            "\"Pérez, Ana\" <Ana@Example.com>, b@example.com; equipo: c@example.com, d@example.com;, undisclosed:;";
        assert_eq!(addresses(list), ["ana@example.com", "b@example.com", "c@example.com", "d@example.com"]);
    }
}
