//! How webhooks travel: repetition, batches, duplicates, order, callbacks, verification.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
};

use comms_simulator::{
    Refused,
    meta::{APP_ID, APP_SECRET, Customer, PHONE_ID, SECOND_PHONE_ID, VERIFY_TOKEN, WABA_ID, Waba},
};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, LIMIT, Receiver, World, answer, assert_shape};

fn customer() -> Customer {
    Customer::new(CUSTOMER)
}

/// The ids of all messages of a webhook, wherever they are.
fn message_ids(body: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let entries = list(body, "entry").into_iter();
    let changes = entries.flat_map(|entry| list(&entry, "changes"));
    let messages = changes.flat_map(|change| list(&change["value"], "messages"));
    messages.map(|message| message["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_webhook_is_repeated_until_200() {
    let calls = AtomicU32::new(0);
    let mut receiver = Receiver::answering(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => 503,
        1 => 401,
        2 => 201,
        _ => 200,
    });
    let world = World::with_receiver(&receiver, |config| config.webhooks.retry_ms = vec![1]);
    let id = world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    let bodies = [receiver.next().await, receiver.next().await, receiver.next().await, receiver.next().await];
    assert!(bodies.iter().all(|arrived| arrived.raw == bodies[0].raw));
    assert!(world.ledger().wait_until(LIMIT, |ledger| ledger.acknowledged(&id)).await);
    let record = &world.ledger().webhooks()[0];
    assert_eq!((record.attempts, record.last_status, record.given_up), (4, Some(200), false));
    assert_eq!(record.subjects[0].id, id);
}

#[tokio::test]
async fn a_webhook_is_given_up_after_the_last_attempt() {
    let receiver = Receiver::answering(|_| 500);
    let world = World::with_receiver(&receiver, |config| {
        config.webhooks.retry_ms = vec![1];
        config.webhooks.max_attempts = 3;
    });
    world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    assert!(world.ledger().wait_until(LIMIT, |ledger| ledger.totals().given_up == 1).await);
    let record = &world.ledger().webhooks()[0];
    assert_eq!((record.attempts, record.last_status, record.given_up), (3, Some(500), true));
    assert_eq!(record.acked_at, None);
}

#[tokio::test]
async fn an_absent_receiver_is_tried_again() {
    let receiver = Receiver::start();
    let url = receiver.url.clone();
    drop(receiver);
    let world = World::new(|config| {
        config.meta.app.callback_url = Some(url);
        config.webhooks.retry_ms = vec![1];
        config.webhooks.max_attempts = 2;
    });
    world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    assert!(world.ledger().wait_until(LIMIT, |ledger| ledger.totals().given_up == 1).await);
    let record = &world.ledger().webhooks()[0];
    assert_eq!(record.last_status, None);
    assert!(record.last_error.is_some());
}

#[tokio::test]
async fn copies_are_byte_for_byte_the_same() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| config.webhooks.copies = 3);
    world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    let first = receiver.next().await;
    assert_eq!(first.raw, receiver.next().await.raw);
    assert_eq!(first.raw, receiver.next().await.raw);
    assert_eq!(world.ledger().totals().webhooks, 3);
}

#[tokio::test]
async fn updates_travel_in_batches_over_several_changes_and_entries() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| {
        config.webhooks.linger_ms = 50;
        config.webhooks.batch = 7;
        let mut second = Waba { id: "777".into(), ..config.meta.wabas[0].clone() };
        second.phones.truncate(1);
        second.phones[0].id = "888".into();
        config.meta.wabas.push(second);
    });
    let meta = world.simulator.meta();
    let mut expected = BTreeSet::new();
    for n in 0..20 {
        let phone = [PHONE_ID, SECOND_PHONE_ID, "888"][n % 3];
        expected.insert(meta.inbound_text(phone, &customer(), format!("{n}")).unwrap());
    }
    let (mut seen, mut sizes) = (BTreeSet::new(), Vec::new());
    let mut entries = 0;
    while seen.len() < expected.len() {
        let body = receiver.next().await.body;
        entries = entries.max(body["entry"].as_array().unwrap().len());
        let ids = message_ids(&body);
        sizes.push(ids.len());
        seen.extend(ids);
    }
    sizes.sort_unstable();
    assert_eq!(seen, expected);
    assert_eq!(sizes, [6, 7, 7]);
    assert!(entries > 1, "several accounts share a POST");
}

#[tokio::test]
async fn a_shuffle_changes_the_order_and_nothing_else() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |config| {
        config.webhooks.linger_ms = 50;
        config.webhooks.batch = 1000;
        config.webhooks.shuffle = true;
    });
    let meta = world.simulator.meta();
    let sent: Vec<String> =
        (0..50).map(|n| meta.inbound_text(PHONE_ID, &customer(), format!("{n}")).unwrap()).collect();
    let arrived = message_ids(&receiver.next().await.body);
    assert_ne!(arrived, sent);
    assert_eq!(BTreeSet::from_iter(arrived), BTreeSet::from_iter(sent));
}

#[tokio::test]
async fn too_many_waiting_webhooks_are_counted() {
    let receiver = Receiver::answering(|_| 500);
    let world = World::with_receiver(&receiver, |config| config.webhooks.max_pending = 2);
    for _ in 0..5 {
        world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    }
    assert_eq!(world.ledger().totals().dropped, 3);
}

#[tokio::test]
async fn the_callback_of_the_number_comes_before_that_of_the_account_and_the_app() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let subscribed = format!("/v26.0/{WABA_ID}/subscribed_apps");
    let meta = world.simulator.meta();
    let mut path_of_next = async || {
        let id = meta.inbound_text(PHONE_ID, &customer(), "hi").unwrap();
        receiver.next().await;
        let hooks = world.ledger().webhooks();
        let hook = hooks.iter().find(|hook| hook.subjects[0].id == id).unwrap();
        hook.url.clone()
    };
    let base = path_of_next().await;
    let other = |n: u8| format!("{base}?{n}");
    let callback = |n: u8| json!({"override_callback_uri": other(n), "verify_token": VERIFY_TOKEN});

    let answer = world.post(&subscribed, callback(1)).await;
    assert_shape(&answer.body, include_str!("samples/subscribed_answer.json"));
    assert_eq!(path_of_next().await, other(1));

    let answer = world.post(&format!("/v26.0/{PHONE_ID}"), json!({"webhook_configuration": callback(2)})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(path_of_next().await, other(2));
    let configuration = world.get(&format!("/{PHONE_ID}?fields=webhook_configuration")).await.body;
    assert_eq!(
        configuration["webhook_configuration"],
        json!({"phone_number": other(2), "whatsapp_business_account": other(1), "application": base})
    );

    let off = json!({"webhook_configuration": {"override_callback_uri": ""}});
    world.post(&format!("/v26.0/{PHONE_ID}"), off).await;
    assert_eq!(path_of_next().await, other(1));
    world.post(&subscribed, json!({})).await;
    assert_eq!(path_of_next().await, base);
}

#[tokio::test]
async fn an_override_needs_a_subscription_and_a_callback_that_proves_itself() {
    let receiver = Receiver::start();
    let world = World::new(|_| ());
    let path = format!("/v26.0/{WABA_ID}/subscribed_apps");
    let callback = |token: &str| json!({"override_callback_uri": receiver.url, "verify_token": token});
    let wrong = world.post(&path, callback("wrong")).await;
    wrong.is_error(400, 2_200);
    assert!(wrong.body["error"]["message"].as_str().unwrap().contains("HTTP Status Code = 403"));

    assert_eq!(world.delete(&path).await.status, 200);
    assert_eq!(world.get(&path).await.body, json!({"data": []}));
    world.post(&path, callback(VERIFY_TOKEN)).await.is_error(400, 100);
    world.post(&path, json!({})).await;
    assert_eq!(world.post(&path, callback(VERIFY_TOKEN)).await.status, 200);
    let long = format!("http://127.0.0.1/{}", "x".repeat(200));
    let long = json!({"override_callback_uri": long, "verify_token": "t"});
    world.post(&path, long).await.is_error(400, 100);
}

#[tokio::test]
async fn the_app_sets_its_callback_with_the_app_token() {
    let mut receiver = Receiver::start();
    let world = World::new(|_| ());
    let path = format!("/v26.0/{APP_ID}/subscriptions");
    let wanted = [
        ("object", "whatsapp_business_account"),
        ("callback_url", receiver.url.as_str()),
        ("verify_token", VERIFY_TOKEN),
        ("fields", "messages"),
    ];
    answer(world.request("POST", &path).form(&wanted)).await.is_error(400, 15);
    let url = format!("{}{path}", world.simulator.url());
    let token = format!("{APP_ID}|{APP_SECRET}");
    // As the parameter it wins over the user's token in the header.
    let with_both = world.request("POST", &path).query(&[("access_token", &token)]);
    let set = answer(with_both.form(&wanted)).await;
    assert_eq!(set.body, json!({"success": true}));
    let list = answer(world.client.get(&url).bearer_auth(&token)).await;
    assert_eq!(list.body["data"][0]["callback_url"], receiver.url);
    world.simulator.meta().inbound_text(PHONE_ID, &customer(), "hi").unwrap();
    receiver.next().await;
    world.simulator.meta().verify_callback().await.unwrap();
}

#[tokio::test]
async fn a_callback_is_verified() {
    let receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let meta = world.simulator.meta();
    meta.verify_callback().await.unwrap();
    world.simulator.configure(|config| config.meta.app.verify_token = "wrong".into());
    assert_eq!(meta.verify_callback().await, Err(Refused::Invalid("HTTP Status Code = 403".into())));
    world.simulator.configure(|config| config.meta.app.callback_url = None);
    assert_eq!(meta.verify_callback().await, Err(Refused::NoCallback));
}

#[tokio::test]
async fn an_account_without_subscription_is_silent() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let path = format!("/v26.0/{WABA_ID}/subscribed_apps");
    world.delete(&path).await;
    world.simulator.meta().inbound_text(PHONE_ID, &customer(), "unheard").unwrap();
    world.post(&path, json!({})).await;
    let id = world.simulator.meta().inbound_text(PHONE_ID, &customer(), "heard").unwrap();
    assert_eq!(message_ids(&receiver.next().await.body), [id]);
    assert_eq!(world.ledger().totals().webhooks, 1);
}

#[tokio::test]
async fn recorded_bodies_are_signed_as_they_are() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let raw = "{ \"object\":\"whatsapp_business_account\",\"entry\":[],  \"emoji\":\"\\ud83d\\ude00\" }";
    world.simulator.meta().deliver_raw(raw).unwrap();
    assert_eq!(receiver.next().await.raw, raw.as_bytes());
    let review = json!({"event": "APPROVED"});
    world.simulator.meta().emit(WABA_ID, "account_review_update", review).unwrap();
    let entry = receiver.next().await.body["entry"][0].clone();
    assert_eq!(entry["changes"][0]["field"], "account_review_update");
    assert_eq!(entry["time"], 1_780_000_000);
}
