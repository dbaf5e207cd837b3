//! Texts of one line: what may be written into a header, and what may be shown of one.

use comms_http::{Error, Result};

/// The longest file name that is kept, in characters.
const FILE_NAME: usize = 150;
/// How many ids of a long conversation are named: its first one and the latest.
const REFERENCES: usize = 20;

/// A file name as a sender wrote it, safe to be shown and stored under: no path, no control characters, no letters that turn the
/// direction of writing (`gpj.exe` shown as `exe.jpg`), not longer than 150 characters.
///
/// ```
/// use comms_mime::safe_file_name;
///
/// assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
/// assert_eq!(safe_file_name("foto\u{202e}gpj.exe"), "fotogpj.exe");
/// assert_eq!(safe_file_name(".."), "attachment");
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = shown(last);
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let kept: String = name.chars().filter(|c| !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')).collect();
    let kept = match kept.chars().count() {
        0 => return "attachment".to_owned(),
        length if length <= FILE_NAME => return kept,
        _ => kept,
    };
    // The end tells what it is opened with.
    let ending = kept.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 10);
    let room = FILE_NAME - ending.map_or(0, |ending| ending.chars().count() + 1);
    let head: String = kept.chars().take(room).collect();
    match ending {
        Some(ending) => format!("{head}.{ending}"),
        None => head,
    }
}

/// The subject of an answer: `Re:` once, however often and in whichever language it stands there already.
///
/// ```
/// use comms_mime::reply_subject;
///
/// assert_eq!(reply_subject("Presupuesto"), "Re: Presupuesto");
/// // Gmail keeps a conversation together by an unchanged subject.
/// assert_eq!(reply_subject("RE: Presupuesto"), "RE: Presupuesto");
/// ```
#[must_use]
pub fn reply_subject(subject: &str) -> String {
    const MARKS: [&str; 7] = ["re:", "rv:", "aw:", "sv:", "res:", "ref:", "antw:"];
    let subject = shown(subject);
    let lower = subject.to_lowercase();
    if MARKS.iter().any(|mark| lower.starts_with(mark)) {
        subject
    } else {
        format!("Re: {subject}").trim_end().to_owned()
    }
}

/// Refuses what would end a header.
pub(crate) fn check_line(text: &str, field: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{field} holds a line break or another control character")).field(field));
    }
    Ok(())
}

/// A text of one line without control characters and without those that turn the direction of writing.
pub(crate) fn shown(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    spaced.filter(|c| !turns(*c)).collect::<String>().trim().to_owned()
}

/// An id with its angle brackets, as it stands in headers. It came from outside.
pub(crate) fn reference(id: &str) -> Result<String> {
    let inner = id.trim().trim_start_matches('<').trim_end_matches('>');
    let good = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>');
    if inner.is_empty() || inner.len() > 900 || !inner.chars().all(good) {
        return Err(Error::invalid("the id of the message that is answered is none").field("in_reply_to"));
    }
    Ok(format!("<{inner}>"))
}

/// The chain that the answered message names, itself at the end. What is no id in it is left out; of a long one the first and the
/// latest stay.
pub(crate) fn references(chain: &[String], last: String) -> String {
    let mut ids: Vec<String> = chain.iter().filter_map(|id| reference(id).ok()).filter(|id| *id != last).collect();
    if ids.len() > REFERENCES {
        ids.drain(1..ids.len() - (REFERENCES - 1));
    }
    ids.push(last);
    ids.join(" ")
}
