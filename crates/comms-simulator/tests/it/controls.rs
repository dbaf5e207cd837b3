//! The controls over HTTP, for tests in other processes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use comms_simulator::meta::{PHONE_ID, WABA_ID};
use serde_json::{Value, json};

use crate::support::{Receiver, World};

async fn ledger(world: &World, query: &str) -> Value {
    world.get(&format!("/_simulator/ledger{query}")).await.body
}

#[tokio::test]
async fn the_configuration_is_read_and_changed_in_part() {
    let receiver = Receiver::start();
    let world = World::new(|_| ());
    let change = json!({"meta": {"app": {"callback_url": receiver.url}}, "webhooks": {"copies": 2}});
    let config = world.post("/_simulator/config", change).await.body;
    assert_eq!(config["meta"]["app"]["callback_url"], receiver.url);
    assert_eq!(config["meta"]["wabas"][0]["id"], WABA_ID, "the rest stays");
    assert_eq!(world.get("/_simulator/config").await.body, config);
    assert_eq!(world.post("/_simulator/verify", json!({})).await.status, 200);

    let unknown = world.post("/_simulator/config", json!({"webhooks": {"copys": 2}})).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.body["error"].as_str().unwrap().contains("copys"));
    assert_eq!(world.get("/_simulator/config").await.body, config, "a bad change changes nothing");
}

#[tokio::test]
async fn a_customer_writes_over_http() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let text = json!({"from": {"wa_id": "34600000000", "name": "Ana"}, "content": {"type": "text", "body": "hola"}});
    let answer = world.post("/_simulator/inbound", text).await;
    let value = receiver.next_value().await;
    assert_eq!(value["messages"][0]["id"], answer.body["id"]);
    assert_eq!(value["metadata"]["phone_number_id"], PHONE_ID);

    let picture = json!({"from": {"wa_id": "34600000000"}, "content": {
        "type": "media", "kind": "image", "mime_type": "image/png", "data": STANDARD.encode("PNG")}});
    world.post("/_simulator/inbound", picture).await;
    let image = receiver.next_value().await["messages"][0]["image"].clone();
    let path = image["url"].as_str().unwrap().strip_prefix(world.simulator.url()).unwrap();
    assert_eq!(world.request("GET", path).send().await.unwrap().text().await.unwrap(), "PNG");

    let status = json!({"customer": {"wa_id": "34600000000"}, "message_id": "wamid.X", "status": "read"});
    world.post("/_simulator/status", status).await;
    assert_eq!(receiver.next_value().await["statuses"][0]["status"], "read");
    let field = json!({"field": "account_alerts", "value": {"alert": 1}});
    world.post("/_simulator/emit", field).await;
    assert_eq!(receiver.next_value().await, json!({"alert": 1}));
    world.post("/_simulator/deliver", json!({"any": "body"})).await;
    assert_eq!(receiver.next().await.body, json!({"any": "body"}));
    let unknown = json!({"phone_number_id": "404", "from": {}, "content": {"type": "text", "body": "x"}});
    assert_eq!(world.post("/_simulator/inbound", unknown).await.status, 400);
}

#[tokio::test]
async fn the_ledger_is_read_in_pages() {
    let receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(world.send_text(&format!("{n}")).await);
    }
    world.get(&format!("/{PHONE_ID}")).await;
    let first = ledger(&world, "?limit=2").await;
    let rest = ledger(&world, &format!("?after={}", first["next"])).await;
    let entries = [first["entries"].as_array().unwrap().clone(), rest["entries"].as_array().unwrap().clone()].concat();
    let told: Vec<_> = entries.iter().map(|call| call["send"]["id"].as_str().unwrap()).collect();
    assert_eq!(told, ids);
    assert_eq!(entries[0]["body"]["text"]["body"], "0");
    assert_eq!(entries[0]["endpoint"], "meta.messages");
    assert_eq!(ledger(&world, "?list=received").await["entries"].as_array().unwrap().len(), 4);
    assert!(world.ledger().wait_until(crate::support::LIMIT, |ledger| ledger.totals().acknowledged == 3).await);
    let hooks = ledger(&world, "?list=webhooks").await;
    assert_eq!(hooks["totals"]["acknowledged"], 3);
    assert_eq!(hooks["entries"][0]["subjects"][0]["status"], "failed");
    assert!(hooks["entries"][0]["acked_at"].is_string());
}

#[tokio::test]
async fn the_ledger_keeps_to_its_capacity() {
    let world = World::new(|config| config.ledger_capacity = 3);
    for n in 0..5 {
        world.send_text(&format!("{n}")).await;
    }
    let sends = world.ledger().sends();
    assert_eq!(sends.iter().map(|call| call.seq).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(world.ledger().totals().received, 5);
}

#[tokio::test]
async fn faults_and_reset_over_http() {
    let world = World::new(|_| ());
    let rule = json!({"endpoint": "meta.messages", "times": 1, "fault": {"kind": "error", "code": 131_016}});
    world.post("/_simulator/faults", rule).await;
    world.send(json!({"text": {"body": "hi"}})).await.is_error(500, 131_016);
    let faults = world.get("/_simulator/faults").await.body;
    assert_eq!(faults[0]["struck"], 1);
    assert_eq!(world.delete("/_simulator/faults").await.status, 200);
    assert_eq!(world.get("/_simulator/faults").await.body, json!([]));

    let media = world.upload().await;
    world.post("/_simulator/config", json!({"webhooks": {"copies": 5}})).await;
    world.post("/_simulator/reset", json!({})).await;
    assert_eq!(world.simulator.config().webhooks.copies, 1);
    assert!(world.ledger().received().is_empty());
    world.get(&format!("/{media}")).await.is_error(400, 100);
}

#[tokio::test]
async fn a_campaign_runs_over_http() {
    let receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let report = world.post("/_simulator/campaign", json!({"messages": 10})).await.body;
    assert_eq!(report["acknowledged"].as_array().unwrap().len(), 10);
    let started = world.post("/_simulator/campaign?wait=false", json!({"messages": 10})).await;
    assert_eq!(started.status, 202);
    let path = format!("/_simulator/campaign/{}", started.body["id"]);
    assert!(world.ledger().wait_until(crate::support::LIMIT, |ledger| ledger.totals().acknowledged == 20).await);
    assert_eq!(world.get(&path).await.status, 200);
    assert_eq!(world.get("/_simulator/campaign/99").await.status, 404);
    assert_eq!(world.post("/_simulator/campaign", json!({"messages": 0})).await.status, 400);
}

#[tokio::test]
async fn it_says_what_it_is() {
    let world = World::new(|_| ());
    for path in ["/", "/_simulator"] {
        let info = world.get(path).await.body;
        assert_eq!(info["name"], "comms-simulator");
        assert!(info["endpoints"].as_array().unwrap().len() > 30);
    }
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let world = World::new(|_| ());
    let address = world.simulator.url().strip_prefix("http://").unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(world);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
