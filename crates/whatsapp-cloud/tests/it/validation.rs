//! Limits: what Meta would refuse is refused with its field and without a request.

use serde_json::json;
use whatsapp_cloud::{
    ErrorKind, Message, limits,
    model::{
        contact::Contact,
        interactive::{Flow, Interactive, Row, Section},
        location::Location,
        media::Media,
        template::{ComponentDefinition, NewTemplate, Template, TemplateCategory},
        template_message::{Button, Component, ComponentType, Parameter, TemplateMessage},
    },
};

use crate::support::client;

const TO: &str = "+34600000000";

fn refused(message: Message) -> String {
    let error = message.validate().expect_err(&format!("accepted: {message:?}"));
    error.field_name().unwrap().to_owned()
}

/// `accepted` is at the limit, `refused` one beyond it.
fn edge(field: &str, build: impl Fn(String) -> Message, limit: usize) {
    build("ñ".repeat(limit)).validate().unwrap();
    assert_eq!(refused(build("ñ".repeat(limit + 1))), field);
}

#[tokio::test]
async fn a_refused_message_makes_no_request() {
    let (client, script) = client([]);
    let error = client.messages().send(&Message::text(" ").to(TO)).await.unwrap_err();
    assert_eq!(error.to_string(), "whatsapp messages.send: text.body is empty");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(script.requests().is_empty());
}

#[test]
fn texts_end_where_meta_ends_them() {
    edge("text.body", |text| Message::text(text).to(TO), limits::TEXT);
    edge("image.caption", |text| Message::image(Media::id("1").caption(text)).to(TO), limits::CAPTION);
    edge("biz_opaque_callback_data", |text| Message::text("a").callback_data(text).to(TO), limits::CALLBACK_DATA);
    let buttons = |interactive: Interactive| Message::interactive(interactive.button("1", "a")).to(TO);
    edge("interactive.body", |text| buttons(Interactive::buttons(text)), limits::INTERACTIVE_BODY);
    edge("interactive.footer", |text| buttons(Interactive::buttons("b").footer(text)), limits::INTERACTIVE_FOOTER);
    edge("interactive.header", |text| buttons(Interactive::buttons("b").header(text)), limits::INTERACTIVE_HEADER);
    let button = |id: String, title: String| Message::interactive(Interactive::buttons("b").button(id, title)).to(TO);
    edge("interactive.action.buttons.id", |id| button(id, "a".into()), limits::BUTTON_ID);
    edge("interactive.action.buttons.title", |title| button("1".into(), title), limits::BUTTON_TITLE);
    let list = |body: String, open: String, row: Row| {
        Message::interactive(Interactive::list(body, open).section(Section::rows("s", vec![row]))).to(TO)
    };
    edge("interactive.body", |text| list(text, "o".into(), Row::new("1", "a")), limits::LIST_BODY);
    edge("interactive.action.button", |text| list("b".into(), text, Row::new("1", "a")), limits::BUTTON_TITLE);
    edge("interactive.action.sections.rows.id", |id| list("b".into(), "o".into(), Row::new(id, "a")), limits::ROW_ID);
    edge(
        "interactive.action.sections.rows.title",
        |title| list("b".into(), "o".into(), Row::new("1", title)),
        limits::ROW_TITLE,
    );
    edge(
        "interactive.action.sections.rows.description",
        |text| list("b".into(), "o".into(), Row::new("1", "a").description(text)),
        limits::ROW_DESCRIPTION,
    );
    edge(
        "interactive.action.parameters.display_text",
        |text| Message::interactive(Interactive::url("b", text, "https://example.com")).to(TO),
        limits::BUTTON_TITLE,
    );
    edge(
        "template.components.parameters",
        |code| Message::template(TemplateMessage::new("a", "es").button(0, Button::copy_code(code))).to(TO),
        limits::COUPON_CODE,
    );
}

#[test]
fn numbers_of_things_end_where_meta_ends_them() {
    let buttons = |n: usize| {
        let empty = Interactive::buttons("b");
        Message::interactive((0..n).fold(empty, |it, at| it.button(at.to_string(), "a"))).to(TO)
    };
    buttons(limits::BUTTONS).validate().unwrap();
    assert_eq!(refused(buttons(0)), "interactive.action.buttons");
    assert_eq!(refused(buttons(limits::BUTTONS + 1)), "interactive.action.buttons");

    let rows = |n: usize| (0..n).map(|at| Row::new(at.to_string(), "a")).collect();
    let list = |n: usize| Message::interactive(Interactive::list("b", "o").section(Section::rows("s", rows(n)))).to(TO);
    list(limits::ROWS).validate().unwrap();
    assert_eq!(refused(list(0)), "interactive.action.sections.rows");
    assert_eq!(refused(list(limits::ROWS + 1)), "interactive.action.sections.rows");

    let products = |n: usize| {
        let ids: Vec<String> = (0..n).map(|at| at.to_string()).collect();
        Message::interactive(Interactive::products("h", "b", "1").section(Section::products("s", ids))).to(TO)
    };
    products(limits::PRODUCTS).validate().unwrap();
    assert_eq!(refused(products(limits::PRODUCTS + 1)), "interactive.action.sections.product_items");

    let cards = |n: usize| Message::contacts(vec![Contact::new("Ana Gil", "Ana"); n]).to(TO);
    cards(limits::CONTACTS).validate().unwrap();
    assert_eq!(refused(cards(0)), "contacts");
    assert_eq!(refused(cards(limits::CONTACTS + 1)), "contacts");

    let carousel = |n: usize| {
        let card = Interactive::product("1", "2");
        Message::interactive(Interactive::carousel("b", vec![card; n])).to(TO)
    };
    carousel(2).validate().unwrap();
    assert_eq!(refused(carousel(1)), "interactive.action.cards");
    assert_eq!(refused(carousel(11)), "interactive.action.cards");
}

#[test]
fn ids_that_come_back_must_differ() {
    let buttons = Interactive::buttons("b").button("1", "a").button("1", "c");
    assert_eq!(refused(Message::interactive(buttons).to(TO)), "interactive.action.buttons.id");
    let rows = vec![Row::new("1", "a"), Row::new("1", "b")];
    let list = Interactive::list("b", "o").section(Section::rows("s", rows));
    assert_eq!(refused(Message::interactive(list).to(TO)), "interactive.action.sections.rows.id");
}

#[test]
fn several_sections_need_titles() {
    let section = |title: &str, id: &str| Section::rows(title, vec![Row::new(id, "a")]);
    let list = Interactive::list("b", "o").section(section("s", "1")).section(section("", "2"));
    assert_eq!(refused(Message::interactive(list).to(TO)), "interactive.action.sections.title");
}

#[test]
fn recipients_must_be_recipients() {
    let text = || Message::text("a");
    for phone in ["+34600000000", "34 600-000-000", "+1 (650) 555-1234"] {
        text().to(phone).validate().unwrap();
    }
    for user in ["ES.13491208655302741918", "US.ENT.abc123"] {
        text().to_user(user).validate().unwrap();
    }
    text().to_group("Y2FwaV9ncm91cDo=").validate().unwrap();
    for bad in [
        text(),
        text().to(""),
        text().to("ana@example.com"),
        text().to("ES.13491208655302741918"),
        text().to("+3460000000012345"),
        text().to_group(""),
    ] {
        assert_eq!(bad.validate().unwrap_err().kind(), ErrorKind::InvalidRecipient);
        assert_eq!(refused(bad), "to");
    }
    for user in ["", "34600000000", "es.1", "ES.", "ES.a b", &format!("ES.{}", "1".repeat(129))] {
        assert_eq!(refused(text().to_user(user)), "recipient", "{user}");
    }
}

#[test]
fn contents_must_make_sense() {
    let mut both = Media::id("1");
    both.link = Some("https://example.com".into());
    assert_eq!(refused(Message::image(both).to(TO)), "image");
    assert_eq!(refused(Message::image(Media::default()).to(TO)), "image");
    assert_eq!(refused(Message::document(Media::link("/tmp/a.pdf")).to(TO)), "document.link");
    assert_eq!(refused(Message::location(Location::new(91.0, 0.0)).to(TO)), "location.latitude");
    assert_eq!(refused(Message::location(Location::new(0.0, f64::NAN)).to(TO)), "location.longitude");
    assert_eq!(refused(Message::reaction("", "👍").to(TO)), "reaction.message_id");
    assert_eq!(refused(Message::text("a").reply_to("").to(TO)), "context.message_id");
    let mut flow = Flow::by_id("1", "Abrir");
    flow.flow_name = Some("n".into());
    let flow = Message::interactive(Interactive::flow("b", flow)).to(TO);
    assert_eq!(refused(flow), "interactive.action.parameters.flow_id");
    let link = Interactive::url("b", "Abrir", "javascript:alert(1)");
    assert_eq!(refused(Message::interactive(link).to(TO)), "interactive.action.parameters.url");
}

#[test]
fn template_values_are_all_named_or_none_and_buttons_have_a_place() {
    let mixed = TemplateMessage::new("a", "es").text("1").named("b", "2");
    assert_eq!(refused(Message::template(mixed).to(TO)), "template.components.parameters.parameter_name");
    let button = Component::with(ComponentType::Button, vec![Parameter::text("1")]);
    let placeless = TemplateMessage::new("a", "es").component(button);
    assert_eq!(refused(Message::template(placeless).to(TO)), "template.components");
    let empty = TemplateMessage::new("a", "es").text(" ");
    assert_eq!(refused(Message::template(empty).to(TO)), "template.components.parameters");
}

fn appointment(status: &str, format: &str) -> Template {
    let body = match format {
        "NAMED" => json!({ "type": "BODY", "text": "Hola {{nombre}}, a las {{hora}}.", "example": {
            "body_text_named_params": [{ "param_name": "nombre", "example": "Ana" }] } }),
        _ => {
            json!({ "type": "BODY", "text": "Hola {{1}}, a las {{2}}.", "example": { "body_text": [["Ana", "10:30"]] } })
        }
    };
    serde_json::from_value(json!({
        "id": "7", "name": "cita", "language": "es", "status": status, "category": "UTILITY", "parameter_format": format,
        "components": [
            { "type": "HEADER", "format": "DOCUMENT" },
            body,
            { "type": "FOOTER", "text": "Gracias" },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "Sí" },
                { "type": "URL", "text": "Ver", "url": "https://example.com/{{1}}", "example": ["https://example.com/7"] },
            ]},
        ],
    }))
    .unwrap()
}

#[test]
fn a_template_tells_the_values_that_it_takes() {
    let variables = |format| {
        let variables = appointment("APPROVED", format).variables();
        variables
            .into_iter()
            .map(|it| format!("{} {} {} {}", it.component, it.name, it.format, it.example.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        variables("POSITIONAL"),
        ["header 1 document ", "body 1 text Ana", "body 2 text 10:30", "button:1 1 text https://example.com/7",]
    );
    assert_eq!(variables("NAMED")[1..3], ["body nombre text Ana", "body hora text "]);
}

#[test]
fn a_message_is_checked_against_the_template_it_uses() {
    let file = || Parameter::document(Media::id("1"));
    let message = || TemplateMessage::new("cita", "es").header(file());
    let positional = appointment("APPROVED", "POSITIONAL");
    positional.check(&message().text("Ana").text("10:30")).unwrap();
    let field = |result: comms_http::Result<()>| result.unwrap_err().field_name().unwrap().to_owned();
    assert_eq!(field(positional.check(&message().text("Ana"))), "template.components.body");
    let headless = TemplateMessage::new("cita", "es").text("Ana").text("10:30");
    assert_eq!(field(positional.check(&headless)), "template.components.header");

    let named = appointment("APPROVED", "NAMED");
    named.check(&message().named("nombre", "Ana").named("hora", "10:30")).unwrap();
    let wrong = message().named("nombre", "Ana").named("cuando", "10:30");
    assert_eq!(field(named.check(&wrong)), "template.components.body");

    let paused = appointment("PAUSED", "POSITIONAL").check(&message().text("a").text("b"));
    assert_eq!(paused.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_new_template_is_checked() {
    let new = |name: &str, body: &str| {
        NewTemplate::new(name, "es", TemplateCategory::Utility).component(ComponentDefinition::body(body))
    };
    new("cita_2", "Hola").validate().unwrap();
    assert_eq!(new("Cita", "Hola").validate().unwrap_err().field_name(), Some("name"));
    let long = "a".repeat(limits::TEMPLATE_BODY + 1);
    assert_eq!(new("cita", &long).validate().unwrap_err().field_name(), Some("components.text"));
}
