//! The same for HTML: programs mark what they quote, each in its own way.

use std::borrow::Cow;

use super::headings;
use crate::html::to_text;

/// How far before a quotation its heading may begin, in bytes.
const HEADING: usize = 2_000;
/// In so many bytes a block of headers has to show what it is.
const BLOCK: usize = 3_000;
/// How many places that may be one are looked at.
const LOOKED_AT: usize = 10;

/// HTML up to where a mail program began to quote, and whether it did. The rest is not closed: [`sanitize`](crate::html::sanitize)
/// closes it. It is to be split *before* it is made safe, since that takes out what quotations are known by.
#[must_use]
pub fn split_html(html: &str) -> (Cow<'_, str>, bool) {
    let lower = html.to_ascii_lowercase();
    let marked = MARKS.iter().filter_map(|mark| lower.find(mark)).filter_map(|at| lower[..=at].rfind('<')).min();
    let marked = marked.map(|at| before_heading(html, &lower, at).unwrap_or(at));
    let begins = [marked, quotation(html, &lower), headers(html, &lower)].into_iter().flatten().min();
    match begins {
        Some(at) if !to_text(&html[..at]).trim().is_empty() => (Cow::Borrowed(&html[..at]), true),
        _ => (Cow::Borrowed(html), false),
    }
}

/// In lower case, within the tag that begins a quotation.
const MARKS: [&str; 18] = [
    "<div class=\"gmail_quote",
    "<div class=\"gmail_extra",
    "<blockquote class=\"gmail_quote",
    "<blockquote type=\"cite\"",
    "<blockquote type=cite",
    "id=\"divrplyfwdmsg\"",
    "id=\"appendonsend\"",
    "id=\"mail-editor-reference-message-container\"",
    "<div class=\"moz-cite-prefix\"",
    "<div class=\"yahoo_quoted\"",
    "id=\"yahoo_quoted",
    "<div class=\"protonmail_quote\"",
    "name=\"_mailoriginal\"",
    "<hr id=\"stopspelling\"",
    "border-top:solid #b5c4df",
    "border-top:solid #e1e1e1",
    "align=center tabindex=-1",
    "align=\"center\" tabindex=\"-1\"",
];

/// What begins a line.
const LINES: [&str; 7] = ["<br", "<p", "<div", "<td", "<tr", "<hr", "<body"];

/// A quotation that nothing but its heading marks.
fn quotation(html: &str, lower: &str) -> Option<usize> {
    let places = lower.match_indices("<blockquote").take(LOOKED_AT);
    places.filter_map(|(at, _)| before_heading(html, lower, at)).next()
}

/// Where the heading of the quotation at this place begins.
fn before_heading(html: &str, lower: &str, at: usize) -> Option<usize> {
    let from = lower.floor_char_boundary(at.saturating_sub(HEADING));
    let mut places: Vec<usize> =
        LINES.iter().flat_map(|tag| lower[from..at].match_indices(tag).map(|(place, _)| from + place)).collect();
    places.sort_unstable();
    places.into_iter().rev().take(LOOKED_AT).find(|place| {
        let text = to_text(&html[*place..at]);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        !lines.is_empty() && headings::at(&lines, 0).is_some_and(|heading| heading.after == lines.len())
    })
}

/// *From:*, *Sent:*, *To:*, *Subject:*, each in an element of its own, without anything around them.
fn headers(html: &str, lower: &str) -> Option<usize> {
    let names = ["from", "de", "von", "da", "van", "fra"].into_iter().flat_map(|name| {
        let written = [format!(">{name}:"), format!(">{name} :"), format!(">{name}\u{a0}:"), format!(">{name}&nbsp;:")];
        written
            .into_iter()
            .flat_map(|name| lower.match_indices(&name).map(|(at, _)| at).take(LOOKED_AT).collect::<Vec<_>>())
    });
    let is_block = |at: &usize| {
        let end = html.floor_char_boundary((at + BLOCK).min(html.len()));
        let text = to_text(&html[at + 1..end]);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        !lines.is_empty() && headings::headers(&lines, 0).is_some()
    };
    let at = names.filter(is_block).min()?;
    LINES.iter().filter_map(|tag| lower[..at].rfind(tag)).max()
}
