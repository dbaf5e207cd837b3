//! `POST /{phone}/messages`: what is accepted and what is refused.

use comms_simulator::meta::{EXPIRED_TOKEN, PHONE_ID, SECOND_PHONE_ID, TOKEN_WITHOUT_PERMISSION, WindowPolicy};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, World, answer, assert_shape};

const TEXT_ANSWER: &str = include_str!("samples/send_text_answer.json");
const USER_ID_ANSWER: &str = include_str!("samples/send_to_user_id_answer.json");
const ERROR: &str = include_str!("samples/error.json");

fn text() -> Value {
    json!({"type": "text", "text": {"body": "hello"}})
}

#[tokio::test]
async fn a_text_is_accepted_with_or_without_version() {
    let world = World::new(|_| ());
    for prefix in ["", "/v26.0", "/v18.0", "/v21.0"] {
        let path = format!("{prefix}/{PHONE_ID}/messages");
        let mut body = text();
        body["messaging_product"] = json!("whatsapp");
        body["to"] = json!("+1 (650) 555-1234");
        let answer = world.post(&path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_shape(&answer.body, TEXT_ANSWER);
        assert_eq!(answer.body["contacts"], json!([{"input": "+1 (650) 555-1234", "wa_id": CUSTOMER}]));
        let id = answer.body["messages"][0]["id"].as_str().unwrap();
        assert!(id.starts_with("wamid.HBg"), "{id}");
    }
}

#[tokio::test]
async fn a_number_without_country_code_gets_that_of_the_business() {
    let world = World::new(|_| ());
    let body = json!({"messaging_product": "whatsapp", "to": "600 000 000", "text": {"body": "hola"}});
    let path = format!("/v26.0/{SECOND_PHONE_ID}/messages");
    let answer = world.post(&path, body).await;
    assert_eq!(answer.body["contacts"][0]["wa_id"], "34600000000");
}

#[tokio::test]
async fn a_customer_is_reached_by_an_alias_and_by_user_id() {
    let world = World::new(|config| {
        config.meta.customers = serde_json::from_value(json!([
            {"wa_id": "5491100000000", "aliases": ["541100000000"]},
            {"user_id": "US.13491208655302741918", "name": "Hidden"},
        ]))
        .unwrap();
    });
    let mut body = text();
    body["to"] = json!("+541100000000");
    let answer = world.send(body).await;
    assert_eq!(answer.body["contacts"][0]["wa_id"], "5491100000000");

    let mut body = text();
    body["recipient"] = json!("US.13491208655302741918");
    let answer = world.send(body).await;
    assert_shape(&answer.body, USER_ID_ANSWER);

    let mut body = text();
    body["recipient"] = json!("not a user id");
    world.send(body).await.is_error(400, 131_009);
}

#[tokio::test]
async fn tokens_are_checked_before_anything_else() {
    let world = World::new(|_| ());
    let path = format!("{}/v26.0/{PHONE_ID}/messages", world.simulator.url());
    let with = |token: &str| answer(world.client.post(&path).bearer_auth(token).json(&json!({})));
    answer(world.client.post(&path).json(&json!({}))).await.is_error(401, 104);
    with("nonsense").await.is_error(401, 190);
    let expired = with(EXPIRED_TOKEN).await;
    expired.is_error(401, 190);
    assert_eq!(expired.body["error"]["error_subcode"], 463);
    assert!(expired.body["error"]["message"].as_str().unwrap().contains("01-Jan-25"));
    with(TOKEN_WITHOUT_PERMISSION).await.is_error(403, 200);
}

#[tokio::test]
async fn an_unknown_number_is_no_object() {
    let world = World::new(|_| ());
    let answer = world.post("/v26.0/999/messages", text()).await;
    answer.is_error(400, 100);
    assert_eq!(answer.body["error"]["type"], "GraphMethodException");
    assert_eq!(answer.body["error"]["error_subcode"], 33);
    world.get("/v26.0/1/2/3").await.is_error(400, 100);
}

#[tokio::test]
async fn parameters_are_checked() {
    let world = World::new(|_| ());
    let long = "x".repeat(4097);
    let cases = [
        (json!({"type": "text"}), 131_008),
        (json!({"type": "text", "text": {}}), 131_008),
        (json!({"type": "text", "text": {"body": ""}}), 100),
        (json!({"type": "text", "text": {"body": long}}), 100),
        (json!({"type": "text", "text": {"body": 5}}), 100),
        (json!({"type": "hologram", "hologram": {}}), 100),
        (json!({"type": "text", "to": "123", "text": {"body": "hi"}}), 131_009),
        (json!({"type": "text", "to": "ana@example.com", "text": {"body": "hi"}}), 131_009),
        (json!({"type": "text", "to": "15550783881", "text": {"body": "hi"}}), 131_021),
        (json!({"type": "image", "image": {"id": "404"}}), 131_053),
        (json!({"type": "image", "image": {}}), 131_008),
        (json!({"type": "image", "image": {"link": "file:///etc/hosts"}}), 131_009),
        (json!({"type": "audio", "audio": {"link": "https://shop.example/a.mp3", "caption": "no"}}), 100),
        (json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}), 131_009),
        (json!({"type": "reaction", "reaction": {"message_id": "x", "emoji": "👍"}}), 131_009),
        (json!({"type": "contacts", "contacts": []}), 131_009),
        (json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ana"}}]}), 100),
        (json!({"type": "text", "text": {"body": "hi"}, "context": {}}), 131_008),
        (json!({"type": "text", "text": {"body": "hi"}, "biz_opaque_callback_data": "x".repeat(513)}), 100),
    ];
    for (body, code) in cases {
        let answer = world.send(body.clone()).await;
        assert_eq!(answer.body["error"]["code"], code, "{body} → {}", answer.body);
        assert_eq!(answer.status, 400);
    }
    let characters = "ñ".repeat(4096);
    let answer = world.send(json!({"type": "text", "text": {"body": characters}})).await;
    assert_eq!(answer.status, 200, "characters count, not bytes");
}

#[tokio::test]
async fn an_error_has_metas_form() {
    let world = World::new(|config| config.meta.window = WindowPolicy::Refused);
    let answer = world.send(text()).await;
    answer.is_error(400, 131_047);
    assert_shape(&answer.body, ERROR);
    world.post(&format!("/v26.0/{PHONE_ID}/messages"), json!({})).await.is_error(400, 100);
}

#[tokio::test]
async fn interactive_messages_keep_their_limits() {
    let world = World::new(|_| ());
    let button = |n: usize| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": format!("B{n}")}});
    let buttons = |count| {
        json!({"type": "interactive", "interactive": {
            "type": "button", "body": {"text": "Choose"},
            "action": {"buttons": (0..count).map(button).collect::<Vec<_>>()}}})
    };
    assert_eq!(world.send(buttons(3)).await.status, 200);
    world.send(buttons(4)).await.is_error(400, 131_009);

    let list = |sections: usize, rows: usize| {
        let row = |s: usize, r: usize| json!({"id": format!("{s}.{r}"), "title": format!("Row {r}")});
        let section =
            |s: usize| json!({"title": format!("S{s}"), "rows": (0..rows).map(|r| row(s, r)).collect::<Vec<_>>()});
        json!({"type": "interactive", "interactive": {
            "type": "list", "body": {"text": "Choose"},
            "action": {"button": "Open", "sections": (0..sections).map(section).collect::<Vec<_>>()}}})
    };
    assert_eq!(world.send(list(2, 5)).await.status, 200);
    world.send(list(2, 6)).await.is_error(400, 131_009);

    let mut long = buttons(1);
    long["interactive"]["action"]["buttons"][0]["reply"]["title"] = json!("a title of 21 letters");
    world.send(long).await.is_error(400, 100);
    world
        .send(json!({"type": "interactive", "interactive": {"type": "hologram", "action": {}}}))
        .await
        .is_error(400, 100);
}

#[tokio::test]
async fn read_and_typing_send_nothing() {
    let world = World::new(|_| ());
    let read = json!({"status": "read", "message_id": "wamid.X", "typing_indicator": {"type": "text"}});
    let answer = world.send(read).await;
    assert_eq!((answer.status, answer.body), (200, json!({"success": true})));
    world.send(json!({"status": "seen", "message_id": "wamid.X"})).await.is_error(400, 100);
    world.send(json!({"status": "read"})).await.is_error(400, 131_008);
    assert!(world.ledger().sends().is_empty());
}

#[tokio::test]
async fn a_number_that_is_not_registered_sends_nothing() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{PHONE_ID}/deregister");
    assert_eq!(world.post(&path, json!({})).await.status, 200);
    world.send(text()).await.is_error(400, 133_010);
}
