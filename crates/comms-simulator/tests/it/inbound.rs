//! A customer writes.

use bytes::Bytes;
use comms_simulator::meta::{Content, Customer, Inbound, MediaKind, PHONE_ID};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Receiver, World, assert_shape};

fn ana() -> Customer {
    Customer::new(CUSTOMER).named("Ana")
}

/// What the app hears when Ana sends this.
async fn heard(content: Content, reply_to: Option<&str>) -> Value {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| config.meta.user_ids = false);
    let mut inbound = Inbound::new(PHONE_ID, ana(), content);
    if let Some(id) = reply_to {
        inbound = inbound.reply_to(id);
    }
    let id = world.simulator.meta().inbound(inbound).unwrap();
    let body = receiver.next().await.body;
    assert_eq!(body["entry"][0]["changes"][0]["value"]["messages"][0]["id"], id);
    body
}

#[tokio::test]
async fn every_kind_has_metas_form() {
    let media = |kind, caption: Option<&str>, filename: Option<&str>| Content::Media {
        kind,
        data: Bytes::from_static(b"bytes"),
        mime_type: "application/pdf".to_owned(),
        caption: caption.map(str::to_owned),
        filename: filename.map(str::to_owned),
    };
    let reaction =
        |emoji: Option<&str>| Content::Reaction { message_id: "wamid.X".to_owned(), emoji: emoji.map(str::to_owned) };
    let card = json!({"name": {"first_name": "B", "last_name": "J", "formatted_name": "B J"},
        "org": {"company": "S"}, "phones": [{"phone": "+1", "wa_id": "1", "type": "MOBILE"}]});
    let cases = [
        (media(MediaKind::Voice, None, None), None, include_str!("samples/webhook_audio.json")),
        (media(MediaKind::Document, Some("c"), Some("f.pdf")), None, include_str!("samples/webhook_document.json")),
        (reaction(Some("👍")), None, include_str!("samples/webhook_reaction.json")),
        (reaction(None), None, include_str!("samples/webhook_reaction_removed.json")),
        (
            Content::Button { payload: "p".into(), text: "t".into() },
            Some("wamid.Y"),
            include_str!("samples/webhook_button.json"),
        ),
        (
            Content::ButtonReply { id: "i".into(), title: "t".into() },
            Some("wamid.Y"),
            include_str!("samples/webhook_button_reply.json"),
        ),
        (
            Content::ListReply { id: "i".into(), title: "t".into(), description: Some("d".into()) },
            Some("wamid.Y"),
            include_str!("samples/webhook_list_reply.json"),
        ),
        (Content::Contacts { contacts: vec![card] }, None, include_str!("samples/webhook_contacts.json")),
        (Content::Unsupported { kind: "edit".into() }, None, include_str!("samples/webhook_unsupported.json")),
    ];
    for (content, reply_to, sample) in cases {
        assert_shape(&heard(content, reply_to).await, sample);
    }
}

#[tokio::test]
async fn a_hidden_customer_has_a_user_id_only() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let customer = Customer::hidden("US.13491208655302741918").named("Sheena").username("@sheena");
    world.simulator.meta().inbound_text(PHONE_ID, &customer, "hi").unwrap();
    let mut sample: Value = serde_json::from_str(include_str!("samples/webhook_text_by_user_id.json")).unwrap();
    // The parent id belongs to managed businesses, which the double does not play.
    let value = &mut sample["entry"][0]["changes"][0]["value"];
    value["contacts"][0].as_object_mut().unwrap().remove("parent_user_id");
    value["messages"][0].as_object_mut().unwrap().remove("from_parent_user_id");
    assert_shape(&receiver.next().await.body, &sample.to_string());
}

#[tokio::test]
async fn a_customer_with_number_has_a_steady_user_id_too() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let meta = world.simulator.meta();
    for _ in 0..2 {
        meta.inbound_text(PHONE_ID, &Customer::new("34600000000"), "hola").unwrap();
    }
    let (first, second) = (receiver.next_value().await, receiver.next_value().await);
    assert_eq!(first["contacts"], second["contacts"]);
    assert_eq!(first["messages"][0]["from"], "34600000000");
    let user_id = first["messages"][0]["from_user_id"].as_str().unwrap();
    assert!(user_id.starts_with("ES."), "{user_id}");
    assert_eq!(first["contacts"][0]["user_id"], user_id);
    assert_eq!(first["contacts"][0]["profile"], json!({}));
}

#[tokio::test]
async fn unknown_kinds_and_further_fields_pass_as_they_are() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let content = Content::Other { kind: "hologram".into(), value: json!({"depth": 3}) };
    let mut inbound = Inbound::new(PHONE_ID, ana(), content).id("wamid.MINE");
    inbound.extra.insert("referral".into(), json!({"source_type": "ad"}));
    world.simulator.meta().inbound(inbound).unwrap();
    let message = receiver.next_value().await["messages"][0].clone();
    assert_eq!(message["type"], "hologram");
    assert_eq!(message["hologram"], json!({"depth": 3}));
    assert_eq!(message["id"], "wamid.MINE");
    assert_eq!(message["referral"]["source_type"], "ad");
}

#[tokio::test]
async fn a_message_opens_the_window() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let meta = world.simulator.meta();
    meta.inbound_text(PHONE_ID, &ana(), "hi").unwrap();
    receiver.next().await;
    world.send_text("hello").await;
    assert_ne!(receiver.next_value().await["statuses"][0]["status"], "failed");
    assert!(meta.inbound_text("404", &ana(), "hi").is_err());
}
