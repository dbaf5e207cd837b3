//! What the capabilities exclude, made from the capabilities themselves.

use comms_core::{
    Address, AddressKind, Button, Call, Capabilities, ContactCard, Content, ContentKind, Correspondent, Email,
    ErrorKind, Files, Interactive, InteractiveAction, ListRow, ListSection, Location, Media, MediaKind, MediaRef,
    Outbound, Outcome, Reaction, Template,
};

use super::{ChannelHarness, claimed, plainest};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

pub(super) async fn what_is_excluded_is_refused_without_a_request(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    for (why, message) in messages(harness).await? {
        let what = format!("{} ({why})", message.content.kind());
        let answer = bench.channel.send(&message).await;
        let requests = bench.wire.ledger().await.requests;
        ensure_eq!(requests, 0, "requests made for {what}");
        let Err(error) = answer else {
            return Err(Violation::new(format!("{what} is not refused")));
        };
        // An e-mail names recipients of its own.
        let whom = matches!(message.content, Content::Email(_)) && error.kind() == ErrorKind::InvalidRecipient;
        ensure!(
            whom || matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidRequest),
            "{what} is refused as {:?}",
            error.kind()
        );
        ensure!(error.field_name().is_some(), "{what}: no field is named");
        ensure_eq!(error.outcome(), Outcome::Rejected, "the outcome of {what}");
    }
    Ok(())
}

/// Every message that is to be refused, and why.
pub(super) async fn messages(harness: &dyn ChannelHarness) -> Result<Vec<(String, Outbound)>, Violation> {
    let can = claimed(harness).await;
    let mut messages = excluded_by(&can, &plainest(harness)?, &harness.samples());
    for message in harness.beyond_limits() {
        messages.push(("beyond a limit of the provider".to_owned(), message));
    }
    Ok(messages)
}

/// One message for each thing that `can` does not hold, and why.
fn excluded_by(can: &Capabilities, plainest: &Outbound, samples: &[Outbound]) -> Vec<(String, Outbound)> {
    let with = |content: Content| Outbound::new(plainest.to.clone(), content);
    let mut excluded = Vec::new();
    for kind in AddressKind::ALL {
        if !can.addresses.contains(&kind) {
            let to = Address::verbatim(kind, example_address(kind));
            let message = Outbound::new(to, plainest.content.clone());
            excluded.push((format!("to {kind:?}"), message));
        }
    }
    for kind in ContentKind::ALL {
        if !can.contents.contains(&kind) {
            excluded.push(("not claimed".to_owned(), with(example_content(kind))));
        }
    }
    for content in only_arriving() {
        excluded.push(("only ever arrives".to_owned(), with(content)));
    }
    if !can.replies {
        let mut quoting = with(plainest.content.clone());
        quoting.reply_to = Some("quoted".to_owned());
        excluded.push(("quoting is not claimed".to_owned(), quoting));
    }
    for content in beyond(can, samples) {
        excluded.push(("beyond a limit".to_owned(), with(content)));
    }
    excluded
}

/// Contents of claimed kinds that are empty or beyond a claimed limit.
fn beyond(can: &Capabilities, samples: &[Outbound]) -> Vec<Content> {
    let sample = |kind| {
        let mut all = samples.iter().map(|sample| &sample.content);
        all.find(|content| ContentKind::of(content) == Some(kind))
    };
    let mut beyond = Vec::new();
    if can.contents.contains(&ContentKind::Text) {
        beyond.extend([Content::text(""), Content::text(" \n\t")]);
        if can.max_text > 0 {
            beyond.push(Content::text("ñ".repeat(can.max_text + 1)));
        }
    }
    if let (Some(Content::Media(media)), true) = (sample(ContentKind::Media), can.max_caption > 0) {
        let caption = Some("ñ".repeat(can.max_caption + 1));
        beyond.push(Content::Media(Media { caption, ..media.clone() }));
    }
    if let (Some(Content::Files(files)), true) = (sample(ContentKind::Files), can.max_files > 0) {
        let many = vec![photo(); can.max_files + 1];
        beyond.push(Content::Files(Files { files: many, ..files.clone() }));
    }
    if let Some(Content::Email(mail)) = sample(ContentKind::Email) {
        beyond.extend(beyond_mail(can, mail).into_iter().map(Content::from));
    }
    if can.contents.contains(&ContentKind::Interactive) {
        beyond.extend([interactive(buttons(0)), interactive(list(0))]);
        if can.max_buttons > 0 {
            beyond.push(interactive(buttons(can.max_buttons + 1)));
        }
        if can.max_rows > 0 {
            beyond.push(interactive(list(can.max_rows + 1)));
        }
    }
    beyond
}

/// E-mails that are empty, beyond a claimed limit, or would write a header of their own.
fn beyond_mail(can: &Capabilities, mail: &Email) -> Vec<Email> {
    let evil = "hola\r\nBcc: all@example.org";
    let named = || vec![Correspondent::named(evil, "luis@example.com")];
    let mut beyond = vec![
        Email { text: None, html: None, files: Vec::new(), inline: Vec::new(), ..mail.clone() },
        Email { subject: evil.to_owned(), ..mail.clone() },
        Email { to: named(), ..mail.clone() },
        Email { cc: named(), ..mail.clone() },
        Email { bcc: vec![Correspondent::new("luis@example.com\r\nX: y")], ..mail.clone() },
        Email { cc: vec![Correspondent::new("nobody")], ..mail.clone() },
        Email { in_reply_to: Some("1@example.com>\r\nX: y".to_owned()), ..mail.clone() },
        Email { references: vec![String::new()], ..mail.clone() },
    ];
    if can.max_subject > 0 {
        beyond.push(Email { subject: "ñ".repeat(can.max_subject + 1), ..mail.clone() });
    }
    if can.max_recipients > 0 {
        let many = (0..=can.max_recipients).map(|at| Correspondent::new(format!("a{at}@example.com")));
        beyond.push(Email { bcc: many.collect(), ..mail.clone() });
    }
    if can.max_files > 0 {
        beyond.push(Email { files: vec![photo(); can.max_files + 1], inline: Vec::new(), ..mail.clone() });
    }
    beyond
}

fn only_arriving() -> [Content; 3] {
    [
        Content::Choice { id: "yes".to_owned(), title: "Sí".to_owned(), description: None },
        Content::Revision { target: "earlier".to_owned(), content: None },
        Content::Other { kind: "hologram".to_owned(), raw: serde_json::Value::Null },
    ]
}

fn example_address(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Phone => "+34600000000",
        AddressKind::WhatsAppUser => "ES.1349120865530274",
        AddressKind::Psid => "24009100000000000",
        AddressKind::Email => "ana@example.com",
        AddressKind::VoiceClient => "client:ana",
        AddressKind::Group => "120363000000000000",
        _ => "someone",
    }
}

fn example_content(kind: ContentKind) -> Content {
    match kind {
        ContentKind::Media => Content::Media(photo()),
        ContentKind::Files => Content::Files(Files { body: None, files: vec![photo(), photo()] }),
        ContentKind::Email => Content::from(Email {
            subject: "Presupuesto".to_owned(),
            text: Some("hola".to_owned()),
            ..Email::default()
        }),
        ContentKind::Template => Content::Template(Template {
            name: "greeting".to_owned(),
            language: "es".to_owned(),
            ..Template::default()
        }),
        ContentKind::Interactive => interactive(buttons(1)),
        ContentKind::Reaction => {
            Content::Reaction(Reaction { target: "earlier".to_owned(), emoji: Some("👍".to_owned()) })
        }
        ContentKind::Location => {
            Content::Location(Location { latitude: 40.4, longitude: -3.7, name: None, address: None })
        }
        ContentKind::Contacts => Content::Contacts {
            contacts: vec![ContactCard {
                name: "Ana".to_owned(),
                phones: vec!["+34600000000".to_owned()],
                emails: Vec::new(),
                native: None,
            }],
        },
        ContentKind::Call => Content::Call(Call::default()),
        ContentKind::Native => Content::Native { body: serde_json::json!({"type": "text"}) },
        _ => Content::text("hola"),
    }
}

fn photo() -> Media {
    Media {
        kind: MediaKind::Image,
        source: MediaRef::Url("https://example.com/photo.jpg".to_owned()),
        caption: None,
        filename: None,
        mime_type: None,
        sha256: None,
    }
}

fn interactive(action: InteractiveAction) -> Content {
    Content::Interactive(Interactive { header: None, body: "¿Sí o no?".to_owned(), footer: None, action })
}

fn buttons(count: usize) -> InteractiveAction {
    let button = |at: usize| Button { id: format!("b{at}"), title: format!("Opción {at}") };
    InteractiveAction::Buttons { buttons: (0..count).map(button).collect() }
}

fn list(count: usize) -> InteractiveAction {
    let row = |at: usize| ListRow { id: format!("r{at}"), title: format!("Opción {at}"), description: None };
    InteractiveAction::List {
        button: "Ver".to_owned(),
        sections: vec![ListSection { title: None, rows: (0..count).map(row).collect() }],
    }
}
