//! Ids in Meta's forms.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use uuid::Uuid;

use crate::core::Core;

/// Who wrote a message: the id says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Business,
    Customer,
}

/// A fresh message id.
pub(crate) fn message(core: &Core, author: Author, other: &str) -> String {
    message_from(core.fresh(), author, other)
}

/// The message id made of these 128 bits: `wamid.` and the base64 of the other side's number and a hexadecimal serial.
pub(crate) fn message_from(unique: Uuid, author: Author, other: &str) -> String {
    let hex = unique.simple().to_string().to_uppercase();
    let (tag, serial) = match author {
        Author::Business => (0x11, hex[..18].to_owned()),
        Author::Customer => (0x12, format!("3A{}", &hex[..18])),
    };
    let mut bytes = vec![0x1c];
    push_text(&mut bytes, other);
    bytes.extend([0x15, 0x02, 0x00, tag]);
    push_text(&mut bytes, &serial);
    bytes.push(0x00);
    format!("wamid.{}", STANDARD.encode(bytes))
}

/// A fresh `fbtrace_id`.
pub(crate) fn trace(core: &Core) -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(core.fresh().as_bytes()))
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    // One byte tells the length; nothing that gets here is longer than a user id of 131 characters.
    let text = &text.as_bytes()[..text.len().min(127)];
    bytes.push(0x18);
    bytes.extend(u8::try_from(text.len()));
    bytes.extend(text);
}
