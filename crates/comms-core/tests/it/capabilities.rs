use comms_core::{
    Address, AddressKind, Button, Capabilities, Content, ContentKind, ErrorKind, Files, Interactive, InteractiveAction,
    ListRow, ListSection, Media, MediaKind, MediaRef, Outbound, Outcome,
};

fn to_a_phone(content: Content) -> Outbound {
    Outbound::new(Address::phone("+34600000000", None).unwrap(), content)
}

fn everything() -> Capabilities {
    let mut all = Capabilities::new(&ContentKind::ALL, &AddressKind::ALL);
    all.replies = true;
    all
}

/// Checks that a message is refused for this field.
fn refused(can: &Capabilities, message: &Outbound, kind: ErrorKind, field: &str) {
    let error = can.check(message).expect_err(field);
    assert_eq!((error.kind(), error.field_name()), (kind, Some(field)), "{error}");
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[test]
fn a_channel_without_capabilities_sends_nothing() {
    let nothing = Capabilities::default();
    refused(&nothing, &to_a_phone(Content::text("hola")), ErrorKind::Unsupported, "to");
    let mut mute = Capabilities::default();
    mute.addresses.push(AddressKind::Phone);
    refused(&mute, &to_a_phone(Content::text("hola")), ErrorKind::Unsupported, "content");
}

#[test]
fn a_quotation_needs_the_capability() {
    let mut message = to_a_phone(Content::text("hola"));
    message.reply_to = Some("wamid.1".to_owned());
    everything().check(&message).unwrap();
    let mut can = everything();
    can.replies = false;
    refused(&can, &message, ErrorKind::Unsupported, "reply_to");
}

#[test]
fn what_only_arrives_is_never_sent() {
    for content in [
        Content::Choice { id: "1".to_owned(), title: "Sí".to_owned(), description: None },
        Content::Revision { target: "wamid.1".to_owned(), content: None },
        Content::Other { kind: "order".to_owned(), raw: serde_json::Value::Null },
    ] {
        assert_eq!(ContentKind::of(&content), None);
        refused(&everything(), &to_a_phone(content), ErrorKind::Unsupported, "content");
    }
}

#[test]
fn text_is_measured_in_characters_and_is_not_blank() {
    let mut can = everything();
    can.max_text = 5;
    can.check(&to_a_phone(Content::text("ñandú"))).unwrap();
    for wrong in ["ñandús", "", " \n\t "] {
        refused(&can, &to_a_phone(Content::text(wrong)), ErrorKind::InvalidRequest, "body");
    }
    can.max_text = 0;
    can.check(&to_a_phone(Content::text("x".repeat(100_000)))).unwrap();
}

#[test]
fn a_caption_may_be_absent_but_not_too_long() {
    let mut can = everything();
    can.max_caption = 3;
    let photo = |caption: Option<&str>| {
        to_a_phone(Content::Media(Media {
            kind: MediaKind::Image,
            source: MediaRef::Id("1".to_owned()),
            caption: caption.map(str::to_owned),
            filename: None,
            mime_type: None,
            sha256: None,
        }))
    };
    can.check(&photo(None)).unwrap();
    can.check(&photo(Some("ñañ"))).unwrap();
    refused(&can, &photo(Some("ñaña")), ErrorKind::InvalidRequest, "caption");
}

#[test]
fn files_are_counted_and_their_text_is_measured() {
    let mut can = everything();
    (can.max_files, can.max_text) = (2, 5);
    let files = |body: Option<&str>, count: usize| {
        let file = Media {
            kind: MediaKind::Image,
            source: MediaRef::Url("https://example.com/a.jpg".to_owned()),
            caption: None,
            filename: None,
            mime_type: None,
            sha256: None,
        };
        to_a_phone(Content::Files(Files { body: body.map(str::to_owned), files: vec![file; count] }))
    };
    for body in [None, Some(""), Some("ñandú")] {
        can.check(&files(body, 2)).unwrap();
    }
    refused(&can, &files(None, 0), ErrorKind::InvalidRequest, "files");
    refused(&can, &files(None, 3), ErrorKind::InvalidRequest, "files");
    refused(&can, &files(Some("ñandús"), 1), ErrorKind::InvalidRequest, "body");
    can.max_files = 0;
    can.check(&files(None, 100)).unwrap();
    can.contents.retain(|kind| *kind != ContentKind::Files);
    refused(&can, &files(None, 1), ErrorKind::Unsupported, "content");
}

#[test]
fn buttons_and_rows_are_counted() {
    let mut can = everything();
    (can.max_buttons, can.max_rows) = (3, 4);
    let ask = |action| {
        to_a_phone(Content::Interactive(Interactive {
            header: None, body: "¿cuál?".to_owned(), footer: None, action
        }))
    };
    let buttons = |count: usize| {
        let button = |at| Button { id: format!("{at}"), title: format!("{at}") };
        ask(InteractiveAction::Buttons { buttons: (0..count).map(button).collect() })
    };
    // Two rows in each section: all sections count together.
    let list = |sections: usize| {
        let row = |at| ListRow { id: format!("{at}"), title: format!("{at}"), description: None };
        let section = |at| ListSection { title: Some(format!("{at}")), rows: (0..2).map(row).collect() };
        ask(InteractiveAction::List { button: "Ver".to_owned(), sections: (0..sections).map(section).collect() })
    };
    can.check(&buttons(3)).unwrap();
    can.check(&list(2)).unwrap();
    for count in [0, 4] {
        refused(&can, &buttons(count), ErrorKind::InvalidRequest, "buttons");
    }
    for sections in [0, 3] {
        refused(&can, &list(sections), ErrorKind::InvalidRequest, "rows");
    }
    can.check(&ask(InteractiveAction::LocationRequest)).unwrap();
}
