//! Values made fit for the columns they go into. Nothing is refused for its length or its characters.

use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use uuid::Uuid;

use super::HistoryEntry;

/// Lengths of the columns of `comunicaciones`, in characters.
pub(super) const DESTINATARIO: usize = 255;
pub(super) const ESTADO: usize = 50;
pub(super) const SID_EXTERNO: usize = 100;
pub(super) const CANAL: usize = 20;

/// No text or JSON column of PostgreSQL takes a NUL: it becomes U+FFFD. The raw webhook keeps it.
pub(super) fn clean(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text.to_owned() }
}

/// The same for every string of a document, keys included.
pub(super) fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(clean(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(clean_value).collect()),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (clean(&name), clean_value(value))).collect(),
        other => other,
    }
}

/// The first `limit` characters. The whole value stays in our own table.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

/// What the history shows of a text. One that was cut is longer than any that was not: so it is known without a column of its own.
pub(super) fn shown(text: &str) -> String {
    const MARK: &str = " …";
    let mut shown = clean(text);
    if shown.len() > HistoryEntry::LONGEST_TEXT {
        // At most three bytes are lost to a character, and the mark has four.
        shown.truncate(shown.floor_char_boundary(HistoryEntry::LONGEST_TEXT));
        shown.push_str(MARK);
    }
    shown
}

/// An id as the integer columns of `comunicaciones` hold it; `None` for a text, which only our own tables hold.
pub(super) fn number_of(id: &str) -> Option<i32> {
    id.parse().ok().filter(|number: &i32| *number >= 0 && number.to_string() == id)
}

/// How text is searched: lower case, no accents.
pub(super) fn search_form(text: &str) -> String {
    clean(text).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// A pattern for `LIKE` that finds `text` anywhere, its wildcards taken literally (escape character `\`).
pub(super) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in search_form(text).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// An id that every process derives alike, so that first sights of one person at the same time meet in one row.
pub(super) fn derived_id(kind: &str, parts: &[&str]) -> Uuid {
    const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_2a60_88c1_4b2f_9d0e_35a7_c0de_5eed);
    let mut name = String::from(kind);
    for part in parts {
        name.push('\u{1f}');
        name.push_str(part);
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_ignores_case_and_accents_and_takes_wildcards_literally() {
        assert_eq!(search_form("CAMIÓN Ñandú"), "camion nandu");
        assert_eq!(like_pattern("50%_Ok"), "%50\\%\\_ok%");
    }

    #[test]
    fn nul_goes_everywhere_and_nothing_else() {
        let value = serde_json::json!({"a\0": ["x\0y", 1], "b": {"c": "\0"}});
        let cleaned = clean_value(value).to_string();
        assert!(!cleaned.contains("\\u0000"));
        assert!(cleaned.contains("x\u{FFFD}y"));
    }

    #[test]
    fn an_id_is_a_number_only_where_the_number_says_all() {
        assert_eq!(number_of("42"), Some(42));
        for text in ["lead-42", "007", "+7", "-7", "2147483648", ""] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_was_cut_is_longer_than_any_that_was_not() {
        let most = HistoryEntry::LONGEST_TEXT;
        for letter in ["a", "ñ", "€", "😀"] {
            for more in 0..=8 {
                let text = format!("{}{}", "x".repeat(more), letter.repeat(most / letter.len()));
                let shown = shown(&text);
                assert_eq!(shown.len() > most, text.len() > most, "{letter} {more}");
                assert_eq!(shown == text, text.len() <= most, "{letter} {more}");
                assert!(shown.len() <= most + 4 && text.starts_with(shown.trim_end_matches(" …")));
            }
        }
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("ñandú", 2), "ña");
    }
}
