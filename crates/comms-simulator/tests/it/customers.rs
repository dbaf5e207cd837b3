//! Customers who answer by script.

use comms_simulator::meta::{CustomerRule, Reply};
use serde_json::{Value, json};

use crate::support::{Receiver, World};

fn quiet(receiver: &Receiver, rules: Vec<CustomerRule>) -> World {
    World::with_receiver(receiver, |config| {
        config.meta.rules = rules;
        let statuses = &mut config.meta.statuses;
        (statuses.sent_ms, statuses.delivered_ms, statuses.read_ms) = (None, None, None);
    })
}

fn rule(reply: Reply) -> CustomerRule {
    CustomerRule { delay_ms: 5, ..CustomerRule::new(reply) }
}

/// The message and the status of the next two webhooks, in this order.
async fn answer_and_status(receiver: &mut Receiver) -> (Value, Value) {
    let (mut message, mut status) = (Value::Null, Value::Null);
    for _ in 0..2 {
        let value = receiver.next_value().await;
        if value.get("messages").is_some() {
            message = value["messages"][0].clone();
        } else {
            status = value["statuses"][0].clone();
        }
    }
    (message, status)
}

#[tokio::test]
async fn a_customer_reads_and_answers() {
    let mut receiver = Receiver::start();
    let world = quiet(&receiver, vec![rule(Reply::Text { body: "You said: {text}".into() })]);
    world.open_window();
    let id = world.send_text("hello").await;
    let (message, status) = answer_and_status(&mut receiver).await;
    assert_eq!(message["text"]["body"], "You said: hello");
    assert_eq!(message["context"]["id"], id);
    assert_eq!(status["status"], "read");
    assert_eq!(status["id"], id);
}

#[tokio::test]
async fn a_customer_taps_what_was_offered() {
    let mut receiver = Receiver::start();
    let world = quiet(&receiver, vec![rule(Reply::Choose { index: 1 })]);
    world.open_window();
    let button = |n: u8| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": format!("B{n}")}});
    world
        .send(json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"},
            "action": {"buttons": [button(0), button(1)]}}}))
        .await;
    let (message, _) = answer_and_status(&mut receiver).await;
    assert_eq!(message["interactive"]["button_reply"], json!({"id": "b1", "title": "B1"}));

    world
        .send(json!({"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"},
            "action": {"button": "Open", "sections": [{"rows": [{"id": "r0", "title": "R0"}]}]}}}))
        .await;
    let (message, _) = answer_and_status(&mut receiver).await;
    assert_eq!(message["interactive"]["list_reply"], json!({"id": "r0", "title": "R0"}));

    let named = |name: &str| json!({"type": "text", "parameter_name": name, "text": name});
    world
        .send(json!({"type": "template", "template": {"name": "seguimiento", "language": {"code": "es"},
            "components": [{"type": "body", "parameters": [named("nombre"), named("producto")]}]}}))
        .await;
    let (message, _) = answer_and_status(&mut receiver).await;
    assert_eq!(message["button"], json!({"payload": "No, gracias", "text": "No, gracias"}));

    world.send_text("1 or 2?").await;
    let (message, _) = answer_and_status(&mut receiver).await;
    assert_eq!(message["text"]["body"], "2");
}

#[tokio::test]
async fn the_first_rule_that_fits_acts() {
    let mut receiver = Receiver::start();
    let world = quiet(
        &receiver,
        vec![
            CustomerRule { customer: Some("34600000000".into()), ..rule(Reply::Silence) },
            CustomerRule { kind: Some("template".into()), ..rule(Reply::Silence) },
            CustomerRule { contains: Some("price".into()), ..rule(Reply::Text { body: "Too much".into() }) },
            rule(Reply::Text { body: "Hm".into() }),
        ],
    );
    world.open_window();
    world.send_text("what price?").await;
    assert_eq!(answer_and_status(&mut receiver).await.0["text"]["body"], "Too much");
    world.send_text("and now?").await;
    assert_eq!(answer_and_status(&mut receiver).await.0["text"]["body"], "Hm");
    world.send(json!({"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}})).await;
    assert_eq!(receiver.next_value().await["statuses"][0]["status"], "read");
}

#[tokio::test]
async fn nobody_answers_what_did_not_arrive() {
    let mut receiver = Receiver::start();
    let world = quiet(&receiver, vec![rule(Reply::Text { body: "!".into() })]);
    world.send_text("too late").await;
    assert_eq!(receiver.next_value().await["statuses"][0]["status"], "failed");
    world.open_window();
    world.send_text("in time").await;
    let (message, _) = answer_and_status(&mut receiver).await;
    assert_eq!(message["text"]["body"], "!");
    assert!(receiver.waiting().is_empty(), "only what arrived was answered");
}
