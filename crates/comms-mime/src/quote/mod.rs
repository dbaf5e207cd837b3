//! What somebody wrote, apart from what they quote.

mod headings;
mod html;
mod signature;

use self::headings::Heading;
pub use self::html::split_html;

/// A text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// What was written.
    pub text: String,
    /// The signature below `-- `.
    pub signature: Option<String>,
    /// What it quotes, its heading included.
    pub quoted: Option<String>,
}

/// The lines of a text, each once: what was written above, what is quoted, what was written below.
#[derive(Default)]
struct Parts<'a> {
    above: Vec<&'a str>,
    quoted: Vec<&'a str>,
    below: Vec<&'a str>,
}

/// Takes a plain text apart. No line is lost but the mark above a signature. Where nothing would be left, or answers stand between the
/// lines that they answer, the whole text stays: better too much than nothing.
///
/// ```
/// let reply = comms_mime::split_text("Mañana a las diez.\n\nEl lun, 1 jun 2026 a las 9:00, Ana <ana@example.org> escribió:\n> ¿Cuándo?\n");
/// assert_eq!(reply.text, "Mañana a las diez.");
/// assert!(reply.quoted.unwrap().contains("¿Cuándo?"));
/// ```
#[must_use]
pub fn split_text(text: &str) -> Reply {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let parts = match headings::first(&lines) {
        Some(heading) => around(&lines, heading),
        None => without_heading(&lines),
    };
    let (above, first) = signature::split(&parts.above);
    let (below, second) = signature::split_below(&parts.below);
    let text_of = |pieces: [&[&str]; 2]| {
        let pieces = pieces.map(joined).into_iter().filter(|piece| !piece.is_empty());
        pieces.collect::<Vec<_>>().join("\n\n")
    };
    let kept = text_of([above, below]);
    if kept.is_empty() {
        return Reply { text: text.trim().to_owned(), ..Reply::default() };
    }
    let some = |text: String| (!text.is_empty()).then_some(text);
    let signature = some(text_of([first.unwrap_or_default(), second.unwrap_or_default()]));
    Reply { text: kept, signature, quoted: some(joined(&parts.quoted)) }
}

/// What stands around a quotation with a heading.
fn around<'a>(lines: &[&'a str], heading: Heading) -> Parts<'a> {
    let (above, rest) = (&lines[..heading.at], &lines[heading.after..]);
    if inline(above) {
        return whole(lines);
    }
    let mut parts = without_heading(above);
    if !is_marked(rest) {
        // Nothing tells where it ends.
        parts.quoted.extend_from_slice(&lines[heading.at..]);
        return parts;
    }
    let end = rest.iter().rposition(|line| is_quoted(line)).map_or(0, |last| last + 1);
    let (quotation, below) = rest.split_at(end);
    if has_answers(quotation) {
        return whole(lines);
    }
    parts.quoted.extend_from_slice(&lines[heading.at..heading.after + end]);
    // What was written below may be followed by an older mail.
    let older = headings::first(below).map_or(below.len(), |heading| heading.at);
    parts.below.extend_from_slice(&below[..older]);
    parts.quoted.extend_from_slice(&below[older..]);
    parts
}

/// A quotation at the end, without a heading; nothing of it where other lines are answered above it.
fn without_heading<'a>(lines: &[&'a str]) -> Parts<'a> {
    let end = lines.iter().rposition(|line| !is_quoted(line) && !line.trim().is_empty()).map_or(0, |at| at + 1);
    let (above, trailing) = lines.split_at(end);
    if inline(above) || !trailing.iter().any(|line| is_quoted(line)) {
        return whole(lines);
    }
    Parts { above: above.to_vec(), quoted: trailing.to_vec(), below: Vec::new() }
}

fn whole<'a>(lines: &[&'a str]) -> Parts<'a> {
    Parts { above: lines.to_vec(), ..Parts::default() }
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// Whether a text quotes lines and goes on below them.
fn inline(lines: &[&str]) -> bool {
    let first = lines.iter().position(|line| is_quoted(line));
    first.is_some_and(|first| lines[first..].iter().any(|line| !is_quoted(line) && !line.trim().is_empty()))
}

/// Whether the quotation is marked line by line.
fn is_marked(rest: &[&str]) -> bool {
    rest.iter().find(|line| !line.trim().is_empty()).is_some_and(|line| is_quoted(line))
}

/// Whether somebody wrote between the lines of a quotation that is marked line by line.
fn has_answers(quotation: &[&str]) -> bool {
    let mut at = 0;
    while at < quotation.len() {
        let line = quotation[at];
        if is_quoted(line) || line.trim().is_empty() || is_broken_off(quotation, at) {
            at += 1;
            continue;
        }
        match headings::at(quotation, at) {
            // An older mail, quoted in its turn.
            Some(heading) if is_marked(&quotation[heading.after..]) => at = heading.after,
            // From here on nothing is marked.
            Some(_) => return false,
            None => return true,
        }
    }
    false
}

/// From so many characters on a program breaks a line.
const WRAPPED_FROM: usize = 70;

/// Whether a line is the end of the quoted one above it, which a program has broken without marking it again.
fn is_broken_off(lines: &[&str], at: usize) -> bool {
    let Some(above) = at.checked_sub(1).map(|above| lines[above]).filter(|above| is_quoted(above)) else {
        return false;
    };
    let line = lines[at].trim_start();
    let first_word = line.split_whitespace().next().map_or(0, |word| word.chars().count());
    let full = above.chars().count() + 1 + first_word > WRAPPED_FROM;
    let goes_on = line.starts_with(char::is_lowercase) && !above.ends_with('?');
    full && goes_on && lines.get(at + 1).is_some_and(|below| is_quoted(below))
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}
