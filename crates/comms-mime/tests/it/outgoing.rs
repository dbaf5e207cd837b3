//! Messages out: what is written is what was said, and nobody writes headers but us.

use comms_mime::{Attachment, Built, ErrorKind, InReplyTo, Incoming, Limits, Mailbox, Outgoing};
use proptest::prelude::*;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 18:00 UTC);

fn mailbox(address: &str) -> Mailbox {
    Mailbox::new(address).unwrap()
}

fn mail() -> Outgoing {
    Outgoing::new(mailbox("ventas@example.org"), "example.org").to(mailbox("ana@example.com"))
}

fn text(built: &Built) -> String {
    String::from_utf8(built.bytes.to_vec()).unwrap()
}

fn read(built: &Built) -> Incoming {
    Incoming::parse(&built.bytes, &Limits::default()).unwrap()
}

#[test]
fn everything_that_is_written_is_read_again() {
    let built = mail()
        .cc(mailbox("bo@example.com").named("Bö, \"el otro\"").unwrap())
        .bcc(mailbox("oculta@example.com"))
        .reply_to(mailbox("respuestas@example.org"))
        .subject("Presupuesto nº 12: 1.234,56 €")
        .text("Hola,\r\nle envío «todo».")
        .html("<p>Hola, <img src=\"cid:logo@example.org\"></p>")
        .file(Attachment::new("presupuesto ñ.pdf", "application/pdf", &b"%PDF\n\x00\xff"[..]))
        .file(Attachment::new("logo.png", "image/png", &b"png"[..]).inline("logo@example.org"))
        .id(Uuid::from_u128(7))
        .build(NOW)
        .unwrap();
    assert_eq!(built.message_id, format!("<{}@example.org>", Uuid::from_u128(7)));
    assert_eq!(built.recipients, ["ana@example.com", "bo@example.com", "oculta@example.com"]);
    let message = read(&built);
    assert_eq!(message.message_id.as_deref(), Some(built.message_id.as_str()));
    assert_eq!(message.subject, "Presupuesto nº 12: 1.234,56 €");
    assert_eq!(message.date, Some(NOW));
    assert_eq!(message.from.unwrap().address(), "ventas@example.org");
    assert_eq!(message.cc[0].name(), Some("Bö, \"el otro\""));
    assert_eq!(message.bcc[0].address(), "oculta@example.com", "Gmail needs the line Bcc");
    assert_eq!(message.reply_to[0].address(), "respuestas@example.org");
    assert_eq!(message.text, "Hola,\nle envío «todo».");
    assert!(message.html.unwrap().contains("cid:logo@example.org"));
    let pdf = message.files.iter().find(|file| file.content_type == "application/pdf").unwrap();
    assert_eq!((pdf.name.as_str(), &pdf.bytes[..], pdf.inline), ("presupuesto ñ.pdf", &b"%PDF\n\x00\xff"[..], false));
    let logo = message.files.iter().find(|file| file.content_type == "image/png").unwrap();
    assert_eq!((logo.content_id.as_deref(), logo.inline), (Some("logo@example.org"), true));
    assert!(message.defects.is_empty());
}

#[test]
fn every_message_says_what_it_is() {
    let plain = text(&mail().text("hola").build(NOW).unwrap());
    assert!(plain.contains("MIME-Version: 1.0") && plain.contains("Content-Type: text/plain; charset=utf-8"));
    let only_html = read(&mail().html("<p>Hola,<br>Ana</p>").build(NOW).unwrap());
    assert_eq!(only_html.text, "Hola,\nAna");
    let file = mail().file(Attachment::new("a.txt", "text/plain", &b"a\nb"[..])).build(NOW).unwrap();
    assert!(text(&file).contains("Content-Transfer-Encoding: base64"), "a line end may not change");
    assert_eq!(&read(&file).files[0].bytes[..], b"a\nb");
}

#[test]
fn a_reply_names_its_conversation() {
    let answers = InReplyTo {
        message_id: "3@example.com".to_owned(),
        references: (0..40).map(|n| format!("<r{n}@example.com>")).chain(["not an id".to_owned()]).collect(),
        subject: "RE: Presupuesto".to_owned(),
    };
    let message = read(&mail().text("sí").reply_to_message(&answers).build(NOW).unwrap());
    assert_eq!(message.subject, "RE: Presupuesto");
    assert_eq!(message.in_reply_to, ["<3@example.com>"]);
    assert_eq!(message.references.len(), 21);
    assert_eq!(message.references[0], "<r0@example.com>");
    assert_eq!(message.references[19..], ["<r39@example.com>", "<3@example.com>"]);
    let other = read(&mail().subject("Otro").text("sí").reply_to_message(&answers).build(NOW).unwrap());
    assert_eq!(other.subject, "Otro");
}

#[test]
fn nobody_writes_a_header_of_their_own() {
    for bad in ["a\r\nBcc: all@example.com", "a\nb", "a\rb", "a\0b", "\u{7f}", "a\u{85}b"] {
        let refused = |built: comms_mime::Result<Built>, field: &str| {
            let error = built.unwrap_err();
            assert_eq!((error.kind(), error.field_name()), (ErrorKind::InvalidRequest, Some(field)), "{bad:?}");
        };
        assert!(mailbox("a@example.org").named(bad).is_err(), "{bad:?}");
        assert!(Mailbox::new(&format!("a{bad}@example.org")).is_err());
        refused(mail().subject(bad).text("x").build(NOW), "subject");
        refused(mail().text("x").header("X-Ours", bad).build(NOW), "headers");
        refused(mail().file(Attachment::new(bad, "text/plain", &b"x"[..])).build(NOW), "filename");
        refused(
            mail().file(Attachment::new("a", format!("text/plain; a=\"{bad}\""), &b"x"[..])).build(NOW),
            "content_type",
        );
        refused(
            mail().html("x").file(Attachment::new("a", "image/png", &b"x"[..]).inline(bad)).build(NOW),
            "content_id",
        );
        let answers = InReplyTo { message_id: format!("<{bad}@example.org>"), ..InReplyTo::default() };
        refused(mail().text("x").reply_to_message(&answers).build(NOW), "in_reply_to");
    }
    // A subject of somebody else's that is answered is cleaned: its writer is not here to mend it.
    let answers = InReplyTo {
        message_id: "<1@a.example>".into(),
        subject: "a\r\nBcc: b@c.example".into(),
        ..InReplyTo::default()
    };
    let built = mail().text("x").reply_to_message(&answers).build(NOW).unwrap();
    assert!(read(&built).bcc.is_empty());
    for name in ["Bcc", "subject", "Content-Type", "Message-ID", "a b", ""] {
        assert!(mail().text("x").header(name, "y").build(NOW).is_err(), "{name}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    assert_eq!(
        Outgoing::new(mailbox("a@example.org"), "example.org").text("x").build(NOW).unwrap_err().field_name(),
        Some("to")
    );
    assert_eq!(mail().build(NOW).unwrap_err().field_name(), Some("text"));
    for domain in ["", "exa mple.org", "a>b"] {
        let mail = Outgoing::new(mailbox("a@example.org"), domain).to(mailbox("b@example.org")).text("x");
        assert_eq!(mail.build(NOW).unwrap_err().field_name(), Some("domain"), "{domain}");
    }
    for address in
        ["", "ana", "a..b@example.org", "ana@", "@example.org", "ana@exa mple.org", "añá@example.org", "a@b@c@"]
    {
        assert_eq!(Mailbox::new(address).unwrap_err().kind(), ErrorKind::InvalidRecipient, "{address}");
    }
    assert_eq!(mailbox("Ana@EXÄMPLE.org").address(), "Ana@xn--exmple-cua.org");
}

#[test]
fn a_name_is_never_read_as_another_charset() {
    let named = mailbox("a@example.org").named("=?utf-8?q?evil=40example.com?=").unwrap();
    let message = read(&mail().cc(named).subject("=?utf-8?q?evil?=").text("x").build(NOW).unwrap());
    assert!(message.cc[0].name().unwrap().contains("?q?"), "{:?}", message.cc);
    assert!(message.subject.contains("?q?"));
}

proptest! {
    #[test]
    fn whatever_is_accepted_adds_no_recipient(subject in "\\PC{0,80}", name in "\\PC{0,40}", file in "\\PC{1,40}", body in "(?s).{1,200}") {
        let Ok(to) = mailbox("ana@example.com").named(&name) else { return Ok(()) };
        let mail = Outgoing::new(mailbox("ventas@example.org"), "example.org")
            .to(to)
            .subject(subject)
            .text(body)
            .file(Attachment::new(file, "text/plain", &b"x"[..]));
        if let Ok(built) = mail.build(NOW) {
            let message = read(&built);
            prop_assert_eq!(message.to.len(), 1);
            prop_assert_eq!(message.to[0].address(), "ana@example.com");
            prop_assert!(message.bcc.is_empty() && message.cc.is_empty());
            prop_assert_eq!(message.files.len(), 1);
        }
    }
}
