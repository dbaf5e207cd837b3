//! What mail programs write above what they quote, in the languages of those who write to us.

/// The lines of a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its first line.
    pub(super) at: usize,
    /// The first one after it.
    pub(super) after: usize,
}

/// The longest *Ana wrote:*, in lines and in characters.
const WROTE_LINES: usize = 3;
const WROTE_CHARS: usize = 400;
/// In so many lines a block of headers has to show what it is.
const BLOCK_LINES: usize = 8;
/// The longest name of a header, in characters.
const LONGEST_NAME: usize = 20;

/// Words of the line above a quotation: *wrote*. Without the space that French puts before its colon.
const WROTE: [&str; 31] = [
    "wrote:",
    "writes:",
    "escribió:",
    "escribio:",
    "escribió lo siguiente:",
    "ha escrito:",
    "escribiu:",
    "escreveu:",
    "escreveu o seguinte:",
    "va escriure:",
    "ha escrit:",
    "idatzi du:",
    "a écrit:",
    "schrieb:",
    "schrieb folgendes:",
    "hat geschrieben:",
    "ha scritto:",
    "schreef:",
    "geschreven:",
    "skrev:",
    "napisał:",
    "napisał(a):",
    "napsal(a):",
    "kirjoitti:",
    "написал:",
    "пише:",
    "yazdı:",
    "写道:",
    "a scris:",
    "írta:",
    "έγραψε:",
];

/// The same where the name stands behind it.
const WROTE_BEFORE: [&str; 4] = [" schrieb ", " schreef ", " skrev ", " kirjoitti "];

/// How the first line of a longer one begins.
const BEGINS: [&str; 24] = [
    "on ", "el ", "le ", "am ", "em ", "il ", "op ", "a ", "al ", "la ", "na ", "no ", "om ", "den ", "dne ", "dnia ",
    "w ", "в ", "în ", "in ", "de ", "---- on ", "ons ", "tis ",
];

/// Lines between a new text and an old one.
const SEPARATORS: [&str; 17] = [
    "original message",
    "original email",
    "mensaje original",
    "correo original",
    "missatge original",
    "mensagem original",
    "message d'origine",
    "message d’origine",
    "message original",
    "ursprüngliche nachricht",
    "originalnachricht",
    "messaggio originale",
    "oorspronkelijk bericht",
    "originalmeddelande",
    "oprindelig besked",
    "opprinnelig melding",
    "reply above this line",
];

/// Lines above what is passed on. They belong to what stands below them, and begin nothing by themselves.
const FORWARDED: [&str; 9] = [
    "forwarded message",
    "begin forwarded message",
    "mensaje reenviado",
    "inicio del mensaje reenviado",
    "mensagem encaminhada",
    "message transféré",
    "weitergeleitete nachricht",
    "messaggio inoltrato",
    "doorgestuurd bericht",
];

const FROM: [&str; 11] = ["from", "de", "von", "da", "van", "fra", "från", "от", "lähettäjä", "od", "message du"];
const SUBJECT: [&str; 14] = [
    "subject",
    "asunto",
    "assunto",
    "assumpte",
    "betreff",
    "objet",
    "sujet",
    "oggetto",
    "emne",
    "ämne",
    "onderwerp",
    "тема",
    "aihe",
    "temat",
];
const OTHERS: [&str; 48] = [
    "sent",
    "date",
    "to",
    "cc",
    "bcc",
    "enviado",
    "enviado el",
    "enviado em",
    "enviada em",
    "enviada",
    "enviat",
    "data de envio",
    "fecha",
    "data",
    "para",
    "cco",
    "copia",
    "gesendet",
    "gesendet am",
    "datum",
    "an",
    "kopie",
    "envoyé",
    "envoyé le",
    "envoyé par",
    "à",
    "a",
    "copie",
    "copie à",
    "inviato",
    "inviato il",
    "sendt",
    "dato",
    "til",
    "skickat",
    "till",
    "verzonden",
    "aan",
    "отправлено",
    "кому",
    "дата",
    "lähetetty",
    "vastaanottaja",
    "wysłano",
    "do",
    "reply-to",
    "responder a",
    "per a",
];

/// The first heading among these lines, with the rule above it.
pub(super) fn first(lines: &[&str]) -> Option<Heading> {
    let found = (0..lines.len()).find_map(|start| at(lines, start))?;
    Some(Heading { at: with_rule(lines, found.at), ..found })
}

/// The heading that begins with this line.
pub(super) fn at(lines: &[&str], start: usize) -> Option<Heading> {
    let line = lines[start].trim();
    if line.is_empty() || line.starts_with('>') {
        return None;
    }
    let after = match is_separator(line) {
        true => Some(after_separator(lines, start)),
        false => wrote(lines, start).or_else(|| headers(lines, start)),
    };
    after.map(|after| Heading { at: start, after })
}

/// In lower case, with one kind of space, without marks of emphasis, and without the space before a colon.
fn plain(line: &str) -> String {
    let lower = line.trim().trim_matches('*').to_lowercase();
    lower.replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ").replace(" :", ":").replace('：', ":")
}

/// `-----Mensaje original-----`.
fn is_separator(line: &str) -> bool {
    ruled(line).is_some_and(|inner| SEPARATORS.contains(&inner.as_str()))
}

/// What stands within a rule.
fn ruled(line: &str) -> Option<String> {
    let lower = line.trim().to_lowercase();
    let inner = lower.trim_matches(|c: char| is_rule(c) || c.is_whitespace());
    (inner.len() < lower.len()).then(|| inner.trim_end_matches(':').to_owned())
}

const fn is_rule(c: char) -> bool {
    matches!(c, '-' | '_' | '*' | '#' | '=' | '~')
}

/// Headers may follow at once.
fn after_separator(lines: &[&str], at: usize) -> usize {
    let next = (at + 1..lines.len()).find(|next| !lines[*next].trim().is_empty());
    next.and_then(|next| headers(lines, next)).unwrap_or(at + 1)
}

/// With the line of dashes, or the mark of what is passed on, that stands above a heading.
fn with_rule(lines: &[&str], mut at: usize) -> usize {
    while let Some(above) = (0..at).rev().find(|above| !lines[*above].trim().is_empty()) {
        let line = lines[above].trim();
        let is_line = line.chars().count() >= 4 && line.chars().all(is_rule);
        let plain = plain(line);
        let inner = ruled(line).unwrap_or_else(|| plain.trim_end_matches(':').to_owned());
        if !is_line && !FORWARDED.contains(&inner.as_str()) {
            break;
        }
        at = above;
    }
    at
}

/// *On …, Ana wrote:*, over up to three lines; a date or an address has to be in it. Gives the line after it.
fn wrote(lines: &[&str], at: usize) -> Option<usize> {
    let mut joined = String::new();
    for (number, line) in lines.iter().skip(at).take(WROTE_LINES).enumerate() {
        let line = plain(line);
        if line.is_empty() || joined.chars().count() > WROTE_CHARS {
            return None;
        }
        joined.push_str(&line);
        if says_wrote(&joined) || is_dated(&joined) && stands_alone(lines, at) {
            let known = joined.contains('@') || has_date(&joined);
            return (known && (number == 0 || begins(lines, at, number, &joined))).then_some(at + number + 1);
        }
        // The address of a long line stands on the next one.
        if joined.ends_with(['.', '?', '!']) {
            return None;
        }
        joined.push(' ');
    }
    None
}

fn says_wrote(joined: &str) -> bool {
    let before_name = joined.ends_with(':') && WROTE_BEFORE.iter().any(|wrote| joined.contains(wrote));
    before_name || WROTE.iter().any(|wrote| joined.ends_with(wrote)) || joined.ends_with(" wrote ----")
}

/// In some languages there is no word for it: a date, a name, an address, a colon.
fn is_dated(joined: &str) -> bool {
    let quoted_name = joined.starts_with(|c: char| c.is_ascii_digit() || c == '"');
    joined.ends_with(">:") && (quoted_name || joined.contains('@') && has_year(joined) && has_time(joined))
}

/// Whether nothing stands in the line above.
fn stands_alone(lines: &[&str], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|above| lines[above].trim().is_empty())
}

/// Whether a heading of several lines begins with this one, rather than with a later of them: what stands above may be somebody's words.
fn begins(lines: &[&str], at: usize, last: usize, joined: &str) -> bool {
    let later = lines[at + 1..=at + last].iter().any(|line| has_year(line));
    let line = plain(lines[at]);
    let by_word = BEGINS.iter().any(|word| line.starts_with(word)) && line.chars().any(|c| c.is_ascii_digit());
    !later
        && (by_word || line.starts_with(|c: char| c.is_ascii_digit() || c == '"') || {
            joined.contains('@') && (has_year(&line) || line.contains('@'))
        })
}

/// A year, or `1/6/26`.
fn has_date(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_digit() && !matches!(c, '/' | '.' | '-'));
    has_year(line) || words.any(|word| word.split(['/', '.', '-']).filter(|number| !number.is_empty()).count() >= 3)
}

fn has_year(line: &str) -> bool {
    let mut numbers = line.split(|c: char| !c.is_ascii_digit());
    numbers.any(|number| number.len() == 4 && (number.starts_with("19") || number.starts_with("20")))
}

/// `9:05`, or `9.05`.
fn has_time(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.windows(4).any(|window| {
        let [hour, between, ten, one] = window else { return false };
        hour.is_ascii_digit() && matches!(between, b':' | b'.') && ten.is_ascii_digit() && one.is_ascii_digit()
    })
}

/// What a line of a block of headers is.
#[derive(PartialEq)]
enum Header {
    From,
    Subject,
    Other,
}

fn header(line: &str) -> Option<Header> {
    let (name, _) = line.trim().split_once(':')?;
    if name.chars().count() > LONGEST_NAME {
        return None;
    }
    let name = plain(name);
    let name = name.trim_matches('*').trim();
    match name {
        _ if FROM.contains(&name) => Some(Header::From),
        _ if SUBJECT.contains(&name) => Some(Header::Subject),
        _ => OTHERS.contains(&name).then_some(Header::Other),
    }
}

/// *From:* with at least two more headers, one of them a subject, or an address. Gives the line after it.
pub(super) fn headers(lines: &[&str], at: usize) -> Option<usize> {
    let first = header(lines[at])?;
    let block = &lines[at..lines.len().min(at + BLOCK_LINES)];
    let named: Vec<(usize, Header)> =
        block.iter().enumerate().filter_map(|(number, line)| Some((number, header(line)?))).collect();
    let count = |wanted: &Header| named.iter().filter(|(_, header)| header == wanted).count();
    let last = named.last().map_or(0, |(number, _)| *number);
    let (subject, address) = (count(&Header::Subject) > 0, block[..=last].iter().any(|line| line.contains('@')));
    let is_block = match first {
        Header::From => named.len() >= 3 && (subject || address),
        _ => named.len() >= 3 && count(&Header::From) > 0 && subject && address,
    };
    is_block.then_some(at + last + 1)
}
