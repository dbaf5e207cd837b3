//! What follows a send.

use comms_simulator::meta::{Customer, PHONE_ID, Status, WindowPolicy};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Receiver, World, assert_shape};

const FAILED: &str = include_str!("samples/webhook_failed.json");

/// The statuses of the next three webhooks, by name.
async fn three(receiver: &mut Receiver) -> Vec<Value> {
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(receiver.next_value().await["statuses"][0].clone());
    }
    let rank = |status: &Value| ["sent", "delivered", "read"].iter().position(|name| status["status"] == *name);
    statuses.sort_by_key(rank);
    statuses
}

#[tokio::test]
async fn a_delivered_message_is_sent_delivered_and_read() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    world.open_window();
    let body = json!({"type": "text", "text": {"body": "hi"}, "biz_opaque_callback_data": "order 7"});
    let sent = world.send(body).await.body;
    let statuses = three(&mut receiver).await;
    for (status, name) in statuses.iter().zip(["sent", "delivered", "read"]) {
        assert_eq!(status["status"], name);
        assert_eq!(status["id"], sent["messages"][0]["id"]);
        assert_eq!(status["recipient_id"], CUSTOMER);
        assert!(status["recipient_user_id"].as_str().unwrap().starts_with("US."));
        assert_eq!(status["biz_opaque_callback_data"], "order 7");
        assert_eq!(status["timestamp"], "1780000000");
        assert!(status.get("conversation").is_none());
    }
    assert_eq!(
        statuses[0]["pricing"],
        json!({"billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"})
    );
    assert!(statuses[1].get("pricing").is_none());
}

#[tokio::test]
async fn a_template_is_billed_by_its_category() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let template = json!({"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}});
    world.send(template).await;
    let pricing = three(&mut receiver).await[0]["pricing"].clone();
    assert_eq!(pricing["billable"], true);
    assert_eq!(pricing["category"], "utility");
}

#[tokio::test]
async fn outside_of_the_window_the_failure_comes_later() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| config.meta.user_ids = false);
    world.send_text("too late").await;
    let webhook = receiver.next().await.body;
    assert_shape(&webhook, FAILED);
    let status = &webhook["entry"][0]["changes"][0]["value"]["statuses"][0];
    assert_eq!(status["errors"][0]["code"], 131_047);
}

#[tokio::test]
async fn the_window_closes_after_24_hours() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| {
        config.meta.statuses.delivered_ms = None;
        config.meta.statuses.read_ms = None;
    });
    world.open_window();
    world.clock.advance(std::time::Duration::from_secs(24 * 3600 - 1));
    world.send_text("in time").await;
    assert_eq!(receiver.next_value().await["statuses"][0]["status"], "sent");
    world.clock.advance(std::time::Duration::from_secs(1));
    world.send_text("too late").await;
    assert_eq!(receiver.next_value().await["statuses"][0]["status"], "failed");
}

#[tokio::test]
async fn who_is_not_on_whatsapp_cannot_be_reached() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| config.meta.window = WindowPolicy::Open);
    let body = json!({"to": "16505550000", "text": {"body": "hi"}});
    assert_eq!(world.send(body).await.status, 200);
    let value = receiver.next_value().await;
    assert!(value.get("contacts").is_none(), "a failed status has no contacts");
    let status = &value["statuses"][0];
    assert_eq!(status["status"], "failed");
    assert_eq!(status["errors"][0]["code"], 131_026);
    assert!(status.get("recipient_user_id").is_none());
}

#[tokio::test]
async fn a_send_to_a_user_id_is_told_about_without_number() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| config.meta.window = WindowPolicy::Open);
    let user_id = "US.13491208655302741918";
    world.send(json!({"recipient": user_id, "text": {"body": "hi"}})).await;
    for status in three(&mut receiver).await {
        assert!(status.get("recipient_id").is_none());
        assert_eq!(status["recipient_user_id"], user_id);
    }
}

#[tokio::test]
async fn any_status_can_be_told() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let meta = world.simulator.meta();
    let customer = Customer::new(CUSTOMER);
    meta.emit_status(PHONE_ID, &customer, "wamid.X", Status::Played).unwrap();
    let status = receiver.next_value().await["statuses"][0].clone();
    assert_eq!((status["id"].as_str(), status["status"].as_str()), (Some("wamid.X"), Some("played")));
    assert!(meta.emit_status("404", &customer, "wamid.X", Status::Sent).is_err());
}
