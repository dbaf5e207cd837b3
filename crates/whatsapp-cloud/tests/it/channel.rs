//! The channel: a content becomes the body that Meta documents, what cannot be sent makes no request, an answer is a receipt.

use std::sync::Arc;

use comms_core::{
    AccountId, Address, AddressKind, Button, Call, Channel, ChannelKind, ContactCard, Content, ErrorKind, Found,
    Interactive, InteractiveAction, ListRow, ListSection, Location, Media, MediaKind, MediaRef, Outbound, Outcome,
    Probe, Reaction, Receipt, Status, Template, TemplateParameter,
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use time::OffsetDateTime;
use whatsapp_cloud::WhatsAppChannel;

use crate::support::{Answer, Script, answer, client, json_body, ok};

const PHONE: &str = "+34600000000";

fn channel(answers: impl IntoIterator<Item = Answer>) -> (WhatsAppChannel, Arc<Script>) {
    let (client, script) = client(answers);
    (WhatsAppChannel::new(client), script)
}

fn accepted() -> Value {
    json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": PHONE, "wa_id": "34600000000" }],
        "messages": [{ "id": "wamid.out" }],
    })
}

fn outbound(content: Content) -> Outbound {
    Outbound::new(Address::phone(PHONE, None).unwrap(), content)
}

/// The body that `message` becomes.
async fn body_of(message: &Outbound) -> Value {
    let (channel, script) = channel([ok(&accepted())]);
    channel.send(message).await.unwrap();
    let request = script.only();
    assert!(request.url.path().ends_with("/106540352242922/messages"), "{}", request.url);
    json_body(&request)
}

/// What of the body depends on the content alone.
async fn sent(content: Content) -> Value {
    let mut body = body_of(&outbound(content)).await;
    let members = body.as_object_mut().unwrap();
    assert_eq!(members.remove("messaging_product"), Some(json!("whatsapp")));
    assert_eq!(members.remove("to"), Some(json!(PHONE)));
    assert!(members.remove("biz_opaque_callback_data").is_some());
    members.remove("recipient_type");
    body
}

fn media(kind: MediaKind) -> Media {
    Media {
        kind,
        source: MediaRef::Id("1037543291543636".into()),
        caption: None,
        filename: None,
        mime_type: None,
        sha256: None,
    }
}

#[tokio::test]
async fn each_content_becomes_the_body_that_meta_documents() {
    let id = || json!({ "id": "1037543291543636" });
    let place =
        Location { latitude: 40.5, longitude: -3.25, name: Some("Oficina".into()), address: Some("Calle 1".into()) };
    let card = ContactCard { name: "Ana Pérez".into(), phones: vec![PHONE.into()], emails: Vec::new(), native: None };
    let cases = [
        (Content::text("hola"), json!({ "type": "text", "text": { "body": "hola" } })),
        (
            Content::Text { body: "https://example.org".into(), preview_url: true },
            json!({ "type": "text", "text": { "body": "https://example.org", "preview_url": true } }),
        ),
        (Content::Media(media(MediaKind::Image)), json!({ "type": "image", "image": id() })),
        (Content::Media(media(MediaKind::Audio)), json!({ "type": "audio", "audio": id() })),
        (
            Content::Media(media(MediaKind::Voice)),
            json!({ "type": "audio", "audio": { "id": "1037543291543636", "voice": true } }),
        ),
        (Content::Media(media(MediaKind::Video)), json!({ "type": "video", "video": id() })),
        (Content::Media(media(MediaKind::Sticker)), json!({ "type": "sticker", "sticker": id() })),
        (
            Content::Media(Media {
                source: MediaRef::Url("https://example.org/f.pdf".into()),
                caption: Some("Factura".into()),
                filename: Some("f.pdf".into()),
                ..media(MediaKind::Document)
            }),
            json!({ "type": "document", "document": { "link": "https://example.org/f.pdf", "caption": "Factura", "filename": "f.pdf" } }),
        ),
        (
            Content::Reaction(Reaction { target: "wamid.0".into(), emoji: Some("👍".into()) }),
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.0", "emoji": "👍" } }),
        ),
        (
            Content::Reaction(Reaction { target: "wamid.0".into(), emoji: None }),
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.0", "emoji": "" } }),
        ),
        (
            Content::Location(place),
            json!({ "type": "location", "location": { "latitude": 40.5, "longitude": -3.25, "name": "Oficina", "address": "Calle 1" } }),
        ),
        (
            Content::Contacts { contacts: vec![card] },
            json!({ "type": "contacts", "contacts": [{ "name": { "formatted_name": "Ana Pérez", "first_name": "Ana" }, "phones": [{ "phone": PHONE }] }] }),
        ),
    ];
    for (content, expected) in cases {
        assert_eq!(sent(content).await, expected);
    }
}

#[tokio::test]
async fn choices_become_interactive_messages() {
    let interactive = |action| Interactive {
        header: Some("Cita".into()),
        body: "¿Cuándo?".into(),
        footer: Some("Gracias".into()),
        action,
    };
    let frame = |kind: &str, action: Value| {
        json!({ "type": "interactive", "interactive": {
            "type": kind, "header": { "type": "text", "text": "Cita" }, "body": { "text": "¿Cuándo?" }, "footer": { "text": "Gracias" }, "action": action,
        } })
    };
    let buttons = InteractiveAction::Buttons { buttons: vec![Button { id: "a".into(), title: "Hoy".into() }] };
    let row = ListRow { id: "r".into(), title: "10:30".into(), description: Some("libre".into()) };
    let list =
        InteractiveAction::List { button: "Ver".into(), sections: vec![ListSection { title: None, rows: vec![row] }] };
    let link = InteractiveAction::Url { text: "Abrir".into(), url: "https://example.org".into() };
    let cases = [
        (buttons, "button", json!({ "buttons": [{ "type": "reply", "reply": { "id": "a", "title": "Hoy" } }] })),
        (
            list,
            "list",
            json!({ "button": "Ver", "sections": [{ "rows": [{ "id": "r", "title": "10:30", "description": "libre" }] }] }),
        ),
        (
            link,
            "cta_url",
            json!({ "name": "cta_url", "parameters": { "display_text": "Abrir", "url": "https://example.org" } }),
        ),
        (InteractiveAction::LocationRequest, "location_request_message", json!({ "name": "send_location" })),
    ];
    for (action, kind, expected) in cases {
        assert_eq!(sent(Content::Interactive(interactive(action))).await, frame(kind, expected));
    }
}

#[tokio::test]
async fn a_template_carries_its_values_by_place_by_name_or_verbatim() {
    let template = Template {
        name: "cita".into(),
        language: "es".into(),
        header: vec![TemplateParameter::Media(media(MediaKind::Image))],
        parameters: vec![TemplateParameter::Text("Ana".into()), TemplateParameter::Text("10:30".into())],
        ..Template::default()
    };
    let expected = json!({ "name": "cita", "language": { "code": "es" }, "components": [
        { "type": "header", "parameters": [{ "type": "image", "image": { "id": "1037543291543636" } }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "Ana" }, { "type": "text", "text": "10:30" }] },
    ] });
    assert_eq!(sent(Content::Template(template.clone())).await["template"], expected);

    let named = TemplateParameter::Named { name: "nombre".into(), value: "Ana".into() };
    let by_name = Template { header: Vec::new(), parameters: vec![named], ..template.clone() };
    let parameters = json!([{ "type": "text", "text": "Ana", "parameter_name": "nombre" }]);
    assert_eq!(sent(Content::Template(by_name)).await["template"]["components"][0]["parameters"], parameters);

    let components = json!([{ "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "f7" }] }]);
    let verbatim = Template { components: Some(components.clone()), ..template };
    assert_eq!(sent(Content::Template(verbatim)).await["template"]["components"], components);
}

#[tokio::test]
async fn the_recipient_decides_which_field_names_them() {
    let to = |kind, value: &str| Outbound::new(Address::verbatim(kind, value), Content::text("hola"));
    let user = body_of(&to(AddressKind::WhatsAppUser, "ES.13491208655302741918")).await;
    assert_eq!((&user["recipient"], &user["to"]), (&json!("ES.13491208655302741918"), &Value::Null));
    let group = body_of(&to(AddressKind::Group, "Y2FwaV9ncm91cDox")).await;
    assert_eq!((&group["to"], &group["recipient_type"]), (&json!("Y2FwaV9ncm91cDox"), &json!("group")));
    let phone = body_of(&to(AddressKind::Phone, PHONE)).await;
    assert_eq!((&phone["to"], &phone["recipient"]), (&json!(PHONE), &Value::Null));
}

#[tokio::test]
async fn our_id_travels_along_and_a_reply_quotes() {
    let mut message = outbound(Content::text("hola"));
    message.reply_to = Some("wamid.in".into());
    let body = body_of(&message).await;
    assert_eq!(body["biz_opaque_callback_data"], message.id.to_string());
    assert_eq!(body["context"], json!({ "message_id": "wamid.in" }));
}

#[tokio::test]
async fn a_native_body_goes_out_as_it_is_but_to_the_recipient_of_the_message() {
    let body = json!({ "to": "+34600000009", "type": "interactive", "interactive": {
        "type": "catalog_message", "body": { "text": "Todo" }, "action": { "name": "catalog_message" } } });
    let out = sent(Content::Native { body: body.clone() }).await;
    assert_eq!(out["interactive"], body["interactive"]);
}

#[tokio::test]
async fn what_cannot_be_sent_makes_no_request() {
    let person = Address::phone(PHONE, None).unwrap();
    let button = |n: usize| Button { id: n.to_string(), title: n.to_string() };
    let four = Interactive {
        header: None,
        body: "x".into(),
        footer: None,
        action: InteractiveAction::Buttons { buttons: (0..4).map(button).collect() },
    };
    let captioned = Media { caption: Some("x".into()), ..media(MediaKind::Voice) };
    let stored = Media { source: MediaRef::Blob("k".into()), ..media(MediaKind::Image) };
    let odd =
        Template { name: "x".into(), language: "es".into(), components: Some(json!("odd")), ..Template::default() };
    let email = Outbound::new(Address::verbatim(AddressKind::Email, "ana@example.org"), Content::text("x"));
    let refused = [
        (Content::Call(Call::default()), ErrorKind::Unsupported),
        (Content::Choice { id: "a".into(), title: "a".into(), description: None }, ErrorKind::Unsupported),
        (Content::Revision { target: "wamid.0".into(), content: None }, ErrorKind::Unsupported),
        (Content::Other { kind: "hologram".into(), raw: Value::Null }, ErrorKind::Unsupported),
        (Content::Media(captioned), ErrorKind::Unsupported),
        (Content::Media(stored), ErrorKind::Unsupported),
        (Content::text(""), ErrorKind::InvalidRequest),
        (Content::text("x".repeat(4_097)), ErrorKind::InvalidRequest),
        (Content::Interactive(four), ErrorKind::InvalidRequest),
        (Content::Template(odd), ErrorKind::InvalidRequest),
        (Content::Native { body: json!("odd") }, ErrorKind::InvalidRequest),
        (Content::Contacts { contacts: Vec::new() }, ErrorKind::InvalidRequest),
    ];
    let (channel, script) = channel([]);
    for (content, kind) in refused {
        let message = Outbound::new(person.clone(), content);
        let error = channel.send(&message).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::Rejected), "{message:?}");
    }
    let error = channel.send(&email).await.unwrap_err();
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Unsupported, Some("to")));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_receipt_names_the_message_and_whoever_meta_says_it_is_for() {
    let receipt = |contact: Value| async move {
        let mut answer = accepted();
        answer["contacts"] = contact;
        let (channel, _) = channel([ok(&answer)]);
        channel.send(&outbound(Content::text("hola"))).await.unwrap()
    };
    let by_number: Receipt = receipt(json!([{ "input": PHONE, "wa_id": "34600000001" }])).await;
    assert_eq!((by_number.provider_id.as_str(), by_number.status), ("wamid.out", Status::Accepted));
    assert_eq!(by_number.recipient, [Address::from_wa_id("34600000001")]);
    let by_user = receipt(json!([{ "input": "ES.1", "user_id": "ES.1" }])).await;
    assert_eq!(by_user.recipient, [Address::verbatim(AddressKind::WhatsAppUser, "ES.1")]);
    let both = receipt(json!([{ "wa_id": "34600000001", "user_id": "ES.1" }])).await;
    assert_eq!(both.recipient.len(), 2);
    assert_eq!(both.recipient[0].kind(), AddressKind::WhatsAppUser);
    let neither = receipt(json!([])).await;
    assert_eq!(neither.recipient, [Address::phone(PHONE, None).unwrap()]);
}

#[tokio::test]
async fn a_refusal_keeps_the_code_of_the_provider() {
    let refusal = json!({ "error": { "code": 131_047, "message": "(#131047) Re-engagement message" } });
    let (channel, script) = channel([answer(400, refusal.to_string())]);
    let error = channel.send(&outbound(Content::text("hola"))).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::WindowClosed, Outcome::Rejected));
    assert_eq!(error.provider_code(), Some("131047"));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn it_says_what_it_is_and_what_it_cannot_tell() {
    let (channel, script) = channel([]);
    assert_eq!(channel.account(), &AccountId::from("whatsapp:106540352242922"));
    assert_eq!(channel.kind(), ChannelKind::WhatsApp);
    let capabilities = channel.capabilities();
    assert_eq!(capabilities.window.map(|window| window.as_secs()), Some(86_400));
    assert_eq!((capabilities.max_text, capabilities.max_buttons, capabilities.max_rows), (4_096, 3, 10));
    assert!(!capabilities.find);
    let message = outbound(Content::text("hola"));
    let probe = Probe { id: message.id, provider_id: None, to: message.to, attempted_at: OffsetDateTime::UNIX_EPOCH };
    assert_eq!(channel.find(&probe).await.unwrap(), Found::CannotTell);
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn media_is_looked_up_and_fetched_by_its_id_only() {
    let info = json!({ "id": "19086", "url": "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", "mime_type": "audio/ogg; codecs=opus", "file_size": 3 });
    let (channel, script) = channel([ok(&info), answer(200, "abc")]);
    let stream = channel.fetch(&MediaRef::Id("19086".into())).await.unwrap();
    assert_eq!(stream.content_type.as_deref(), Some("audio/ogg; codecs=opus"));
    let pieces: Vec<_> = stream.body.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"abc");
    let foreign = MediaRef::Url("https://example.org/x".into());
    let error = channel.fetch(&foreign).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn reading_is_told_to_the_other_party() {
    let (channel, script) = channel([ok(&json!({ "success": true }))]);
    channel.mark_read("wamid.in").await.unwrap();
    let expected = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.in" });
    assert_eq!(json_body(&script.only()), expected);
}

#[tokio::test]
async fn only_usable_templates_are_offered_with_what_they_take() {
    let template = |id: &str, status: &str| {
        json!({ "id": id, "name": "cita", "language": "es", "status": status, "category": "UTILITY", "components": [
            { "type": "HEADER", "format": "IMAGE" },
            { "type": "BODY", "text": "Hola {{1}}, a las {{2}}", "example": { "body_text": [["Ana", "10:30"]] } },
        ] })
    };
    let page = json!({ "data": [template("1", "APPROVED"), template("2", "PAUSED")] });
    let (channel, _) = channel([ok(&page)]);
    let templates = channel.templates().await.unwrap();
    assert_eq!(templates.len(), 1);
    assert_eq!((templates[0].name.as_str(), templates[0].category.as_str()), ("cita", "UTILITY"));
    assert_eq!(templates[0].body, "Hola {{1}}, a las {{2}}");
    let taken: Vec<_> = templates[0]
        .variables
        .iter()
        .map(|it| (it.component.as_str(), it.name.as_str(), it.format.as_str(), it.example.as_deref()))
        .collect();
    let expected =
        [("header", "1", "image", None), ("body", "1", "text", Some("Ana")), ("body", "2", "text", Some("10:30"))];
    assert_eq!(taken, expected);
}
