use comms_core::{
    Address, AddressKind, Capabilities, Channel, Content, ContentKind, Correspondent, Email, ErrorKind, FileReader,
    InMemoryChannel, InlineFile, Media, MediaKind, MediaRef, MessageId, NoFiles, Outbound, Outcome, SentMail,
};
use proptest::prelude::*;

fn mail() -> Email {
    Email { subject: "Presupuesto".to_owned(), text: Some("Se lo adjunto.".to_owned()), ..Email::default() }
}

fn to_ana(mail: Email) -> Outbound {
    Outbound::new(Address::email("ana@example.com").unwrap(), mail.into())
}

fn file() -> Media {
    Media {
        kind: MediaKind::Document,
        source: MediaRef::Blob("acme/2026/11/1".to_owned()),
        caption: None,
        filename: Some("a.pdf".to_owned()),
        mime_type: None,
        sha256: None,
    }
}

fn mailbox() -> Capabilities {
    InMemoryChannel::mailbox("ventas").capabilities()
}

#[test]
fn an_address_has_one_way_of_being_written() {
    for (written, read) in [
        ("ana@example.com", "ana@example.com"),
        ("  Ana.Perez@EXAMPLE.Com ", "Ana.Perez@example.com"),
        ("ana+ventas@mail.example.com", "ana+ventas@mail.example.com"),
        ("o'hara_1=x@example.com", "o'hara_1=x@example.com"),
        ("ana@CAMIÓN.example", "ana@camión.example"),
        ("ñandú@example.com", "ñandú@example.com"),
        ("root@localhost", "root@localhost"),
    ] {
        let address = Address::email(written).unwrap();
        assert_eq!((address.kind(), address.value()), (AddressKind::Email, read), "{written:?}");
    }
}

#[test]
fn what_is_no_address_is_refused_for_good() {
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("ana@{}", vec!["a".repeat(60); 5].join("."));
    for wrong in [
        "",
        "ana",
        "@example.com",
        "ana@",
        "ana@@example.com",
        "a..b@example.com",
        ".ana@example.com",
        "ana.@example.com",
        "ana@-example.com",
        "ana@example-.com",
        "ana@exa_mple.com",
        "ana@example..com",
        "ana@.example.com",
        "ana@example.com.",
        "ana perez@example.com",
        "Ana <ana@example.com>",
        "\"ana\"@example.com",
        "ana@[127.0.0.1]",
        "ana,luis@example.com",
        "ana@example.com\r\nBcc: all@example.org",
        "ana\r\n@example.com",
        "ana\0@example.com",
        "ana@exam\u{200b}ple.com",
        "ana@example.com\n",
        &long,
        &longer,
    ] {
        let error = Address::email(wrong).expect_err(wrong);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRecipient, Outcome::Rejected), "{wrong:?}");
        assert!(!error.to_string().contains("Bcc"), "an error does not repeat what it refuses");
    }
}

#[test]
fn who_cannot_be_answered_is_known_all_the_same() {
    assert_eq!(Correspondent::new("Ana@EXAMPLE.com").known_as(), Address::email("Ana@example.com").unwrap());
    let odd = Correspondent::named("Lista", "a..b@docomo.example").known_as();
    assert_eq!((odd.kind(), odd.value()), (AddressKind::Email, "a..b@docomo.example"));
}

#[test]
fn our_id_is_read_out_of_an_id_that_we_wrote_and_of_no_other() {
    let ours = MessageId::new();
    let id = Email::id_of(ours, "example.com");
    for written in [id.clone(), format!("<{id}>"), id.replace("example.com", "EXAMPLE.com")] {
        assert_eq!(Email::our_id(&written, "example.com"), Some(ours), "{written}");
    }
    for other in [id.as_str(), "x@example.org", "example.org", ""] {
        assert_eq!(Email::our_id(other, "example.org"), None, "{other}");
    }
}

#[test]
fn subjects_of_one_thread_are_one() {
    let base = |subject: &str| Email { subject: subject.to_owned(), ..Email::default() }.base_subject();
    for subject in
        ["Presupuesto", "RE: presupuesto", "Re[2]: Presupuesto", "RV: Re:Presupuesto", "Fwd : AW: presupuesto "]
    {
        assert_eq!(base(subject), "presupuesto", "{subject}");
    }
    for (subject, own) in [("Real: Madrid", "real: madrid"), ("Nota: hola", "nota: hola"), ("Re:", ""), ("", "")] {
        assert_eq!(base(subject), own, "{subject}");
    }
}

#[test]
fn what_a_provider_says_of_a_sent_mail_is_read_as_it_was_told() {
    let sent = SentMail { message_id: Some("1@example.com".to_owned()), thread: Some("18c".to_owned()) };
    assert_eq!(SentMail::read(&sent.told()), sent);
    let bracketed = serde_json::json!({"message_id": "<1@example.com>", "thread": "", "price": 3});
    assert_eq!(SentMail::read(&bracketed).message_id.as_deref(), Some("1@example.com"));
    assert_eq!(SentMail::read(&bracketed).thread, None);
    assert_eq!(SentMail::read(&serde_json::Value::Null), SentMail::default());
}

fn refused(mail: Email, kind: ErrorKind, field: &str) {
    let error = mailbox().check(&to_ana(mail)).expect_err(field);
    assert_eq!((error.kind(), error.field_name()), (kind, Some(field)), "{error}");
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[test]
fn what_would_write_a_header_of_its_own_is_refused() {
    use ErrorKind::{InvalidRecipient, InvalidRequest};
    let evil = "hola\r\nBcc: all@example.org";
    let who = |address: &str| vec![Correspondent::new(address)];
    let named = || vec![Correspondent::named(evil, "luis@example.com")];
    mailbox().check(&to_ana(mail())).unwrap();
    refused(Email { subject: evil.to_owned(), ..mail() }, InvalidRequest, "subject");
    refused(Email { subject: "hola\0".to_owned(), ..mail() }, InvalidRequest, "subject");
    refused(Email { to: named(), ..mail() }, InvalidRequest, "to");
    refused(Email { cc: who(&format!("luis@example.com{evil}")), ..mail() }, InvalidRecipient, "cc");
    refused(Email { bcc: who("luis"), ..mail() }, InvalidRecipient, "bcc");
    refused(Email { reply_to: named(), ..mail() }, InvalidRequest, "reply_to");
    refused(Email { from: Some(Correspondent::new("ventas")), ..mail() }, InvalidRecipient, "from");
    for id in ["", "a b@c", "a@b>\r\nX: y", "<a@b>"] {
        refused(Email { in_reply_to: Some(id.to_owned()), ..mail() }, InvalidRequest, "in_reply_to");
        refused(Email { references: vec!["a@b".to_owned(), id.to_owned()], ..mail() }, InvalidRequest, "references");
        refused(Email { message_id: Some(id.to_owned()), ..mail() }, InvalidRequest, "message_id");
    }
}

#[test]
fn limits_are_looked_at_before_anything_is_asked_for() {
    use ErrorKind::InvalidRequest;
    let can = mailbox();
    let subject = |length: usize| Email { subject: "ñ".repeat(length), ..mail() };
    can.check(&to_ana(subject(can.max_subject))).unwrap();
    refused(subject(can.max_subject + 1), InvalidRequest, "subject");
    can.check(&to_ana(Email { subject: String::new(), ..mail() })).unwrap();

    refused(Email { text: None, ..mail() }, InvalidRequest, "text");
    refused(Email { text: Some(" \n".to_owned()), ..mail() }, InvalidRequest, "text");
    refused(Email { text: Some("x".repeat(can.max_text + 1)), ..mail() }, InvalidRequest, "text");
    can.check(&to_ana(Email { text: None, html: Some("<b>hola</b>".to_owned()), ..mail() })).unwrap();
    can.check(&to_ana(Email { text: None, files: vec![file()], ..mail() })).unwrap();

    refused(Email { files: vec![file(); can.max_files + 1], ..mail() }, InvalidRequest, "files");
    let inline = vec![InlineFile { content_id: "logo".to_owned(), file: 1 }];
    refused(Email { files: vec![file()], inline, ..mail() }, InvalidRequest, "inline");

    let many = |count: usize| (0..count).map(|at| Correspondent::new(format!("a{at}@example.com"))).collect::<Vec<_>>();
    let mut whole = Email { to: many(can.max_recipients - 1), ..mail() };
    // The recipient of the message counts once, however often they are named.
    whole.cc = vec![Correspondent::new("ANA@example.com")];
    can.check(&to_ana(whole.clone())).unwrap();
    whole.bcc = vec![Correspondent::new("luis@example.com")];
    refused(whole, InvalidRequest, "to");

    let mut tight = mailbox();
    (tight.max_bytes, tight.max_text) = (10, 0);
    let error = tight.check(&to_ana(Email { text: Some("más de diez".to_owned()), ..mail() })).unwrap_err();
    assert_eq!(error.field_name(), Some("text"));
}

#[test]
fn a_channel_of_phones_sends_no_mail() {
    let phones = Capabilities::new(&[ContentKind::Text], &[AddressKind::Phone, AddressKind::Email]);
    let error = phones.check(&to_ana(mail())).unwrap_err();
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Unsupported, Some("content")));
}

#[tokio::test]
async fn the_mailbox_in_memory_sends_mails_and_nothing_else() {
    let mailbox = InMemoryChannel::mailbox("ventas");
    mailbox.send(&to_ana(mail())).await.unwrap();
    let text = Outbound::new(Address::email("ana@example.com").unwrap(), Content::text("hola"));
    assert_eq!(mailbox.send(&text).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(mailbox.requests(), 1);
    assert_eq!(NoFiles.open("acme/1").await.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

proptest! {
    #[test]
    fn an_address_that_is_taken_breaks_no_line_and_is_read_the_same_again(text in "[a-zA-Z0-9@.<>,\" \\r\\n\\t\0é+_-]{0,24}") {
        if let Ok(address) = Address::email(&text) {
            prop_assert!(!address.value().chars().any(|c| c.is_control() || c.is_whitespace() || "<>,\"".contains(c)));
            prop_assert_eq!(address.value().matches('@').count(), 1);
            prop_assert_eq!(Address::email(address.value()).unwrap(), address);
        }
    }

    #[test]
    fn any_subject_has_a_base_that_is_its_own(subject in any::<String>()) {
        let base = |subject: String| Email { subject, ..Email::default() }.base_subject();
        let once = base(subject.clone());
        prop_assert_eq!(base(format!("Re: {subject}")), once);
    }
}
