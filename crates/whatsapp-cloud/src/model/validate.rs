//! Checks before a request: a payload that cannot be accepted is refused with its field and without a request.

use comms_http::{Error, Result};

/// Text that must be there, of at most `limit` characters.
pub(crate) fn required(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(format!("{field} is empty")).field(field));
    }
    at_most(field, text, limit)
}

/// Text of at most `limit` characters.
pub(crate) fn at_most(field: &str, text: &str, limit: usize) -> Result<()> {
    let length = text.chars().count();
    if length > limit {
        let message = format!("{field} has {length} characters, at most {limit} are allowed");
        return Err(Error::invalid(message).field(field));
    }
    Ok(())
}

/// A number of things, from `least` to `most`.
pub(crate) fn count(field: &str, number: usize, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let message = format!("{field}: {number} given, {least} to {most} are allowed");
    Err(Error::invalid(message).field(field))
}

/// Values that must differ from each other.
pub(crate) fn distinct<'a>(field: &str, values: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(Error::invalid(format!("{field}: {value:?} is there twice")).field(field));
        }
    }
    Ok(())
}

/// A refusal with its field.
pub(crate) fn refuse(field: &str, message: impl Into<String>) -> Error {
    Error::invalid(message).field(field)
}
