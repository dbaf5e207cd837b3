//! Messages in: whatever comes is read or refused, never believed, and never ends the process.

use std::fmt::Write;

use comms_mime::{Defect, ErrorKind, Incoming, Limits};
use proptest::prelude::*;

fn parse(raw: &str) -> Incoming {
    Incoming::parse(raw.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap()
}

#[test]
fn a_conversation_is_known_by_its_ids() {
    let message = parse(
        "From: Ana <Ana@EXAMPLE.org>\nTo: a@b.example, Grupo: c@d.example, e@f.example;\nCc: undisclosed-recipients:;\n\
         Subject: =?utf-8?b?wr9RdcOpPw==?=\n In-Reply-To: x\nMessage-ID: <3@e.example>\nIn-Reply-To: <2@e.example>\n\
         References: <1@e.example>\n <2@e.example>\nDate: Tue, 03 Nov 2026 10:00:00 -0300\n\nhola\n",
    );
    assert_eq!(message.message_id.as_deref(), Some("<3@e.example>"));
    assert_eq!(message.in_reply_to, ["<2@e.example>"]);
    assert_eq!(message.references, ["<1@e.example>", "<2@e.example>"]);
    assert_eq!(message.from.unwrap().address(), "Ana@example.org");
    let to: Vec<&str> = message.to.iter().map(|to| to.address()).collect();
    assert_eq!(to, ["a@b.example", "c@d.example", "e@f.example"]);
    assert_eq!(message.date.unwrap().unix_timestamp(), 1_793_710_800);
    assert!(!message.automatic && message.defects.is_empty());
}

#[test]
fn of_two_senders_the_first_counts_and_the_message_is_marked() {
    let message = parse("From: ana@example.org\nFrom: evil@example.com\nSubject: x\n\nhola");
    assert_eq!(message.from.unwrap().address(), "ana@example.org");
    assert_eq!(message.defects, [Defect::SeveralFrom]);
    let message = parse("Fr om: evil@example.com\nFrom: ana@example.org\n\nhola");
    assert_eq!(message.from.unwrap().address(), "ana@example.org");
    assert!(message.defects.contains(&Defect::MisspeltHeader));
}

#[test]
fn known_faults_of_the_parser_are_put_right() {
    // A byte order mark before the first header.
    assert_eq!(parse("\u{feff}From: ana@example.org\n\nx").from.unwrap().address(), "ana@example.org");
    // A lone CR among the headers.
    let raw = b"From: ana@example.org\r\nSubject: uno\rBcc: evil@example.com\r\n\r\nx";
    let message = Incoming::parse(raw, &Limits::default()).unwrap();
    assert_eq!(message.subject, "uno Bcc: evil@example.com");
    assert!(message.bcc.is_empty() && message.defects.contains(&Defect::ControlCharacters));
    // Base64 without padding, with foreign bytes, with a comment beside its name.
    let encoded = |head: &str, body: &str| {
        parse(&format!(
            "From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {head}\n\n{body}\n"
        ))
        .text
    };
    assert_eq!(encoded("base64", "aG9sYSBhbWlnbw"), "hola amigo");
    assert_eq!(encoded("base64", "aG9s*YSBh\n!bWlnbw=="), "hola amigo");
    assert_eq!(encoded("base64 (as it were)", "aG9sYSBhbWlnbw=="), "hola amigo");
    assert_eq!(encoded("quoted-printable", "ma=C3=B1ana"), "mañana");
}

#[test]
fn charsets_are_read_as_they_are_named() {
    let text = |charset: &str, bytes: &[u8]| {
        let mut raw = format!("From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n").into_bytes();
        raw.extend_from_slice(bytes);
        Incoming::parse(&raw, &Limits::default()).unwrap().text
    };
    assert_eq!(text("iso-8859-1", b"ma\xf1ana"), "mañana");
    assert_eq!(text("windows-1252", b"5 \x80"), "5 €");
    assert_eq!(text("iso-2022-jp", b"\x1b$B4A;z\x1b(B"), "漢字");
    // It is UTF-8, whatever it is said to be.
    assert_eq!(text("windows-1252", "añil • €".as_bytes()), "añil • €");
    assert_eq!(text("us-ascii", "añil".as_bytes()), "añil");
    assert_eq!(text("utf-8", b"a\0b\x1b[31m\tc"), "ab[31m\tc");
    assert!(text("no-such-charset", b"hola \xff").starts_with("hola"));
}

#[test]
fn files_have_safe_names_and_their_bytes() {
    let message = parse(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nhola\n\
         --B\nContent-Type: application/pdf; name=\"../../etc/passwd\"\nContent-Disposition: attachment\n\
         Content-Transfer-Encoding: base64\n\nJVBERg==\n\
         --B\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline; filename*=utf-8''foto%E2%80%AEgpj.exe\n\
         Content-Transfer-Encoding: base64\n\ncG5n\n--B--\n",
    );
    assert_eq!(message.text, "hola");
    let files: Vec<_> = message
        .files
        .iter()
        .map(|file| (file.name.as_str(), file.content_type.as_str(), &file.bytes[..], file.inline))
        .collect();
    assert_eq!(
        files,
        [("passwd", "application/pdf", &b"%PDF"[..], false), ("fotogpj.exe", "image/png", &b"png"[..], true)]
    );
    assert_eq!(message.files[1].content_id.as_deref(), Some("logo@x"));
}

#[test]
fn a_forwarded_message_is_a_file() {
    let message = parse(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nvea\n\
         --B\nContent-Type: message/rfc822\n\nFrom: other@b.example\nSubject: dentro\n\nsecreto\n--B--\n",
    );
    assert_eq!((message.text.as_str(), message.files.len()), ("vea", 1));
    assert_eq!(message.files[0].content_type, "message/rfc822");
    let inner = Incoming::parse(&message.files[0].bytes, &Limits::default()).unwrap();
    assert_eq!((inner.subject.as_str(), inner.text.as_str()), ("dentro", "secreto"));
}

#[test]
fn a_message_of_html_alone_has_its_text() {
    let message = parse("From: a@b.example\nContent-Type: text/html\n\n<style>p{}</style><p>Hola,<br>Ana</p>");
    assert_eq!(message.text, "Hola,\nAna");
    assert!(message.html.unwrap().contains("<style>"), "as it came");
}

#[test]
fn machines_are_told_from_people() {
    let automatic = |header: &str| parse(&format!("From: a@b.example\n{header}\n\nx")).automatic;
    for header in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "Precedence: LIST",
        "List-Id: <l.example>",
        "X-Autoreply: yes",
        "Return-Path: <>",
    ] {
        assert!(automatic(header), "{header}");
    }
    for header in
        ["Auto-Submitted: no", "Precedence: first-class", "Return-Path: <a@b.example>", "Subject: auto-replied"]
    {
        assert!(!automatic(header), "{header}");
    }
}

/// Each message within the one before. Parsed, the parser would drop them within one another.
fn bomb(levels: usize) -> Vec<u8> {
    let mut raw = String::new();
    for _ in 0..levels {
        raw.push_str("Content-Type: message/rfc822\r\n\r\n");
    }
    raw.push_str("Subject: x\r\n\r\nhola");
    raw.into_bytes()
}

#[test]
fn a_bomb_of_messages_is_refused_before_it_is_parsed() {
    for levels in [101, 5_000, 50_000] {
        let error = Incoming::parse(&bomb(levels), &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{levels}");
    }
    assert!(Incoming::parse(&bomb(100), &Limits::default()).is_ok());
}

#[test]
fn even_unlimited_a_bomb_is_taken_apart_in_a_loop() {
    let mut limits = Limits::default();
    limits.nested = usize::MAX;
    // A stack far smaller than the messages are deep.
    let parsed = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(move || Incoming::parse(&bomb(50_000), &limits).is_ok())
        .unwrap();
    assert!(parsed.join().unwrap());
}

#[test]
fn what_is_beyond_the_limits_is_refused_or_cut() {
    let mut limits = Limits::default();
    (limits.bytes, limits.parts, limits.text) = (10_000, 10, 100);
    assert!(Incoming::parse(&vec![b'x'; 10_001], &limits).is_err());
    let mut raw = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n".to_owned();
    for n in 0..50 {
        write!(raw, "--B\r\nContent-Type: application/pdf\r\n\r\n{n}\r\n").unwrap();
    }
    let message = Incoming::parse(raw.as_bytes(), &limits).unwrap();
    assert!(message.files.len() < 10 && message.defects.contains(&Defect::TooManyParts));
    let long = format!("From: a@b.example\r\n\r\n{}", "ñ".repeat(200));
    let message = Incoming::parse(long.as_bytes(), &limits).unwrap();
    assert!(message.text.len() <= 100 && message.defects.contains(&Defect::TextCut));
}

proptest! {
    #[test]
    fn no_bytes_make_it_stumble(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Incoming::parse(&raw, &Limits::default());
    }

    #[test]
    fn no_message_makes_it_stumble(head in "(?s)[\\PC\r\n:;=<>\"]{0,200}", body in "(?s).{0,200}", boundary in "[a-zB-]{1,6}") {
        let raw = format!("From: a@b.example\r\n{head}\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--{boundary}\r\n{body}\r\n--B--");
        let _ = Incoming::parse(raw.as_bytes(), &Limits::default());
    }
}
