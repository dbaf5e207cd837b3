use std::collections::BTreeSet;

use comms_core::history::{LogEvent, WebhookFilter};
use comms_simulator::{
    WebhookPolicy,
    meta::{Customer, PHONE_ID, WABA_ID},
};
use serde_json::{Value, json};

use crate::support::{HISTORY, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_stored_and_not_refused() {
    let server = TestServer::start().await;
    let id = format!("wamid.{}", "x".repeat(300));
    let message = json!({"from": "34600000000", "id": id, "timestamp": "1749416383", "type": "text", "text": {"body": "antes\u{0}después 😀"}});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_ID},
        "messages": [message]
    }}]}]});
    assert_eq!(server.webhook(body.to_string().as_bytes()).await.status, 200);
    let row = server.admin().get(HISTORY).await.data()[0].clone();
    assert_eq!(row["sid_externo"], id, "kept whole, whatever the column of `comunicaciones` holds");
    let text = row["contenido"].as_str().unwrap();
    assert!(text.starts_with("antes") && text.ends_with("después 😀"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_after_the_commit_and_a_repetition_changes_nothing() {
    let server = TestServer::start().await;
    let body = br#"{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Ana"},"wa_id":"34600000000"}],"messages":[{"from":"34600000000","id":"wamid.1","timestamp":"1749416383","type":"text","text":{"body":"hola"}}]}}]}]}"#;
    for _ in 0..3 {
        assert_eq!(server.webhook(body).await.status, 200);
        let rows = server.admin().get(HISTORY).await.data();
        assert_eq!(rows.as_array().unwrap().len(), 1, "there as soon as it was answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_in_any_order_are_one_message_each() {
    let server = TestServer::start().await;
    server.simulator.configure(|config| {
        config.webhooks =
            WebhookPolicy { copies: 3, shuffle: true, linger_ms: 20, batch: 3, ..WebhookPolicy::default() };
    });
    for number in 0..10 {
        let customer = Customer::new(format!("3460000000{number}"));
        server.simulator.meta().inbound_text(PHONE_ID, &customer, format!("mensaje {number}")).unwrap();
    }
    let ledger = server.simulator.ledger();
    let settled = ledger.wait_until(std::time::Duration::from_secs(20), |ledger| {
        let hooks = ledger.webhooks();
        let told: BTreeSet<_> = hooks.iter().flat_map(|hook| &hook.subjects).map(|subject| &subject.id).collect();
        let deliveries: usize = hooks.iter().map(|hook| hook.subjects.len()).sum();
        told.len() == 10 && deliveries == 30 && hooks.iter().all(|hook| hook.acked_at.is_some())
    });
    assert!(settled.await);
    let rows = server.admin().get(HISTORY).await.data();
    assert_eq!(rows.as_array().unwrap().len(), 10);
}

/// 1,000 updates in one POST: statuses before the messages that they concern, messages of 50 people, one of them three times,
/// and three that nobody can read.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_updates_in_one_post_are_stored_once_each() {
    let server = TestServer::start().await;
    let body = thousand();
    for _ in 0..2 {
        assert_eq!(server.webhook(body.to_string().as_bytes()).await.status, 200);
    }
    let repository = &server.running.state.repository;
    let mut log = Vec::new();
    loop {
        let after = log.last().map_or(0, |event: &LogEvent| event.cursor);
        let page = repository.events(None, after, 1_000).await.unwrap();
        if page.is_empty() {
            break;
        }
        log.extend(page);
    }
    let of_kind = |kind: &str| log.iter().filter(|event| event.kind == kind).count();
    assert_eq!([of_kind("message"), of_kind("status"), of_kind("unknown")], [695, 300, 3]);
    let raw = repository.webhooks(&WebhookFilter { limit: 10, ..WebhookFilter::default() }).await.unwrap();
    let stored = repository.webhook(raw[0]).await.unwrap();
    assert_eq!(stored.request().body, body.to_string(), "the unreadable ones are in it, byte for byte");
    let sent = server.admin().get(&format!("{HISTORY}?direccion=saliente&limit=200")).await.data();
    let sent = sent.as_array().unwrap();
    assert_eq!(sent.len(), 100);
    assert!(sent.iter().all(|row| row["estado"] == "leido"), "the statuses came first, the last of them first of all");
}

fn thousand() -> Value {
    let change = |field: &str, list: &str, elements: Vec<Value>| {
        json!({"field": field, "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_ID},
            list: elements
        }})
    };
    let statuses = (0..100).flat_map(|number| {
        ["read", "delivered", "sent"].map(|status| {
            json!({"id": format!("wamid.echo.{number}"), "status": status, "timestamp": "1749416400", "recipient_id": "34600000099"})
        })
    });
    let echoes = (0..100).map(|number| {
        json!({"from": "15550783881", "to": "34600000099", "id": format!("wamid.echo.{number}"), "timestamp": "1749416390",
            "type": "text", "text": {"body": format!("desde el móvil {number}")}})
    });
    let written = |number: usize| {
        json!({"from": format!("346000000{:02}", number % 50), "id": format!("wamid.in.{number}"), "timestamp": "1749416383",
            "type": "text", "text": {"body": format!("mensaje {number}")}})
    };
    let mut messages: Vec<Value> = (0..595).map(written).collect();
    messages.splice(300..300, [json!(5), written(299), json!({"id": {}, "from": [], "type": 7})]);
    messages.insert(10, written(299));
    let mut statuses: Vec<Value> = statuses.collect();
    statuses.insert(150, json!("no status at all"));
    let changes = [
        change("messages", "statuses", statuses),
        change("messages", "messages", messages),
        change("smb_message_echoes", "message_echoes", echoes.collect()),
    ];
    json!({"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": changes}]})
}
