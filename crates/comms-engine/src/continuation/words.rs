//! Words: texts with what is known filled in, messages described to an agent, long answers in pieces.

use std::collections::BTreeMap;

use comms_core::{Content, MediaKind, Template, TemplateParameter, history::Continuation};
use serde_json::Value;

use super::settings::OpeningTemplate;

/// What stands where a value of a template is not known.
const NOTHING: &str = "-";

/// What texts may name.
pub(super) fn known(continuation: &Continuation) -> BTreeMap<String, String> {
    let told = continuation.metadata.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?)));
    let mut known: BTreeMap<String, String> = told.collect();
    let own = [
        ("client_name", continuation.client_name.clone()),
        ("agent_name", continuation.agent_name.clone()),
        ("summary", continuation.summary.clone()),
        ("duration", continuation.duration_secs.map(|seconds| seconds.to_string())),
        ("phone", continuation.phone.clone()),
    ];
    known.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    known
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A text with what it names in braces: `{name}`, `{name|word}`. What is not known and has no word is left out, and so is the
/// space before it.
pub(super) fn fill(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((named, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        let (name, word) = named.split_once('|').unwrap_or((named, ""));
        let value = known.get(name.trim()).map(|value| value.trim()).filter(|value| !value.is_empty());
        match value.unwrap_or(word) {
            "" => filled.truncate(filled.trim_end_matches(' ').len()),
            value => filled.push_str(value),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// A template with its values.
pub(super) fn template(template: &OpeningTemplate, known: &BTreeMap<String, String>) -> Content {
    let value = |variable: &String| {
        // A value of a template has no line breaks.
        let one_line = fill(variable, known).split_whitespace().collect::<Vec<_>>().join(" ");
        TemplateParameter::Text(if one_line.is_empty() { NOTHING.to_owned() } else { one_line })
    };
    Content::Template(Template {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: template.variables.iter().map(value).collect(),
        header: Vec::new(),
        components: None,
        rendered: None,
    })
}

/// A message in words that an agent understands: what is no text is named.
pub(super) fn describe(content: Option<&Content>, text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    let tag = match content {
        None | Some(Content::Text { .. } | Content::Choice { .. } | Content::Email(_) | Content::Template(_)) => None,
        Some(Content::Media(media)) => Some(media_tag(media.kind)),
        Some(Content::Files(files)) => files.files.first().map(|file| media_tag(file.kind)),
        Some(Content::Location(_)) => Some("location"),
        Some(Content::Contacts { .. }) => Some("contact card"),
        Some(Content::Reaction(_)) => Some("reaction"),
        Some(Content::Call(_)) => Some("call"),
        Some(Content::Revision { content: None, .. }) => Some("deleted a message"),
        Some(Content::Revision { .. }) => Some("corrected a message"),
        Some(Content::Interactive(_)) => None,
        Some(_) => Some("a message that cannot be shown"),
    };
    match (tag, text.is_empty()) {
        (None, _) => text.to_owned(),
        (Some(tag), true) => format!("[{tag}]"),
        (Some(tag), false) => format!("[{tag}] {text}"),
    }
}

const fn media_tag(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
        _ => "audio",
    }
}

/// Whether a message wants no answer by itself.
pub(super) const fn is_mute(content: Option<&Content>) -> bool {
    matches!(content, Some(Content::Reaction(_) | Content::Revision { content: None, .. } | Content::Call(_)))
}

/// What an agent said as one text, in pieces of at most `longest` characters: at paragraphs, sentences or words where there are some.
/// Nothing where it said nothing.
pub(super) fn pieces(texts: &[String], longest: usize) -> Vec<String> {
    let said: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    let said = said.join("\n\n");
    let mut rest = said.as_str();
    let mut pieces = Vec::new();
    let longest = longest.max(1);
    while !rest.is_empty() {
        let Some((end, _)) = rest.char_indices().nth(longest) else {
            pieces.push(rest.to_owned());
            break;
        };
        let whole = &rest[..end];
        let cut = ["\n\n", "\n", ". ", " "].into_iter().find_map(|mark| {
            let at = whole.rfind(mark)? + mark.len();
            (at > 0).then_some(at)
        });
        let cut = cut.unwrap_or(end);
        pieces.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Lower case without accents, words with single spaces between.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'á' | 'à' | 'ä' | 'â' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            'ñ' => 'n',
            other => other,
        };
        folded.push(if plain.is_alphanumeric() { plain } else { ' ' });
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known() -> BTreeMap<String, String> {
        BTreeMap::from([("client_name".to_owned(), "Ana".to_owned()), ("vacio".to_owned(), " ".to_owned())])
    }

    #[test]
    fn what_is_known_stands_where_it_is_named() {
        for (text, filled) in [
            ("¡Hola {client_name|}!", "¡Hola Ana!"),
            ("¡Hola {nombre|}!", "¡Hola!"),
            ("Hola {nombre|cliente}", "Hola cliente"),
            ("Hola {vacio|cliente}", "Hola cliente"),
            ("{ client_name } y {client_name}", "Ana y Ana"),
            ("sin cerrar {client_name", "sin cerrar {client_name"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &known()), filled);
        }
    }

    #[test]
    fn a_value_that_is_not_known_is_a_hyphen() {
        let wanted = OpeningTemplate {
            name: "hola".to_owned(),
            language: "es".to_owned(),
            variables: vec!["{client_name}".to_owned(), "{summary}".to_owned()],
        };
        let Content::Template(template) = template(&wanted, &known()) else { panic!("no template") };
        let values: Vec<_> = template.parameters.iter().filter_map(TemplateParameter::text).collect();
        assert_eq!(values, ["Ana", "-"]);
    }

    #[test]
    fn words_are_compared_without_case_accents_and_marks() {
        assert_eq!(folded("¡QUIERO  hablar, con una PersoNA… ñandú!"), "quiero hablar con una persona nandu");
    }

    #[test]
    fn what_was_said_in_several_pieces_is_one_text() {
        let texts = ["Hola.".to_owned(), "  ".to_owned(), "¿Qué tal?".to_owned()];
        assert_eq!(pieces(&texts, 1_000), ["Hola.\n\n¿Qué tal?"]);
        assert_eq!(pieces(&texts, 8), ["Hola.", "¿Qué", "tal?"]);
        assert!(pieces(&[], 10).is_empty());
    }

    proptest! {
        #[test]
        fn no_piece_is_too_long_and_no_word_is_lost(text in "[a-zñ .\n]{0,200}", longest in 1usize..40) {
            let pieces = pieces(std::slice::from_ref(&text), longest);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= longest && !piece.is_empty()));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        }
    }
}
