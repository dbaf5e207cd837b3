//! Mail that came: by its bytes, each field in its own charset.

use comms_mime::{Defect, Limits};
use proptest::prelude::*;
use sendgrid_client::webhook::{InboundMail, Webhook};

use crate::support::{FORM, inbound};

fn read(name: &str) -> InboundMail {
    mail(inbound(name).to_vec())
}

fn mail(body: Vec<u8>) -> InboundMail {
    match Webhook::read(FORM, &body.into()) {
        Webhook::Mail(mail) => *mail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_field_has_its_own_charset() {
    let mail = read("anymail_mixed_charsets");
    assert_eq!(mail.subject.as_deref(), Some("Como usted pidió"));
    assert_eq!(mail.html.as_deref(), Some("<p>¿Esto se ve como esperabas?</p>"));
    assert_eq!(mail.text.as_deref(), Some("Test the ESP’s inbound charset handling…"));
    let message = mail.message(&Limits::default()).unwrap();
    assert_eq!(message.from.unwrap().name(), Some("Opérateur de test"));
    assert_eq!(message.to[0].address(), "inbound@sg.example.com");
    assert_eq!(message.subject, "Como usted pidió");
}

#[test]
fn files_come_in_their_order_with_safe_names() {
    let mail = read("own_default_with_attachments");
    assert_eq!(mail.problem, None);
    let names: Vec<_> = mail.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.png", "orçamento.pdf", "evil.txt"]);
    assert!(mail.files[0].bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{:?}", mail.files[0].bytes);
    assert_eq!(mail.files[1].bytes[..], *b"%PDF-1.4\0\xff");
    assert_eq!(mail.envelope.to, ["vendas@parse.example.org"]);
    assert_eq!(mail.other["dkim"], "{@example.com : pass}");
    let message = mail.message(&Limits::default()).unwrap();
    assert_eq!(message.message_id.as_deref(), Some("<CAx1@mail.example.com>"));
    assert_eq!(message.references.len(), 1);
    assert_eq!(message.text, "veja anexo");
    assert_eq!(message.files[0].content_id.as_deref(), Some("ii_1"));
    assert!(message.files[0].inline && !message.files[1].inline);
}

#[test]
fn a_mail_as_it_was_transmitted_keeps_its_bytes() {
    let mail = read("own_raw_mode_8bit_latin1");
    assert!(mail.raw.as_ref().unwrap().windows(4).any(|bytes| bytes == b"a\xe7\xe3o"));
    let message = mail.message(&Limits::default()).unwrap();
    assert!(message.text.starts_with("ação"), "{}", message.text);
}

#[test]
fn the_envelope_names_everybody_and_a_returned_mail_nobody() {
    let mail = read("own_spam_checked_multi_rcpt");
    assert_eq!(mail.envelope.to, ["a@parse.example.org", "b@parse.example.org"]);
    assert_eq!((mail.envelope.from.as_str(), mail.other["spam_score"].as_str()), ("", "2.597"));
}

#[test]
fn almost_nothing_is_still_a_mail() {
    let message = read("own_missing_everything").message(&Limits::default()).unwrap();
    assert_eq!((message.text.as_str(), message.from), ("only text", None));
}

#[test]
fn what_is_said_tells_two_mails_apart_and_nothing_else() {
    let original = read("own_default_with_attachments");
    assert_eq!(original.content_key(), read("own_default_with_attachments").content_key());
    // Delivered again it may have been judged anew, and has another boundary.
    let mut again = original.clone();
    again.other.insert("spam_score".to_owned(), "1".to_owned());
    assert_eq!(again.content_key(), original.content_key());
    // Whoever knows an id may write a mail that bears it.
    let mut forged = original.clone();
    forged.text = Some("otro".to_owned());
    assert_ne!(forged.content_key(), original.content_key());
}

/// The collection of the folder that `COMMS_VECTORS` names: each is read whole.
#[test]
fn vectors_of_inbound_mail() {
    let Some(root) = std::env::var_os("COMMS_VECTORS") else {
        return println!("vectors sendgrid inbound: skipped, COMMS_VECTORS is not set");
    };
    let folder = std::path::PathBuf::from(root).join("email/sendgrid/inbound");
    let mut number = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mail = mail(std::fs::read(&path).unwrap());
        assert_eq!(mail.problem, None, "{}", path.display());
        let message = mail.message(&Limits::default()).unwrap();
        assert!(!message.text.is_empty(), "{}", path.display());
        assert!(!message.text.contains('\u{fffd}') && !message.subject.contains('\u{fffd}'), "{}", path.display());
        number += 1;
    }
    println!("vectors sendgrid inbound: {number}/{number}");
    assert!(number > 0);
}

proptest! {
    #[test]
    fn whatever_stands_in_a_field_comes_out_of_it(
        values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..6)
    ) {
        let mut body = Vec::new();
        for (at, value) in values.iter().enumerate() {
            // A line that begins as the boundary does is none, unless it is the boundary's own.
            prop_assume!(!value.windows(7).any(|bytes| bytes == b"--xYzZY"));
            body.extend_from_slice(format!("--xYzZY\r\nContent-Disposition: form-data; name=\"attachment{at}\"; filename=\"a\"\r\n\r\n").as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--xYzZY--\r\n");
        let found: Vec<Vec<u8>> = mail(body).files.iter().map(|file| file.bytes.to_vec()).collect();
        prop_assert_eq!(found, values);
    }

    #[test]
    fn a_form_that_breaks_off_anywhere_is_survived(at in 0_usize..2_200) {
        let whole = inbound("own_default_with_attachments");
        let cut = whole.slice(..at.min(whole.len()));
        match Webhook::read(FORM, &cut) {
            Webhook::Mail(mail) => drop(mail.message(&Limits::default())),
            Webhook::Unreadable(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_mail_that_was_taken_apart_keeps_within_the_limits_as_well() {
    let mut form = format!("--xYzZY\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{}\r\n", "ñ".repeat(200));
    for at in 1..=20 {
        form += &format!(
            "--xYzZY\r\nContent-Disposition: form-data; name=\"attachment{at}\"; filename=\"{at}.txt\"\r\n\r\nx\r\n"
        );
    }
    let mail = mail((form + "--xYzZY--\r\n").into_bytes());
    let mut limits = Limits::default();
    (limits.text, limits.parts) = (101, 10);
    let message = mail.message(&limits).unwrap();
    assert_eq!((message.text.as_str(), message.files.len()), ("ñ".repeat(50).as_str(), 10));
    assert!(message.defects.contains(&Defect::TextCut) && message.defects.contains(&Defect::TooManyParts));
    let whole = mail.message(&Limits::default()).unwrap();
    assert_eq!((whole.text.chars().count(), whole.files.len(), whole.defects.len()), (200, 20, 0));
}
