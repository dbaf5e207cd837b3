//! What stands below what was written: a signature, or what a program of a telephone writes.

/// The longest signature, in lines.
const LONGEST: usize = 12;
/// The longest line that a program writes, in characters.
const PROGRAM_LINE: usize = 80;

/// How such a line begins.
const SENT_FROM: [&str; 26] = [
    "sent from my ",
    "sent from outlook",
    "sent from mail for ",
    "sent from yahoo",
    "get outlook for ",
    "enviado desde ",
    "enviado con ",
    "enviat des ",
    "obtener outlook para ",
    "obtén outlook para ",
    "enviado do meu ",
    "enviado a partir d",
    "enviado pelo ",
    "enviado via ",
    "obter o outlook para ",
    "envoyé de mon ",
    "envoyé depuis ",
    "envoyé à partir d",
    "télécharger outlook pour ",
    "inviato da ",
    "scarica outlook per ",
    "von meinem ",
    "gesendet von ",
    "gesendet mit ",
    "diese nachricht wurde von meinem ",
    "verzonden vanaf ",
];

type Split<'a, 'b> = (&'b [&'a str], Option<&'b [&'a str]>);

/// What was written, and the signature below it.
pub(super) fn split<'a, 'b>(lines: &'b [&'a str]) -> Split<'a, 'b> {
    match lines.iter().rposition(|line| is_mark(line)) {
        Some(at) if at > 0 && lines.len() - at <= LONGEST => return (&lines[..at], Some(&lines[at + 1..])),
        _ => {}
    }
    let last = lines.iter().rposition(|line| !line.is_empty());
    match last {
        Some(at) if at > 0 && is_of_program(lines[at]) => (&lines[..at], Some(&lines[at..])),
        _ => (lines, None),
    }
}

/// The same below a quotation, where a signature may be all that follows, however long it is.
pub(super) fn split_below<'a, 'b>(lines: &'b [&'a str]) -> Split<'a, 'b> {
    match lines.iter().position(|line| !line.is_empty()) {
        Some(at) if is_mark(lines[at]) => (&[], Some(&lines[at + 1..])),
        Some(at) if is_of_program(lines[at]) && lines[at + 1..].iter().all(|line| line.is_empty()) => {
            (&[], Some(&lines[at..]))
        }
        _ => split(lines),
    }
}

/// `-- `, whose space has been trimmed, or a line of long dashes, which nobody uses for anything else.
fn is_mark(line: &str) -> bool {
    line == "--" || !line.is_empty() && line.chars().all(|c| matches!(c, '—' | '―' | '─'))
}

fn is_of_program(line: &str) -> bool {
    let lower = line.to_lowercase();
    SENT_FROM.iter().any(|sent| lower.starts_with(sent)) && line.chars().count() <= PROGRAM_LINE
}
