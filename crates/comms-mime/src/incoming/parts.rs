//! Bodies and files.

use std::mem;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType, decoders::charsets::map::charset_decoder};

use super::{Defect, File, Limits};
use crate::{html, names::safe_file_name};

/// What a message holds.
pub(super) struct Content {
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) files: Vec<File>,
}

pub(super) fn read(
    message: &mut Message<'_>,
    raw: &[u8],
    limits: &Limits,
    nested: &[usize],
    defects: &mut Vec<Defect>,
) -> Content {
    if message.parts.len() > limits.parts {
        defects.push(Defect::TooManyParts);
    }
    let parts = || message.parts.iter().enumerate().take(limits.parts);
    if parts().any(|(_, part)| part.is_encoding_problem) {
        defects.push(Defect::Encoding);
    }
    let of = |numbers: &[u32], wanted: fn(&PartType<'_>) -> bool| -> Vec<String> {
        let chosen = numbers.iter().filter_map(|&number| message.parts.get(number as usize).map(|part| (number, part)));
        let chosen = chosen.filter(|(number, part)| (*number as usize) < limits.parts && wanted(&part.body));
        chosen.map(|(_, part)| text(part, raw)).collect()
    };
    let plain = of(&message.text_body, |body| matches!(body, PartType::Text(_)));
    let rich = of(&message.html_body, |body| matches!(body, PartType::Html(_)));
    let html = (!rich.is_empty()).then(|| cut(rich.join("\n"), limits.text, defects));
    let text = match (plain.is_empty(), &html) {
        (true, Some(html)) => html::to_text(html),
        _ => plain.join("\n").replace("\r\n", "\n").trim_end().to_owned(),
    };
    // Nobody sees them, and databases refuse the first of them.
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let files = message.attachments.iter().map(|&number| number as usize).filter(|number| *number < limits.parts);
    let files = files.filter_map(|number| file(number, message.parts.get_mut(number)?, raw, nested)).collect();
    Content { text: cut(text, limits.text, defects), html, files }
}

/// A file, with its bytes, which the part no longer has then: a large one need not be there twice.
fn file(number: usize, part: &mut MessagePart<'_>, raw: &[u8], nested: &[usize]) -> Option<File> {
    let is_message = nested.contains(&number);
    if !is_message && matches!(part.body, PartType::Multipart(_)) {
        return None;
    }
    let content_type = part.content_type().map_or_else(
        || if is_message { "message/rfc822".to_owned() } else { "application/octet-stream".to_owned() },
        |kind| match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase(),
            None => kind.ctype().to_ascii_lowercase(),
        },
    );
    let name = match part.attachment_name() {
        Some(name) => safe_file_name(name),
        None if is_message => "message.eml".to_owned(),
        None if content_type == "text/calendar" => "invite.ics".to_owned(),
        None => "attachment".to_owned(),
    };
    let content_id = part.content_id().map(|id| id.trim_matches(['<', '>']).to_owned());
    let disposed = part.content_disposition().is_some_and(|disposition| disposition.is_inline());
    Some(File {
        part: number,
        name,
        content_type,
        inline: content_id.is_some() || disposed && matches!(part.body, PartType::InlineBinary(_)),
        content_id,
        bytes: if is_message { slice(part, raw) } else { bytes(part, raw) },
    })
}

/// A part as it was transmitted.
fn slice(part: &MessagePart<'_>, raw: &[u8]) -> Bytes {
    let whole = raw.get(part.offset_body as usize..part.offset_end as usize);
    Bytes::copy_from_slice(whole.unwrap_or_default())
}

fn bytes(part: &mut MessagePart<'_>, raw: &[u8]) -> Bytes {
    if let Some(decoded) = decoded_here(part, raw) {
        return decoded.into();
    }
    match mem::take(&mut part.body) {
        PartType::Text(text) | PartType::Html(text) => text.into_owned().into(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.into_owned().into(),
        PartType::Message(_) | PartType::Multipart(_) => Bytes::new(),
    }
}

fn text(part: &MessagePart<'_>, raw: &[u8]) -> String {
    if let Some(decoded) = decoded_here(part, raw) {
        let charset = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or("utf-8");
        return match charset_decoder(charset.as_bytes()) {
            Some(decode) => decode(&decoded),
            None => String::from_utf8_lossy(&decoded).into_owned(),
        };
    }
    if let Some(text) = mislabelled(part, raw) {
        return text;
    }
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.to_string(),
        _ => String::new(),
    }
}

/// UTF-8 that is said to be a charset of single bytes: hardly any text in one of those is UTF-8 by chance.
fn mislabelled(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    let charset =
        part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or("us-ascii").to_ascii_lowercase();
    let single =
        ["us-ascii", "ascii", "windows-1252", "cp1252"].contains(&charset.as_str()) || charset.starts_with("iso-8859-");
    if part.encoding != Encoding::None || !single {
        return None;
    }
    let bytes = raw.get(part.offset_body as usize..part.offset_end as usize)?;
    if bytes.is_ascii() {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// Base64 that the parser gives up, or cuts the end of: with foreign bytes, without padding, with a comment beside its name.
fn decoded_here(part: &MessagePart<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let named =
        part.content_transfer_encoding().is_some_and(|name| name.trim().to_ascii_lowercase().starts_with("base64"));
    if !named && part.encoding != Encoding::Base64 {
        return None;
    }
    let body = raw.get(part.offset_body as usize..part.offset_end as usize)?;
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    // What stands below the padding is not base64: a note that a list has added.
    let end = body.iter().position(|b| *b == b'=').unwrap_or(body.len());
    let digits: Vec<u8> = body[..end].iter().copied().filter(is_digit).collect();
    let foreign = body[..end].iter().any(|b| !is_digit(b) && !b.is_ascii_whitespace());
    let unpadded = end == body.len() && !digits.len().is_multiple_of(4);
    if !(foreign || unpadded || part.is_encoding_problem || part.encoding != Encoding::Base64) {
        return None;
    }
    let whole = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { &digits[..] };
    BASE64.decode(whole).ok()
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// At a character's end.
fn cut(mut text: String, longest: usize, defects: &mut Vec<Defect>) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        defects.push(Defect::TextCut);
    }
    text
}
