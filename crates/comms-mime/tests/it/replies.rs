//! Replies that others collected, scored: how much of them is split as a person would.

use std::{collections::BTreeSet, fs, path::Path};

use comms_mime::{html::to_text, split_html, split_text};

/// The whole text is the reply.
const ALL: usize = usize::MAX;

/// File, and how many of its first lines are what the person wrote, without a signature that a mark announces.
#[rustfmt::skip]
const TEXTS: &[(&str, usize)] = &[
    ("correct_sig", 1), ("email_12", 5), ("email_13", 5), ("email_14", 5), ("email_16", 5), ("email_20", 1), ("email_22", 5),
    ("email_23", 5), ("email_25", 5), ("email_26", 5), ("email_6", 3), ("email_7", 5), ("email_8", 5), ("email_9", 5),
    ("email_blackberry", 1), ("email_custom_quote_header", 1), ("email_customer_quote_header_2", 1),
    ("email_customer_quote_header_3", 3), ("email_danish_dash_separator", 5), ("email_emoji", 1), ("email_finnish", 5),
    ("email_german", 5), ("email_german_2", 5), ("email_german_3", 5), ("email_gmail_split_line_from", 5), ("email_iphone", 1),
    ("email_italian", 5), ("email_not_a_signature_2", ALL), ("email_one_is_not_on", 5), ("email_original_message", 5),
    ("email_original_message_2", 5), ("email_russian", 5), ("email_thread", 1), ("email_tricky_10_special_chars_in_name", 5),
    ("email_tricky_14_long_quote_header", 5), ("email_tricky_16_unicode_signatures", 4), ("email_tricky_18_inline_reply", ALL),
    ("email_tricky_1_on_false_positive", ALL), ("email_tricky_3_code_block", ALL), ("email_tricky_4_from_in_body", ALL),
    ("email_tricky_5_mixed_languages", 5), ("email_tricky_7_multiple_dashes", ALL), ("email_with_regards", ALL), ("email_zoho", 2),
    ("sig_no_empty_line", 1),
];

const PAGES: [&str; 6] = ["gmail", "hotmail", "ms_outlook_2003", "ms_outlook_2007", "ms_outlook_2010", "yandex_ru"];

/// Those that are split otherwise: a text below what a telephone writes, which nothing tells from one that was written there.
const OTHERWISE: &[&str] = &["email_german_3"];

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replies").join(name);
    String::from_utf8_lossy(&fs::read(path).unwrap()).replace("\r\n", "\n")
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn replies_are_split_as_a_person_would() {
    let mut otherwise = BTreeSet::new();
    for (name, lines) in TEXTS {
        let text = data(&format!("crisp__{name}.txt"));
        let expected: Vec<&str> = text.lines().take(*lines).collect();
        let (expected, found) = (words(&expected.join("\n")), words(&split_text(&text).text));
        if found != expected {
            println!("{name}\n  is  {found:?}\n  not {expected:?}");
            otherwise.insert(*name);
        }
    }
    for name in PAGES {
        let html = data(&format!("talon__{name}.html"));
        let found = words(&to_text(&split_html(&html).0));
        if found != words("Hi. I am fine. Thanks, Alex") {
            println!("{name}\n  is  {found:?}");
            otherwise.insert(name);
        }
    }
    let all = TEXTS.len() + PAGES.len();
    println!("{} of {all} replies are split as a person would", all - otherwise.len());
    assert_eq!(otherwise, OTHERWISE.iter().copied().collect());
}
