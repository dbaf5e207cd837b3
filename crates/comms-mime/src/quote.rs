//! What somebody wrote, apart from what they quote.

use std::borrow::Cow;

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

/// Takes a plain text apart. Where nothing would be left, the whole text stays: better too much than nothing.
///
/// ```
/// let reply = comms_mime::split_text("Mañana a las diez.\n\nEl lun, 1 jun 2026 a las 9:00, Ana <ana@example.org> escribió:\n> ¿Cuándo?\n");
/// assert_eq!(reply.text, "Mañana a las diez.");
/// assert!(reply.quoted.unwrap().contains("¿Cuándo?"));
/// ```
#[must_use]
pub fn split_text(text: &str) -> Reply {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let begins = (0..lines.len()).find(|&at| begins_quote(&lines, at)).unwrap_or(lines.len());
    let (own, rest) = lines.split_at(begins);
    // Whoever answers below the quotation writes after its last line.
    let below = below_quotation(rest);
    let (own, trailing) = trailing_quotation(own);
    let (written, signature) = signature(own);
    let mut kept = joined(written);
    if !below.is_empty() {
        kept = format!("{kept}\n\n{}", joined(below)).trim().to_owned();
    }
    if kept.is_empty() {
        return Reply { text: text.trim().to_owned(), ..Reply::default() };
    }
    let quoted: Vec<&str> = trailing.iter().chain(&rest[..rest.len() - below.len()]).copied().collect();
    let some = |text: String| (!text.is_empty()).then_some(text);
    Reply { text: kept, signature: signature.map(joined).and_then(some), quoted: some(joined(&quoted)) }
}

/// HTML up to where a mail program began to quote, and whether it did. The rest is not closed: [`sanitize`](crate::html::sanitize)
/// closes it. It is to be split *before* it is made safe, since that takes out what quotations are known by.
#[must_use]
pub fn split_html(html: &str) -> (Cow<'_, str>, bool) {
    let lower = html.to_ascii_lowercase();
    let begins = HTML_MARKS.iter().filter_map(|mark| lower.find(mark)).filter_map(|at| lower[..=at].rfind('<')).min();
    match begins {
        Some(at) if !crate::html::to_text(&html[..at]).trim().is_empty() => (Cow::Borrowed(&html[..at]), true),
        _ => (Cow::Borrowed(html), false),
    }
}

/// In lower case, within the tag that begins a quotation.
const HTML_MARKS: [&str; 18] = [
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

/// Words of the line above a quotation: *wrote*.
const WROTE: [&str; 24] = [
    "wrote:",
    "writes:",
    "escribió:",
    "escribio:",
    "escribiu:",
    "escreveu:",
    "va escriure:",
    "idatzi du:",
    "a écrit :",
    "a écrit:",
    "schrieb:",
    "ha scritto:",
    "schreef:",
    "geschreven:",
    "skrev:",
    "napisał:",
    "napisał(a):",
    "kirjoitti:",
    "написал:",
    "пише:",
    "yazdı:",
    "写道：",
    "写道:",
    "a scris:",
];

/// The same where the name stands behind it.
const WROTE_BEFORE: [&str; 4] = [" schrieb ", " schreef ", " skrev ", " kirjoitti "];

/// Lines between a new text and an old one.
const SEPARATORS: [&str; 10] = [
    "original message",
    "mensaje original",
    "mensagem original",
    "message d'origine",
    "message original",
    "ursprüngliche nachricht",
    "messaggio originale",
    "oorspronkelijk bericht",
    "originalmeddelande",
    "reply above this line",
];

const FROM: [&str; 9] = ["from:", "de:", "von:", "da:", "van:", "fra:", "från:", "от:", "lähettäjä:"];
const OTHERS: &[&str] = &[
    "sent:",
    "date:",
    "to:",
    "subject:",
    "cc:",
    "enviado:",
    "enviado el:",
    "enviada em:",
    "fecha:",
    "data:",
    "para:",
    "asunto:",
    "assunto:",
    "gesendet:",
    "datum:",
    "an:",
    "betreff:",
    "envoyé :",
    "envoyé:",
    "à :",
    "objet :",
    "oggetto:",
    "inviato:",
    "a:",
    "sendt:",
    "til:",
    "emne:",
    "skickat:",
    "till:",
    "ämne:",
    "verzonden:",
    "aan:",
    "onderwerp:",
    "отправлено:",
    "кому:",
    "тема:",
];

fn begins_quote(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    if line.is_empty() || line.starts_with('>') {
        return false;
    }
    is_separator(line) || is_wrote(lines, at) || is_headers(lines, at)
}

/// `-----Mensaje original-----`, or a line of underscores above a block of headers.
fn is_separator(line: &str) -> bool {
    let lower = line.to_lowercase();
    let inner = lower.trim_matches(|c: char| matches!(c, '-' | '_' | '*' | '#' | '=') || c.is_whitespace());
    lower.len() > inner.len() && SEPARATORS.contains(&inner.trim_end_matches(':'))
}

/// *On …, Ana wrote:*, over up to three lines; a date or an address has to be in it.
fn is_wrote(lines: &[&str], at: usize) -> bool {
    let mut joined = String::new();
    for line in lines.iter().skip(at).take(3) {
        let line = line.trim();
        if line.is_empty() {
            return false;
        }
        joined.push_str(line);
        joined.push(' ');
        let lower = joined.trim_end().trim_end_matches('*').to_lowercase();
        if joined.chars().count() > 400 {
            return false;
        }
        let before_name = lower.ends_with(':') && WROTE_BEFORE.iter().any(|wrote| lower.contains(wrote));
        let ends = WROTE.iter().any(|wrote| lower.ends_with(wrote)) || lower.ends_with(" wrote ----");
        // In other languages there is no word for it: a date, a name, an address, a colon.
        let bare = lower.ends_with(">:") && lower.starts_with(|c: char| c.is_ascii_digit() || c == '"');
        if before_name || ends || bare {
            return lower.contains('@') || lower.chars().any(|c| c.is_ascii_digit());
        }
        // The address of a long line stands on the next one.
        if lower.ends_with(['.', '?', '!']) {
            return false;
        }
    }
    false
}

/// *From:* with at least two more headers in the lines below.
fn is_headers(lines: &[&str], at: usize) -> bool {
    let head = |line: &str| line.trim().trim_start_matches('*').to_lowercase().replace("*", "");
    let first = head(lines[at]);
    if !FROM.iter().any(|from| first.starts_with(from)) {
        return false;
    }
    let others = lines.iter().skip(at + 1).take(5).map(|line| head(line));
    others.filter(|line| OTHERS.iter().any(|other| line.starts_with(other))).count() >= 2
}

/// The lines after the last quoted one, where the quotation is marked line by line.
fn below_quotation<'a, 'b>(rest: &'b [&'a str]) -> &'b [&'a str] {
    let last = rest.iter().rposition(|line| line.trim_start().starts_with('>'));
    match last {
        Some(last) => {
            let below = &rest[last + 1..];
            if below.iter().all(|line| line.trim().is_empty()) { &[] } else { below }
        }
        None => &[],
    }
}

/// A quotation at the end, without a heading.
fn trailing_quotation<'a, 'b>(lines: &'b [&'a str]) -> (&'b [&'a str], &'b [&'a str]) {
    let quoted = |line: &&str| line.trim_start().starts_with('>') || line.trim().is_empty();
    let end = lines.iter().rposition(|line| !quoted(line)).map_or(0, |at| at + 1);
    let (own, rest) = lines.split_at(end);
    if rest.iter().any(|line| line.trim_start().starts_with('>')) { (own, rest) } else { (lines, &[]) }
}

/// What programs of telephones write below.
const SENT_FROM: [&str; 9] = [
    "sent from my ",
    "enviado desde mi ",
    "enviado do meu ",
    "envoyé de mon ",
    "inviato da ",
    "get outlook for ",
    "obtener outlook para ",
    "von meinem ",
    "gesendet von ",
];

fn signature<'a, 'b>(lines: &'b [&'a str]) -> (&'b [&'a str], Option<&'b [&'a str]>) {
    // The space at the end of the mark has been trimmed.
    match lines.iter().rposition(|line| *line == "--" || *line == "—") {
        Some(at) if at > 0 && lines.len() - at <= 12 => return (&lines[..at], Some(&lines[at + 1..])),
        _ => {}
    }
    let last = lines.iter().rposition(|line| !line.is_empty());
    let program = |line: &str| {
        let lower = line.to_lowercase();
        SENT_FROM.iter().any(|sent| lower.starts_with(sent)) && line.chars().count() <= 80
    };
    match last {
        Some(at) if at > 0 && program(lines[at]) => (&lines[..at], Some(&lines[at..])),
        _ => (lines, None),
    }
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}
