//! The builders produce the bodies of Meta's own examples (`tests/data/requests.jsonl`, from facebook/openapi, MIT), and those
//! of types that came later.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use whatsapp_cloud::{
    Message,
    model::{
        Extra,
        contact::{Address, Contact, Org, Phone},
        interactive::{AddressRequest, Flow, Header, Interactive, Row, Section, VoiceCall},
        location::Location,
        media::Media,
        message::Text,
        order::{Amount, Item, Order, OrderDetails, OrderStatus},
        template_message::{Button, Card, DateTime, Parameter, ParameterValue, SubType, TemplateMessage},
    },
};

const TO: &str = "{{Recipient-Phone-Number}}";
const PREVIOUS: &str = "<MSGID_OF_PREV_MSG>";
const ANSWERED: &str = "<MSGID_OF_MSG_YOU_ARE_REPLYING_TO>";

/// Meta's example requests by name, as Meta reads them: it guesses an absent type, and takes the place of a button as number or text.
fn examples() -> BTreeMap<String, Value> {
    include_str!("../data/requests.jsonl")
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let body = &mut line["body"];
            if body["messaging_product"] == "whatsapp" && body.get("type").is_none() {
                let kind = if body.get("text").is_some() { "text" } else { "interactive" };
                body["type"] = json!(kind);
            }
            if let Some(parts) = body.pointer_mut("/template/components").and_then(Value::as_array_mut) {
                for part in parts {
                    if let Some(index) = part.get("index").and_then(Value::as_i64) {
                        part["index"] = json!(index.to_string());
                    }
                }
            }
            (line["name"].as_str().unwrap().to_owned(), line["body"].take())
        })
        .collect()
}

#[test]
fn the_builders_produce_every_example_of_the_send_endpoint() {
    let mut examples = examples();
    examples.retain(|name, _| !name.starts_with("template: "));
    let wanted = examples.len();
    let mut produced = 0;
    for (name, message) in texts_and_media().into_iter().chain(interactives()).chain(templates()) {
        let example = examples.remove(name).unwrap_or_else(|| panic!("no example {name}"));
        assert_eq!(serde_json::to_value(&message).unwrap(), example, "{name}");
        produced += 1;
    }
    assert!(examples.is_empty(), "not built: {:?}", examples.keys());
    assert_eq!(produced, wanted);
}

/// Some examples leave the recipient type out.
fn untyped(mut message: Message) -> Message {
    message.recipient_type = None;
    message
}

fn texts_and_media() -> Vec<(&'static str, Message)> {
    let location = Location::new(37.758056, -122.425332).name("META HQ").address("1 Hacker Way, Menlo Park, CA 94025");
    let text = || Text::new("text-message-content").preview(false);
    let link = Text::new("Please visit https://youtu.be/hpltvTEiRrY.").preview(true);
    let answer = Text::new("<TEXT_MSG_CONTENT>").preview(false);
    let document =
        || Media::id("<DOCUMENT_OBJECT_ID>").caption("<DOCUMENT_CAPTION_TO_SEND>").filename("<DOCUMENT_FILENAME>");
    let document_at = |caption: &str| Media::link("<http(s)://document-url>").caption(caption);
    let video = || Media::id("<VIDEO_OBJECT_ID>").caption("<VIDEO_CAPTION_TEXT>");
    let video_at = || Media::link("<http(s)://video-url>").caption("<VIDEO_CAPTION_TEXT>");
    let (image, image_at) = (Media::id("<IMAGE_OBJECT_ID>"), Media::link("http(s)://image-url"));
    let (sticker, sticker_at) = (Media::id("<MEDIA_OBJECT_ID>"), Media::link("<http(s)://sticker-url>"));
    let audio = || Media::id("<AUDIO_OBJECT_ID>");
    vec![
        ("send_text_message", Message::text(text())),
        ("send_text_message_with_preview_url", untyped(Message::text(link))),
        ("send_reply_to_text_message", Message::text(answer).reply_to(PREVIOUS)),
        ("send_audio_message_by_id", Message::audio(audio())),
        ("send_audio_message_by_url", Message::audio(Media::link("<http(s)://audio-url>"))),
        ("send_reply_to_audio_message_by_id", Message::audio(audio()).reply_to(ANSWERED)),
        ("send_reply_to_audio_message_by_url", Message::audio(Media::link("http(s)://audio-url")).reply_to(ANSWERED)),
        ("send_document_message_by_id", Message::document(document())),
        ("send_document_message_by_url", Message::document(document_at("<DOCUMENT-CAPTION-TEXT>"))),
        ("send_reply_to_document_message_by_id", Message::document(document()).reply_to(ANSWERED)),
        (
            "send_reply_to_document_message_by_url",
            Message::document(document_at("<DOCUMENT_CAPTION_TEXT>")).reply_to(ANSWERED),
        ),
        ("send_image_message_by_id", Message::image(image.clone())),
        ("send_image_message_by_url", Message::image(image_at.clone())),
        ("send_reply_to_image_message_by_id", Message::image(image).reply_to(PREVIOUS)),
        ("send_reply_to_image_message_by_url", Message::image(image_at).reply_to(PREVIOUS)),
        ("send_sticker_message_by_id", Message::sticker(sticker.clone())),
        ("send_sticker_message_by_url", Message::sticker(sticker_at.clone())),
        ("send_reply_to_sticker_message_by_id", Message::sticker(sticker).reply_to(ANSWERED)),
        ("send_reply_to_sticker_message_by_url", Message::sticker(sticker_at).reply_to(ANSWERED)),
        ("send_video_message_by_id", Message::video(video())),
        ("send_video_message_by_url", Message::video(video_at())),
        ("send_reply_to_video_message_by_id", Message::video(video()).reply_to(ANSWERED)),
        ("send_reply_to_video_message_by_url", Message::video(video_at()).reply_to(ANSWERED)),
        ("send_location_message", Message::location(location.clone())),
        ("send_reply_to_location_message", Message::location(location).reply_to(PREVIOUS)),
        ("send_contact_message", untyped(Message::contacts(vec![card()]))),
        ("send_reply_to_contact_message", untyped(Message::contacts(vec![card()])).reply_to(PREVIOUS)),
        ("send_reply_with_reaction_message", Message::reaction("wamid.HBgLM...", "😀")),
    ]
    .into_iter()
    .map(|(name, message)| (name, message.to(TO)))
    .collect()
}

fn card() -> Contact {
    let place = |street: &str, kind: &str| Address {
        street: Some(street.into()),
        city: Some("Menlo Park".into()),
        state: Some("CA".into()),
        zip: Some("94025".into()),
        country: Some("United States".into()),
        country_code: Some("us".into()),
        kind: Some(kind.into()),
        extra: Extra::new(),
    };
    let mut card = Contact::new("John Smith", "John")
        .address(place("1 Hacker Way", "HOME"))
        .address(place("200 Jefferson Dr", "WORK"))
        .email("test@fb.com", "WORK")
        .email("test@whatsapp.com", "HOME")
        .phone(Phone::new("+1 (940) 555-1234").kind("HOME"))
        .phone(Phone::new("+1 (650) 555-1234").kind("WORK").wa_id("16505551234"))
        .url("https://www.facebook.com", "WORK")
        .url("https://www.whatsapp.com", "HOME");
    card.birthday = Some("2012-08-18".into());
    card.name.last_name = Some("Smith".into());
    card.name.middle_name = Some("D.".into());
    card.name.prefix = Some("Dr".into());
    card.name.suffix = Some("Jr".into());
    card.org = Some(Org {
        company: Some("WhatsApp".into()),
        department: Some("Design".into()),
        title: Some("Manager".into()),
        extra: Extra::new(),
    });
    card
}

fn interactives() -> Vec<(&'static str, Message)> {
    let buttons = Interactive::buttons("<BUTTON_TEXT>")
        .button("<UNIQUE_BUTTON_ID_1>", "<BUTTON_TITLE_1>")
        .button("<UNIQUE_BUTTON_ID_2>", "<BUTTON_TITLE_2>");
    let product = Interactive::product("367025965434465", "<ID_TEST_ITEM_1>")
        .body("<OPTIONAL_BODY_TEXT>")
        .footer("<OPTIONAL_FOOTER_TEXT>");
    let products = Interactive::products("<YOUR_TEXT_HEADER_CONTENT>", "<YOUR_TEXT_BODY_CONTENT>", "146265584024623")
        .footer("<YOUR_TEXT_FOOTER_CONTENT>")
        .section(Section::products(
            "<SECTION1_TITLE>",
            ["<YOUR_PRODUCT1_SKU_IN_CATALOG>", "<YOUR_SECOND_PRODUCT1_SKU_IN_CATALOG>"],
        ))
        .section(Section::products(
            "<SECTION2_TITLE>",
            ["<YOUR_PRODUCT2_SKU_IN_CATALOG>", "<YOUR_SECOND_PRODUCT2_SKU_IN_CATALOG>"],
        ));
    let catalog = Interactive::catalog(
        "Hello! Thanks for your interest. Ordering is easy. Just visit our catalog and add items to purchase.",
        Some("2lc20305pt".into()),
    )
    .footer("Best grocery deals on WhatsApp!");
    let status =
        OrderStatus::new("unique-reference-id-from-order-details-msg", "processing").description("optional-text");
    let drafted = |flow: Flow| flow_message(flow.draft(), "Not shown in draft mode");
    let published = |flow: Flow| flow_message(flow, "<BODY_TEXT>").header("<HEADER_TEXT>").footer("<FOOTER_TEXT>");
    let (id, name) = ("{{Flow-ID}}", "{{Flow-Name}}");
    let to = |interactive: Interactive| Message::interactive(interactive).to(TO);
    let pay = "{{Recipient-WA-Phone-Number}}";
    vec![
        ("send_reply_button", to(buttons)),
        ("send_list_message", to(list())),
        ("send_reply_to_list_message", to(list()).reply_to(PREVIOUS)),
        ("send_single_product_message", to(product)),
        ("send_multi_product_message", to(products)),
        ("send_catalog_message", Message::interactive(catalog).to("+16505551234")),
        ("send_draft_flow_by_id", to(drafted(Flow::by_id(id, "Not shown in draft mode")))),
        ("send_draft_flow_by_name", to(drafted(Flow::by_name(name, "Not shown in draft mode")))),
        ("send_published_flow_by_id", to(published(Flow::by_id(id, "Open Flow!")))),
        ("send_published_flow_by_name", to(published(Flow::by_name(name, "Open Flow!")))),
        ("send_order_details_message", Message::interactive(bill()).to(pay)),
        (
            "send_order_status_message",
            Message::interactive(Interactive::order_status("your-text-body-content", status)).to(pay),
        ),
    ]
}

fn list() -> Interactive {
    let row = |section: u8, row: u8| {
        Row::new(format!("<LIST_SECTION_{section}_ROW_{row}_ID>"), format!("<SECTION_{section}_ROW_{row}_TITLE>"))
            .description(format!("<SECTION_{section}_ROW_{row}_DESC>"))
    };
    let section = |at: u8| Section::rows(format!("<LIST_SECTION_{at}_TITLE>"), vec![row(at, 1), row(at, 2)]);
    Interactive::list("<BODY_TEXT>", "<BUTTON_TEXT>")
        .header("<HEADER_TEXT>")
        .footer("<FOOTER_TEXT>")
        .section(section(1))
        .section(section(2))
}

fn flow_message(flow: Flow, text: &str) -> Interactive {
    let data = json!({ "<CUSTOM_KEY>": "<CUSTOM_VALUE>" });
    let flow = flow.token("<FLOW_TOKEN>").navigate("<SCREEN_ID>", Some(data));
    Interactive::flow(text, flow).header(text).footer(text)
}

fn bill() -> Interactive {
    let mut item = Item::new("bread", Amount::cents(1500), 1);
    item.retailer_id = Some("1234567".into());
    item.sale_amount = Some(Amount::cents(1000));
    let extra = || Amount::cents(100).description("optional_text");
    let mut discount = extra();
    discount.discount_program_name = Some("optional_text".into());
    let order = Order {
        status: Some("pending".into()),
        items: vec![item],
        subtotal: Some(Amount::cents(1000)),
        tax: Some(extra()),
        shipping: Some(extra()),
        discount: Some(discount),
        ..Order::default()
    };
    let details = OrderDetails::new("unique-reference-id", "digital-goods", "INR", Amount::cents(1100), order)
        .payment("upi", "my-payment-config-name");
    let image = "https://upload.wikimedia.org/wikipedia/commons/thumb/3/3b/Home_made_sour_dough_bread.jpg/640px-Home_made_sour_dough_bread.jpg";
    Interactive::order_details("your-text-body-content", details)
        .header(Header::image(Media::link(image)))
        .footer("your-text-footer-content")
}

fn templates() -> Vec<(&'static str, Message)> {
    let image = || Parameter::image(Media::link("http(s)://the-image-url"));
    let plain = || {
        TemplateMessage::new("template-name", "language-and-locale-code")
            .text("text-string")
            .body(Parameter::currency("USD", 100_990, "$100.99"))
            .body(date())
    };
    let with_image = || {
        TemplateMessage::new("template-name", "language-and-locale-code")
            .header(image())
            .text("text-string")
            .body(Parameter::currency("USD", 100_990, "$100.99"))
            .body(date())
    };
    let catalog = TemplateMessage::new("intro_catalog_offer", "en_US")
        .text("100")
        .text("400")
        .text("3")
        .button(0, Button::catalog("2lc20305pt"));
    let flow = TemplateMessage::new("<TEMPLATE_NAME>", "en_US")
        .button(0, Button::flow("<FLOW_TOKEN>", Some(json!({ "<CUSTOM_KEY>": "<CUSTOM_VALUE>" }))));
    let mut issue = TemplateMessage::new("sample_issue_resolution", "en_US")
        .text("*Mr. Jones*")
        .button(0, Button::of(SubType::QuickReply, ParameterValue::Text(true.into())))
        .button(1, Button::of(SubType::QuickReply, ParameterValue::Text(false.into())));
    issue.language.policy = Some("deterministic".into());
    let replies = with_image()
        .button(0, Button::quick_reply("aGlzIHRoaXMgaXMgY29v"))
        .button(1, Button::quick_reply("9rwnB8RbYmPF5t2Mn09x4h"));
    let hello = TemplateMessage::new("hello_world", "en_US");
    let to = |template: TemplateMessage| Message::template(template).to(TO);
    vec![
        ("send_message_template_text", to(plain())),
        ("send_message_template_media", to(with_image())),
        ("send_message_template_interactive", to(replies)),
        ("send_sample_shipping_confirmation_templa", Message::template(plain()).to("16315555555")),
        ("send_sample_issue_resolution_template", untyped(to(issue))),
        ("send_catalog_template_message", Message::template(catalog).to("+16505551234")),
        ("send_flow_template_message", untyped(to(flow))),
        ("send_test_message", untyped(to(hello))),
    ]
}

fn date() -> Parameter {
    let parts = json!({
        "calendar": "GREGORIAN", "day_of_month": 25, "day_of_week": 5, "hour": 15, "minute": 33,
        "month": 2, "year": 1977,
    });
    Parameter::new(ParameterValue::DateTime(DateTime {
        fallback_value: "February 25, 1977".into(),
        extra: parts.as_object().unwrap().clone(),
    }))
}

fn interactive(message: impl Into<Interactive>) -> Value {
    let message = Message::interactive(message).to("+34600000000");
    message.validate().unwrap();
    serde_json::to_value(message).unwrap()["interactive"].take()
}

#[test]
fn later_interactive_types_have_their_names() {
    let plain = |kind: &str, name: &str| json!({ "type": kind, "body": { "text": "b" }, "action": { "name": name } });
    assert_eq!(interactive(Interactive::location_request("b")), plain("location_request_message", "send_location"));
    assert_eq!(interactive(Interactive::contact_request("b")), plain("request_contact_info", "request_contact_info"));
    assert_eq!(
        interactive(Interactive::call_permission_request("b")),
        plain("call_permission_request", "call_permission_request")
    );
    assert_eq!(
        interactive(Interactive::url("b", "Abrir", "https://example.com/7").header(Header::document(Media::id("7")))),
        json!({
            "type": "cta_url", "header": { "type": "document", "document": { "id": "7" } }, "body": { "text": "b" },
            "action": { "name": "cta_url", "parameters": { "display_text": "Abrir", "url": "https://example.com/7" } },
        })
    );
    assert_eq!(
        interactive(Interactive::address_request("b", AddressRequest::new("IN"))),
        json!({
            "type": "address_message", "body": { "text": "b" },
            "action": { "name": "address_message", "parameters": { "country": "IN" } },
        })
    );
    assert_eq!(
        interactive(Interactive::voice_call("b", VoiceCall::default())),
        json!({
            "type": "voice_call", "body": { "text": "b" }, "action": { "name": "voice_call", "parameters": {} },
        })
    );
}

#[test]
fn a_carousel_numbers_its_cards_and_renames_their_buttons() {
    let card = |n: &str| Interactive::buttons(n).button(n, "Ver").header(Header::image(Media::id(n)));
    let wanted = |at: u8, n: &str| {
        json!({
            "card_index": at, "type": "button", "header": { "type": "image", "image": { "id": n } }, "body": { "text": n },
            "action": { "buttons": [{ "type": "quick_reply", "quick_reply": { "id": n, "title": "Ver" } }] },
        })
    };
    assert_eq!(
        interactive(Interactive::carousel("b", vec![card("1"), card("2")])),
        json!({
            "type": "carousel", "body": { "text": "b" },
            "action": { "cards": [wanted(0, "1"), wanted(1, "2")] },
        })
    );
}

#[test]
fn template_buttons_and_cards_have_their_shapes() {
    let template = TemplateMessage::new("oferta", "es")
        .named("nombre", "Ana")
        .offer_ends(1_764_000_000_000)
        .carousel(vec![
            Card::new(Parameter::image(Media::id("1"))).body(vec![Parameter::text("10")]).button(0, Button::url("a")),
            Card::new(Parameter::product("c", "p")),
        ])
        .button(0, Button::copy_code("VERANO25"))
        .button(1, Button::products("p", vec![Section::products("s", ["p", "q"])]));
    let message = Message::template(template).to("+34600000000");
    message.validate().unwrap();
    let image = json!({ "type": "header", "parameters": [{ "type": "image", "image": { "id": "1" } }] });
    let product = json!({ "product_retailer_id": "p", "catalog_id": "c" });
    let sections =
        json!([{ "title": "s", "product_items": [{ "product_retailer_id": "p" }, { "product_retailer_id": "q" }] }]);
    assert_eq!(
        serde_json::to_value(&message).unwrap()["template"]["components"],
        json!([
            { "type": "body", "parameters": [{ "type": "text", "parameter_name": "nombre", "text": "Ana" }] },
            { "type": "limited_time_offer", "parameters": [
                { "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": 1_764_000_000_000_i64 } },
            ]},
            { "type": "carousel", "cards": [
                { "card_index": 0, "components": [
                    image,
                    { "type": "body", "parameters": [{ "type": "text", "text": "10" }] },
                    { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "a" }] },
                ]},
                { "card_index": 1, "components": [
                    { "type": "header", "parameters": [{ "type": "product", "product": product }] },
                ]},
            ]},
            { "type": "button", "sub_type": "copy_code", "index": "0", "parameters": [
                { "type": "coupon_code", "coupon_code": "VERANO25" },
            ]},
            { "type": "button", "sub_type": "mpm", "index": "1", "parameters": [
                { "type": "action", "action": { "thumbnail_product_retailer_id": "p", "sections": sections } },
            ]},
        ])
    );
}

#[test]
fn recipients_are_phones_users_and_groups() {
    let json = |message: Message| serde_json::to_value(message).unwrap();
    let user = json(Message::text("a").to_user("ES.13491208655302741918").callback_data("7"));
    assert_eq!(
        user,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "recipient": "ES.13491208655302741918",
            "biz_opaque_callback_data": "7", "type": "text", "text": { "body": "a" },
        })
    );
    let group = json(Message::voice(Media::id("1")).to_group("Y2FwaV9ncm91cDo").identity_key_hash("h"));
    assert_eq!(
        group,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "group", "to": "Y2FwaV9ncm91cDo",
            "recipient_identity_key_hash": "h", "type": "audio", "audio": { "id": "1", "voice": true },
        })
    );
    let removed = json(Message::remove_reaction("wamid.1").to("+34600000000"));
    assert_eq!(removed["reaction"], json!({ "message_id": "wamid.1", "emoji": "" }));
}

#[test]
fn a_native_body_keeps_what_this_version_does_not_know() {
    let body = json!({
        "messaging_product": "whatsapp", "to": "+34600000000", "type": "hologram",
        "hologram": { "id": "7" }, "urgency": 3,
    });
    let message = Message::native(body.clone()).unwrap();
    message.validate().unwrap();
    assert_eq!(message.content().kind(), "");
    assert_eq!(serde_json::to_value(&message).unwrap(), body);

    let broken = json!({ "messaging_product": "whatsapp", "to": "+34600000000", "type": "text", "text": 7 });
    assert!(Message::native(broken).is_err(), "a known type that cannot be read is not unknown");
}
