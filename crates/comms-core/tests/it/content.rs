use comms_core::{
    Address, Button, Call, ContactCard, Content, ContentKind, Correspondent, Email, Files, InlineFile, Interactive,
    InteractiveAction, ListRow, ListSection, Location, Media, MediaKind, MediaRef, Reaction, Template,
    TemplateParameter,
};
use proptest::prelude::*;
use serde_json::json;

/// One content of each type, with what a person reads of it and the name of its type.
fn each() -> Vec<(Content, &'static str, &'static str)> {
    vec![
        (Content::text("hola"), "hola", "text"),
        (Content::Text { body: "https://example.com".to_owned(), preview_url: true }, "https://example.com", "text"),
        (media(Some("el contrato"), Some("a.pdf")), "el contrato", "document"),
        (media(None, Some("a.pdf")), "a.pdf", "document"),
        (media(None, None), "", "document"),
        (files(Some("los planos"), &["a.pdf", "b.pdf"]), "los planos", "files"),
        (files(None, &["a.pdf", "b.pdf"]), "a.pdf, b.pdf", "files"),
        (files(Some(""), &["a.pdf"]), "a.pdf", "files"),
        (files(Some("sin nada"), &[]), "sin nada", "files"),
        (mail(Some("Se lo adjunto."), &["a.pdf"]), "Se lo adjunto.", "email"),
        (mail(None, &[]), "Presupuesto", "email"),
        (mail(Some(" "), &[]), "Presupuesto", "email"),
        (template(Some("Hola, Ana")), "Hola, Ana", "template"),
        (template(None), "[cita] Ana · 10:00", "template"),
        (interactive(buttons()), "¿cuál?", "interactive"),
        (interactive(list()), "¿cuál?", "interactive"),
        (interactive(InteractiveAction::LocationRequest), "¿cuál?", "interactive"),
        (Content::Choice { id: "1".to_owned(), title: "Sí".to_owned(), description: None }, "Sí", "choice"),
        (Content::Reaction(Reaction { target: "wamid.1".to_owned(), emoji: Some("👍".to_owned()) }), "👍", "reaction"),
        (Content::Reaction(Reaction { target: "wamid.1".to_owned(), emoji: None }), "", "reaction"),
        (place(Some("Sol"), Some("Puerta del Sol")), "Sol", "location"),
        (place(None, Some("Puerta del Sol")), "Puerta del Sol", "location"),
        (place(None, None), "40.5,-3.25", "location"),
        (Content::Contacts { contacts: vec![card("Ana"), card("Luis")] }, "Ana, Luis", "contacts"),
        (
            Content::Call(Call { from: Some(Address::from_wa_id("34910000000")), record: true, ..Call::default() }),
            "",
            "call",
        ),
        (revision(Some(Content::text("mejor a las 11"))), "mejor a las 11", "revision"),
        (revision(None), "", "revision"),
        (Content::Native { body: json!({"interactive": {"body": {"text": "elige"}}}) }, "elige", "native"),
        (Content::Native { body: json!({"type": "x"}) }, "", "native"),
        (
            Content::Other { kind: "order".to_owned(), raw: json!({"type": "order", "a": [1, null]}) },
            "[order]",
            "other",
        ),
    ]
}

fn media(caption: Option<&str>, filename: Option<&str>) -> Content {
    Content::Media(file(caption, filename))
}

fn mail(text: Option<&str>, names: &[&str]) -> Content {
    let ana = || Correspondent::named("Ana", "ana@example.com");
    let whole = Email {
        subject: "Presupuesto".to_owned(),
        text: text.map(str::to_owned),
        html: Some("<p>Se lo adjunto.</p>".to_owned()),
        quoted: Some("> ¿y el precio?".to_owned()),
        from: Some(ana()),
        to: vec![Correspondent::new("ventas@example.org")],
        cc: vec![ana()],
        bcc: vec![ana()],
        reply_to: vec![ana()],
        files: names.iter().map(|name| file(None, Some(name))).collect(),
        inline: vec![InlineFile { content_id: "logo".to_owned(), file: 0 }],
        message_id: Some("3@example.com".to_owned()),
        in_reply_to: Some("2@example.org".to_owned()),
        references: vec!["1@example.com".to_owned(), "2@example.org".to_owned()],
        thread: Some("18c".to_owned()),
    };
    Content::from(whole)
}

fn files(body: Option<&str>, names: &[&str]) -> Content {
    let files = names.iter().map(|name| file(None, Some(name))).collect();
    Content::Files(Files { body: body.map(str::to_owned), files })
}

fn file(caption: Option<&str>, filename: Option<&str>) -> Media {
    Media {
        kind: MediaKind::Document,
        source: MediaRef::Url("https://example.com/a.pdf".to_owned()),
        caption: caption.map(str::to_owned),
        filename: filename.map(str::to_owned),
        mime_type: Some("application/pdf".to_owned()),
        sha256: None,
    }
}

fn place(name: Option<&str>, address: Option<&str>) -> Content {
    Content::Location(Location {
        latitude: 40.5,
        longitude: -3.25,
        name: name.map(str::to_owned),
        address: address.map(str::to_owned),
    })
}

fn template(rendered: Option<&str>) -> Content {
    Content::Template(Template {
        name: "cita".to_owned(),
        language: "es".to_owned(),
        parameters: vec![
            TemplateParameter::Text("Ana".to_owned()),
            TemplateParameter::Named { name: "hora".to_owned(), value: "10:00".to_owned() },
        ],
        header: vec![TemplateParameter::Location(Location {
            latitude: 1.0,
            longitude: 2.0,
            name: None,
            address: None,
        })],
        components: None,
        rendered: rendered.map(str::to_owned),
    })
}

fn interactive(action: InteractiveAction) -> Content {
    Content::Interactive(Interactive {
        header: Some("Citas".to_owned()),
        body: "¿cuál?".to_owned(),
        footer: None,
        action,
    })
}

fn buttons() -> InteractiveAction {
    InteractiveAction::Buttons { buttons: vec![Button { id: "1".to_owned(), title: "Sí".to_owned() }] }
}

fn list() -> InteractiveAction {
    InteractiveAction::List {
        button: "Ver".to_owned(),
        sections: vec![ListSection {
            title: None,
            rows: vec![ListRow { id: "1".to_owned(), title: "Sí".to_owned(), description: Some("sí".to_owned()) }],
        }],
    }
}

fn card(name: &str) -> ContactCard {
    ContactCard { name: name.to_owned(), phones: vec!["+34600000000".to_owned()], emails: Vec::new(), native: None }
}

fn revision(content: Option<Content>) -> Content {
    Content::Revision { target: "wamid.1".to_owned(), content: content.map(Box::new) }
}

#[test]
fn every_content_survives_json() {
    for (content, _, _) in each() {
        let json = serde_json::to_string(&content).unwrap();
        let read: Content = serde_json::from_str(&json).unwrap();
        assert_eq!(read, content, "{json}");
    }
}

#[test]
fn every_content_has_something_to_read_and_a_name() {
    for (content, summary, kind) in each() {
        assert_eq!(content.summary(), summary, "{content:?}");
        assert_eq!(content.kind(), kind, "{content:?}");
    }
}

#[test]
fn every_kind_that_is_sent_is_the_kind_of_some_content() {
    for kind in ContentKind::ALL {
        let contents = each();
        assert!(contents.iter().any(|(c, _, _)| ContentKind::of(c) == Some(kind)), "{kind:?}");
    }
}

#[test]
fn what_is_absent_is_not_written() {
    let written = serde_json::to_value(Content::text("hola")).unwrap();
    assert_eq!(written, json!({"type": "text", "body": "hola"}));
    let mail = Content::from(Email { subject: "Presupuesto".to_owned(), ..Email::default() });
    assert_eq!(serde_json::to_value(&mail).unwrap(), json!({"type": "email", "subject": "Presupuesto"}));
    let bare: Content = serde_json::from_value(json!({"type": "email"})).unwrap();
    assert_eq!(bare, Content::from(Email::default()));
    let short: Content = serde_json::from_value(json!({"type": "call"})).unwrap();
    assert_eq!(short, Content::Call(Call::default()));
}

#[test]
fn media_is_found_where_it_is() {
    let counts: Vec<usize> = each().iter().map(|(c, _, _)| c.files().len()).filter(|count| *count > 0).collect();
    assert_eq!(counts, [1, 1, 1, 2, 2, 1, 1]);
}

#[test]
fn a_search_finds_a_mail_by_its_subject_too() {
    assert_eq!(mail(Some("Se lo adjunto."), &[]).searched(), "Presupuesto\nSe lo adjunto.");
    assert_eq!(mail(None, &[]).searched(), "Presupuesto");
    assert_eq!(Content::text("hola").searched(), "hola");
}

proptest! {
    #[test]
    fn any_text_survives_json_and_is_its_own_summary(body in any::<String>()) {
        let content = Content::text(body.clone());
        prop_assert_eq!(content.summary(), body);
        let json = serde_json::to_string(&content).unwrap();
        prop_assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content);
    }
}
